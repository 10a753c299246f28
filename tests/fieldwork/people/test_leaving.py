"""Leaving: from that day on nothing of theirs works; what they had to do waits for others; the rest stays."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, insert, select

from server.accounts import sessions
from server.accounts.identity import of_account
from server.accounts.sessions import find_session
from server.db import new_id
from server.errors import Refusal
from server.fieldwork import responding
from server.fieldwork.people import closing
from server.fieldwork.people.closing import Leave, close_person, reopen_person, what_ends
from server.fieldwork.people.leaving import close_leavers, waiting_for_others
from server.fieldwork.visits.assigning import NewVisit, assign_visit
from server.keys import KeyRing, token_hash
from server.models.accounts import Account, Person, RoleGrant, StaffSession
from server.models.messages import Message
from server.models.organisation import Subject
from server.models.tasks import Assignment
from tests.builders import DAY, LINK, NOW, PUBLIC_URL, create_units, create_wave
from tests.fieldwork.people.people_for_tests import (
    STAFF,
    Desk,
    account_id,
    identity,
    lines,
    person_id,
    problems,
)

TODAY = date(2026, 5, 4)
LEAVE = Leave(TODAY, "个人原因")
SHOPPER = "工号,姓名,手机号,人员类别,所属机构,考核对象\nV1,小周,13900139000,神秘访客,C01,是\n"


@pytest.fixture
def desk(connection: Connection, keys: KeyRing) -> Desk:
    create_units(connection)
    desk = Desk(connection, keys)
    desk.load(STAFF)
    return desk


def signed_in(connection: Connection, code: str) -> str:
    """A session of somebody; returns its secret."""
    secret = f"session of {code}"
    row = {"id": new_id(), "secret_hash": token_hash(secret), "account_id": account_id(connection, code)}
    times = {"created_at": NOW, "expires_at": NOW + timedelta(days=99)}
    connection.execute(insert(StaffSession).values(**row, **times))
    return secret


def given_visit(desk: Desk, code: str) -> tuple[UUID, str]:
    """An open visit of somebody with its link's token."""
    wave_id = create_wave(desk.connection, state="launched", code="2026-05-VISIT", instrument="visit")
    person = person_id(desk.connection, code)
    new = NewVisit(wave_id, person, "B101", NOW - DAY, NOW + 7 * DAY, {"visit_date": "2026-05-04"})
    made = assign_visit(desk.connection, new, desk.keys, public_url=PUBLIC_URL, by="system", now=NOW)
    return made.assignment_id, LINK.findall(made.link)[0]


def refusal_of(desk: Desk, code: str, leave: Leave = LEAVE) -> list[str]:
    with pytest.raises(Refusal) as caught:
        close_person(desk.connection, person_id(desk.connection, code), leave, desk.who, now=desk.now)
    return [caught.value.code, *(detail.code for detail in caught.value.details)]


def test_a_leavers_session_ends_the_same_day(desk: Desk) -> None:
    secret = signed_in(desk.connection, "M1")
    assert find_session(desk.connection, secret, now=NOW) is not None
    close_person(desk.connection, person_id(desk.connection, "M1"), LEAVE, desk.who, now=NOW)
    assert find_session(desk.connection, secret, now=NOW) is None
    assert desk.connection.scalar(select(func.count()).select_from(StaffSession)) == 0
    held = select(func.count()).where(RoleGrant.account_id == account_id(desk.connection, "M1"))
    assert desk.connection.scalar(held) == 0


def test_a_file_closes_who_leaves_today(desk: Desk) -> None:
    secret = signed_in(desk.connection, "M1")
    report = desk.load("工号,离职日期\nM1,2026-05-04\n")
    assert (dict(report.kinds), problems(report)) == ({"leaving": 1}, [])
    assert find_session(desk.connection, secret, now=NOW) is None
    assert desk.connection.scalar(select(Person.left_at).where(Person.code == "M1")) == NOW
    assert lines(desk.connection, "M1")[-1][1:] == (
        "person_left",
        {"sessions": 1, "phones": 0, "roles": [["branch_manager", "B101"]], "deputies": 0, "visits": 0},
    )


