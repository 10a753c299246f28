"""The doors of providers: who is let in, and that nothing odd behind the door is an error."""

import base64
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func, select, update
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from server.config import Secret, TwilioSettings
from server.keys import KeyRing
from server.models.contacts import BadNumber
from server.models.messages import InboundMessage, Message, MessageEvent
from server.notify.gateways.declarative.gateway import HttpGateway
from server.notify.gateways.declarative.reading import read_gateway
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.respect.opt_outs import has_opted_out
from server.outgoing import Outgoing
from server.services import EXTENSION
from tests.conftest import START

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "outreach" / "gateways" / "json-hmac-pushed.json"
PUBLIC = "https://anfang.example"
FIRST, SECOND = "first-token-of-twilio", "second-token-of-twilio"
NUMBER = "+8613800138000"
STATUS, INBOUND = "/hooks/twilio/status", "/hooks/twilio/inbound"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def door(app: Flask) -> FlaskClient:
    """A client of an application behind a proxy: it is reached under another name than the public one."""
    given = app.extensions[EXTENSION]
    twilio = TwilioSettings("AC1", Secret(FIRST), "MG1", "https://api.twilio.com", Secret(SECOND))
    settings = replace(given.settings, gateway="twilio", twilio=twilio, public_url=PUBLIC)
    app.extensions[EXTENSION] = replace(given, settings=settings)
    return app.test_client()


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """What is said to the database."""
    said: list[str] = []

    def note(*arguments: object) -> None:
        said.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def accepted(engine: Engine, keys: KeyRing) -> UUID:
    with engine.begin() as connection:
        message = NewMessage("k", "invitation", NUMBER, "请评价", START, START.replace(year=2027))
        enqueue(connection, [message], keys, START)
        connection.execute(update(Message).values(state="accepted", provider_id="SM1", gateway="twilio"))
        return connection.execute(select(Message.id)).scalar_one()


def signature(url: str, fields: dict[str, str], token: str = FIRST) -> str:
    return str(RequestValidator(token).compute_signature(url, fields))


def post(
    client: FlaskClient, path: str, fields: dict[str, str], signed: str | None = None, token: str = FIRST
) -> int:
    signed = signature(PUBLIC + path, fields, token) if signed is None else signed
    return client.post(path, data=fields, headers={"X-Twilio-Signature": signed}).status_code


def state(engine: Engine) -> str:
    with engine.connect() as connection:
        return connection.execute(select(Message.state)).scalar_one()


def test_receipts_repeated_and_reversed_end_the_same(
    door: FlaskClient, engine: Engine, keys: KeyRing
) -> None:
    message_id = accepted(engine, keys)
    path = f"{STATUS}?reference={message_id}"
    for status in ("delivered", "sent", "delivered", "queued", "undelivered", "sent"):
        code = {"ErrorCode": "30003"} if status == "undelivered" else {}
        assert post(door, path, {"MessageSid": "SM1", "MessageStatus": status, **code}) == 204
    assert state(engine) == "delivered"
    with engine.connect() as connection:
        # Queued and sent both are accepted to us.
        assert connection.scalar(select(func.count()).select_from(MessageEvent)) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"AccountSid": "AC1"},
        {"MessageSid": ""},
        {"MessageSid": "SM1"},
        {"MessageSid": "SM1", "MessageStatus": "teleported"},
        {"MessageSid": "SM1\0", "MessageStatus": "delivered"},
        {"MessageSid": "S" * 5_000, "MessageStatus": "delivered"},
        {"MessageSid": "SM9", "MessageStatus": "delivered"},
        {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "\0"},
        {"MessageSid": "无", "MessageStatus": "delivered"},
    ],
    ids=str,
)
def test_a_proven_call_that_says_nothing_usable_is_no_error(
    door: FlaskClient, engine: Engine, keys: KeyRing, fields: dict[str, str]
) -> None:
    accepted(engine, keys)
    assert post(door, STATUS, fields) == 204
    for reference in ("%00", "x" * 3_000, "%FF%FE", "1&reference=2", ""):
        assert post(door, f"{STATUS}?reference={reference}", fields) == 204
    assert state(engine) == "accepted"
    assert post(door, INBOUND, fields) == 200


