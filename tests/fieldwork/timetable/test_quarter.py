"""A quarter of visits lived through with a clock that is killed, doubled and put back (E3)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, insert, select, text, update

from server import timetable
from server.clock import SetClock
from server.db import db, engine_for, new_id
from server.fieldwork.timetable.notices import list_notices
from server.fieldwork.timetable.planning import plan_timetable
from server.jobs import rounds
from server.keys import KeyRing
from server.models.definitions import Programme, ProgrammeVersion
from server.models.notices import Notice
from server.models.submissions import Finding
from server.models.tasks import Assignment
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.models.waves import Wave
from server.scope import EVERYTHING
from tests import builders
from tests.builders import DAY
from tests.conftest import START

HOUR = timedelta(hours=1)
# The wave runs from 6 May through 19 May (a Tuesday); 9 May is a worked Saturday.
OPENS, CLOSES = datetime(2026, 5, 5, 16, tzinfo=UTC), datetime(2026, 5, 19, 16, tzinfo=UTC)
END = CLOSES + 40 * DAY
# After the last step nothing may come any more; a clock that looks seldom would fire it all the same.
QUIET = CLOSES + 16 * DAY
# key of the entry -> when it is due, on Shanghai's clocks; the bulletin comes on both Mondays.
EXPECTED = (
    ("open", "05-06 00:00"),
    ("bulletin", "05-11 09:00"),
    ("reminder-7", "05-12 09:00"),
    ("reminder-3", "05-15 09:00"),  # the 16th is a Saturday
    ("field_deadline", "05-18 00:00"),
    ("bulletin", "05-18 09:00"),
    ("reminder-1", "05-18 09:00"),
    ("submission_deadline", "05-20 00:00"),
    ("review", "05-20 09:00"),
    ("facts_check", "05-27 09:00"),
    ("publication", "06-01 09:00"),
    ("feedback", "06-03 09:00"),
)


class Life:
    """The clock, a worker and the calendar of one deployment."""

    def __init__(self, app: Flask, engine: Engine, clock: SetClock) -> None:
        self.app, self.engine, self.clock = app, engine, clock

    def tick(self, engine: Engine | None = None) -> None:
        timetable.fire_due(engine or self.engine, self.clock.now())

    def work(self) -> None:
        """What the worker would do, in the order of the queue; the night's closing among it."""
        with self.app.app_context():
            rounds.close_waves()
            db.session.remove()
            with self.engine.begin() as connection:
                waiting = connection.execute(
                    text("DELETE FROM procrastinate_jobs WHERE task_name = 'fire_entry' RETURNING id, args")
                ).all()
            for job in sorted(waiting, key=lambda row: row.id):
                rounds.fire_entry(**job.args)
                db.session.remove()

    def until(self, end: datetime, step: timedelta = 12 * HOUR) -> None:
        while self.clock.now() < end:
            self.tick()
            self.work()
            self.clock.advance(step if self.clock.now() < QUIET else 8 * DAY)


@pytest.fixture
def life(app: Flask, engine: Engine, clock: SetClock) -> Life:
    return Life(app, engine, clock)


@pytest.fixture
def wave_id(engine: Engine, keys: KeyRing) -> UUID:
    """Three outlets to be visited, one of them done."""
    with engine.begin() as connection:
        builders.create_units(connection)
        wave_id = builders.create_wave(
            connection, state="launched", instrument="visit", code="Q2", opens_at=OPENS, closes_at=CLOSES
        )
        for code in builders.OUTLETS:
            builders.create_visit(connection, keys, unit_code=code, wave_id=wave_id)
        done = select(Assignment.id).order_by(Assignment.id).limit(1).scalar_subquery()
        connection.execute(update(Assignment).where(Assignment.id == done).values(completed_at=START))
        plan_timetable(connection, wave_id, now=START)
    return wave_id


def fired(engine: Engine, wave_id: UUID) -> list[tuple[str, str, datetime]]:
    """Key, time on Shanghai's clocks, and when it fired, in the order in which it was fired."""
    query = (
        select(TimetableEntry.key, TimetableOccurrence.occurs_at, TimetableOccurrence.fired_at)
        .join(TimetableEntry, TimetableEntry.id == TimetableOccurrence.entry_id)
        .where(TimetableEntry.wave_id == wave_id)
        .order_by(TimetableOccurrence.id)
    )
    with engine.connect() as connection:
        return [
            (row.key.rpartition(":")[2], f"{row.occurs_at + 8 * HOUR:%m-%d %H:%M}", row.fired_at)
            for row in connection.execute(query)
        ]


