"""Intervals against published values."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from server.sampling.estimates import estimate_counted, estimate_mean, t_quantile, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(4, 5, 0.3755, 0.9638), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_wilson(successes: int, trials: int, low: float, high: float) -> None:
    interval = wilson(successes, trials)
    assert interval is not None
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_between_nothing_and_everybody(case: tuple[int, int]) -> None:
    interval = wilson(*case)
    assert interval is not None
    assert 0 <= interval.low <= case[0] / case[1] <= interval.high <= 1


def test_no_trials_have_no_rate_and_more_than_everybody_is_an_error() -> None:
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="6 of 5"):
        wilson(6, 5)


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [
        (1, 12.7062),
        (2, 4.3027),
        (3, 3.1824),
        (4, 2.7764),
        (5, 2.5706),
        (9, 2.2622),
        (30, 2.0423),
        (1000, 1.9623),
    ],
)
def test_t_quantiles_of_the_printed_table(degrees: int, quantile: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(quantile, abs=5e-5)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 20, 99, 299, 300, 301, 1000, 10**6])
@pytest.mark.parametrize("probability", [0.001, 0.2, 0.5, 0.75, 0.95, 0.975, 0.9995])
def test_t_quantiles_are_those_of_scipy(probability: float, degrees: int) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(
        stdtrit(degrees, probability), rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize(("probability", "degrees"), [(0, 5), (1, 5), (0.9, 0)])
def test_what_has_no_quantile(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="quantile"):
        t_quantile(probability, degrees)


def test_mean_with_finite_population_correction() -> None:
    values = [Decimal(text) for text in ("45", "48.5", "50", "41")]
    estimate = estimate_mean(values, population=5)
    assert estimate is not None
    assert estimate.interval is not None
    assert (estimate.value, estimate.n) == (46.125, 4)
    assert estimate.standard_error == pytest.approx(0.8962, abs=1e-4)
    assert estimate.interval.high - estimate.value == pytest.approx(3.182446 * 0.896173, abs=1e-5)


def test_a_census_has_no_sampling_error() -> None:
    estimate = estimate_mean([Decimal(1), Decimal(2)], population=2)
    assert estimate is not None
    assert estimate.standard_error == 0


def test_too_few_values_promise_nothing() -> None:
    assert estimate_mean([]) is None
    single = estimate_mean([Decimal(90)])
    assert single is not None
    assert (single.n, single.interval) == (1, None)
    with pytest.raises(ValueError, match="sample of 2 from 1"):
        estimate_mean([Decimal(1), Decimal(2)], population=1)


@given(st.lists(st.tuples(st.integers(0, 100).map(Fraction), st.integers(1, 9)), max_size=12))
def test_counted_values_estimate_as_the_values_themselves(counted: list[tuple[Fraction, int]]) -> None:
    apart = estimate_mean([value for value, count in counted for _ in range(count)])
    together = estimate_counted(counted)
    assert (apart is None) == (together is None)
    if apart is not None and together is not None:
        assert apart.n == together.n
        assert apart.value == pytest.approx(together.value)
        assert (apart.interval is None) == (together.interval is None)
        if apart.interval is not None and together.interval is not None:
            assert apart.interval.low == pytest.approx(together.interval.low, abs=1e-9)
