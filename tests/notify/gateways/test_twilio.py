"""The Twilio gateway against a small HTTP server that plays Twilio, in its good and bad hours."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from server.clock import SetClock
from server.config import Secret, TwilioSettings
from server.notify.gateways.choosing import status_callback
from server.notify.gateways.twilio import TwilioGateway
from server.notify.protocol import (
    Absent,
    Accepted,
    DeliveryReport,
    OutgoingSms,
    SendRefused,
    SendUnknown,
)
from server.outgoing import Outgoing

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
SMS = OutgoingSms("0192-ours", "+8613800138000", "【江城银行】请评价")
QUICK = Outgoing(connect_seconds=0.3, read_seconds=0.3)
TAKEN = (201, {"sid": "SM1", "status": "queued"})


@dataclass
class Played:
    """What the server answers next, and what it was asked. An answer of None means silence."""

    url: str = ""
    answer: tuple[int, object] | None = TAKEN
    paths: list[str] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


def handler(played: Played) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            played.forms.append(parse_qs(self.rfile.read(length).decode()))
            self.do_GET()

        def do_GET(self) -> None:
            played.paths.append(self.path)
            played.credentials.append(self.headers["Authorization"])
            if played.answer is None:
                played.released.wait(10)
                return
            status, content = played.answer
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    return Handler


@pytest.fixture
def twilio() -> Iterator[Played]:
    played = Played()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(played))
    played.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield played
    played.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def gateway(
    url: str,
    *,
    sender: str = "+12025550100",
    callback: str | None = None,
    clock: SetClock | None = None,
) -> TwilioGateway:
    settings = TwilioSettings("AC1", Secret("token-of-16-bytes"), sender, url)
    return TwilioGateway(settings, QUICK, status_callback=callback, clock=clock)


def test_an_accepted_message_carries_our_reference_in_its_callback(twilio: Played) -> None:
    sender = gateway(twilio.url, callback="https://a.example/hooks/sms/status")
    assert sender.send(SMS) == Accepted("SM1")
    assert twilio.paths == ["/2010-04-01/Accounts/AC1/Messages.json"]
    assert twilio.forms == [
        {
            "To": [SMS.recipient],
            "From": ["+12025550100"],
            "Body": [SMS.text],
            "StatusCallback": ["https://a.example/hooks/sms/status?reference=0192-ours"],
        }
    ]
    assert base64.b64decode(twilio.credentials[0].removeprefix("Basic ")) == b"AC1:token-of-16-bytes"


def test_a_messaging_service_is_named_as_such(twilio: Played) -> None:
    gateway(twilio.url, sender="MG0123").send(SMS)
    assert twilio.forms[0]["MessagingServiceSid"] == ["MG0123"]
    assert "From" not in twilio.forms[0]
    assert "StatusCallback" not in twilio.forms[0]


@pytest.mark.parametrize(
    ("status", "body", "code", "permanent", "provider_code"),
    [
        (400, {"code": 21211, "message": "no", "status": 400}, "invalid_number", True, "21211"),
        (400, {"code": 21610, "message": "no", "status": 400}, "opted_out", True, "21610"),
        (429, {"code": 20429, "message": "no", "status": 429}, "throttled", False, "20429"),
        (429, b"slow down", "throttled", False, "20429"),
        (401, b"", "misconfigured", False, "20003"),
        (400, {"code": 99999, "message": "no", "status": 400}, "refused", True, "99999"),
        (407, b"<html>", "misconfigured", False, None),
        (
            400,
            {"type": "about:blank", "title": "no", "status": 400, "code": 21610},
            "opted_out",
            True,
            "21610",
        ),
    ],
)
def test_a_refusal_says_why_and_for_how_long(
    twilio: Played, status: int, body: object, code: str, permanent: bool, provider_code: str | None
) -> None:
    twilio.answer = (status, body)
    with pytest.raises(SendRefused) as caught:
        gateway(twilio.url).send(SMS)
    refused = caught.value
    assert (refused.code, refused.permanent, refused.provider_code) == (code, permanent, provider_code)
    assert len(twilio.paths) == 1


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (500, {"code": 20500, "message": "oops", "status": 500}),
        (503, b"<html>"),
        (408, b""),
        (302, b""),
        (201, b"<html>signed in to the hotel"),
        (201, b"[]"),
        (201, {}),
        (200, {"sid": None}),
    ],
    ids=str,
)
def test_whatever_may_have_arrived_is_unknown_and_asked_once(
    twilio: Played, answer: tuple[int, object] | None
) -> None:
    twilio.answer = answer
    with pytest.raises(SendUnknown):
        gateway(twilio.url).send(SMS)
    assert len(twilio.paths) == 1


def test_without_a_connection_nothing_left_and_it_may_be_tried_again() -> None:
    with pytest.raises(SendRefused) as caught:
        gateway("http://127.0.0.1:1").send(SMS)
    assert (caught.value.code, caught.value.permanent) == ("retry", False)


def test_neither_number_nor_token_shows_in_what_is_raised(twilio: Played) -> None:
    twilio.answer = (400, {"code": 21211, "message": f"{SMS.recipient} is bad", "status": 400})
    with pytest.raises(SendRefused) as caught:
        gateway(twilio.url).send(SMS)
    assert SMS.recipient not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("body", "report"),
    [
        ({"sid": "SM1", "status": "delivered"}, DeliveryReport("SM1", "delivered")),
        ({"sid": "SM1", "status": "sent"}, DeliveryReport("SM1", "accepted")),
        (
            {"sid": "SM1", "status": "undelivered", "error_code": 30003},
            DeliveryReport("SM1", "undelivered", "30003"),
        ),
    ],
)
def test_polling_reads_the_state(twilio: Played, body: object, report: DeliveryReport) -> None:
    twilio.answer = (200, body)
    assert gateway(twilio.url).poll(["SM1"]) == [report]
    assert twilio.paths == ["/2010-04-01/Accounts/AC1/Messages/SM1.json"]


@pytest.mark.parametrize(
    "answer", [None, (500, b""), (404, b""), (200, b"?"), (200, {"status": "new"})], ids=str
)
def test_polling_leaves_out_what_has_no_answer(twilio: Played, answer: tuple[int, object] | None) -> None:
    twilio.answer = answer
    assert gateway(twilio.url).poll(["SM1"]) == []
    assert gateway("http://127.0.0.1:1").poll(["SM1"]) == []


LISTED = {"sid": "SM1", "status": "sent", "body": SMS.text, "to": SMS.recipient}


@pytest.mark.parametrize(
    ("answer", "minutes", "found"),
    [
        ((200, {"messages": [{**LISTED, "body": "another"}, LISTED]}), 1, DeliveryReport("SM1", "accepted")),
        ((200, {"messages": [{**LISTED, "body": SMS.text + " "}]}), 9, None),
        ((200, {"messages": []}), 9, None),
        ((200, {"messages": []}), 10, Absent()),
        ((200, {"messages": [{**LISTED, "body": str(n)} for n in range(200)]}), 60, None),
        ((500, b""), 60, None),
        ((429, {"code": 20429, "status": 429, "message": "no"}), 60, None),
        ((200, b"<html>"), 60, None),
        (None, 60, None),
    ],
    ids=str,
)
def test_a_lost_message_is_found_by_its_exact_text_or_known_to_be_absent_late(
    twilio: Played, answer: tuple[int, object] | None, minutes: int, found: object
) -> None:
    twilio.answer = answer
    clock = SetClock(NOW + timedelta(minutes=minutes))
    assert gateway(twilio.url, clock=clock).find(SMS, NOW) == found
    assert twilio.paths[0].startswith(
        "/2010-04-01/Accounts/AC1/Messages.json?To=%2B8613800138000&DateSent%3E="
    )


@pytest.mark.parametrize(
    ("public_url", "base_url", "told"),
    [
        ("https://a.example", "https://api.twilio.com", True),
        ("http://a.example", "https://api.twilio.com", False),
        ("https://localhost", "https://api.twilio.com", False),
        ("https://127.0.0.1:8000", "https://api.twilio.com", False),
        ("http://localhost:8000", "http://127.0.0.1:5999", True),
    ],
)
def test_twilio_is_told_an_address_only_where_it_reaches_us(
    public_url: str, base_url: str, told: bool
) -> None:
    settings = TwilioSettings("AC1", Secret("token-of-16-bytes"), "MG1", base_url)
    expected = f"{public_url}/hooks/twilio/status" if told else None
    assert status_callback(public_url, settings) == expected
