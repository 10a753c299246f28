"""The fake Twilio against our own gateway and against Twilio's own check of signatures."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, Response, request
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from server.clock import SetClock
from server.config import Secret, TwilioSettings
from server.embedded.fake_twilio.app import Account, Fake, create_fake
from server.embedded.fake_twilio.scenario import MAGIC_TO, ScenarioWrong, scenario_of
from server.notify.gateways.meanings import meaning_of
from server.notify.gateways.twilio import TwilioGateway
from server.notify.protocol import Absent, DeliveryReport, OutgoingSms, SendRefused, SendUnknown
from server.outgoing import Outgoing
from tests.embedded.watching import eventually

SID, TOKEN, NUMBER = "AC" + "1" * 32, "token-of-the-fake-server", "+15005550006"
SMS = OutgoingSms("0192-ours", "+8613800138000", "【江城银行】请评价：https://a.example/r/1")


class Running:
    """A fake and a listener for its callbacks, each on a port of its own."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bool]] = []
        self._servers = []
        self.ours = self._serve(self._listener())
        account = Account(SID, TOKEN, NUMBER, f"{self.ours}/hooks/twilio/inbound")
        app = create_fake(account)
        self.fake: Fake = app.extensions["fake"]
        self.client = app.test_client()
        self.url = self._serve(app)

    def gateway(self, token: str = TOKEN, callback: bool = True) -> TwilioGateway:
        settings = TwilioSettings(SID, Secret(token), NUMBER, self.url)
        told = f"{self.ours}/hooks/twilio/status" if callback else None
        clock = SetClock(datetime.now(UTC) + timedelta(minutes=30))
        outgoing = Outgoing(connect_seconds=2, read_seconds=0.4)
        return TwilioGateway(settings, outgoing, status_callback=told, clock=clock)

    def play(self, **rule: Any) -> None:
        lag = rule.pop("list_lag", 0)
        scenario = {"rules": [rule], "list_lag": lag} if rule else {"list_lag": lag}
        assert self.client.put("/control/scenario", json=scenario).status_code == 204

    def told(self, sid: str) -> list[tuple[str, dict[str, str], bool]]:
        return [each for each in self.heard if each[1]["MessageSid"] == sid]

    def counts(self) -> list[int]:
        shown = self.client.get("/control/messages").get_json()
        return [each["count"] for each in shown["counts"]]

    def stop(self) -> None:
        self.fake.callbacks.stop()
        for server, thread in self._servers:
            server.shutdown()
            thread.join()
            server.server_close()

    def _listener(self) -> Flask:
        app = Flask("listener")

        @app.post("/<path:path>")
        def hear(path: str) -> Response:
            signature = request.headers["X-Twilio-Signature"]
            good = RequestValidator(TOKEN).validate(request.url, request.form, signature)
            self.heard.append((request.full_path, request.form.to_dict(), good))
            return Response(status=204)

        return app

    def _serve(self, app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self._servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    started = Running()
    yield started
    started.stop()


@pytest.fixture
def twilio(running: Running) -> Running:
    running.client.delete("/control/messages")
    running.play()
    running.heard.clear()
    return running


def test_a_message_is_taken_told_about_and_found(twilio: Running) -> None:
    since = datetime.now(UTC)
    accepted = twilio.gateway().send(SMS)
    assert eventually(lambda: len(twilio.told(accepted.provider_id)) == 2)
    path, fields, signed = twilio.told(accepted.provider_id)[0]
    assert path == "/hooks/twilio/status?reference=0192-ours"
    assert (fields["MessageSid"], fields["MessageStatus"], signed) == (accepted.provider_id, "sent", True)
    report = DeliveryReport(accepted.provider_id, "delivered")
    assert twilio.gateway().poll([accepted.provider_id, "SM-none"]) == [report]
    assert twilio.gateway().find(SMS, since) == report
    other = OutgoingSms("x", SMS.recipient, "another text")
    assert twilio.gateway().find(other, since) == Absent()
    assert twilio.counts() == [1]


@pytest.mark.parametrize(("number", "code"), MAGIC_TO.items())
def test_magic_numbers_are_refused_as_twilio_refuses_them(twilio: Running, number: str, code: int) -> None:
    with pytest.raises(SendRefused) as caught:
        twilio.gateway().send(OutgoingSms("r", number, "text"))
    meaning = meaning_of("twilio", str(code))
    assert (caught.value.code, caught.value.provider_code) == (meaning.code, str(code))
    assert twilio.counts() == []


@pytest.mark.parametrize(
    ("rule", "raised", "taken"),
    [
        ({"status": 429}, SendRefused, 0),
        ({"status": 500}, SendUnknown, 0),
        ({"status": 503, "taken": True}, SendUnknown, 1),
        ({"answer_after": 1.0}, SendUnknown, 1),
        ({"status": 400, "code": 30034}, SendRefused, 0),
    ],
    ids=str,
)
def test_bad_hours_are_over_after_so_many_messages(
    twilio: Running, rule: dict[str, Any], raised: type[Exception], taken: int
) -> None:
    twilio.play(times=1, callbacks=[], **rule)
    with pytest.raises(raised):
        twilio.gateway().send(SMS)
    assert twilio.counts() == [1] * taken
    twilio.gateway().send(SMS)
    assert twilio.counts() == [taken + 1]


def test_callbacks_come_in_the_order_and_as_often_as_was_asked(twilio: Running) -> None:
    twilio.play(callbacks=["undelivered", "sent"], error_code=30003, repeat=2, callback_gap=0)
    accepted = twilio.gateway().send(SMS)
    assert eventually(lambda: len(twilio.told(accepted.provider_id)) == 4)
    told = [fields for _, fields, _ in twilio.told(accepted.provider_id)]
    assert [each["MessageStatus"] for each in told] == ["undelivered"] * 2 + ["sent"] * 2
    assert told[0]["ErrorCode"] == "30003"
    expected = DeliveryReport(accepted.provider_id, "undelivered", "30003")
    assert twilio.gateway().poll([accepted.provider_id]) == [expected]


def test_a_list_that_lags_hides_what_is_new(twilio: Running) -> None:
    since = datetime.now(UTC)
    twilio.play(list_lag=3600)
    sid = twilio.gateway(callback=False).send(SMS).provider_id
    assert twilio.gateway().find(SMS, since) == Absent()
    twilio.play()
    found = twilio.gateway().find(SMS, since)
    assert isinstance(found, DeliveryReport)
    assert found.provider_id == sid


def test_a_list_longer_than_a_page_goes_on(twilio: Running) -> None:
    for number in range(60):
        twilio.fake.state.take(NUMBER, SMS.recipient, f"{number}", None)
    first = OutgoingSms("r", SMS.recipient, "0")
    found = twilio.gateway().find(first, datetime.now(UTC) - timedelta(hours=1))
    assert isinstance(found, DeliveryReport)


def test_another_token_is_refused(twilio: Running) -> None:
    with pytest.raises(SendRefused) as caught:
        twilio.gateway(token="another-token-altogether").send(SMS)
    assert (caught.value.code, caught.value.provider_code) == ("misconfigured", "20003")


def test_a_person_replies_from_the_page(twilio: Running) -> None:
    twilio.gateway(callback=False).send(OutgoingSms("r", SMS.recipient, "<b>5</b>"))
    answer = twilio.client.post("/reply", data={"from": SMS.recipient, "body": "退订"}, follow_redirects=True)
    assert b"204" in answer.data
    assert b"&lt;b&gt;5&lt;/b&gt;" in answer.data
    [(path, fields, signed)] = [each for each in twilio.heard if "Body" in each[1]]
    assert (path, fields["Body"], fields["From"], signed) == (
        "/hooks/twilio/inbound?", "退订", SMS.recipient, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"rule": []},
        {"rules": {}},
        {"rules": [1]},
        {"rules": [{"stat": 1}]},
        {"rules": [{"status": "429"}]},
        {"rules": [{"status": True}]},
        {"rules": [{"callbacks": "sent"}]},
        {"rules": [{"answer_after": -1}]},
        {"rules": [{"taken": 1}]},
        {"list_lag": "1"},
        {"default": {"to": 1}},
    ],
    ids=str,
)
def test_what_is_no_scenario_is_refused(running: Running, content: object) -> None:
    with pytest.raises(ScenarioWrong):
        scenario_of(content)
    assert running.client.put("/control/scenario", json=content).status_code == 422