FIELDS = {"MessageSid": "SM1", "MessageStatus": "delivered"}
HTTP_URL = PUBLIC.replace("https", "http") + STATUS
FORGERIES = {
    "none": ("", FIELDS, STATUS),
    "nonsense": ("nonsense", FIELDS, STATUS),
    "beyond ascii": ("Ã©" * 14, FIELDS, STATUS),
    "empty token": (signature(PUBLIC + STATUS, FIELDS, ""), FIELDS, STATUS),
    "other token": (signature(PUBLIC + STATUS, FIELDS, "stolen from another"), FIELDS, STATUS),
    "http for https": (signature(HTTP_URL, FIELDS), FIELDS, STATUS),
    "the name it is reached by": (signature("http://localhost" + STATUS, FIELDS), FIELDS, STATUS),
    "another door": (signature(PUBLIC + INBOUND, FIELDS), FIELDS, STATUS),
    "a query added": (signature(PUBLIC + STATUS, FIELDS), FIELDS, f"{STATUS}?reference=1"),
    "a field added": (signature(PUBLIC + STATUS, FIELDS), {**FIELDS, "ErrorCode": "21610"}, STATUS),
    "a field dropped": (signature(PUBLIC + STATUS, FIELDS), {"MessageSid": "SM1"}, STATUS),
    "a value changed": (signature(PUBLIC + STATUS, FIELDS), {**FIELDS, "MessageSid": "SM2"}, STATUS),
    "another letter case": (signature(PUBLIC + STATUS, FIELDS).swapcase(), FIELDS, STATUS),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_answered_without_a_statement(
    door: FlaskClient, engine: Engine, keys: KeyRing, statements: list[str], forgery: str
) -> None:
    accepted(engine, keys)
    statements.clear()
    signed, fields, path = FORGERIES[forgery]
    headers = {"X-Twilio-Signature": signed, "Host": "anfang.example", "X-Forwarded-Proto": "https"}
    answer = door.post(path, data=fields, headers=headers)
    assert (answer.status_code, answer.data, statements) == (403, b"", [])
    assert state(engine) == "accepted"


def test_other_bodies_and_methods_do_not_pass_either(door: FlaskClient, engine: Engine) -> None:
    signed = {"X-Twilio-Signature": signature(PUBLIC + INBOUND, {})}
    assert door.post(INBOUND, json=FIELDS, headers=signed).status_code == 403
    parts = {"data": FIELDS, "content_type": "multipart/form-data", "headers": signed}
    assert door.post(INBOUND, **parts).status_code == 403
    assert door.get(INBOUND, headers=signed).status_code == 405
    large = {"data": "Body=" + "x" * 70_000, "content_type": FORM, "headers": signed}
    assert door.post(INBOUND, **large).status_code == 413
    with_none = {"data": "", "content_type": FORM}
    assert door.post(INBOUND, **with_none).status_code == 403


def test_while_tokens_change_either_signs(door: FlaskClient, engine: Engine, keys: KeyRing) -> None:
    accepted(engine, keys)
    assert post(door, STATUS, FIELDS, token=SECOND) == 204
    assert state(engine) == "delivered"


def test_a_port_in_what_was_signed_does_not_matter(door: FlaskClient, engine: Engine) -> None:
    signed = signature(f"{PUBLIC}:443{STATUS}", FIELDS)
    assert post(door, STATUS, FIELDS, signed) == 204


def test_without_twilio_the_door_stays_shut(client: FlaskClient, engine: Engine) -> None:
    assert post(client, STATUS, FIELDS) == 403
    assert client.post("/hooks/sms/receipts", data=b"{}").status_code == 404


def test_a_stop_holds_when_it_is_answered_and_a_repeated_reply_is_one(
    door: FlaskClient, engine: Engine, keys: KeyRing
) -> None:
    accepted(engine, keys)
    fields = {"MessageSid": "SM7", "From": NUMBER, "To": "+1", "Body": "Ｔｄ", "NumMedia": "0"}
    for _ in range(2):
        signed = {"X-Twilio-Signature": signature(PUBLIC + INBOUND, fields)}
        answer = door.post(INBOUND, data=fields, headers=signed)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, b"<Response/>", "text/xml")
    odd = {"MessageSid": "SM8", "From": "BANK", "Body": "\0\ud83d".encode("utf-8", "replace").decode()}
    assert post(door, INBOUND, odd) == 200
    advanced = {"MessageSid": "SM9", "From": "+8613900139000", "Body": "别发了", "OptOutType": "STOP"}
    assert post(door, INBOUND, advanced) == 200
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(InboundMessage)) == 3
        assert has_opted_out(connection, keys.lookup_hashes(NUMBER))
        assert has_opted_out(connection, keys.lookup_hashes("+8613900139000"))


