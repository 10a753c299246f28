"""Counts equal what is counted, whatever is written, folded, counted again or rolled back in between."""

import random
from collections import Counter
from collections.abc import Callable
from threading import Thread
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update

from server.db import new_id
from server.intake.tallying import count_again, fold_batch
from server.keys import KeyRing
from server.models.messages import Message
from server.models.submissions import ScoreSheet, Submission
from server.models.tallies import TallyChange, WaveTally
from server.models.tasks import Assignment, Invitation
from server.models.waves import Wave
from tests import builders
from tests.builders import NOW


def tallied(connection: Connection) -> Counter[tuple[UUID, UUID, str, str]]:
    found: Counter[tuple[UUID, UUID, str, str]] = Counter()
    for table in (WaveTally, TallyChange):
        columns = (table.wave_id, table.subject_id, table.counted, table.detail, table.n)
        for wave_id, subject_id, counted, detail, n in connection.execute(select(*columns)):
            found[wave_id, subject_id, counted, detail] += n
    return Counter({key: n for key, n in found.items() if n})


def counted(connection: Connection) -> Counter[tuple[UUID, UUID, str, str]]:
    """One row after the other, by code that shares nothing with the triggers."""
    found: Counter[tuple[UUID, UUID, str, str]] = Counter()
    subjects: dict[UUID, UUID] = {}
    for table, name in ((Invitation, "invitation"), (Assignment, "assignment")):
        for row in connection.execute(select(*table.__table__.columns)):
            subjects[row.id] = row.subject_id
            if name == "assignment" and row.cancelled_at is not None:
                continue
            steps = {"": True, "_started": row.started_at, "_completed": row.completed_at}
            found.update(
                (row.wave_id, row.subject_id, name + step, "") for step, is_so in steps.items() if is_so
            )
    for row in connection.execute(select(*Message.__table__.columns)):
        kind = "invitation" if row.invitation_id else "assignment"
        subject_id = subjects[row.invitation_id or row.assignment_id]
        found[row.wave_id, subject_id, f"{kind}_message", row.state] += 1
    for row in connection.execute(select(*Submission.__table__.columns)):
        found[row.wave_id, row.subject_id, "submission", str(row.firm_id or "")] += 1
    for row in connection.execute(select(*ScoreSheet.__table__.columns)):
        found[row.wave_id, row.subject_id, "score", row.raw or ""] += 1
    return found


Act = Callable[[Connection, random.Random], None]


def submit(connection: Connection, chance: random.Random) -> None:
    wave_id = connection.execute(select(Wave.id).order_by(Wave.id).limit(1)).scalar_one()
    scores = chance.choices(["90", "80", "199/3", None], k=chance.randint(1, 3))
    builders.create_scored(connection, wave_id, chance.choice(builders.OUTLETS), scores)


def start(connection: Connection, chance: random.Random) -> None:
    task = chance.choice((Invitation, Assignment))
    some = select(task.id).where(task.started_at.is_(None)).order_by(task.id).limit(chance.randint(0, 2))
    connection.execute(update(task).where(task.id.in_(some)).values(started_at=NOW))


def complete(connection: Connection, chance: random.Random) -> None:
    task = chance.choice((Invitation, Assignment))
    some = select(task.id).order_by(task.id).offset(chance.randint(0, 9)).limit(2)
    connection.execute(update(task).where(task.id.in_(some)).values(completed_at=NOW))


def call_off(connection: Connection, chance: random.Random) -> None:
    connection.execute(update(Assignment).values(cancelled_at=NOW, cancel_reason="test"))


def report(connection: Connection, chance: random.Random) -> None:
    some = select(Message.id).order_by(Message.id).offset(chance.randint(0, 9)).limit(chance.randint(1, 4))
    state = chance.choice(("sending", "accepted", "delivered", "failed"))
    connection.execute(update(Message).where(Message.id.in_(some)).values(state=state))


