"""A week's bulletin is told to who runs the units that it covers."""

from datetime import date

from sqlalchemy import Connection, insert, select

from server.db import new_id
from server.fieldwork.timetable.notices import list_notices
from server.followup.callbacks import bulletins
from server.keys import KeyRing
from server.models.accounts import RoleGrant
from server.models.organisation import Unit
from server.scope import EVERYTHING, Scope
from tests.builders import DAY, NOW
from tests.followup.callbacks.test_desk import EAST, WEST, Desk

GRANTS = (("branch_manager", "B101"), ("branch_manager", "D1"), ("coordinator", None), ("reviewer", "B101"))


def test_managers_are_told_of_their_units_and_who_runs_all_of_the_highest(
    connection: Connection, keys: KeyRing
) -> None:
    desk = Desk(connection, keys)
    units = dict(connection.execute(select(Unit.code, Unit.id)).all())
    for agent, (role, unit) in zip(desk.agents, GRANTS, strict=True):
        held = {"account_id": agent.account_id, "role": role, "unit_id": units[unit] if unit else None}
        connection.execute(insert(RoleGrant).values(id=new_id(), **held))
    desk.answer(0)
    week = date(2026, 5, 4)
    bulletins.make_all(connection, week, keys, now=NOW + 7 * DAY)
    bulletins.make_all(connection, week, keys, now=NOW + 8 * DAY)

    def told(role: str, scope: Scope = EVERYTHING) -> list[str]:
        return sorted(row.params["unit"] for row in list_notices(connection, scope, [role]))

    assert told("branch_manager") == told("branch_manager", EAST) == ["B101", "D1"]
    assert told("branch_manager", WEST) == []
    assert told("coordinator") == ["C01"]
    assert told("coordinator", EAST) == [], "the whole organisation's is not a district's"
    assert told("reviewer") == []