def test_a_field_that_comes_twice_is_signed_with_both_values(door: FlaskClient, engine: Engine) -> None:
    fields = MultiDict([("MessageSid", "SM1"), ("MediaUrl", "b"), ("MediaUrl", "a")])
    signed = {"X-Twilio-Signature": str(RequestValidator(FIRST).compute_signature(PUBLIC + STATUS, fields))}
    body = urlencode(list(fields.items(multi=True)))
    assert door.post(STATUS, data=body, content_type=FORM, headers=signed).status_code == 204


def described(app: Flask) -> FlaskClient:
    """A client of an application with a bank's own gateway, whose replies show a token."""
    given = app.extensions[EXTENSION]
    secrets = {name: Secret(f"{name}-of-the-bank") for name in ("KEY", "APP", "PUSH")}
    description = read_gateway(json.loads(EXAMPLE.read_text("utf-8")), secrets.keys())
    gateway = HttpGateway(description, secrets, Outgoing(), given.clock)
    app.extensions[EXTENSION] = replace(given, gateway=gateway)
    return app.test_client()


def test_a_banks_gateway_brings_receipts_and_replies(
    app: Flask, engine: Engine, keys: KeyRing, statements: list[str]
) -> None:
    message_id, bank = accepted(engine, keys), described(app)
    report = {"outId": str(message_id), "id": "m", "status": "MK:0001"}
    body = json.dumps({"reports": [report, report, {"outId": "\n", "status": "x" * 999}, 7]}).encode()
    raw = hmac.digest(b"KEY-of-the-bank", b"1\n" + body, "sha256")
    signed = {"X-Timestamp": "1", "X-Signature": base64.b64encode(raw).decode()}
    statements.clear()
    path, forged = "/hooks/sms/receipts", {**signed, "X-Timestamp": "2"}
    assert bank.post(path, data=body, headers=forged).status_code == 403
    assert bank.post("/hooks/sms/replies", data=body, headers=signed).status_code == 403
    assert bank.get(path, headers=signed).status_code == 404
    assert statements == []
    nonsense = base64.b64encode(hmac.digest(b"KEY-of-the-bank", b"1\n{", "sha256")).decode()
    assert bank.post(path, data=b"{", headers={**signed, "X-Signature": nonsense}).status_code == 400
    for _ in range(2):
        answer = bank.post(path, data=body, headers=signed)
        assert (answer.status_code, answer.json) == (200, {"code": "OK"})
    assert state(engine) == "undelivered"
    token = {"Authorization": "Bearer PUSH-of-the-bank"}
    said = {"replies": [{"id": "r1", "from": "13800138000", "text": "T", "at": 1}]}
    assert bank.post("/hooks/sms/replies", json=said, headers=token).status_code == 200
    large = bank.post("/hooks/sms/replies", data=b" " * 1_100_000, headers=token)
    assert large.status_code == 413
    with engine.connect() as connection:
        assert has_opted_out(connection, keys.lookup_hashes(NUMBER))
        assert connection.scalar(select(func.count()).select_from(BadNumber)) == 1
