from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from sqlalchemy import Connection

from server.reports.results import UnitResult, WaveResult, wave_result
from server.scope import EVERYTHING, Scope
from tests import builders

EAST = Scope(unit_paths=("C01/D1/",))
YOUTH_ROAD = Scope(unit_paths=("C01/D1/B101/",))


@pytest.fixture
def wave(connection: Connection) -> UUID:
    builders.create_units(connection)
    return builders.create_wave(connection)


def result(
    connection: Connection, wave: UUID, scope: Scope = EVERYTHING, *, suppress_small: bool = False
) -> WaveResult:
    return wave_result(connection, wave, scope, suppress_small=suppress_small)


def unit(found: WaveResult, code: str) -> UnitResult:
    return next(unit for unit in found.units if unit.code == code)


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        # 46.125 exactly: a mean of doubles, or of rounded scores, would say 46.12.
        (["45", "48.5", "50", "41"], "46.13"),
        (["85/7", "85/7"], "12.14"),
        (["200/3", "200/3", "200/3"], "66.67"),
        (["0", "0"], "0.00"),
        (["100"], "100.00"),
        (["2.675"], "2.68"),
    ],
)
def test_means_are_exact_and_rounded_once(
    connection: Connection, wave: UUID, scores: Sequence[str], mean: str
) -> None:
    builders.create_scored(connection, wave, "B101", scores)
    found = result(connection, wave)
    assert unit(found, "B101").mean == found.mean == Decimal(mean)
    assert str(found.mean) == mean


def test_the_whole_is_the_mean_of_answers_and_not_of_units(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["100"] * 3)
    builders.create_scored(connection, wave, "B102", ["0"])
    found = result(connection, wave)
    assert (found.n, found.mean) == (4, Decimal("75.00"))


def test_ties_share_a_rank_and_the_next_one_is_left_out(connection: Connection, wave: UUID) -> None:
    # Equal as published, though not before rounding.
    for code, score in (("B101", "90.001"), ("B102", "90.002"), ("B201", "80")):
        builders.create_scored(connection, wave, code, [score] * 5)
    found = result(connection, wave)
    assert [(each.code, each.rank) for each in found.units] == [("B101", 1), ("B102", 1), ("B201", 3)]
    assert found.ranked == 3


def test_a_single_visit_is_ranked(connection: Connection) -> None:
    builders.create_units(connection)
    visits = builders.create_wave(connection, code="V", instrument="visit")
    for code, score in (("B101", "90"), ("B102", "80")):
        builders.create_scored(connection, visits, code, [score])
    found = result(connection, visits)
    assert [(each.code, each.rank) for each in found.units] == [("B101", 1), ("B102", 2)]
    assert found.unranked_below == 1


def test_what_was_not_applicable_counts_nowhere(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["80", None])
    builders.create_scored(connection, wave, "B102", [None])
    found = result(connection, wave, suppress_small=False)
    assert (found.n, found.unscored, found.mean) == (1, 2, Decimal("80.00"))
    empty = unit(found, "B102")
    assert (empty.n, empty.mean, empty.rank, empty.hidden) == (0, None, None, False)
    assert not unit(result(connection, wave, suppress_small=True), "B102").hidden


def test_an_interval_needs_two_answers(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["80"])
    builders.create_scored(connection, wave, "B102", ["80", "90"])
    found = result(connection, wave)
    assert unit(found, "B101").interval is None
    interval = unit(found, "B102").interval
    assert interval is not None
    assert 0 <= interval.low < 85 < interval.high <= 100


@pytest.mark.parametrize(
    ("scores", "scale", "low", "high"),
    [
        (["100", "90"], 100, None, 100.0),
        (["0", "10"], 100, 0.0, None),
        (["100", "100"], 100, 100.0, 100.0),
        (["50", "45"], 50, None, 50.0),
        # Deductions and uncapped bonuses go beyond the ends: the mean must stay inside its interval.
        (["-20", "-10"], 100, -15.0, None),
        (["104", "108"], 100, None, 106.0),
    ],
)
def test_an_interval_ends_where_scores_do(
    connection: Connection,
    wave: UUID,
    scores: Sequence[str],
    scale: int,
    low: float | None,
    high: float | None,
) -> None:
    builders.create_scored(connection, wave, "B101", scores)
    found = wave_result(connection, wave, EVERYTHING, suppress_small=False, scale=Fraction(scale))
    for interval in (found.interval, unit(found, "B101").interval):
        assert interval is not None
        assert low is None or interval.low == low
        assert high is None or interval.high == high