def notices(engine: Engine, **where: Any) -> list[Any]:
    with engine.connect() as connection:
        query = select(*Notice.__table__.columns).filter_by(**where).order_by(Notice.at, Notice.key)
        return list(connection.execute(query))


def test_every_step_comes_once_and_in_time(life: Life, wave_id: UUID, engine: Engine) -> None:
    life.until(END)
    found = fired(engine, wave_id)
    assert tuple((key, at) for key, at, _ in found) == EXPECTED
    # Looked for twice a day here, every ten seconds in life.
    for _, at, fired_at in found:
        local = datetime.strptime(f"2026-{at}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC) - 8 * HOUR
        assert timedelta(0) <= fired_at - local < 12 * HOUR
    raised = Counter(row.kind for row in notices(engine, wave_id=wave_id))
    assert raised == {
        "open": 1, "bulletin": 2, "reminder": 3, "field_deadline": 1, "submission_deadline": 1, "review": 1,
        "publication": 2, "feedback": 1,
    }  # fmt: skip


# The first version that reviews reports shows branches their facts when somebody opens the window.
@pytest.mark.parametrize(("version", "shares"), [(5, [1, 1, 2, 2]), (6, [])])
def test_notices_carry_the_numbers_of_the_day(
    life: Life, wave_id: UUID, engine: Engine, version: int, shares: list[int]
) -> None:
    with engine.begin() as connection:
        programme = select(Programme.id).where(Programme.key == "branch-service").scalar_subquery()
        planned_by = select(ProgrammeVersion.id).where(
            ProgrammeVersion.programme_id == programme, ProgrammeVersion.version == version
        )
        connection.execute(update(Wave).values(programme_version_id=planned_by.scalar_subquery()))
    life.until(CLOSES - DAY)
    [last] = [row for row in notices(engine, kind="reminder") if row.superseded_at is None]
    assert last.params == {"days": 1, "asked": 3, "completed": 1, "outstanding": 2}
    with engine.begin() as connection:
        builders.create_scored(connection, wave_id, "B101", ["90"])
        builders.create_scored(connection, wave_id, "B201", ["80", "70"])
        pk = connection.scalar(text("SELECT id FROM submission ORDER BY id DESC LIMIT 1"))
        place = builders.subject_of(connection, "B201")
        values = {
            "wave_id": wave_id, "subject_id": place, "submission_pk": pk, "item": "a", "code": "A",
            "points": 1, "key_item": False, "created_at": START,
        }  # fmt: skip
        for state in ("pending", "confirmed", "overturned"):
            connection.execute(insert(Finding).values(id=new_id(), state=state, **values))
    life.until(END)
    [review] = notices(engine, kind="review")
    assert (review.role, review.params) == ("reviewer", {"days": 6, "submissions": 3, "findings": 1})
    # Each branch hears of its own share, whoever answers for it there.
    checks = {(row.unit_id, row.role): row.params for row in notices(engine, kind="facts_check")}
    assert sorted(each["submissions"] for each in checks.values()) == shares
    found = {row.params["findings"] for row in notices(engine, kind="facts_check")}
    assert found == ({0, 2} if shares else set())


def test_a_clock_that_was_down_catches_up_once_and_in_order(
    life: Life, wave_id: UUID, engine: Engine
) -> None:
    """From the evening of the 11th to the morning of the 20th: the reminders come before the deadline."""
    life.until(datetime(2026, 5, 11, 12, tzinfo=UTC))
    life.clock.advance(datetime(2026, 5, 20, 2, tzinfo=UTC) - life.clock.now())
    before = len(fired(engine, wave_id))
    life.tick()
    caught_up = [key for key, _, _ in fired(engine, wave_id)[before:]]
    with engine.connect() as connection:
        queued = connection.scalars(text("SELECT args ->> 'occurs_at' FROM procrastinate_jobs"
                                         " WHERE task_name = 'fire_entry' ORDER BY id")).all()  # fmt: skip
    assert queued == sorted(queued)
    assert caught_up == [
        "reminder-7", "reminder-3", "field_deadline", "bulletin", "reminder-1", "submission_deadline",
        "review",
    ]  # fmt: skip
    life.tick()
    assert len(fired(engine, wave_id)) == before + len(caught_up)
    life.work()
    with engine.connect() as connection:
        open_ones = list_notices(connection, EVERYTHING, ["coordinator", "reviewer"], wave_id=wave_id)
    # Three reminders of a wave that is over would only be in the way.
    assert {row.kind for row in open_ones} == {"submission_deadline", "review"}
    life.until(END)
    assert [key for key, _, _ in fired(engine, wave_id)] == [key for key, _ in EXPECTED]


def test_missed_bulletins_are_one(life: Life, wave_id: UUID, engine: Engine) -> None:
    life.clock.advance(CLOSES - START)
    life.tick()
    assert [at for key, at, _ in fired(engine, wave_id) if key == "bulletin"] == ["05-18 09:00"]


def test_two_clocks_at_once_do_no_harm(life: Life, wave_id: UUID, engine: Engine) -> None:
    other = engine_for(str(engine.url.render_as_string(hide_password=False)))
    try:
        with ThreadPoolExecutor(4) as pool:
            while life.clock.now() < END:
                list(pool.map(life.tick, [engine, other, engine, other]))
                life.clock.advance(DAY)
    finally:
        other.dispose()
    found = fired(engine, wave_id)
    assert sorted(key for key, _, _ in found) == sorted(key for key, _ in EXPECTED)
    with engine.connect() as connection:
        jobs_waiting = connection.scalar(
            text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'fire_entry'"
                 " AND args ->> 'entry_id' IN (SELECT id::text FROM timetable_entry WHERE wave_id = :wave)"),
            {"wave": wave_id},
        )  # fmt: skip
    assert jobs_waiting == len(found)


