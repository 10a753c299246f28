"""Call-backs that are late: one notice a case, gone when somebody has dealt with it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, update

from server.fieldwork.timetable.notices import list_notices
from server.followup.callbacks import cases
from server.followup.callbacks.cases import Agent, Ending
from server.followup.callbacks.opening import NewCase, open_case
from server.followup.callbacks.overdue import case_of, raise_overdue
from server.models.callbacks import CallBackCase
from server.models.organisation import Unit
from server.scope import EVERYTHING, Scope
from tests.builders import NOW, create_units
from tests.fieldwork.people.people_for_tests import STAFF, account_id
from tests.fieldwork.people.people_for_tests import Desk as People

HOUR = timedelta(hours=1)
WEST = Scope(("C01/D10/",))


def opened(connection: Connection, key: str, **changes: Any) -> UUID:
    unit_id = connection.execute(select(Unit.id).where(Unit.code == "B101")).scalar_one()
    new = NewCase(key=key, cause="complaint", unit_id=unit_id, answered_on=NOW.date(), within=HOUR)
    case_id = open_case(connection, new, NOW)
    assert case_id is not None
    if changes:
        connection.execute(update(CallBackCase).where(CallBackCase.id == case_id).values(**changes))
    return case_id


def late(connection: Connection, role: str = "coordinator", scope: Scope = EVERYTHING) -> list[UUID]:
    return sorted(case_of(row.key) for row in list_notices(connection, scope, [role]))


@pytest.mark.parametrize(
    ("now", "changes", "is_late"),
    [
        (NOW, {}, False),
        (NOW + HOUR, {}, True),
        (NOW + HOUR, {"ring_at": NOW + 3 * HOUR}, False),
        (NOW + 3 * HOUR, {"ring_at": NOW + 3 * HOUR}, True),
        (NOW + HOUR, {"closed_at": NOW, "closed_by": "x", "outcome": "resolved"}, False),
    ],
)
def test_which_case_is_late(
    connection: Connection, now: datetime, changes: dict[str, Any], is_late: bool
) -> None:
    create_units(connection)
    case_id = opened(connection, "a", **changes)
    raise_overdue(connection, now=now)
    assert late(connection) == ([case_id] if is_late else [])


def test_one_notice_a_case_for_the_desk_and_coordinators_until_it_has_ended(
    connection: Connection, people: People
) -> None:
    first, second = opened(connection, "a"), opened(connection, "b")
    later = opened(connection, "c", due_at=NOW + 2 * HOUR)
    assert raise_overdue(connection, now=NOW + HOUR) == 4
    assert raise_overdue(connection, now=NOW + 2 * HOUR) == 2
    assert raise_overdue(connection, now=NOW + 2 * HOUR) == 0
    for role in ("coordinator", "call_back_agent"):
        assert late(connection, role) == sorted([first, second, later]), "none takes another's place"
    assert late(connection, scope=WEST) == []
    own = account_id(connection, "K1")
    agent = Agent(own, f"account:{own}")
    cases.take(connection, first, agent, EVERYTHING, now=NOW)
    cases.close(connection, first, Ending("no_number", ""), agent, EVERYTHING, now=NOW)
    assert late(connection) == late(connection, "call_back_agent") == sorted([second, later])
    assert raise_overdue(connection, now=NOW + 2 * HOUR) == 0


@pytest.fixture
def people(connection: Connection, keys: Any) -> People:
    create_units(connection)
    desk = People(connection, keys)
    desk.load(STAFF)
    return desk
