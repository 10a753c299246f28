"""A report goes back with questions and comes back as a revision, once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, func, select, update

from server.errors import Refusal
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.responding import find_by_token
from server.followup.returning.answering import Answered, Corrected, answer_return
from server.followup.returning.asking import NewReturn, assignment_of, return_visit
from server.followup.returning.deciding import Question
from server.followup.returning.reading import answers_so_far, open_return, returns_of, waiting_returns
from server.intake.following import follow_batch
from server.intake.prepare import Rejected
from server.intake.record import record
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.messages import Message
from server.models.submissions import (
    Attachment,
    Finding,
    Pending,
    ScoreSheet,
    Submission,
    SubmissionRevision,
    SubmissionText,
)
from server.models.tasks import Assignment
from server.reports.sheets import find_submission, list_findings
from server.reports.visits import visit_grid
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY, LINK, NOW, PUBLIC_URL
from tests.followup.visits_for_tests import Visit, create_visit, create_wave, hand_in, photo_of, prepared

ANSWERS: Mapping[str, Any] = {"greeting": "no", "queue": "yes", "words": "没有人问候"}
CORRECTED = {**ANSWERS, "greeting": "yes", "queue": "no"}
DUE = NOW + 2 * DAY


@pytest.fixture
def visit(connection: Connection, keys: KeyRing) -> Visit:
    return create_visit(connection, keys, create_wave(connection))


def send_back(connection: Connection, keys: KeyRing, visit: Visit, scope: Scope = EVERYTHING) -> UUID:
    asked = NewReturn(visit.id, [Question("greeting", "确实没有吗？")], "请再看一遍", DUE, BY)
    return return_visit(connection, asked, scope, (FormShelf(), Sender(keys, PUBLIC_URL)), now=NOW)


def answer(
    connection: Connection, return_id: UUID, answers: Mapping[str, Any], now: datetime = NOW
) -> Answered:
    found = answer_return(connection, FormShelf(), Corrected(return_id, answers, "person:x"), now=now)
    assert isinstance(found, Answered), found
    return found


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.details[0].code if refused.value.details else refused.value.code


def test_a_return_asks_by_a_new_link_in_neutral_words(
    connection: Connection, keys: KeyRing, visit: Visit
) -> None:
    pk = hand_in(connection, visit)
    assert assignment_of(connection, pk, EVERYTHING) == visit.id
    send_back(connection, keys, visit)
    told = connection.scalars(select(Message.text).where(Message.dedupe_key.contains(":return:"))).one()
    words = keys.decrypt(told)
    assert "暗访" not in words
    token = LINK.findall(words)[0]
    assert token != visit.task.token
    # The link opens after the deadline too: late answers are taken.
    assert find_by_token(connection, token, "assignment", now=DUE + 13 * DAY) is not None
    assert find_by_token(connection, visit.task.token, "assignment", now=NOW) is None
    asked = open_return(connection, visit.id, now=NOW)
    assert asked is not None
    assert (asked.number, asked.standing, asked.questions[0].question) == (1, "open", "greeting")
    assert answers_so_far(connection, visit.id) == ANSWERS
    assert [row.submission_pk for row in waiting_returns(connection, EVERYTHING)] == [pk]
    assert waiting_returns(connection, Scope(unit_paths=("C01/D10/",))) == []


def test_what_cannot_go_back(connection: Connection, keys: KeyRing, visit: Visit) -> None:
    with pytest.raises(Refusal) as early:
        send_back(connection, keys, visit)
    assert code_of(early) == "return_no_report"
    hand_in(connection, visit)
    with pytest.raises(Refusal) as foreign:
        send_back(connection, keys, visit, Scope(unit_paths=("C01/D10/",)))
    assert code_of(foreign) == "not_found"
    send_back(connection, keys, visit)
    with pytest.raises(Refusal) as twice:
        send_back(connection, keys, visit)
    assert code_of(twice) == "return_open"


def test_corrected_answers_are_a_revision_beside_the_first(
    connection: Connection, keys: KeyRing, visit: Visit
) -> None:
    pk = hand_in(connection, visit)
    connection.execute(update(Finding).values(state="confirmed"))
    return_id = send_back(connection, keys, visit)
    follow_batch(connection)
    photo = photo_of()
    found = answer(connection, return_id, {**CORRECTED, "words": "第二次有", "photo": [photo]})
    assert (found.revision, found.changed, found.late) == (2, True, False)
    assert found.missing_attachments == (UUID(photo["id"]),)
    rows = connection.execute(select(SubmissionRevision).order_by(SubmissionRevision.number)).all()
    assert [(row.number, row.author, row.answers["greeting"]) for row in rows] == [
        (1, None, "no"),
        (2, "person:x", "yes"),
    ]
    texts = connection.scalars(select(SubmissionText.text).order_by(SubmissionText.revision_id))
    assert texts.all() == ["没有人问候", "第二次有"]
    # The first report, sent again by a slow phone, is still itself.
    again = record(connection, [prepared(connection, visit, ANSWERS)], actor="test", now=NOW)
    assert [receipt.outcome for receipt in again] == ["replayed"]
    assert connection.scalar(select(func.count()).select_from(Pending)) == 1
    assert find_submission(connection, pk, EVERYTHING).answers["queue"] == "no"
    standing = list_findings(connection, visit.task.wave_id, EVERYTHING).rows
    assert [(row.item, row.state) for row in standing] == [("queue", "pending")]
    sheets = select(ScoreSheet.raw, ScoreSheet.superseded).order_by(ScoreSheet.superseded)
    assert connection.execute(sheets).all() == [("50", False), ("50", True)]
    answered = returns_of(connection, visit.id, now=NOW)
    assert [(each.standing, each.revision) for each in answered] == [("answered", 2)]
    assert answers_so_far(connection, visit.id)["words"] == "第二次有"


def test_a_confirmed_finding_that_stands_keeps_its_decision(
    connection: Connection, keys: KeyRing, visit: Visit
) -> None:
    hand_in(connection, visit)
    connection.execute(update(Finding).values(state="confirmed"))
    answer(connection, send_back(connection, keys, visit), {**ANSWERS, "queue": "no"})
    rows = connection.execute(
        select(Finding.item, Finding.state, Finding.withdrawn_at).order_by(Finding.item)
    )
    assert rows.all() == [("greeting", "confirmed", None), ("queue", "pending", None)]


def test_counts_take_one_score_a_submission(connection: Connection, keys: KeyRing, visit: Visit) -> None:
    hand_in(connection, visit)
    answer(connection, send_back(connection, keys, visit), {**ANSWERS, "greeting": "yes"})
    counted = "SELECT detail, sum(n) FROM {} WHERE counted = 'score' GROUP BY detail HAVING sum(n) <> 0"
    for table in ("tally_change", "wave_count"):
        assert connection.exec_driver_sql(counted.format(table)).all() == [("100", 1)]
    grid = visit_grid(connection, visit.task.wave_id, EVERYTHING, now=NOW, state="", after="")
    assert [row.score for row in grid if row.code == "B101"] == [100]


def test_a_photo_that_is_no_longer_named_is_not_waited_for(
    connection: Connection, keys: KeyRing, visit: Visit
) -> None:
    first, second = photo_of(), photo_of()
    hand_in(connection, visit, photo=[first])
    found = answer(connection, send_back(connection, keys, visit), {**ANSWERS, "photo": [second]})
    assert found.missing_attachments == (UUID(second["id"]),)
    named = select(Attachment.attachment_id).where(Attachment.named)
    assert connection.scalars(named).all() == [UUID(second["id"])]


def test_the_same_content_makes_no_revision_and_answers_all_the_same(
    connection: Connection, keys: KeyRing, visit: Visit
) -> None:
    hand_in(connection, visit)
    first = answer(connection, send_back(connection, keys, visit), ANSWERS)
    assert (first.revision, first.changed) == (1, False)
    # Another return, answered at last with a change, then one without.
    second = answer(connection, send_back(connection, keys, visit), CORRECTED)
    third = answer(connection, send_back(connection, keys, visit), CORRECTED)
    assert [(each.revision, each.changed) for each in (second, third)] == [(2, True), (2, False)]


def test_what_comes_late_is_taken_and_marked(connection: Connection, keys: KeyRing, visit: Visit) -> None:
    hand_in(connection, visit)
    found = answer(connection, send_back(connection, keys, visit), CORRECTED, DUE)
    assert (found.late, found.revision) == (True, 2)
    assert returns_of(connection, visit.id, now=DUE)[0].standing == "answered_late"


def test_answers_that_do_not_fit_are_told_and_nothing_is_stored(
    connection: Connection, keys: KeyRing, visit: Visit
) -> None:
    hand_in(connection, visit)
    return_id = send_back(connection, keys, visit)
    found = answer_return(connection, FormShelf(), Corrected(return_id, {"queue": "maybe"}, "x"), now=NOW)
    assert isinstance(found, Rejected)
    assert open_return(connection, visit.id, now=NOW) is not None
    with pytest.raises(Refusal):
        answer_return(connection, FormShelf(), Corrected(uuid4(), ANSWERS, "x"), now=NOW)


def test_of_many_answers_at_once_one_is_stored_and_the_same_hear_the_same(
    engine: Engine, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        visit = create_visit(connection, keys, create_wave(connection))
        hand_in(connection, visit)
        return_id = send_back(connection, keys, visit)

    def attempt(number: int) -> Answered | str:
        answers = CORRECTED if number % 2 else {**ANSWERS, "greeting": "yes"}
        try:
            with engine.begin() as connection:
                return answer(connection, return_id, answers)
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(attempt, range(12)))
    stored = [each for each in found if isinstance(each, Answered)]
    assert len(stored) == 6
    assert len(set(stored)) == 1
    assert found.count("conflict") == 6
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(SubmissionRevision)) == 2
        assert connection.scalar(select(func.count()).select_from(Submission)) == 1
        done = select(Assignment.completed_at).where(Assignment.id == visit.id)
        assert connection.scalar(done) == NOW
