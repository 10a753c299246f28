"""What stands before and after a visit's form where nobody has the app."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update

from server.fieldwork.outreach.keys import Sender
from server.followup.returning.asking import NewReturn, return_visit
from server.followup.returning.deciding import Question
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.messages import Message
from server.models.submissions import Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment, Draft
from server.models.visits import QuizAttempt, VisitRecord
from server.scope import EVERYTHING
from tests.builders import BY, NOW, PUBLIC_URL, CreatedTask, create_invitation
from tests.web.phones import PASSED, Phone, report

AGREED = {**PASSED, "no_ties": "yes", "act": "accept"}


def test_a_form_opens_after_briefing_quiz_and_declaration(
    client: FlaskClient, visit: CreatedTask, engine: Engine
) -> None:
    link = f"/v/{visit.token}"
    shown = client.get(link).text
    assert "接受任务" in shown
    assert 'name="faces"' in shown
    # Neither the form nor a way around: answers posted to the link meet the same page.
    assert "接受任务" in client.post(link, data={"page": "0", "stay": "yes"}).text
    for left_out, said in (("faces", "还有 1 题没有答"), ("no_ties", "利害关系")):
        answers = {name: value for name, value in AGREED.items() if name != left_out}
        refused = client.post(f"{link}/before", data=answers)
        assert (refused.status_code, said in refused.text) == (422, True)
        assert (" checked>" in refused.text) is (left_out == "faces")
    accepted = client.post(f"{link}/before", data=AGREED)
    assert (accepted.status_code, accepted.headers["Location"]) == (303, link)
    assert 'name="stay"' in client.get(link).text
    assert client.post(f"{link}/before", data=AGREED).status_code == 303
    with engine.connect() as connection:
        # It was passed with the declaration left out; nobody has to pass twice.
        assert connection.scalars(select(QuizAttempt.passed)).all() == [True]
        kept = connection.execute(select(Assignment.accepted_at, Assignment.briefed_at)).one()
        assert None not in kept


def test_who_fails_the_quiz_may_try_five_times(client: FlaskClient, visit: CreatedTask) -> None:
    wrong = {**AGREED, "faces": "close", "ties": "go"}
    answers = [client.post(f"/v/{visit.token}/before", data=wrong) for _ in range(6)]
    assert [each.status_code for each in answers] == [422] * 5 + [429]
    assert "请先通过小测" in answers[0].text


def test_a_visit_is_declined_with_a_reason(client: FlaskClient, visit: CreatedTask, engine: Engine) -> None:
    at = f"/v/{visit.token}/before"
    assert client.post(at, data={"act": "decline", "reason": " "}).status_code == 422
    assert "已退回" in client.post(at, data={"act": "decline", "reason": "出差"}).text
    with engine.connect() as connection:
        assert connection.scalars(select(Assignment.given_back_reason)).one() == "出差"


def answered(client: FlaskClient, visit: CreatedTask) -> str:
    """Where a browser is sent after the last page."""
    client.post(f"/v/{visit.token}/before", data=AGREED)
    last = client.post(f"/v/{visit.token}", data={"page": "0", "stay": "yes", "go": "next"}).location
    return client.post(last, data={"page": "1", "words": "很好", "go": "finish"}).location


def test_a_report_is_signed_before_it_is_handed_in(
    client: FlaskClient, visit: CreatedTask, engine: Engine
) -> None:
    sign = answered(client, visit)
    asked = client.get(sign)
    assert (asked.status_code, "我声明" in asked.text, "2026年5月4日" in asked.text) == (200, True, True)
    unsigned = client.post(sign, data={"declared": " "})
    assert (unsigned.status_code, "请签上姓名" in unsigned.text) == (422, True)
    with engine.connect() as connection:
        assert connection.execute(select(Submission.id)).all() == []
    done = sign.replace("/sign", "/done")
    for _ in range(2):
        assert client.post(sign, data={"declared": "周小舟"}).location == done
    assert client.get(sign).location == done
    assert "已收到" in client.get(done).text
    with engine.connect() as connection:
        assert connection.execute(select(VisitRecord.declared_name, VisitRecord.declared_at)).one() == (
            "周小舟", NOW,
        )  # fmt: skip
        actions = select(AuditLine.action).where(AuditLine.action == "visit_declared")
        assert len(connection.execute(actions).all()) == 1


def test_what_is_wrong_is_said_before_anybody_signs(
    client: FlaskClient, visit: CreatedTask, engine: Engine
) -> None:
    sign = answered(client, visit)
    with engine.begin() as connection:
        connection.execute(update(Draft).values(answers={"stay": "perhaps"}))
    for sent in (client.get(sign), client.post(sign, data={"declared": "周小舟"})):
        assert sent.location.endswith("/1?check=1")
    with engine.connect() as connection:
        assert connection.execute(select(Submission.id)).all() == []


def test_customers_sign_nothing(client: FlaskClient, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        link = f"/r/{create_invitation(connection, keys).token}"
    page = client.post(link, data={"page": "0", "overall": "4", "go": "next"}).location
    assert client.get(page.rpartition("/")[0] + "/sign").status_code == 404


@pytest.fixture
def send_back(ready: Phone, visit: CreatedTask, engine: Engine, keys: KeyRing) -> Callable[..., str]:
    """From questions to the link with which a report came back."""

    def sent(*questions: Question) -> str:
        ready.ask("POST", "/sent/{ref}/report", report(), status=201)
        asked = NewReturn(visit.id, questions, "请再看", NOW + timedelta(days=2), BY)
        with engine.begin() as connection:
            return_visit(connection, asked, EVERYTHING, (FormShelf(), Sender(keys, PUBLIC_URL)), now=NOW)
            told = select(Message.text).where(Message.dedupe_key.contains(":return:"))
            text = keys.decrypt(connection.scalars(told).one())
        return "/v/" + text.split("/v/")[1].split()[0].rstrip("。")

    return sent


ABOUT_STAY = Question("stay", "真的还来吗？")


def test_a_report_that_came_back_is_answered_where_there_is_no_app(
    client: FlaskClient, send_back: Callable[..., str], engine: Engine
) -> None:
    link = send_back(ABOUT_STAY)
    shown = client.get(link).text
    assert all(said in shown for said in ("真的还来吗？", "请再看", link.replace("/v/", "/t/in/")))
    assert re.search('name="stay" value="yes"[^>]* checked', shown)
    # Only what is asked about is there, and only that is taken.
    assert 'name="words"' not in shown
    answers = {"stay": "no", "words": "别的", "go": "answer"}
    unsigned = client.post(f"{link}/answer", data=answers)
    assert (unsigned.status_code, "请签上姓名" in unsigned.text) == (422, True)
    assert re.search('name="stay" value="no"[^>]* checked', unsigned.text)
    wrong = client.post(f"{link}/answer", data={"stay": "perhaps", "declared": "周小舟"})
    assert (wrong.status_code, 'href="#q1"' in wrong.text) == (422, True)
    nobodys = {"words-file": (BytesIO(b"?"), "a.jpg")}
    arrived = client.post(f"{link}/answer", data={**answers, **nobodys, "declared": "周小舟"})
    assert (arrived.status_code, "已收到" in arrived.text) == (200, True)
    assert client.post(f"{link}/answer", data={**answers, "declared": "周小舟"}).location == link
    with engine.connect() as connection:
        revisions = connection.execute(
            select(SubmissionRevision.answers["stay"].astext, SubmissionText.text)
            .join(SubmissionText, SubmissionText.revision_id == SubmissionRevision.id)
            .order_by(SubmissionRevision.number)
        )
        assert revisions.all() == [("yes", "很好"), ("no", "很好")]
        assert connection.scalars(select(VisitRecord.declared_name)).one() == "周小舟"


def test_who_chose_a_language_is_answered_in_it(client: FlaskClient, send_back: Callable[..., str]) -> None:
    link = send_back(ABOUT_STAY)
    assert "Signed (name)" in client.get(f"{link}?lang=en").text
    assert "Signed (name)" in client.post(f"{link}/answer", data={"stay": "no"}).text


def test_where_all_of_a_report_is_meant_all_of_it_is_shown(
    client: FlaskClient, send_back: Callable[..., str]
) -> None:
    shown = client.get(send_back(Question("", "整份再看一遍"))).text
    assert all(said in shown for said in ('name="stay"', 'name="words"', "整份再看一遍"))


def test_a_link_without_a_return_takes_no_answer(client: FlaskClient, visit: CreatedTask) -> None:
    link = f"/v/{visit.token}"
    assert client.post(f"{link}/answer", data={"stay": "no"}).location == link
    assert client.post("/v/unknown/answer").status_code == 303
