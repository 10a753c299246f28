"""The queue of doubts, one visit, and what people decide; seen by whoever may and by nobody else."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select

from server.accounts.permissions import ROLES
from server.errors import Refusal
from server.followup.doubts.deciding import Verdict, decide
from server.followup.doubts.reading import count_waiting, find_doubted, list_doubted
from server.followup.doubts.weighing import weigh_visit
from server.intake.shelf import FormShelf
from server.models.audit import AuditLine
from server.models.doubts import VisitDoubt
from server.models.submissions import ScoreSheet
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY
from tests.followup.doubts.visits_for_tests import (
    CAME,
    HASH,
    Made,
    confidence_of,
    ground,
    photographed,
    shopper,
    visited,
)

WEST, EAST = Scope(("C01/D10/",)), Scope(("C01/D1/",))
SHORT = {"entered": 0, "left": 4}


@pytest.fixture
def visits(connection: Connection) -> tuple[Made, Made, Made]:
    """A short visit in the east, one in the west whose photo came from the east, and an honest one."""
    wave_id, person_id = ground(connection), shopper(connection)
    short = visited(connection, wave_id, person_id, moments=SHORT, came=CAME - DAY)
    photographed(connection, short, bits=HASH, created_at=CAME - DAY)
    copied = visited(connection, wave_id, shopper(connection, "小李"), "B201", moments=SHORT)
    photographed(connection, copied, bits=HASH ^ 1)
    honest = visited(connection, wave_id, shopper(connection, "小王"), "B102")
    for visit in (short, copied, honest):
        weigh_visit(connection, FormShelf(), visit.pk, now=CAME)
    return short, copied, honest


def listed(connection: Connection, scope: Scope = EVERYTHING, view: str = "review", **at: Any) -> list[UUID]:
    return [row.id for row in list_doubted(connection, scope, view, **at).rows]


def doubt_of(connection: Connection, visit: Made, code: str) -> UUID:
    query = select(VisitDoubt.id).where(VisitDoubt.submission_pk == visit.pk, VisitDoubt.code == code)
    return connection.scalars(query).one()


def test_the_least_confidence_comes_first_within_the_scope(
    connection: Connection, visits: tuple[Made, Made, Made]
) -> None:
    short, copied, honest = visits
    assert listed(connection) == [copied.pk, short.pk]
    assert listed(connection, after=copied.pk) == [short.pk]
    assert listed(connection, after=short.pk) == []
    assert (listed(connection, EAST), listed(connection, WEST)) == ([short.pk], [copied.pk])
    assert (count_waiting(connection, EVERYTHING), count_waiting(connection, EAST)) == (2, 1)
    assert honest.pk not in listed(connection, view="open")
    with pytest.raises(Refusal, match="not_found"):
        list_doubted(connection, WEST, "review", after=short.pk)


def test_what_lies_outside_the_scope_is_absent(
    connection: Connection, visits: tuple[Made, Made, Made]
) -> None:
    short, copied, _ = visits
    whole, west = (find_doubted(connection, copied.pk, scope) for scope in (EVERYTHING, WEST))
    assert [row.code for row in whole.doubts] == ["photo_alike", "stay_short"]
    assert [row.kind for row in whole.moments] == ["entered", "left"]
    assert (list(whole.others), len(whole.photos)) == ([str(short.pk)], 2)
    assert (dict(west.others), len(west.photos)) == ({}, 1)
    with pytest.raises(Refusal, match="not_found"):
        find_doubted(connection, short.pk, WEST)


def test_a_decision_moves_the_confidence_and_nothing_else(
    connection: Connection, visits: tuple[Made, Made, Made]
) -> None:
    _, copied, _ = visits
    alike, stay = (doubt_of(connection, copied, code) for code in ("photo_alike", "stay_short"))
    sheets = connection.execute(select(ScoreSheet.revision_id, ScoreSheet.published)).all()
    assert confidence_of(connection, copied).confidence * 4 == 195  # 65 × 75 %
    decided = decide(connection, alike, Verdict("dismissed", " 都是大堂 "), WEST, by=BY, now=CAME)
    assert decided == copied.pk
    row = confidence_of(connection, copied)
    assert (row.confidence, row.open_doubts) == (75, 1)
    decide(connection, stay, Verdict("upheld", "监控里只有四分钟"), WEST, by=BY, now=CAME)
    assert copied.pk not in listed(connection, view="open")
    assert listed(connection, view="decided") == [copied.pk]
    decide(connection, alike, Verdict("upheld", "再看是同一张"), WEST, by=BY, now=CAME)
    assert confidence_of(connection, copied).confidence * 4 == 195
    assert connection.execute(select(ScoreSheet.revision_id, ScoreSheet.published)).all() == sheets
    lines = select(AuditLine.action, AuditLine.subject, AuditLine.detail).where(AuditLine.actor == BY)
    told = [row for row in connection.execute(lines) if row.action.startswith("doubt_")]
    assert [row.action for row in told] == ["doubt_dismissed", "doubt_upheld", "doubt_upheld"]
    assert {row.subject for row in told} == {f"assignment:{copied.assignment_id}"}
    assert told[-1].detail == {"code": "photo_alike", "before": "dismissed"}


@pytest.mark.parametrize(
    ("state", "note", "code"),
    [
        ("open", "看过了", "doubt_verdict_missing"),
        ("", "看过了", "doubt_verdict_missing"),
        ("upheld", "  ", "doubt_note_missing"),
        ("dismissed", "长" * 501, "text_too_long"),
    ],
)
def test_a_decision_needs_a_verdict_and_a_reason(
    connection: Connection, visits: tuple[Made, Made, Made], state: str, note: str, code: str
) -> None:
    doubt = doubt_of(connection, visits[0], "stay_short")
    with pytest.raises(Refusal) as refused:
        decide(connection, doubt, Verdict(state, note), EVERYTHING, by=BY, now=CAME)
    assert [each.code for each in refused.value.details] == [code]
    for scope, unknown in ((WEST, doubt), (EVERYTHING, uuid4())):
        with pytest.raises(Refusal, match="not_found"):
            decide(connection, unknown, Verdict("upheld", "是"), scope, by=BY, now=CAME)


def test_branches_and_firms_see_no_doubts() -> None:
    assert {role for role, given in ROLES.items() if "doubts.read" in given} == {
        "administrator", "coordinator", "reviewer", "auditor",
    }  # fmt: skip
    assert {role for role, given in ROLES.items() if "doubts.decide" in given} == {
        "administrator", "coordinator", "reviewer",
    }  # fmt: skip