def correct(connection: Connection, chance: random.Random) -> None:
    connection.execute(update(ScoreSheet).where(ScoreSheet.raw == "80").values(raw="85"))


def forget(connection: Connection, chance: random.Random) -> None:
    """Sheets that somebody takes out."""
    connection.execute(delete(ScoreSheet).where(ScoreSheet.raw == chance.choice(("90", "85"))))


def fold(connection: Connection, chance: random.Random) -> None:
    fold_batch(connection, chance.choice((1, 3, 5_000)))


def recount(connection: Connection, chance: random.Random) -> None:
    assert count_again(connection) == 0


ACTS: tuple[Act, ...] = (submit, start, complete, call_off, report, correct, forget, fold, fold, recount)


@pytest.fixture
def world(engine: Engine, keys: KeyRing) -> Engine:
    with engine.begin() as connection:
        builders.create_invitations(connection, keys)
        builders.create_visit(connection, keys)
    return engine


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.booleans(), st.integers(0, 99)), max_size=12))
def test_counts_are_exact_after_whatever_happens(world: Engine, acts: list[tuple[Act, bool, int]]) -> None:
    """Each act is committed, or fails at its end and is rolled back."""
    for act, fails, seed in acts:
        with world.connect() as connection:
            act(connection, random.Random(seed))
            connection.rollback() if fails else connection.commit()
        with world.connect() as connection:
            assert tallied(connection) == counted(connection)


def test_changes_written_while_others_are_folded_are_not_lost(world: Engine) -> None:
    """A fold that is not committed hides its changes from nobody, and another takes what is left."""
    with world.connect() as folding, world.connect() as writing, world.connect() as reading:
        taken = fold_batch(folding)
        submit(writing, random.Random(1))
        writing.commit()
        with world.begin() as second:
            assert 0 < fold_batch(second) < taken
        assert tallied(reading) == counted(reading)
        reading.rollback()
        folding.commit()
        assert tallied(reading) == counted(reading)


def test_two_workers_and_two_writers_at_once(world: Engine) -> None:
    def write(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(8):
            with world.begin() as connection:
                submit(connection, chance)

    def work() -> None:
        for _ in range(12):
            with world.begin() as connection:
                fold_batch(connection)

    threads = [Thread(target=write, args=(seed,)) for seed in (1, 2)] + [Thread(target=work) for _ in "ab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with world.begin() as connection:
        assert tallied(connection) == counted(connection)
        while fold_batch(connection):
            pass
        assert connection.scalar(select(func.count()).select_from(TallyChange)) == 0
        assert tallied(connection) == counted(connection)


def test_rows_that_came_past_the_triggers_are_counted_once(world: Engine) -> None:
    with world.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        submit(connection, random.Random(3))
        report(connection, random.Random(3))
    with world.begin() as connection:
        assert tallied(connection) != counted(connection)
        assert count_again(connection) > 0
        assert tallied(connection) == counted(connection)
        assert count_again(connection) == 0


def test_a_statement_writes_one_change_a_count(world: Engine) -> None:
    """A launch of a hundred thousand invitations is a few hundred changes."""
    with world.begin() as connection:
        connection.execute(delete(TallyChange))
        connection.execute(update(Message).where(Message.invitation_id.is_not(None)).values(state="accepted"))
        changes = connection.scalar(select(func.count()).select_from(TallyChange))
    assert changes == 2 * len(builders.OUTLETS)


def test_a_message_to_nobodys_task_is_not_counted(world: Engine) -> None:
    with world.begin() as connection:
        before = tallied(connection)
        row = connection.execute(select(*Message.__table__.columns).limit(1)).mappings().one()
        link = {"id": new_id(), "dedupe_key": "set-up", "invitation_id": None, "wave_id": None}
        connection.execute(insert(Message).values(**{**row, **link, "assignment_id": None}))
        assert tallied(connection) == before
