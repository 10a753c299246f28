"""AAPOR rates against the worked numbers of their definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.estimates.definition.vocabulary import DISPOSITIONS
from server.sampling.estimates.outcomes import STATES, mapping_of, outcome_rates
from tests.sampling.estimates.surveys import over

COUNTS = {"I": 300, "P": 50, "R": 120, "NC": 200, "O": 30, "UH": 40, "UO": 160, "NE": 100}


@pytest.mark.parametrize(
    ("rate", "value"),
    [
        # Known eligible 700, unknown 200, e = 700/800 = 0.875: 875 likely eligible.
        ("RR1", 300 / 900),
        ("RR2", 350 / 900),
        ("RR3", 300 / 875),
        ("RR4", 350 / 875),
        ("RR5", 300 / 700),
        ("RR6", 350 / 700),
        ("COOP1", 300 / 500),
        ("COOP2", 350 / 500),
        ("COOP3", 300 / 470),
        ("COOP4", 350 / 470),
        ("REF1", 120 / 900),
        ("REF2", 120 / 875),
        ("REF3", 120 / 700),
        ("CON1", 500 / 900),
        ("CON2", 500 / 875),
        ("CON3", 500 / 700),
    ],
)
def test_rates(rate: str, value: float) -> None:
    made = outcome_rates(COUNTS)
    assert made.eligible == pytest.approx(0.875)
    assert made.rates[rate] == pytest.approx(value)


def test_e_may_be_given() -> None:
    made = outcome_rates(COUNTS, eligible=0.5)
    assert made.given
    assert made.rates["RR3"] == pytest.approx(300 / 800)
    assert made.rates["RR1"] == pytest.approx(300 / 900)


def test_nobody_is_no_rate() -> None:
    assert set(outcome_rates({}).rates.values()) == {None}
    only_unknown = outcome_rates({"UO": 10})
    assert (only_unknown.eligible, only_unknown.rates["RR1"], only_unknown.rates["RR3"]) == (None, 0, None)
    assert only_unknown.rates["RR5"] is None
    assert outcome_rates({"NE": 10}).rates["RR1"] is None


@pytest.mark.parametrize(("counts", "e"), [({"X": 1}, None), ({"I": -1}, None), ({"I": 1}, 1.5)])
def test_what_are_no_counts(counts: dict[str, float], e: float | None) -> None:
    with pytest.raises(ValueError, match=r"counts|e ="):
        outcome_rates(counts, e)


@given(st.dictionaries(st.sampled_from(DISPOSITIONS), st.integers(0, 1000)), st.floats(0, 1))
def test_rates_stand_in_their_order(counts: dict[str, int], e: float) -> None:
    rates = outcome_rates(counts, e).rates
    for lower, higher in (("RR1", "RR3"), ("RR3", "RR5"), ("RR1", "RR2"), ("REF1", "REF3"), ("CON1", "CON2")):
        low, high = rates[lower], rates[higher]
        assert low is None or high is None or low <= high + 1e-12
    assert all(rate is None or 0 <= rate <= 1 for rate in rates.values())


def test_a_hard_bounce_is_unknown_unless_the_design_says_otherwise() -> None:
    assert mapping_of({})["hard_bounce"] == "UO"
    assert mapping_of({}, "NE")["hard_bounce"] == "NE"
    assert mapping_of({"hard_bounce": "R"}, "NE") == {**STATES, "undeliverable": "NE", "hard_bounce": "R"}


def test_rates_of_a_file_come_with_their_mapping_weighted_and_by_domain() -> None:
    rows = [["state", "w", "city"], ["submitted", 3, "a"], ["declined", 1, "a"], ["hard_bounce", 4, "b"]]
    design = {"weight": "w", "outcomes": {"of": "state", "by": "city"}}
    made = over(design, rows)["outcomes"]
    assert made["mapping"] == [
        {"state": "submitted", "disposition": "I", "n": 1},
        {"state": "declined", "disposition": "R", "n": 1},
        {"state": "hard_bounce", "disposition": "UO", "n": 1},
    ]
    assert made["unweighted"]["rates"]["RR1"] == pytest.approx(1 / 3)
    assert made["weighted"]["rates"]["RR1"] == pytest.approx(3 / 8)
    assert [(each["domain"], each["unweighted"]["rates"]["RR1"]) for each in made["domains"]] == [
        ("a", 0.5),
        ("b", 0),
    ]
