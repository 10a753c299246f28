"""What stands before and after a visit's form where nobody has the app."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from server.fieldwork.outreach.keys import Sender
from server.followup.returning.asking import NewReturn, return_visit
from server.followup.returning.deciding import Question
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.messages import Message
from server.models.tasks import Assignment
from server.models.visits import QuizAttempt
from server.scope import EVERYTHING
from tests.builders import BY, NOW, PUBLIC_URL, CreatedTask
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


def test_a_report_that_came_back_says_what_is_asked(
    ready: Phone, visit: CreatedTask, engine: Engine, keys: KeyRing
) -> None:
    ready.ask("POST", "/sent/{ref}/report", report(), status=201)
    asked = NewReturn(visit.id, [Question("stay", "真的还来吗？")], "请再看", NOW + timedelta(days=2), BY)
    with engine.begin() as connection:
        return_visit(connection, asked, EVERYTHING, (FormShelf(), Sender(keys, PUBLIC_URL)), now=NOW)
        sent = select(Message.text).where(Message.dedupe_key.contains(":return:"))
        text = keys.decrypt(connection.scalars(sent).one())
    link = "/v/" + text.split("/v/")[1].split()[0].rstrip("。")
    shown = ready.client.get(link, headers={"Accept-Language": "zh"}).text
    assert "真的还来吗？" in shown
    assert "请再看" in shown
    assert link.replace("/v/", "/t/in/") in shown
