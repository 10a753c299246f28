"""A duty is done by whom it is owed, while it is open, with its proof; anything else takes a reason."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, select, update

from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.duties.correcting import Correction, correct, excuse
from server.fieldwork.duties.doing import Deed, NewEntry, enter, mark_done, sign, take_back
from server.fieldwork.duties.owed import Doer, find_owed, state_of
from server.models.audit import AuditLine
from server.models.organisation import Unit
from server.scope import EVERYTHING, Scope
from tests.builders import BY
from tests.fieldwork.duties.halls_for_tests import (
    at,
    begin,
    create_halls,
    create_person,
    doer,
    publish,
    rows,
)

MONDAY = at("05-11")
EAST = Scope(unit_paths=("X01/S1/",))


@pytest.fixture
def halls(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        create_halls(connection)
        yield connection


def owing(halls: Connection, **duty: Any) -> AnyRow:
    """A duty of hall H11 in the week of 11 May, with a day of grace."""
    content = {
        "title": "台账",
        "subjects": [{"name": "supervisor"}, {"name": "hall", "parent": "supervisor"}],
        "duties": [
            {"name": "drill", "of": "hall", "by": "branch_manager", "every": "week", "grace": 1, **duty}
        ],
    }
    publish(halls, "small", content, at("01-01"))
    begin(halls, "small", "2026-05-11", MONDAY)
    return next(iter(rows(halls, subject="H11")), None) or rows(halls)[0]


def manager(halls: Connection, role: str = "branch_manager", unit: str | None = "H11") -> Doer:
    return doer(halls, create_person(halls, f"{role} of {unit}", role, unit))


def fresh(halls: Connection, row: AnyRow) -> AnyRow:
    return find_owed(halls, row.id, EVERYTHING)


def refusal(action: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        action()
    return refused.value


def codes(action: Any) -> list[tuple[str, str]]:
    return [(each.code, each.pointer) for each in refusal(action).details]


def test_two_taps_are_one_deed(halls: Connection) -> None:
    row, mine = owing(halls), manager(halls)
    assert mark_done(halls, row.id, Deed(), mine, now=MONDAY) == "done"
    again = refusal(lambda: mark_done(halls, row.id, Deed(), mine, now=MONDAY))
    assert (again.code, again.status) == ("duty_done_already", 409)
    stored = fresh(halls, row)
    assert (stored.done_at, stored.done_by, stored.noted) == (MONDAY, mine.actor, 1)


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        ("05-10", "duty_not_yet"),
        ("05-11", "done"),
        ("05-17", "done"),
        ("05-18", "done_late"),
        ("05-19", "duty_over"),
    ],
)
def test_only_in_time_or_within_the_grace(halls: Connection, day: str, outcome: str) -> None:
    row, mine = owing(halls), manager(halls)
    now = at(day, "00:00")
    if outcome.startswith("duty"):
        assert refusal(lambda: mark_done(halls, row.id, Deed(), mine, now=now)).code == outcome
        assert fresh(halls, row).done_at is None
    else:
        assert mark_done(halls, row.id, Deed(), mine, now=now) == outcome


@pytest.mark.parametrize(
    ("role", "unit", "may"),
    [
        ("branch_manager", "H11", True),
        ("branch_manager", "S1", True),
        ("branch_manager", "H12", False),
        ("branch_manager", "S2", False),
        ("supervisor", "H11", False),
        ("coordinator", "S1", True),
        ("coordinator", None, True),
        ("coordinator", "S2", False),
    ],
)
def test_whose_it_is_to_do(halls: Connection, role: str, unit: str | None, may: bool) -> None:
    row, who = owing(halls), manager(halls, role, unit)
    if may:
        assert mark_done(halls, row.id, Deed(), who, now=MONDAY) == "done"
    else:
        assert refusal(lambda: mark_done(halls, row.id, Deed(), who, now=MONDAY)).code == "not_found"


def test_a_named_person_does_it_alone(halls: Connection) -> None:
    first, second = manager(halls), doer(halls, create_person(halls, "wu", "branch_manager", "H11"))
    owing(halls, each="person")
    mine = next(row for row in rows(halls) if row.person_id == first.person_id)
    assert refusal(lambda: mark_done(halls, mine.id, Deed(), second, now=MONDAY)).code == "not_found"
    assert mark_done(halls, mine.id, Deed(), first, now=MONDAY) == "done"


@pytest.mark.parametrize(
    ("duty", "deed", "missing"),
    [
        ({"proof": "note"}, Deed(note="  "), [("duty_note_missing", "/note")]),
        ({"proof": "note"}, Deed(note="已讲评"), []),
        ({"proof": "file"}, Deed(), [("duty_file_missing", "/file")]),
        # Who signs may come later; the programme counts what is not signed.
        ({"proof": "signed"}, Deed(), []),
        (
            {
                "fields": [
                    {"name": "hours", "type": "number", "required": True},
                    {"name": "day", "type": "date"},
                ]
            },
            Deed(fields={"day": "tomorrow"}),
            [("duty_field_missing", "/fields/hours"), ("duty_field_wrong", "/fields/day")],
        ),
    ],
)
def test_every_proof_that_is_missing_is_said_at_once(
    halls: Connection, duty: dict[str, Any], deed: Deed, missing: list[tuple[str, str]]
) -> None:
    row, mine = owing(halls, **duty), manager(halls)
    if missing:
        assert codes(lambda: mark_done(halls, row.id, deed, mine, now=MONDAY)) == missing
    else:
        assert mark_done(halls, row.id, deed, mine, now=MONDAY) == "done"


def test_what_is_counted_is_done_with_the_last_time(halls: Connection) -> None:
    row, mine = owing(halls, times=2, counted=True), manager(halls)
    assert mark_done(halls, row.id, Deed(), mine, now=MONDAY) == "open"
    assert (fresh(halls, row).noted, fresh(halls, row).done_at) == (1, None)
    assert mark_done(halls, row.id, Deed(), mine, now=MONDAY) == "done"
    assert fresh(halls, row).noted == 2


def test_a_tap_can_be_taken_back_until_the_time_is_over(halls: Connection) -> None:
    row, mine = owing(halls), manager(halls)
    mark_done(halls, row.id, Deed(), mine, now=MONDAY)
    other = doer(halls, create_person(halls, "boss", "coordinator"))
    assert refusal(lambda: take_back(halls, row.id, other, now=MONDAY)).code == "duty_over"
    take_back(halls, row.id, mine, now=MONDAY)
    assert state_of(fresh(halls, row), MONDAY) == "open"
    mark_done(halls, row.id, Deed(), mine, now=MONDAY)
    late = MONDAY + timedelta(days=30)
    assert refusal(lambda: take_back(halls, row.id, mine, now=late)).code == "duty_over"


def test_the_record_is_signed_once_and_after_the_deed(halls: Connection) -> None:
    row, mine = owing(halls, proof="signed"), manager(halls)
    assert codes(lambda: sign(halls, row.id, "陈经理", mine, now=MONDAY)) == [
        ("duty_not_to_sign", "/signed_by")
    ]
    mark_done(halls, row.id, Deed(), mine, now=MONDAY)
    assert codes(lambda: sign(halls, row.id, " ", mine, now=MONDAY)) == [
        ("duty_signature_missing", "/signed_by")
    ]
    sign(halls, row.id, " 陈经理 ", mine, now=MONDAY)
    assert fresh(halls, row).signed_by == "陈经理"
    assert codes(lambda: sign(halls, row.id, "别人", mine, now=MONDAY)) == [
        ("duty_not_to_sign", "/signed_by")
    ]


def test_an_excuse_takes_it_out_of_what_is_due(halls: Connection) -> None:
    row, mine = owing(halls), manager(halls)
    assert codes(lambda: excuse(halls, row.id, "", EVERYTHING, by=BY, now=MONDAY)) == [
        ("duty_reason_missing", "/reason")
    ]
    excuse(halls, row.id, "停电", EAST, by=BY, now=MONDAY)
    assert state_of(fresh(halls, row), MONDAY + timedelta(days=30)) == "excused"
    assert refusal(lambda: mark_done(halls, row.id, Deed(), mine, now=MONDAY)).code == "duty_excused"
    line = halls.execute(select(AuditLine).where(AuditLine.action == "duty_excused")).one()
    assert line.detail == {"reason": "停电"}


@pytest.mark.parametrize(
    ("verdict", "expected"), [("done", "done"), ("done_late", "done_late"), ("not_done", "missed")]
)
@pytest.mark.parametrize("before", ["missed", "done", "excused"])
def test_a_correction_says_how_it_was_and_why(
    halls: Connection, before: str, verdict: str, expected: str
) -> None:
    row, mine = owing(halls), manager(halls)
    if before == "done":
        mark_done(halls, row.id, Deed(), mine, now=MONDAY)
    if before == "excused":
        excuse(halls, row.id, "停电", EVERYTHING, by=BY, now=MONDAY)
    later = at("06-01")
    correct(halls, row.id, Correction(verdict, "看过录像"), EVERYTHING, by=BY, now=later)
    stored = fresh(halls, row)
    assert state_of(stored, later) == expected
    assert (stored.corrected_by, stored.correction) == (BY, "看过录像")
    line = halls.execute(select(AuditLine).where(AuditLine.action == "duty_corrected")).one()
    assert line.detail == {"before": before, "after": verdict, "reason": "看过录像"}


def test_foreign_rows_are_absent(halls: Connection) -> None:
    row = owing(halls)
    west = Scope(unit_paths=("X01/S2/",))
    verdict = Correction("done", "x")
    assert refusal(lambda: excuse(halls, row.id, "x", west, by=BY, now=MONDAY)).code == "not_found"
    assert refusal(lambda: correct(halls, row.id, verdict, west, by=BY, now=MONDAY)).code == "not_found"


def entry(**changes: Any) -> NewEntry:
    values = {"programme": "customer-files", "duty": "customer_file", "subject": "H11"}
    return NewEntry(**{**values, "due_on": date(2026, 5, 31), "fields": {"balance": "50000"}, **changes})


def test_what_happens_is_entered_and_then_done(halls: Connection) -> None:
    halls_are_posts(halls)
    mine = manager(halls)
    entry_id = enter(halls, entry(), mine, now=MONDAY)
    (row,) = rows(halls, "customer_file")
    assert (row.id, row.fields, row.due_on) == (entry_id, {"balance": "50000"}, date(2026, 5, 31))
    assert mark_done(halls, entry_id, Deed(fields={"balance": "52000"}), mine, now=MONDAY) == "done"
    assert rows(halls, "customer_file")[0].fields == {"balance": "52000"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fields": {}}, [("duty_field_missing", "/fields/balance")]),
        ({"fields": {"balance": "a lot"}}, [("duty_field_wrong", "/fields/balance")]),
        ({"due_on": date(2026, 5, 10)}, [("duty_due_past", "/due_on")]),
        ({"duty": "record_check", "fields": {}}, [("duty_has_periods", "/duty")]),
    ],
)
def test_an_entry_that_cannot_be(
    halls: Connection, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    halls_are_posts(halls)
    mine = manager(halls)
    assert codes(lambda: enter(halls, entry(**changes), mine, now=MONDAY)) == expected


@pytest.mark.parametrize("changes", [{"subject": "H12"}, {"duty": "nothing"}, {"programme": "small"}])
def test_an_entry_elsewhere_is_not_found(halls: Connection, changes: dict[str, str]) -> None:
    halls_are_posts(halls)
    mine = manager(halls)
    assert refusal(lambda: enter(halls, entry(**changes), mine, now=MONDAY)).code == "not_found"


def halls_are_posts(halls: Connection) -> None:
    halls.execute(update(Unit).where(Unit.level == "outlet").values(attributes={"kind": "post"}))
    begin(halls, "customer-files", "2026-05-11", MONDAY, pay_cut="50", reward="50")


def test_the_id_of_a_row_tells_nothing_to_who_may_not_see_it(halls: Connection) -> None:
    assert refusal(lambda: find_owed(halls, UUID(int=1), EVERYTHING)).code == "not_found"
