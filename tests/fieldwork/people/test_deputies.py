"""A deputy has the other's roles within the days, where they reach, and no longer; lines name both."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection

from server.accounts import register
from server.accounts.identity import Identity
from server.errors import Refusal
from server.fieldwork.people import deputies
from server.fieldwork.people.closing import Leave, close_person
from server.fieldwork.people.deputies import NewDeputy, add_deputy, deputies_around, end_deputy
from server.keys import KeyRing
from server.scope import Scope
from tests.builders import NOW, create_units
from tests.fieldwork.people.people_for_tests import (
    STAFF,
    Desk,
    account_id,
    identity,
    lines,
    person_id,
)

FIRST, LAST = date(2026, 5, 6), date(2026, 5, 8)


def at(text: str) -> datetime:
    """A moment on the clocks of Shanghai."""
    return datetime.fromisoformat(f"2026-05-{text}+08:00")


@pytest.fixture
def desk(connection: Connection, keys: KeyRing) -> Desk:
    create_units(connection)
    desk = Desk(connection, keys)
    desk.load(STAFF)
    return desk


def stand_in(desk: Desk, of: str, deputy: str, **changes: Any) -> UUID:
    values: dict[str, Any] = {"first_day": FIRST, "last_day": LAST, "reason": "休假", **changes}
    new = NewDeputy(deputy=deputy, **values)
    return add_deputy(desk.connection, desk.person(of), new, by="account:x", now=desk.now)


def refused(desk: Desk, of: str, deputy: str, **changes: Any) -> list[str]:
    with pytest.raises(Refusal) as caught:
        stand_in(desk, of, deputy, **changes)
    return [detail.code for detail in caught.value.details]


def actors(who: Identity, permission: str) -> str:
    return who.for_permission(permission).actor


@pytest.mark.parametrize(
    ("moment", "stands_in"),
    [
        ("05T23:59:59", False),
        ("06T00:00:00", True),
        ("08T23:59:59", True),
        ("09T00:00:00", False),
    ],
)
def test_a_deputy_acts_within_the_days_only(desk: Desk, moment: str, stands_in: bool) -> None:
    stand_in(desk, "K1", "M1")
    who = identity(desk.connection, "M1", at(moment))
    assert who.may("waves.launch") is stands_in
    assert who.within("waves.launch").whole is stands_in


def test_a_deputys_own_role_does_not_grow(desk: Desk) -> None:
    """Who runs a branch and stands in for the auditor of D10 does there what auditors do, no more."""
    desk.load("工号,姓名,所属机构,角色,角色范围\nU1,审计,D10,审计,D10\n")
    stand_in(desk, "U1", "M1")
    who = identity(desk.connection, "M1", at("07T10:00:00"))
    assert who.within("duties.do") == Scope(unit_paths=("C01/D1/B101/",))
    assert who.within("people.read") == Scope(unit_paths=("C01/D10/",))
    assert set(who.within("results.read").unit_paths or ()) == {"C01/D1/B101/", "C01/D10/"}


def test_lines_name_both_where_the_deputys_own_role_is_not_enough(desk: Desk) -> None:
    stand_in(desk, "K1", "M1")
    who = identity(desk.connection, "M1", at("07T10:00:00"))
    own, other = (f"account:{account_id(desk.connection, code)}" for code in ("M1", "K1"))
    assert actors(who, "duties.do") == f"{own} for {other}", "the other may do it everywhere"
    assert actors(who, "waves.launch") == f"{own} for {other}"
    coordinator = identity(desk.connection, "K1", at("07T10:00:00"))
    assert actors(coordinator, "waves.launch") == other


def test_what_is_wide_enough_alone_needs_no_other_name(desk: Desk) -> None:
    stand_in(desk, "K2", "K1")
    who = identity(desk.connection, "K1", at("07T10:00:00"))
    assert actors(who, "waves.launch") == f"account:{account_id(desk.connection, 'K1')}"


def test_a_deputys_deputy_does_not_inherit(desk: Desk) -> None:
    stand_in(desk, "K1", "M1")
    stand_in(desk, "M1", "S1")
    assert not identity(desk.connection, "S1", at("07T10:00:00")).may("waves.launch")


def test_taken_back_it_ends_at_once(desk: Desk) -> None:
    row = stand_in(desk, "K1", "M1")
    now = at("07T10:00:00")
    end_deputy(desk.connection, desk.person("K1"), row, by="account:x", now=now)
    assert not identity(desk.connection, "M1", now).may("waves.launch")
    with pytest.raises(Refusal):
        end_deputy(desk.connection, desk.person("K1"), row, by="account:x", now=now)


def test_nobody_ends_the_deputies_of_another(desk: Desk) -> None:
    row = stand_in(desk, "K1", "M1")
    with pytest.raises(Refusal):
        end_deputy(desk.connection, desk.person("S1"), row, by="account:x", now=NOW)


def test_with_whoever_leaves_the_deputy_ends(desk: Desk) -> None:
    stand_in(desk, "K1", "M1")
    now = at("07T10:00:00")
    leave = Leave(now.date(), "离职")
    close_person(desk.connection, person_id(desk.connection, "K1"), leave, desk.who, now=now)
    assert not identity(desk.connection, "M1", now).may("waves.launch")


def test_who_stands_in_for_more_can_be_changed_by_nobody_with_less(desk: Desk) -> None:
    """Otherwise a new phone number and a set-up link would be the way to the administrator's role."""
    stand_in(desk, "A1", "M1")
    report = desk.as_("K1").load("工号,手机号\nM1,13900000000\n")
    assert [each.code for each in report.problems] == ["import_beyond_own"]


def wrongs() -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    yield "nobody", {}, ["deputy_unknown"]
    yield "K1", {}, ["deputy_is_self"]
    yield "F1", {}, ["deputy_of_another_firm"]
    yield "M1", {"last_day": date(2026, 5, 5)}, ["days_reversed"]
    yield "M1", {"first_day": date(2026, 5, 1), "last_day": date(2026, 5, 3)}, ["deputy_past"]
    yield "M1", {"last_day": date(2027, 5, 8)}, ["deputy_long"]
    yield "M1", {"reason": ""}, ["field_required"]


@pytest.mark.parametrize(("deputy", "changes", "found"), list(wrongs()))
def test_who_cannot_stand_in(desk: Desk, deputy: str, changes: dict[str, Any], found: list[str]) -> None:
    register.add_firm(desk.connection, "XSDC", "岫山调查", now=NOW)
    desk.load("工号,姓名,公司,角色\nF1,调度,XSDC,调度员\n")
    assert refused(desk, "K1", deputy, **changes) == found


def test_both_pages_tell_of_it(desk: Desk) -> None:
    row = stand_in(desk, "K1", "m1")  # by the sign-in name
    listed = [
        (each.id, each.own, each.code)
        for code in ("K1", "M1")
        for each in deputies_around(desk.connection, account_id(desk.connection, code))
    ]
    assert listed == [(row, True, "M1"), (row, False, "K1")]
    assert [lines(desk.connection, code)[-1][1] for code in ("K1", "M1")] == ["deputy_added"] * 2
    assert deputies.LONGEST.days == 366
