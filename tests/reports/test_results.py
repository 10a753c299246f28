from collections.abc import Sequence
from decimal import Decimal
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
        builders.create_scored(connection, wave, code, [score])
    ranks = [(each.code, each.rank) for each in result(connection, wave).units]
    assert ranks == [("B101", 1), ("B102", 1), ("B201", 3)]


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
    assert interval.low < 85 < interval.high


def test_nothing_yet(connection: Connection, wave: UUID) -> None:
    assert result(connection, wave) == WaveResult(0, 0, None, None, ())


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


def test_hidden_units_leave_no_gap_in_the_ranks(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["90"] * 5)
    builders.create_scored(connection, wave, "B102", ["80"] * 2)
    builders.create_scored(connection, wave, "B201", ["70"] * 5)
    ranks = {each.code: each.rank for each in result(connection, wave, suppress_small=True).units}
    assert ranks == {"B101": 1, "B201": 2, "B102": None}


def test_a_scope_hides_other_units_everywhere(connection: Connection, wave: UUID) -> None:
    builders.create_scored(connection, wave, "B101", ["90"])
    builders.create_scored(connection, wave, "B102", ["80"])
    builders.create_scored(connection, wave, "B201", ["10", None])
    found = result(connection, wave, EAST)
    assert {each.code for each in found.units} == {"B101", "B102"}
    assert (found.n, found.unscored, found.mean) == (2, 0, Decimal("85.00"))
    assert result(connection, wave, Scope(unit_paths=())).units == ()


def test_other_waves_do_not_count(connection: Connection, wave: UUID) -> None:
    other = builders.create_wave(connection, code="OTHER")
    builders.create_scored(connection, other, "B101", ["10"])
    builders.create_scored(connection, wave, "B101", ["90"])
    assert result(connection, wave).mean == Decimal("90.00")
