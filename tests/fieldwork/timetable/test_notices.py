"""Notices: for a role at a unit, once a cause, the newest in place of the older, gone with their wave."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, update

from server.accounts import register
from server.errors import Refusal
from server.fieldwork.timetable.notices import (
    NewNotice,
    list_notices,
    raise_notice,
    raise_notices,
    settle_notice,
)
from server.models.notices import Notice
from server.models.organisation import Unit
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW

EAST, WEST = Scope(("C01/D1/",)), Scope(("C01/D10/",))


def notice(key: str = "a", **changes: Any) -> NewNotice:
    return NewNotice(**{"key": key, "kind": "reminder", "role": "coordinator", "at": NOW, **changes})


def unit_id(connection: Connection, code: str) -> UUID:
    return connection.execute(select(Unit.id).where(Unit.code == code)).scalar_one()


def keys(found: Sequence[Any]) -> list[str]:
    return [row.key for row in found]


def open_ones(connection: Connection, scope: Scope = EVERYTHING, *roles: str) -> list[str]:
    return keys(list_notices(connection, scope, roles or ("coordinator",)))


@pytest.fixture
def wave_id(connection: Connection) -> UUID:
    builders.create_units(connection)
    return builders.create_wave(connection, state="launched", instrument="visit", code="V")


def test_one_cause_is_one_notice(connection: Connection) -> None:
    assert raise_notice(connection, notice(), now=NOW)
    assert not raise_notice(connection, notice(params={"days": 9}), now=NOW)
    assert raise_notices(connection, [], now=NOW) == 0
    assert open_ones(connection) == ["a"]


def test_a_reader_sees_what_is_for_the_role_and_lies_in_the_scope(connection: Connection) -> None:
    builders.create_units(connection)
    east, city = unit_id(connection, "D1"), unit_id(connection, "C01")
    raise_notices(
        connection,
        [
            notice("east", unit_id=east, kind="own"),
            notice("city", unit_id=city, kind="review"),
            notice("all", kind="publication"),
            notice("reviewer", role="reviewer", kind="open"),
        ],
        now=NOW,
    )
    assert set(open_ones(connection)) == {"east", "city", "all"}
    assert set(open_ones(connection, Scope(("C01/",)))) == {"east", "city", "all"}
    assert open_ones(connection, EAST) == ["east"]
    assert open_ones(connection, WEST) == []
    assert open_ones(connection, EVERYTHING, "reviewer") == ["reviewer"]
    assert list_notices(connection, EVERYTHING, ()) == []


def test_a_firm_sees_its_own(connection: Connection, wave_id: UUID) -> None:
    acme = register.add_firm(connection, "acme", "Acme", now=NOW)
    other = register.add_firm(connection, "other", "Other", now=NOW)
    raise_notices(
        connection,
        [notice("acme", role="firm", firm_id=acme), notice("other", role="firm", firm_id=other, kind="open")],
        now=NOW,
    )
    assert open_ones(connection, Scope(firm_ids=(acme,)), "firm") == ["acme"]
    assert open_ones(connection, Scope(firm_ids=(acme,)), "coordinator") == []


def test_the_newest_reminder_takes_the_place_of_the_older_ones(connection: Connection, wave_id: UUID) -> None:
    week = [
        notice("7", wave_id=wave_id), notice("7r", wave_id=wave_id, role="reviewer"),
        notice("open", wave_id=wave_id, kind="open"), notice("elsewhere"),
    ]  # fmt: skip
    raise_notices(connection, week, now=NOW)
    assert raise_notice(connection, notice("3", wave_id=wave_id, at=NOW + 4 * DAY), now=NOW + 4 * DAY)
    assert open_ones(connection)[0] == "3"
    assert set(open_ones(connection)) == {"3", "open", "elsewhere"}
    assert open_ones(connection, EVERYTHING, "reviewer") == []
    # A clock that comes back late raises in order; one that was put back supersedes nothing newer.
    assert raise_notice(connection, notice("late", wave_id=wave_id, at=NOW + DAY), now=NOW + 5 * DAY)
    assert "3" in open_ones(connection)


@pytest.mark.parametrize(
    ("state", "left"), [("launched", {"open", "review"}), ("closed", {"review"}), ("cancelled", set())]
)
def test_what_became_pointless_is_not_shown(
    connection: Connection, wave_id: UUID, state: str, left: set[str]
) -> None:
    raise_notices(
        connection, [notice(kind, kind=kind, wave_id=wave_id) for kind in ("open", "review")], now=NOW
    )
    why = {"cancelled_at": NOW, "cancel_reason": "x"} if state == "cancelled" else {}
    connection.execute(update(Wave).where(Wave.id == wave_id).values(state=state, **why))
    assert set(open_ones(connection)) == left


def test_whoever_deals_with_it_settles_it_for_all(connection: Connection) -> None:
    builders.create_units(connection)
    raise_notice(connection, notice(unit_id=unit_id(connection, "D1")), now=NOW)
    [row] = list_notices(connection, EAST, ["coordinator"])
    for scope, roles in ((WEST, ["coordinator"]), (EAST, ["reviewer"])):
        with pytest.raises(Refusal, match="not_found"):
            settle_notice(connection, row.id, scope, roles, by=BY, now=NOW)
    settle_notice(connection, row.id, EAST, ["coordinator"], by=BY, now=NOW)
    assert open_ones(connection) == []
    assert connection.execute(select(Notice.done_by, Notice.done_at)).one() == (BY, NOW)
    with pytest.raises(Refusal, match="not_found"):
        settle_notice(connection, row.id, EAST, ["coordinator"], by=BY, now=NOW)


def test_the_list_is_as_long_as_asked_newest_first(connection: Connection) -> None:
    kinds = ("open", "review", "publication")
    raise_notices(
        connection, [notice(kind, kind=kind, at=NOW + n * DAY) for n, kind in enumerate(kinds)], now=NOW
    )
    assert keys(list_notices(connection, EVERYTHING, ["coordinator"], limit=2)) == ["publication", "review"]
