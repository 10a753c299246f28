from datetime import timedelta
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, insert, select, update

from server.db import new_id
from server.errors import Refusal
from server.fieldwork.organisation.units import list_units
from server.models.submissions import (
    Finding,
    ScoreSheet,
    Submission,
    SubmissionRevision,
    SubmissionText,
)
from server.reports.deployment import DEMO, is_demo
from server.reports.sheets import (
    PAGE_SIZE,
    find_submission,
    list_findings,
    list_submissions,
    shares_of_score,
    texts_of,
)
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import NOW, subject_of

EAST = Scope(unit_paths=("C01/D1/",))


@pytest.fixture
def wave(connection: Connection) -> UUID:
    builders.create_units(connection)
    return builders.create_wave(connection)


def test_foreign_submissions_are_as_absent_as_none(connection: Connection, wave: UUID) -> None:
    [mine] = builders.create_scored(connection, wave, "B101", ["90"])
    [foreign] = builders.create_scored(connection, wave, "B201", ["80"])
    assert find_submission(connection, mine, EAST).code == "B101"
    assert find_submission(connection, foreign, EVERYTHING).code == "B201"
    for pk in (foreign, uuid4()):
        with pytest.raises(Refusal, match="not_found"):
            find_submission(connection, pk, EAST)
    assert [row.id for row in list_submissions(connection, wave, EAST).rows] == [mine]
    with pytest.raises(Refusal, match="not_found"):
        list_submissions(connection, wave, EAST, after=foreign)


def test_a_firm_sees_what_it_sent(connection: Connection, wave: UUID) -> None:
    firm = builders.create_firm(connection)
    sent, other = builders.create_scored(connection, wave, "B101", ["90", "80"])
    connection.execute(update(Submission).where(Submission.id == sent).values(firm_id=firm.id))
    rows = list_submissions(connection, wave, Scope(firm_ids=(firm.id,))).rows
    assert [row.id for row in rows] == [sent]
    with pytest.raises(Refusal, match="not_found"):
        find_submission(connection, other, Scope(firm_ids=(firm.id,)))


def test_pages_follow_each_other_both_ways(connection: Connection, wave: UUID) -> None:
    pks = set(builders.create_scored(connection, wave, "B101", ["90"] * (2 * PAGE_SIZE + 3)))
    first = list_submissions(connection, wave, EVERYTHING)
    [late] = builders.create_scored(connection, wave, "B101", ["80"])
    moment = NOW + timedelta(seconds=1)
    connection.execute(update(Submission).where(Submission.id == late).values(received_at=moment))
    second = list_submissions(connection, wave, EVERYTHING, after=first.rows[-1].id)
    third = list_submissions(connection, wave, EVERYTHING, after=second.rows[-1].id)
    assert [len(each.rows) for each in (first, second, third)] == [PAGE_SIZE, PAGE_SIZE, 3]
    assert {row.id for each in (first, second, third) for row in each.rows} == pks
    edges = [(first, False, True), (second, True, True), (third, True, False)]
    assert all((each.newer, each.older) == (newer, older) for each, newer, older in edges)
    back = list_submissions(connection, wave, EVERYTHING, before=third.rows[0].id)
    assert [row.id for row in back.rows] == [row.id for row in second.rows]
    top = list_submissions(connection, wave, EVERYTHING, before=first.rows[0].id)
    assert ([row.id for row in top.rows], top.newer, top.older) == ([late], False, True)


def test_the_latest_revision_is_what_is_shown(connection: Connection, wave: UUID) -> None:
    [pk] = builders.create_scored(connection, wave, "B101", ["90"])
    revised = new_id()
    connection.execute(
        insert(SubmissionRevision).values(
            id=revised, submission_pk=pk, number=2, answers={"overall": 1}, reason="appeal", created_at=NOW
        )
    )
    connection.execute(insert(SubmissionText).values(revision_id=revised, question="comment", text="改"))
    row = find_submission(connection, pk, EVERYTHING)
    assert (row.revision_id, row.answers, row.raw) == (revised, {"overall": 1}, None)
    assert texts_of(connection, row.revision_id) == {"comment": "改"}
    assert connection.scalar(select(ScoreSheet.raw)) == "90"