@pytest.mark.parametrize("back", [HOUR, DAY, 8 * DAY])
def test_a_clock_put_back_fires_nothing_twice_and_loses_nothing(
    life: Life, wave_id: UUID, engine: Engine, back: timedelta
) -> None:
    life.until(datetime(2026, 5, 18, 2, tzinfo=UTC))
    life.clock.advance(-back)
    life.until(END)
    assert [key for key, _, _ in fired(engine, wave_id)] == [key for key, _ in EXPECTED]


def test_a_job_that_runs_twice_tells_once(life: Life, wave_id: UUID, app: Flask, engine: Engine) -> None:
    life.until(OPENS + DAY)
    [row] = notices(engine, kind="open")
    with app.app_context():
        for _ in range(2):
            rounds.fire_entry(str(row.entry_id), row.at.isoformat())
            db.session.remove()
    assert len(notices(engine, kind="open")) == 1


def cancelled(engine: Engine, wave_id: UUID) -> None:
    values = {"state": "cancelled", "cancelled_at": START, "cancel_reason": "x"}
    with engine.begin() as connection:
        connection.execute(update(Wave).where(Wave.id == wave_id).values(**values))


def closed(engine: Engine, wave_id: UUID) -> None:
    with engine.begin() as connection:
        connection.execute(update(Wave).where(Wave.id == wave_id).values(state="closed"))


@pytest.mark.parametrize(
    ("change", "told"), [(cancelled, set()), (closed, {"submission_deadline", "review"})]
)
def test_a_wave_that_ended_otherwise_reminds_nobody(
    life: Life, wave_id: UUID, engine: Engine, change: Callable[[Engine, UUID], None], told: set[str]
) -> None:
    change(engine, wave_id)
    life.until(CLOSES + 2 * DAY)
    assert {row.kind for row in notices(engine, wave_id=wave_id)} == told


def test_the_clocks_chore_plans_what_nobody_did(app: Flask, engine: Engine, clock: SetClock) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_wave(connection, instrument="visit", code="V")
    with app.app_context():
        rounds.plan_timetables()
        rounds.plan_timetables()
        db.session.remove()
    with engine.connect() as connection:
        kinds = connection.scalars(select(TimetableEntry.kind).where(TimetableEntry.wave_id.is_not(None)))
        assert Counter(kinds)["submission_deadline"] == 1
