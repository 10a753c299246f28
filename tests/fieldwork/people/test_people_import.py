"""Importing people and roles: what a file says and nothing else, by whoever may say it."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Connection, func, select

from server import catalogue
from server.accounts import register
from server.accounts.identity import Identity
from server.fieldwork.importing import SentFile
from server.fieldwork.outreach.wishes import address_of
from server.fieldwork.people.columns import COLUMNS, FIELDS
from server.fieldwork.people.people_import import Order, import_people
from server.keys import KeyRing
from server.models.accounts import Account, Person, PersonPrivate, RoleGrant
from server.models.audit import AuditLine
from server.models.organisation import Subject, Unit
from server.models.people import PersonBar, PersonQualification
from server.scope import EVERYTHING, Scope
from tests.builders import NOW, create_units
from tests.fieldwork.people.people_for_tests import (
    HEADER,
    PHONE,
    STAFF,
    Desk,
    counts,
    identity,
    lines,
    person_id,
    problems,
)


@pytest.fixture
def desk(connection: Connection, keys: KeyRing) -> Desk:
    create_units(connection)
    register.add_firm(connection, "XSDC", "岫山调查", now=NOW)
    return Desk(connection, keys)


def roles(connection: Connection, code: str) -> set[tuple[str, str | None]]:
    query = (
        select(RoleGrant.role, Unit.code)
        .join(Account, Account.id == RoleGrant.account_id)
        .join(Person, Person.id == Account.person_id)
        .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        .where(Person.code == code)
    )
    return {(row.role, row.code) for row in connection.execute(query)}


def test_people_and_roles_come_in_and_the_same_file_again_changes_nothing(desk: Desk) -> None:
    report = desk.load(STAFF)
    assert (counts(report), problems(report)) == ((5, 0, 0, 0), [])
    assert roles(desk.connection, "S1") == {("supervisor", "D1"), ("auditor", "D10")}
    assert roles(desk.connection, "K1") == {("coordinator", None)}
    assert roles(desk.connection, "M1") == {("branch_manager", "B101")}
    before = desk.connection.scalar(select(func.count()).select_from(AuditLine))
    assert counts(desk.load(STAFF)) == (0, 0, 5, 0)
    after = desk.connection.scalar(select(func.count()).select_from(AuditLine))
    assert (after or 0) - (before or 0) == 1, "the line of the import itself, and none of a person"


def test_a_dry_run_shows_and_writes_nothing_and_applying_does_the_same(desk: Desk) -> None:
    desk.load(STAFF)
    changed = (
        f"{HEADER},离职日期\nM1,青年路行长,{PHONE},B102,大堂经理,,\n"
        "S1,督导甲,13800000005,D1,督导,D1,2026-06-30\n"
    )
    shown = desk.load(changed, dry_run=True)
    assert [(each.key, each.kind, each.fields) for each in shown.changes] == [
        (
            "M1",
            "changed",
            (
                ("phone", "…", "…"),
                ("unit_code", "B101", "B102"),
                ("role", "branch_manager B101", None),
                ("role", None, "lobby_manager B102"),
            ),
        ),
        ("S1", "leaving", (("left_on", None, "2026-06-30"), ("role", "auditor D10", None))),
    ]
    assert roles(desk.connection, "M1") == {("branch_manager", "B101")}
    applied = desk.load(changed)
    assert (applied.fingerprint, applied.kinds) == (shown.fingerprint, {"changed": 1, "leaving": 1})
    assert roles(desk.connection, "M1") == {("lobby_manager", "B102")}
    assert desk.connection.scalar(select(Person.left_at).where(Person.code == "S1")) is None


def test_who_is_not_in_the_file_stays(desk: Desk) -> None:
    desk.load(STAFF)
    desk.load(f"{HEADER}\nM1,青年路行长,13800000004,B101,网点负责人,\n")
    assert desk.connection.scalar(select(func.count()).where(Person.left_on.is_not(None))) == 0
    assert roles(desk.connection, "S1") == {("supervisor", "D1"), ("auditor", "D10")}


def test_a_file_without_roles_leaves_roles_alone(desk: Desk) -> None:
    desk.load(STAFF)
    assert counts(desk.load("工号,职务\nM1,行长助理\n")) == (0, 1, 0, 0)
    assert roles(desk.connection, "M1") == {("branch_manager", "B101")}


QUALIFIED = """工号,姓名,手机号,人员类别,所属机构,证书,证书等级,证书得分,取证日期,证书有效期,\
片区,可用日,请假,每日上限,总上限,\
回避机构,回避原因,曾被识别,评分,住址经度,住址纬度,住址坐标系,语种
V1,小周,13900139000,神秘访客,C01,暗访一级,金,92.5,2026-01-05,2027-01-04,D1、D10,周末,2026-05-16~2026-05-17,3,20,\
B101,配偶在该网点工作,B102,9.2,114.30555,30.59333,GCJ-02,普通话、粤语
V1,小周,,,,视频核查,,81,,,,,,,,,,,,,,,
"""


def test_what_a_roster_needs_comes_in_with_its_own_kinds(desk: Desk) -> None:
    report = desk.load(QUALIFIED)
    assert problems(report) == []
    assert counts(desk.load(QUALIFIED)) == (0, 0, 1, 0)
    row = desk.connection.execute(select(*Person.__table__.columns).where(Person.code == "V1")).one()
    assert (row.kind, row.weekdays, row.per_day, row.total, row.rating) == (
        "shopper", ["sat", "sun"], 3, 20, Decimal("9.2"),
    )  # fmt: skip
    held = desk.connection.execute(
        select(PersonQualification.name, PersonQualification.score, PersonQualification.expires_on).order_by(
            PersonQualification.name
        )
    ).all()
    assert sorted(map(tuple, held)) == [
        ("暗访一级", Decimal("92.5"), date(2027, 1, 4)), ("视频核查", Decimal(81), None),
    ]  # fmt: skip
    home = desk.connection.scalar(select(PersonPrivate.home))
    assert home is not None
    assert desk.keys.decrypt(home) == "114.306,30.593,GCJ-02"
    assert desk.connection.scalar(select(func.count()).select_from(Account)) == 0, "shoppers need no account"


def test_who_was_recognised_somewhere_is_barred_for_ever(desk: Desk) -> None:
    desk.load(QUALIFIED)
    assert problems(desk.load("工号,曾被识别,回避机构\nV1,B201,\n")) == []
    query = select(Unit.code).join(PersonBar, PersonBar.unit_id == Unit.id).order_by(Unit.code)
    assert desk.connection.scalars(query).all() == ["B102", "B201"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("X1,,13800000009,B101,,", [("name", "cell_missing")]),
        ("X1,某人,123,B101,,", [("phone", "import_phone")]),
        ("X1,某人,,B999,,", [("unit_code", "import_unknown_unit")]),
        ("X1,某人,,B101,国王,", [("role", "import_unknown_role")]),
        ("X1,某人,,B101,督导,B999", [("role_scope", "import_unknown_unit")]),
        ("X1,某人,,,督导,", [("role_scope", "import_role_scope")]),
        ("X1,某人,,B101,调度员,", [("role", "import_role_needs_firm")]),
        ("X 1,某人,,B101,,", [("code", "import_code_characters")]),
        ("a1,某人,,B101,审计,B101", [("login", "import_login_taken")]),
    ],
)
def test_bad_rows_come_back_with_their_reason(desk: Desk, row: str, found: list[tuple[str, str]]) -> None:
    desk.load(STAFF)
    report = desk.load(f"{HEADER}\n{row}\nX2,好人,,B101,,\n")
    assert [(each.column, each.code) for each in report.problems] == found
    assert (report.created, report.rejected) == (1, 1)
    assert PHONE not in str(report.problems)


def test_rows_of_one_person_must_agree(desk: Desk) -> None:
    report = desk.load(f"{HEADER}\nX1,甲,,B101,督导,\nX1,乙,,B101,审计,\n")
    assert problems(report) == [(3, "name", "import_rows_differ")]
    assert report.created == 0


def test_the_number_stays_out_of_everything_that_is_shown(desk: Desk) -> None:
    text = f"{HEADER}\nX1,甲,{PHONE},B101,督导,\n"
    shown = desk.load(text, dry_run=True)
    desk.load(text)
    written = [str(row) for row in desk.connection.execute(select(AuditLine.detail))]
    assert PHONE[3:] not in str(shown) + str(written)
    assert "甲" not in str(written)


@pytest.mark.parametrize(
    ("sender", "row", "found"),
    [
        # A coordinator of everything makes no administrators, and touches none.
        ("K1", "X1,甲,,B101,系统管理员,全辖", [("role", "import_role_beyond_own")]),
        ("K1", "A1,管理员,13900000009,C01,系统管理员,全辖", [("code", "import_beyond_own")]),
        ("K1", "K1,沈晓雯,13800000002,C01,系统管理员,全辖", [("role", "import_role_beyond_own")]),
        ("K1", "X1,甲,,B101,项目经理,全辖", []),
        # One of a district gives roles there only, and knows nobody elsewhere.
        ("K2", "X1,甲,,B101,项目经理,D1", []),
        ("K2", "X1,甲,,B101,网点负责人,", []),
        ("K2", "X1,甲,,B101,项目经理,全辖", [("role", "import_role_beyond_own")]),
        ("K2", "X1,甲,,B101,网点负责人,B201", [("role", "import_role_beyond_own")]),
        ("K2", "X1,甲,,B201,,", [("unit_code", "import_outside_scope")]),
        ("K2", "S1,督导甲,13900000009,D1,督导,D1", [("code", "import_beyond_own")]),
        (
            "K2",
            "K1,沈晓雯,13800000002,D1,,",
            [("code", "import_outside_scope"), ("code", "import_beyond_own")],
        ),
    ],
)
def test_nobody_grants_more_than_they_hold(
    desk: Desk, sender: str, row: str, found: list[tuple[str, str]]
) -> None:
    desk.load(STAFF)
    report = desk.as_(sender).load(f"{HEADER}\n{row}\n")
    assert [(each.column, each.code) for each in report.problems] == found


def test_who_reads_everywhere_and_manages_here_manages_here_only(desk: Desk) -> None:
    """Two roles of one person do not lend each other their reach."""
    desk.load(f"{HEADER}\nK3,两岗,,D1,项目经理,D1\nK3,两岗,,D1,审计,全辖\n")
    who = identity(desk.connection, "K3")
    assert who.for_permission("people.read").scope == EVERYTHING
    assert who.for_permission("people.manage").scope == Scope(unit_paths=("C01/D1/",))
    report = desk.as_("K3").load(f"{HEADER}\nX1,甲,,B201,,\n")
    assert [each.code for each in report.problems] == ["import_outside_scope"]


def test_a_feed_grants_what_its_key_permits(desk: Desk) -> None:
    key = Identity("system:hr", "hr", frozenset({"people.manage"}), EVERYTHING)
    report = Desk(desk.connection, desk.keys, key).load(f"{HEADER}\nX1,甲,,B101,督导,\nX2,乙,,B101,,\n")
    assert [(each.row, each.code) for each in report.problems] == [(2, "import_role_beyond_own")]
    assert report.created == 1


def test_a_firms_people_belong_to_the_firm(desk: Desk) -> None:
    header = "工号,姓名,公司,角色,所属机构"
    report = desk.load(f"{header}\nF1,调度,岫山调查,公司调度员,\nF2,外勤,XSDC,,\n")
    assert problems(report) == []
    kinds = dict(desk.connection.execute(select(Person.code, Person.kind)).all())
    assert kinds == {"F1": "staff", "F2": "field_worker"}
    who = identity(desk.connection, "F1")
    assert who.scope.firm_ids is not None
    assert (who.scope.unit_paths, who.roles) == (None, ("dispatcher",))
    wrong = desk.load(f"{header}\nF3,甲,XSDC,审计,\nF4,乙,没有,,\nF5,丙,XSDC,,B101\n")
    assert [each.code for each in wrong.problems] == [
        "import_role_of_firm", "import_unknown_firm", "import_firm_and_unit",
    ]  # fmt: skip


def test_who_moves_to_another_firm_leaves_the_role_there(desk: Desk) -> None:
    register.add_firm(desk.connection, "NEW", "新公司", now=NOW)
    header = "工号,姓名,公司,角色"
    desk.load(f"{header}\nF1,调度,XSDC,调度员\n")
    first = identity(desk.connection, "F1").scope.firm_ids
    desk.load(f"{header}\nF1,调度,NEW,调度员\n")
    second = identity(desk.connection, "F1").scope.firm_ids
    assert (len(first or ()), len(second or ())) == (1, 1)
    assert first != second


def test_who_is_judged_becomes_a_subject_and_stays_one(desk: Desk) -> None:
    desk.load("工号,姓名,所属机构,考核对象\nT1,柜员甲,B101,是\n")
    subject = desk.connection.execute(
        select(Subject.code, Subject.name).where(Subject.kind == "person")
    ).one()
    assert tuple(subject) == ("person:T1", "柜员甲")
    assert counts(desk.load("工号,姓名\nT1,柜员乙\n")) == (0, 1, 0, 0)
    assert desk.connection.scalar(select(Subject.name).where(Subject.kind == "person")) == "柜员乙"
    report = desk.load("工号,考核对象\nT1,否\n")
    assert problems(report) == [(2, "judged", "import_subject_stays")]


def test_a_workbook(desk: Desk) -> None:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    rows: list[tuple[Any, ...]] = [("工号", "姓名", "手机号", "所属机构"), (1001, "甲", 13812345678, "B101")]
    for row in rows:
        book.active.append(row)
    book.save(stream)
    order = Order(desk.who, desk.keys, NOW)
    report = import_people(desk.connection, SentFile(stream.getvalue(), "people.xlsx", "system"), order)
    assert counts(report) == (1, 0, 0, 0)
    assert person_id(desk.connection, "1001")


def test_each_person_has_a_line_that_says_what_changed(desk: Desk) -> None:
    desk.load(STAFF)
    desk.load(f"{HEADER}\nM1,青年路行长,{PHONE},B101,督导,B101\n")
    assert [(action, detail) for _, action, detail in lines(desk.connection, "M1")][1:] == [
        (
            "person_changed",
            {
                "code": "M1",
                "fields": ["phone"],
                "given": [["supervisor", "B101"]],
                "taken": [["branch_manager", "B101"]],
            },
        )
    ]


@pytest.mark.parametrize("locale", catalogue.LOCALES)
def test_everything_that_can_change_has_a_word(locale: str) -> None:
    said = catalogue.texts(locale, "people")
    for name in {*FIELDS, *COLUMNS} - {"roles"}:
        assert said[f"column.{name}"], name
    for name in COLUMNS:
        assert said[f"column_about.{name}"], name


def test_an_address_is_kept_encrypted_told_to_nobody_and_the_same_again_changes_nothing(desk: Desk) -> None:
    def kept() -> str:
        return address_of(desk.connection, person_id=person_id(desk.connection, "E1"), keys=desk.keys)

    file = "工号,姓名,邮箱,所属机构\nE1,李娜,Li.Na@Bank.example,B101\n"
    report = desk.load(file)
    assert (report.created, kept()) == (1, "li.na@bank.example")
    assert "bank.example" not in str(report)
    assert desk.load(file).unchanged == 1
    assert desk.load("工号,职务\nE1,大堂经理\n").updated == 1
    assert kept() == "li.na@bank.example"
    wrong = desk.load("工号,邮箱\nE1,li.na@\n")
    assert [each.code for each in wrong.problems] == ["import_email"]
    assert "li.na@" not in str(wrong)
    assert desk.load("工号,邮箱\nE1,\n").updated == 1
    assert kept() == ""