def test_findings_stand_key_items_first_and_within_the_scope(connection: Connection, wave: UUID) -> None:
    for code, item, key in (("B101", "A-2", False), ("B102", "A-1", True), ("B201", "A-9", True)):
        [pk] = builders.create_scored(connection, wave, code, ["90"])
        connection.execute(
            insert(Finding).values(
                id=new_id(), wave_id=wave, subject_id=subject_of(connection, code), submission_pk=pk,
                item=item, code=item, points=1, key_item=key, created_at=NOW,
            )
        )  # fmt: skip
    found = list_findings(connection, wave, EVERYTHING)
    assert [(row.item, row.code, row.name) for row in found.rows] == [
        ("A-1", "A-1", "翠湖支行"), ("A-9", "A-9", "人民路支行"), ("A-2", "A-2", "青年路支行"),
    ]  # fmt: skip
    assert [row.item for row in list_findings(connection, wave, EAST).rows] == ["A-1", "A-2"]
    hidden = next(row.id for row in found.rows if row.item == "A-9")
    with pytest.raises(Refusal, match="not_found"):
        list_findings(connection, wave, EAST, after=hidden)


def test_findings_come_in_pages_that_miss_and_repeat_nothing(connection: Connection, wave: UUID) -> None:
    [pk] = builders.create_scored(connection, wave, "B101", ["90"])
    items = [f"A-{number:03}" for number in range(120)]
    subject_id = subject_of(connection, "B101")
    rows = [
        {
            "id": new_id(), "wave_id": wave, "subject_id": subject_id, "submission_pk": pk, "item": item,
            "code": item, "points": 1, "key_item": item > "A-100", "created_at": NOW,
        }
        for item in items
    ]  # fmt: skip
    connection.execute(insert(Finding), rows)
    pages = [list_findings(connection, wave, EVERYTHING)]
    while pages[-1].following:
        pages.append(list_findings(connection, wave, EVERYTHING, after=pages[-1].following))
    assert [row.item for page in pages for row in page.rows] == items[101:] + items[:101]
    assert {page.count for page in pages} == {120}


def test_the_organisation_within_a_scope(connection: Connection) -> None:
    builders.create_units(connection)
    assert [row.code for row in list_units(connection, EAST)] == ["D1", "B101", "B102"]
    assert list_units(connection, Scope(unit_paths=())) == []


def test_only_a_demo_is_a_demo(connection: Connection) -> None:
    assert not is_demo(connection)
    connection.exec_driver_sql(f"INSERT INTO deployment_fact VALUES ('{DEMO}', '{{}}')")
    assert is_demo(connection)


@pytest.mark.parametrize(
    ("sections", "possible", "scale", "shares"),
    [
        # Six ratings of 100 points each, on a score out of 100.
        ([("450", "600")], "600", "100", [("75", "100")]),
        # A section that was wholly not applicable loses its weight, which the others take over.
        ([("10", "20"), ("0", "0"), ("30", "30")], "50", "100", [("20", "40"), ("0", "0"), ("60", "60")]),
        ([("1/3", "10"), ("10", "40")], "50", "50", [("1/3", "10"), ("10", "40")]),
        ([("0", "0")], "0", "100", [("0", "0")]),
    ],
)
def test_shares_of_sections_add_up_to_the_score(
    sections: list[tuple[str, str]], possible: str, scale: str, shares: list[tuple[str, str]]
) -> None:
    rows = [
        {
            "section": "s",
            "earned": "1",
            "possible": "2",
            "partEarned": earned,
            "partPossible": most,
            "critical": False,
        }
        for earned, most in sections
    ]
    found = shares_of_score({"possible": possible, "scale": scale, "sections": rows})
    assert [(each.scored, each.scorable) for each in found] == [
        (Fraction(scored), Fraction(scorable)) for scored, scorable in shares
    ]