def test_nothing_yet(connection: Connection, wave: UUID) -> None:
    assert result(connection, wave) == WaveResult(0, 0, None, None, (), 0, 5)


@pytest.mark.parametrize(("answers", "hidden"), [(4, True), (5, False)])
def test_fewer_than_five_answers_are_not_shown_to_the_unit_itself(
    connection: Connection, wave: UUID, answers: int, hidden: bool
) -> None:
    builders.create_scored(connection, wave, "B101", ["70"] * answers)
    found = result(connection, wave, YOUTH_ROAD, suppress_small=True)
    line = unit(found, "B101")
    assert (line.hidden, line.n) == (hidden, answers)
    assert (line.mean is None, line.rank is None, line.interval is None) == (hidden,) * 3
    # The total of a manager's own branch is the branch: it must not say what the line hides.
    assert (found.mean is None, found.interval is None) == (hidden, hidden)
    shown = unit(result(connection, wave, YOUTH_ROAD), "B101")
    assert shown.mean == Decimal("70.00")


def test_a_total_does_not_give_the_hidden_rest_away(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["70"] * 6)
    builders.create_scored(connection, wave, "B102", ["10"] * 3)
    assert result(connection, wave, suppress_small=True).mean is None
    # With two hidden units of five answers together, the rest says nothing about either.
    builders.create_scored(connection, wave, "B201", ["10"] * 2)
    assert result(connection, wave, suppress_small=True).mean == Decimal("42.73")


def test_small_units_leave_no_gap_in_the_ranks(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["90"] * 5)
    builders.create_scored(connection, wave, "B102", ["80"] * 2)
    builders.create_scored(connection, wave, "B201", ["70"] * 5)
    for suppress_small in (False, True):
        found = result(connection, wave, suppress_small=suppress_small)
        assert {each.code: each.rank for each in found.units} == {"B101": 1, "B201": 2, "B102": None}
        assert (unit(found, "B102").mean is None) == suppress_small


def test_a_part_of_the_list_has_the_figures_of_the_whole(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["80"] * 5)
    builders.create_scored(connection, wave, "B102", ["70"] * 5)
    builders.create_scored(connection, wave, "B201", ["90"] * 10 + [None])
    office = result(connection, wave)
    for scope in (EAST, YOUTH_ROAD):
        found = result(connection, wave, scope, suppress_small=True)
        assert unit(found, "B101") == unit(office, "B101")
        assert unit(found, "B101").rank == 2
        assert replace(found, units=()) == replace(office, units=())
        assert (found.n, found.unscored, found.mean, found.ranked) == (20, 1, Decimal("82.50"), 3)
        assert "B201" not in {each.code for each in found.units}
    assert result(connection, wave, Scope(unit_paths=())).units == ()


@pytest.mark.parametrize(
    ("mine", "others", "told"),
    [
        # What is not listed: the own unit while it is hidden, and everybody else.
        (6, 4, False),
        (6, 5, True),
        (6, 0, True),
        (4, 0, False),
        (3, 1, False),
        (4, 1, True),
        (0, 4, False),
    ],
)
def test_the_total_never_gives_away_fewer_than_five(
    connection: Connection, wave: UUID, mine: int, others: int, told: bool
) -> None:
    builders.create_scored(connection, wave, "B101", ["70"] * mine)
    builders.create_scored(connection, wave, "B201", ["10"] * others)
    found = result(connection, wave, YOUTH_ROAD, suppress_small=True)
    assert (found.mean is not None, found.interval is not None) == (told, told)
    assert result(connection, wave, YOUTH_ROAD).mean is not None


def test_other_waves_do_not_count(connection: Connection, wave: UUID) -> None:
    other = builders.create_wave(connection, code="OTHER")
    builders.create_scored(connection, other, "B101", ["10"])
    builders.create_scored(connection, wave, "B101", ["90"])
    assert result(connection, wave).mean == Decimal("90.00")