def test_a_day_ahead_works_from_its_first_moment_even_before_the_chore(desk: Desk) -> None:
    secret = signed_in(desk.connection, "M1")
    desk.load("工号,离职日期\nM1,2026-05-10\n")
    # Midnight of the tenth in Shanghai is four in the afternoon of the ninth in UTC.
    midnight = datetime.fromisoformat("2026-05-09T16:00:00+00:00")
    assert find_session(desk.connection, secret, now=midnight - timedelta(seconds=1)) is not None
    assert find_session(desk.connection, secret, now=midnight) is None
    assert close_leavers(desk.connection, now=midnight - timedelta(seconds=1)) == 0
    assert close_leavers(desk.connection, now=midnight) == 1
    assert close_leavers(desk.connection, now=midnight) == 0
    assert lines(desk.connection, "M1")[-1][:2] == ("system", "person_left")


def test_open_visits_stop_and_wait_for_somebody_else(desk: Desk) -> None:
    desk.load(SHOPPER)
    assignment_id, token = given_visit(desk, "V1")
    who = desk.person("V1")
    assert [row.id for row in what_ends(desk.connection, who, now=NOW).assignments] == [assignment_id]
    close_person(desk.connection, who.id, LEAVE, desk.who, now=NOW)
    task = responding.find_by_token(desk.connection, token, "assignment", now=NOW)
    assert task is not None
    assert task.standing(NOW) == "closed"
    row = desk.connection.execute(select(Assignment.cancelled_at, Assignment.cancel_reason)).one()
    assert tuple(row) == (NOW, "person_left")
    assert desk.connection.scalars(select(Message.state)).all() == ["cancelled"]
    assert [row.id for row in waiting_for_others(desk.connection, who.id)] == [assignment_id]
    assert desk.connection.scalar(select(Subject.name).where(Subject.code == "person:V1")) == "小周"


def test_a_table_never_brings_back_who_left(desk: Desk) -> None:
    close_person(desk.connection, person_id(desk.connection, "M1"), LEAVE, desk.who, now=NOW)
    blank = desk.load("工号,姓名,角色,离职日期\nM1,青年路行长,网点负责人,\n")
    assert problems(blank) == [(2, "code", "import_person_left")]
    same = desk.load("工号,姓名,离职日期\nM1,青年路行长,2026-05-04\n")
    assert (same.unchanged, problems(same)) == (1, [])
    new = desk.load("工号,姓名,所属机构,离职日期\nX9,新人,B101,2026-05-01\n")
    assert problems(new) == [(2, "left_on", "import_person_left")]


def test_who_comes_back_starts_with_nothing(desk: Desk) -> None:
    person = person_id(desk.connection, "M1")
    close_person(desk.connection, person, LEAVE, desk.who, now=NOW)
    reopen_person(desk.connection, person, "返聘", desk.who, now=NOW)
    account = account_id(desk.connection, "M1")
    who = of_account(desk.connection, account, now=NOW)
    assert who is not None
    assert (who.permissions, who.scope.unit_paths) == (frozenset(), ())
    assert desk.connection.scalar(select(Account.password_hash).where(Account.id == account)) == (
        sessions.NO_PASSWORD
    )


@pytest.mark.parametrize(
    ("code", "leave", "found"),
    [
        ("M1", Leave(TODAY, " "), ["invalid_fields", "field_required"]),
        ("K1", LEAVE, ["invalid_fields", "person_is_self"]),
        ("A1", LEAVE, ["forbidden"]),
    ],
)
def test_who_cannot_be_let_go(desk: Desk, code: str, leave: Leave, found: list[str]) -> None:
    assert refusal_of(desk.as_("K1"), code, leave) == found


def test_nobody_leaves_twice(desk: Desk) -> None:
    close_person(desk.connection, person_id(desk.connection, "M1"), LEAVE, desk.who, now=NOW)
    assert refusal_of(desk, "M1") == ["invalid_fields", "person_gone"]


def test_a_district_lets_only_its_own_people_go(desk: Desk) -> None:
    own = desk.as_("K2")
    close_person(own.connection, person_id(own.connection, "M1"), LEAVE, own.who, now=NOW)
    assert refusal_of(own, "A1") == ["not_found"]
    assert identity(desk.connection, "A1").may("people.administer")
    assert closing.what_ends(own.connection, own.person("M1"), now=NOW).sessions == 0
