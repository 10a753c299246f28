"""E3's year lived through: four quarters of visits by the programme's own promises."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, update

from server.fieldwork.visits.covering import draw_visits, preview_visits
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.proposals import proposed_waves
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission
from server.models.waves import Wave
from server.scope import EVERYTHING
from tests import builders
from tests.builders import BY, DAY

PROGRAMME = "branch-service"
PARENTS = [f"S{number}" for number in range(4)]
OUTLETS = [f"{parent}-{number}" for parent in PARENTS for number in range(6)]
QUARTERS = [date(2027, month, 15) for month in (1, 4, 7, 10)]
# E3: every sub-branch, at least 60 % of outlets, those at 85 or below once more, all of them within the year.
LEAST = 15
RECHECK = Decimal(85)


@pytest.fixture
def bank(connection: Connection) -> Connection:
    rows = [("C01", "营业部", "", "", "city"), *((each, each, "", "C01", "sub_branch") for each in PARENTS)]
    rows += [(each, each, "", each[:2], "outlet") for each in OUTLETS]
    builders.create_units(connection, rows)
    return connection


def score_of(outlet: str, quarter: int) -> Decimal:
    """A third of the visits, another third each quarter, end at 85 or below."""
    return Decimal(80 + 6 * ((OUTLETS.index(outlet) + quarter) % 3))


def plan(connection: Connection, day: date, now: datetime) -> UUID:
    _, proposals = proposed_waves(connection, PROGRAMME, "quarter", day, EVERYTHING)
    [visits] = [each.new for each in proposals if each.kind == "visit"]
    assert visits.coverage is not None
    promised = replace(visits.coverage, recheck_at_most=visits.coverage.recheck_at_most or RECHECK)
    return plan_wave(connection, replace(visits, coverage=promised), by=BY, now=now)


def visited(connection: Connection, wave_id: UUID, chosen: Sequence[str], quarter: int) -> None:
    """Every outlet that was drawn is visited ten days into the quarter, and the wave closes."""
    opens = connection.execute(select(Wave.opens_at).where(Wave.id == wave_id)).scalar_one()
    for outlet in chosen:
        score = score_of(outlet, quarter)
        builders.create_scored(connection, wave_id, outlet, [str(score)])
        subject = select(Subject.id).join(Unit, Unit.id == Subject.unit_id).where(Unit.code == outlet)
        mine = (ScoreSheet.wave_id == wave_id, ScoreSheet.subject_id == subject.scalar_subquery())
        connection.execute(update(ScoreSheet).where(*mine).values(published=score))
    received = update(Submission).where(Submission.wave_id == wave_id)
    connection.execute(received.values(received_at=opens + 10 * DAY))
    connection.execute(update(Wave).where(Wave.id == wave_id).values(state="closed"))


def test_four_quarters_keep_every_promise(bank: Connection) -> None:
    seen: set[str] = set()
    weak: set[str] = set()
    for quarter, day in enumerate(QUARTERS):
        now = datetime.combine(day.replace(day=1), time(), UTC) - 3 * DAY
        wave_id = plan(bank, day, now)
        ahead = preview_visits(bank, wave_id, EVERYTHING)
        assert ahead.plan.feasibility.feasible
        shown = draw_visits(bank, wave_id, EVERYTHING, by=BY, now=now)
        chosen = list(shown.plan.chosen)
        assert len(chosen) >= LEAST
        assert {outlet[:2] for outlet in chosen} == set(PARENTS)
        assert weak <= set(chosen)
        assert len(shown.plan.videos) == 2
        seen |= set(chosen)
        assert shown.forecast.reached
        visited(bank, wave_id, chosen, quarter)
        weak = {outlet for outlet in chosen if score_of(outlet, quarter) <= RECHECK}
        assert weak
    assert seen == set(OUTLETS)
