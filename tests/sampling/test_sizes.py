"""Sample sizes and margins are each other's inverse, and agree with the tables in print."""

from decimal import Decimal
from fractions import Fraction
from math import isclose, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.frame import CODES, SamplingError
from server.sampling.sizes import (
    Expectation,
    Measure,
    Messages,
    Size,
    margin_of,
    margin_of_strata,
    message_cost,
    sample_size,
    sizes_by_stratum,
)

FIVE = Decimal("0.05")
HARD = Expectation(deliverable=Decimal("0.95"), response=Decimal("0.2"), design_effect=Decimal("1.5"))

POPULATIONS = st.none() | st.integers(1, 100_000)
MARGINS = st.fractions(Fraction(1, 100), Fraction(2, 5), max_denominator=200)


@pytest.mark.parametrize(
    ("margin", "population", "measure", "answers"),
    [
        # outreach.md 3.1
        ("0.05", 100, Measure(), 80),
        ("0.05", 1000, Measure(), 278),
        ("0.05", 10_000, Measure(), 370),
        ("0.05", None, Measure(), 385),
        # Krejcie and Morgan (1970), the table everybody copies; it rounds 44.3 to the nearest
        ("0.05", 50, Measure(), 45),
        ("0.05", 200, Measure(), 132),
        ("0.05", 500, Measure(), 218),
        ("0.05", 1_000_000, Measure(), 384),
        ("0.03", None, Measure(), 1068),
        ("0.05", None, Measure(confidence=Decimal("0.99")), 664),
        ("0.05", None, Measure(share=Decimal("0.1")), 139),
        # (1.96 · 15 / 2)²
        ("2", None, Measure(spread=Decimal(15)), 217),
        ("2", 300, Measure(spread=Decimal(15)), 126),
        ("0.05", 1, Measure(), 1),
    ],
)
def test_sizes_in_print(margin: str, population: int | None, measure: Measure, answers: int) -> None:
    assert sample_size(Decimal(margin), population, measure) == Size(answers, answers, True)


@pytest.mark.parametrize(
    ("population", "size"),
    [
        (None, Size(577, 3037, True)),  # 384.15 × 1.5, / 0.19
        (10_000, Size(555, 2922, True)),
        (1000, Size(417, 2195, False)),
        (100, Size(100, 527, False)),
    ],
)
def test_what_will_become_of_the_messages_counts(population: int | None, size: Size) -> None:
    assert sample_size(FIVE, population, expected=HARD) == size


def test_a_size_for_each_stratum_and_in_all() -> None:
    sizes, whole = sizes_by_stratum(FIVE, {"a": 100, "b": 1000})
    assert sizes == {"a": Size(80, 80, True), "b": Size(278, 278, True)}
    assert whole == Size(358, 358, True)
    assert sizes_by_stratum(FIVE, {"a": 100, "b": 10_000}, expected=HARD)[1] == Size(655, 3449, False)


@given(MARGINS, POPULATIONS)
def test_a_size_keeps_its_margin_and_one_less_does_not(margin: Fraction, population: int | None) -> None:
    size = sample_size(margin, population).answers
    reached = margin_of(size, population)
    assert reached is not None
    assert reached <= float(margin) * (1 + 1e-12)
    if size > 1:
        short = margin_of(size - 1, population)
        assert short is not None
        assert short > float(margin)


@given(st.integers(1, 2000), POPULATIONS)
def test_more_answers_never_widen_the_margin(invited: int, population: int | None) -> None:
    fewer, more = (
        margin_of(invited, population, expected=HARD),
        margin_of(invited + 1, population, expected=HARD),
    )
    assert fewer is not None
    assert more is not None
    assert more <= fewer


@pytest.mark.parametrize(
    ("invited", "population", "expected", "margin"),
    [
        (278, 1000, Expectation(), 0.049967),
        (100, None, Expectation(), 0.097998),
        (1000, 1000, Expectation(), 0.0),
        (1000, 1000, Expectation(design_effect=Decimal(2)), 0.0),
        (500, None, Expectation(response=Decimal("0.2")), 0.097998),
        # nobody can be asked twice: 200 answers of 1000 people, however many messages
        (5000, 1000, Expectation(response=Decimal("0.2")), 0.062011),
    ],
)
def test_margins(invited: int, population: int | None, expected: Expectation, margin: float) -> None:
    found = margin_of(invited, population, expected=expected)
    assert found is not None
    assert isclose(found, margin, abs_tol=1e-6)


def test_no_answers_no_margin() -> None:
    assert margin_of(0, 100) is None
    assert margin_of_strata([(100, 50), (10, 0)]) is None
    assert margin_of_strata([]) is None


def test_strata_together() -> None:
    one, other = margin_of(80, 100), margin_of(278, 1000)
    assert one is not None
    assert other is not None
    both = margin_of_strata([(100, 80), (1000, 278)])
    assert both is not None
    assert isclose(both, sqrt((one * 100 / 1100) ** 2 + (other * 1000 / 1100) ** 2))
    assert margin_of_strata([(1000, 278)]) == other


@pytest.mark.parametrize(
    ("people", "segments", "response", "sent"),
    [
        (1000, [2], "0", Messages(1000, 2000, Decimal("90.000"))),
        (1000, [2, 1], "0", Messages(2000, 3000, Decimal("135.000"))),
        (1000, [2, 1, 1], "0.25", Messages(1000 + 750 + 563, 2000 + 750 + 563, Decimal("149.085"))),
        (0, [1], "0", Messages(0, 0, Decimal(0))),
        (10, [], "0", Messages(0, 0, Decimal(0))),
    ],
)
def test_what_a_plan_costs(people: int, segments: list[int], response: str, sent: Messages) -> None:
    assert message_cost(people, segments, Decimal("0.045"), Decimal(response)) == sent


@pytest.mark.parametrize(
    ("make", "given", "codes"),
    [
        (Measure, {"share": Decimal(1)}, ["size_share_out_of_range"]),
        (
            Measure,
            {"spread": Decimal(0), "confidence": Decimal(95)},
            ["size_spread_not_positive", "size_confidence_out_of_range"],
        ),
        (Expectation, {"deliverable": Decimal(0), "response": Decimal(2)}, ["size_rate_out_of_range"] * 2),
        (Expectation, {"design_effect": Decimal(0)}, ["size_design_effect_not_positive"]),
        (sample_size, {"margin": Decimal(0)}, ["size_margin_not_positive"]),
        (sample_size, {"margin": FIVE, "population": 0}, ["size_population_not_positive"]),
        (margin_of, {"invited": -1}, ["size_invited_negative"]),
        (
            message_cost,
            {"people": 1, "segments": [1], "price": FIVE, "response": Decimal(2)},
            ["size_rate_out_of_range"],
        ),
    ],
)
def test_what_cannot_be(make: Any, given: dict[str, Any], codes: list[str]) -> None:
    with pytest.raises(SamplingError) as caught:
        make(**given)
    assert [each.code for each in caught.value.every] == codes
    assert all(tuple(each.params) == CODES[each.code] for each in caught.value.every)
