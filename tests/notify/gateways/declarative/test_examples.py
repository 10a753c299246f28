"""The shipped examples against a small server that speaks each of their languages."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlsplit

import pytest

from server.clock import SetClock
from server.config import Secret
from server.notify.gateways.declarative.gateway import HttpGateway
from server.notify.gateways.declarative.pushed import Knock, Unproven
from server.notify.gateways.declarative.reading import read_gateway
from server.notify.gateways.declarative.trees import NotReadable
from server.notify.gateways.exchanges import Exchange
from server.notify.protocol import (
    Absent,
    Accepted,
    DeliveryReport,
    OutgoingSms,
    Receipt,
    SendRefused,
    SendUnknown,
)
from server.outgoing import Outgoing

EXAMPLES = Path(__file__).resolve().parents[4] / "docs" / "outreach" / "gateways"
NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
REFERENCE = "01920000-0000-7000-8000-000000000001"
HEX = REFERENCE.replace("-", "")
SMS = OutgoingSms(REFERENCE, "+8613800138000", "【江城银行】请评价 <1> & 回复")
SECRETS = {name: Secret(f"{name.lower()}-of-the-bank") for name in ("USER", "PASSWORD", "PUSH", "KEY", "APP")}
USER, PASSWORD, PUSH, KEY, APP = (SECRETS[name].reveal() for name in SECRETS)


@dataclass
class Asked:
    """One request as the server got it."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Bank:
    """A server that answers what `answers` holds, one after the other, the last for ever."""

    url: str = ""
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    traced: list[Exchange] = field(default_factory=list)

    def gateway(self, name: str, clock: SetClock | None = None) -> HttpGateway:
        definition = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
        text = json.dumps(definition).replace("https://", f"{self.url}/")
        description = read_gateway(json.loads(text), SECRETS.keys())
        outgoing = Outgoing(connect_seconds=1, read_seconds=0.5)
        return HttpGateway(description, SECRETS, outgoing, clock or SetClock(NOW), trace=self.traced.append)

    def answer(self) -> tuple[int, bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(scope="module")
def served() -> Iterator[Bank]:
    bank = Bank()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            bank.asked.append(Asked(parts.path, parse_qs(parts.query), dict(self.headers), body))
            status, answer = bank.answer()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bank.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield bank
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def bank(served: Bank) -> Bank:
    for kept in (served.answers, served.asked, served.traced):
        kept.clear()
    return served


def test_the_form_gateway_is_spoken_to_in_gbk_with_md5(bank: Bank) -> None:
    bank.answers = [(200, b"0,88001")]
    assert bank.gateway("form-gbk-md5").send(SMS) == Accepted("88001")
    [asked] = bank.asked
    password = hashlib.md5(PASSWORD.encode()).hexdigest().upper()
    signed = f"{USER}{password}13800138000{SMS.text}20260504100000".encode("gbk")
    assert dict(parse_qsl(asked.body.decode(), encoding="gbk")) == {
        "user": USER,
        "mobile": "13800138000",
        "content": SMS.text,
        "ts": "20260504100000",
        "msgno": HEX,
        "sign": hashlib.md5(signed).hexdigest(),
    }
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=gbk"


def test_the_json_gateway_signs_its_body_and_adds_the_signature_itself(bank: Bank) -> None:
    bank.answers = [(200, b'{"code":"OK","data":{"messages":[{"id":"m-7"}]}}')]
    assert bank.gateway("json-hmac-pushed").send(SMS) == Accepted("m-7")
    [asked] = bank.asked
    stamp, nonce = asked.headers["X-Timestamp"], asked.headers["X-Nonce"]
    data = f"{stamp}\n{nonce}\n".encode() + asked.body
    expected = base64.b64encode(hmac.digest(KEY.encode(), data, "sha256")).decode()
    assert (asked.headers["X-Signature"], asked.headers["X-App"]) == (expected, APP)
    assert (stamp, len(nonce)) == (str(int(NOW.timestamp() * 1000)), 16)
    assert json.loads(asked.body) == {
        "sign": "江城银行",
        "outId": REFERENCE,
        "messages": [{"to": SMS.recipient, "text": "请评价 <1> & 回复"}],
        "priority": 3,
    }


def test_the_xml_gateway_gets_escaped_text_in_gb18030(bank: Bank) -> None:
    bank.answers = [
        (200, b'<?xml version="1.0" encoding="GB18030"?><response msgid="5"><result>00</result></response>')
    ]
    assert bank.gateway("xml-polled").send(SMS) == Accepted("5")
    text = bank.asked[0].body.decode("gb18030")
    token = hashlib.sha256(f"{USER}|{PASSWORD}|2026-05-04 10:00:00".encode()).hexdigest()
    assert f'token="{token}"' in text
    assert "<dest>8613800138000</dest><content>【江城银行】请评价 &lt;1&gt; &amp; 回复</content>" in text


@pytest.mark.parametrize(
    ("name", "status", "answer", "outcome"),
    [
        ("form-gbk-md5", 200, b"-4", ("invalid_number", True, "-4")),
        ("form-gbk-md5", 200, b"-11\n", ("throttled", False, "-11")),
        ("form-gbk-md5", 200, b"-77", ("refused", True, "-77")),
        ("form-gbk-md5", 200, b"-99", None),
        ("form-gbk-md5", 200, b"<html>signed in to the hotel", None),
        ("form-gbk-md5", 200, b"", None),
        ("form-gbk-md5", 200, b"\xff\xff", None),
        ("form-gbk-md5", 302, b"0,1", None),
        ("form-gbk-md5", 408, b"", None),
        ("form-gbk-md5", 500, b"-4", None),
        ("form-gbk-md5", 400, b"nonsense", ("refused", True, None)),
        ("form-gbk-md5", 429, b"", ("throttled", False, None)),
        ("form-gbk-md5", 407, b"<html>", ("misconfigured", False, None)),
        ("json-hmac-pushed", 400, b'{"code":"PHONEERR"}', ("invalid_number", True, "PHONEERR")),
        ("json-hmac-pushed", 200, b'{"code":["OK"]}', None),
        ("json-hmac-pushed", 200, b'{"code":"OK","code":"OK"}', None),
        ("json-hmac-pushed", 200, b"[" * 5000, None),
        ("xml-polled", 200, b"<response><result>E08</result></response>", ("throttled", False, "E08")),
        ("xml-polled", 200, b'<!DOCTYPE r [<!ENTITY a "00">]><response>&a;</response>', None),
        ("xml-polled", 200, b"<response>" * 100, None),
        ("xml-polled", 200, b"<a>" * 100 + b"</a>" * 100, None),
        ("xml-polled", 200, b"<response><result>&undefined;</result></response>", None),
    ],
)  # fmt: skip
def test_an_answer_is_a_refusal_only_where_it_says_so(
    bank: Bank, name: str, status: int, answer: bytes, outcome: tuple[str, bool, str | None] | None
) -> None:
    bank.answers = [(status, answer)]
    if outcome is None:
        with pytest.raises(SendUnknown):
            bank.gateway(name).send(SMS)
    else:
        with pytest.raises(SendRefused) as caught:
            bank.gateway(name).send(SMS)
        assert (caught.value.code, caught.value.permanent, caught.value.provider_code) == outcome
    assert len(bank.asked) == 1


def test_what_the_alphabet_does_not_have_is_refused_before_it_is_sent(bank: Bank) -> None:
    gateway = bank.gateway("form-gbk-md5")
    for text, code in (("好👍", "unencodable"), ("长" * 501, "too_long")):
        with pytest.raises(SendRefused) as caught:
            gateway.send(OutgoingSms(REFERENCE, SMS.recipient, text))
        refused = caught.value
        assert (refused.code, refused.permanent, refused.provider_code) == ("blocked_content", True, code)
    assert bank.asked == []


def test_neither_secrets_nor_signatures_are_shown(bank: Bank) -> None:
    for name in ("form-gbk-md5", "json-hmac-pushed", "xml-polled"):
        bank.answers = [(500, b"no")]
        gateway = bank.gateway(name)
        with pytest.raises(SendUnknown) as caught:
            gateway.send(SMS)
        shown = repr((caught.value, bank.traced, gateway, gateway.description, SECRETS))
        assert "-of-the-bank" not in shown
        assert hashlib.md5(PASSWORD.encode()).hexdigest().upper() not in shown
        assert caught.value.__cause__ is None
    assert "mobile=13800138000" in bank.traced[0].body


def test_without_a_connection_it_may_be_tried_again(bank: Bank) -> None:
    away = Bank("http://127.0.0.1:1")
    with pytest.raises(SendRefused) as caught:
        away.gateway("form-gbk-md5").send(SMS)
    assert (caught.value.code, caught.value.permanent) == ("retry", False)


@pytest.mark.parametrize(
    ("status", "answer", "seconds", "found"),
    [
        (200, {"data": [{"outId": REFERENCE, "id": "m-7", "status": "DELIVRD"}]}, 1, "delivered"),
        (200, {"data": {"outId": HEX, "id": "m-7", "status": "ACCEPTD"}}, 1, "accepted"),
        (200, {"data": []}, 59, None),
        (200, {"data": []}, 60, Absent()),
        (200, {"data": [{"outId": "another", "id": "1", "status": "DELIVRD"}]}, 60, Absent()),
        (500, {"data": []}, 60, None),
        (200, {"data": [{"outId": REFERENCE}]}, 60, None),
    ],
)
def test_a_lost_message_is_looked_up(
    bank: Bank, status: int, answer: object, seconds: int, found: object
) -> None:
    bank.answers = [(status, json.dumps(answer).encode())]
    gateway = bank.gateway("json-hmac-pushed", SetClock(NOW + timedelta(seconds=seconds)))
    result = gateway.find(SMS, NOW)
    assert (result.state if isinstance(result, DeliveryReport) else result) == found
    assert bank.asked[0].query == {"outId": [REFERENCE]}
    assert bank.gateway("form-gbk-md5").find(SMS, NOW) is None


def test_receipts_and_replies_are_fetched_until_there_are_no_more(bank: Bank) -> None:
    report = f'<report msgid="5"><seq>{REFERENCE}</seq><status>{{}}</status></report>'
    both = f"<reports>{report.format(0)}{report.format(2)}<report/></reports>"
    reply = (
        '<reply id="r1"><from>13800138000</from><content>５</content><time>2026-05-04 09:00:00</time></reply>'
    )
    bank.answers = [
        (200, both.encode()),
        (200, f"<reports>{report.format(1)}</reports>".encode()),
        (200, b"<reports></reports>"),
        (200, f"<replies>{reply}</replies>".encode()),
        (503, b""),
    ]
    portions = list(bank.gateway("xml-polled").collect())
    assert [len(each.receipts) for each in portions] == [2, 1, 0]
    assert portions[0].receipts[1] == Receipt(
        REFERENCE, DeliveryReport("5", "undelivered", "2", "invalid_number")
    )
    [said] = portions[2].replies
    assert (said.provider_id, said.sender, said.text) == ("r1", "+8613800138000", "５")
    assert said.at == datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
    assert list(bank.gateway("form-gbk-md5").collect()) == []


def form_push(**changes: str) -> bytes:
    fields = {"msgno": HEX, "mtid": "88001", "stat": "MK:0001", **changes}
    sign = hashlib.md5(f"{fields['msgno']}{fields['stat']}{PUSH}".encode()).hexdigest()
    fields = {**fields, "sign": sign, **changes}
    return "&".join(f"{name}={quote_plus(value, encoding='gbk')}" for name, value in fields.items()).encode()


def json_push(body: bytes, stamp: str = "1") -> dict[str, str]:
    raw = hmac.digest(KEY.encode(), stamp.encode() + b"\n" + body, "sha256")
    return {"X-Timestamp": stamp, "X-Signature": base64.b64encode(raw).decode()}


REPORTS = json.dumps({"reports": [{"outId": REFERENCE, "id": "m", "status": "DELIVRD"}, {}, 1]}).encode()


def test_pushed_receipts_and_replies_are_read(bank: Bank) -> None:
    form = bank.gateway("form-gbk-md5").push("receipts")
    assert form is not None
    portion = form.read(Knock(form_push(), b"", {}, "10.20.1.2"), NOW)
    assert portion.receipts == [
        Receipt(HEX, DeliveryReport("88001", "undelivered", "MK:0001", "invalid_number"))
    ]
    jsons = bank.gateway("json-hmac-pushed").push("receipts")
    assert jsons is not None
    portion = jsons.read(Knock(REPORTS, b"", json_push(REPORTS), ""), NOW)
    assert (len(portion.receipts), portion.lost) == (1, 2)
    assert (form.answer, jsons.answer_type) == ("0", "application/json")
    replies = bank.gateway("form-gbk-md5").push("replies")
    assert replies is not None
    body = f"mobile=13800138000&content={quote_plus('不满意', encoding='gbk')}&time=x&token={PUSH}".encode()
    twice = [replies.read(Knock(body, b"", {}, ""), NOW).replies[0] for _ in range(2)]
    assert twice[0] == twice[1]
    assert (twice[0].sender, twice[0].text, twice[0].at) == ("+8613800138000", "不满意", NOW)
    assert bank.gateway("xml-polled").push("receipts") is None


PUSHES: dict[str, tuple[str, Callable[[], Knock]]] = {
    "another address": ("form-gbk-md5", lambda: Knock(form_push(), b"", {}, "10.21.0.1")),
    "no address": ("form-gbk-md5", lambda: Knock(form_push(), b"", {}, "")),
    "an address in a header": (
        "form-gbk-md5",
        lambda: Knock(form_push(), b"", {"X-Forwarded-For": "10.20.1.2"}, "203.0.113.9"),
    ),
    "no signature": ("form-gbk-md5", lambda: Knock(form_push(sign=""), b"", {}, "10.20.1.2")),
    "another's signature": ("form-gbk-md5", lambda: Knock(form_push(sign="0" * 32), b"", {}, "10.20.1.2")),
    "in the address": ("form-gbk-md5", lambda: Knock(b"", form_push(), {}, "10.20.1.2")),
    "nothing": ("form-gbk-md5", lambda: Knock(b"", b"", {}, "10.20.1.2")),
    "bytes of no alphabet": ("form-gbk-md5", lambda: Knock(b"stat=%FF&\xff", b"", {}, "10.20.1.2")),
    "another body": ("json-hmac-pushed", lambda: Knock(REPORTS + b" ", b"", json_push(REPORTS), "")),
    "another time": (
        "json-hmac-pushed",
        lambda: Knock(REPORTS, b"", {**json_push(REPORTS), "X-Timestamp": "2"}, ""),
    ),
    "no headers": ("json-hmac-pushed", lambda: Knock(REPORTS, b"", {}, "")),
}


@pytest.mark.parametrize("forgery", PUSHES)
def test_a_push_that_proves_nothing_is_refused(bank: Bank, forgery: str) -> None:
    name, knock = PUSHES[forgery]
    push = bank.gateway(name).push("receipts")
    assert push is not None
    with pytest.raises(Unproven):
        push.read(knock(), NOW)


def test_an_address_of_the_old_kind_may_come_inside_one_of_the_new(bank: Bank) -> None:
    push = bank.gateway("form-gbk-md5").push("receipts")
    assert push is not None
    assert push.read(Knock(form_push(), b"", {}, "::ffff:10.20.1.2"), NOW).receipts


@pytest.mark.parametrize("body", [b"{", b"[" * 9_999, b'{"a":1,"a":2}', b"\xff"], ids=repr)
def test_what_the_gateway_itself_sent_and_nobody_can_read_is_told_apart(bank: Bank, body: bytes) -> None:
    push = bank.gateway("json-hmac-pushed").push("receipts")
    assert push is not None
    with pytest.raises(NotReadable):
        push.read(Knock(body, b"", json_push(body), ""), NOW)
