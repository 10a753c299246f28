"""How visits stand, in the order in which somebody should look at them, and what can be done with each."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, select, update

from server.db import new_id
from server.errors import Refusal
from server.fieldwork import responding
from server.fieldwork.people.leaving import open_assignments
from server.fieldwork.visits import moving
from server.fieldwork.visits.moving import Act, Taker
from server.keys import KeyRing
from server.models.messages import Message
from server.models.tasks import Assignment
from server.models.visits import ThreadLine
from server.notify.outbox.claiming import claim
from server.notify.outbox.permits import permit
from server.notify.outbox.settling import Outcome
from server.reports.visits import UNREAD, delivery_meters, visit_counts, visit_grid
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW, CreatedTask
from tests.fieldwork.visiting.visits_for_tests import attempted, given_back
from tests.notify.sending import POLICY

Deed = Callable[[Connection, UUID], None]


@pytest.fixture
def visit(connection: Connection, keys: KeyRing) -> CreatedTask:
    builders.create_units(connection)
    return builders.create_visit(connection, keys)


def written(**values: Any) -> Deed:
    def write(connection: Connection, assignment_id: UUID) -> None:
        connection.execute(update(Assignment).where(Assignment.id == assignment_id).values(**values))

    return write


def both(*deeds: Deed) -> Deed:
    def do(connection: Connection, assignment_id: UUID) -> None:
        for deed in deeds:
            deed(connection, assignment_id)

    return do


@pytest.mark.parametrize(
    ("deed", "later", "expected"),
    [
        (both(), timedelta(), "waiting"),
        (written(accepted_at=NOW), timedelta(), "waiting"),
        (written(accepted_at=NOW), 6 * DAY, "at_risk"),
        (written(started_at=NOW), 6 * DAY, "started"),
        (both(), 7 * DAY, "late"),
        (given_back, timedelta(), "given_back"),
        (given_back, 9 * DAY, "given_back"),
        (both(written(started_at=NOW), attempted), 9 * DAY, "attempted"),
        (both(attempted, given_back), timedelta(), "given_back"),
        (both(attempted, written(completed_at=NOW)), 9 * DAY, "done"),
    ],
)
def test_what_somebody_gave_up_is_late_for_nobody(
    connection: Connection, visit: CreatedTask, deed: Deed, later: timedelta, expected: str
) -> None:
    deed(connection, visit.id)
    [row] = visit_grid(connection, visit.wave_id, EVERYTHING, now=NOW + later)
    counts = visit_counts(connection, visit.wave_id, EVERYTHING, now=NOW + later)
    assert row.state == expected
    assert {state for state, count in counts.items() if count} == {expected}
    [meter] = delivery_meters(connection, visit.wave_id, EVERYTHING, now=NOW + later)
    assert meter.late == (expected == "late")


def test_the_reason_stands_with_the_state(connection: Connection, visit: CreatedTask, keys: KeyRing) -> None:
    other = builders.create_visit(connection, keys, unit_code="B102", wave_id=visit.wave_id)
    given_back(connection, visit.id, "认识那里的人")
    attempted(connection, other.id, "system_down")
    first, second = visit_grid(connection, visit.wave_id, EVERYTHING, now=NOW)
    assert (first.given_back_reason, second.outcome, second.outcome_note) == (
        "认识那里的人", "system_down", "门口贴了告示",
    )  # fmt: skip


def test_lines_from_a_phone_are_unread_until_the_desk_reads_them(
    connection: Connection, visit: CreatedTask, keys: KeyRing
) -> None:
    builders.create_visit(connection, keys, unit_code="B102", wave_id=visit.wave_id)
    for from_desk, read_at in ((False, None), (False, None), (False, NOW), (True, None)):
        connection.execute(
            insert(ThreadLine).values(
                id=new_id(), assignment_id=visit.id, from_desk=from_desk, author=BY, said="?", at=NOW,
                read_at=read_at,
            )
        )  # fmt: skip
    [row] = visit_grid(connection, visit.wave_id, EVERYTHING, now=NOW, state=UNREAD)
    assert (row.assignment_id, row.unread) == (visit.id, 2)
    assert visit_counts(connection, visit.wave_id, EVERYTHING, now=NOW)[UNREAD] == 1
    elsewhere = Scope(unit_paths=("C01/D10/",))
    assert visit_counts(connection, visit.wave_id, elsewhere, now=NOW)[UNREAD] == 0


@pytest.mark.parametrize("deed", [given_back, attempted])
def test_the_link_of_what_was_given_up_is_closed(
    connection: Connection, visit: CreatedTask, deed: Deed
) -> None:
    def standing() -> str:
        task = responding.find_by_token(connection, visit.token, "assignment", now=NOW)
        assert task is not None
        return task.standing(NOW)

    assert standing() == "open"
    deed(connection, visit.id)
    assert standing() == "closed"
    person_id = connection.execute(select(Assignment.person_id)).scalar_one()
    assert open_assignments(connection, person_id, now=NOW) == []


@pytest.mark.parametrize(("deed", "outcome"), [
    (both(), None), (given_back, Outcome("skipped", "settled")), (attempted, Outcome("skipped", "settled")),
])  # fmt: skip
def test_nobody_is_told_of_what_they_gave_up(
    connection: Connection, visit: CreatedTask, deed: Deed, outcome: Outcome | None
) -> None:
    deed(connection, visit.id)
    [message] = claim(connection, POLICY, NOW, 1)
    assert permit(connection, message, [b"nobody"], POLICY, NOW) == outcome


@pytest.mark.parametrize("deed", [given_back, attempted])
def test_what_was_given_up_goes_to_somebody_else_and_gets_no_more_time(
    connection: Connection, visit: CreatedTask, keys: KeyRing, deed: Deed
) -> None:
    deed(connection, visit.id)
    act = Act(visit.wave_id, [visit.id], "换人", BY, NOW)
    with pytest.raises(Refusal) as raised:
        moving.extend(connection, act, NOW + 20 * DAY, EVERYTHING)
    assert [(each.code, each.params) for each in raised.value.details] == [
        ("visit_given_up", {"units": "B101"})
    ]
    other = builders.create_shopper(connection, keys, "小李", "+8613900139001")
    [taken] = moving.reassign(connection, act, Taker(person_id=other), EVERYTHING)
    [row] = visit_grid(connection, visit.wave_id, EVERYTHING, now=NOW)
    assert (row.assignment_id, row.state, row.person) == (taken, "waiting", "小李")
    moving.call_off(connection, Act(visit.wave_id, [taken], "不去了", BY, NOW), EVERYTHING)
    assert visit_grid(connection, visit.wave_id, EVERYTHING, now=NOW) == []
    assert set(connection.scalars(select(Message.state))) == {"cancelled"}
