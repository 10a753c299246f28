"""The manager's signature by a link: what is shown, what is kept, once."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, select, update

from server.clock import SetClock
from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.outreach.keys import Sender
from server.followup.spot.signing import NewSignature, ask_signature, signatures_of
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.messages import Message
from server.models.on_the_spot import Countersignature
from tests.builders import BY, DAY, NOW, PUBLIC_URL, create_colleague
from tests.followup.visits_for_tests import VISITS, Visit, create_visit, create_wave, hand_in

OVERT = {**VISITS, "mode": "overt"}
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def visit(engine: Engine, keys: KeyRing) -> Visit:
    with engine.begin() as connection:
        return create_visit(connection, keys, create_wave(connection, OVERT))


def asked(engine: Engine, keys: KeyRing, pk: UUID, **changes: Any) -> str:
    """Ask for a signature; returns the path of the link."""
    with engine.begin() as connection:
        new = NewSignature(pk, BY, **{"phone": "13800138000", **changes})
        ask_signature(connection, new, Sender(keys, PUBLIC_URL), now=NOW)
        text = connection.scalars(
            select(Message.text).where(Message.kind == "signature").order_by(Message.created_at, Message.id)
        ).all()[-1]
    return "/s/" + keys.decrypt(text).partition("/s/")[2].split()[0]


def report(engine: Engine, visit: Visit) -> UUID:
    with engine.begin() as connection:
        return hand_in(connection, visit)


def row(engine: Engine) -> AnyRow:
    with engine.connect() as connection:
        return connection.execute(select(Countersignature)).one()


def test_the_manager_reads_the_findings_and_signs_once(
    app: Flask, engine: Engine, client: FlaskClient, keys: KeyRing, visit: Visit
) -> None:
    path = asked(engine, keys, report(engine, visit))
    shown = client.get(path)
    assert shown.status_code == 200
    assert "问候了吗？" in shown.text
    assert "没有" in shown.text
    assert "排队有序吗？" not in shown.text
    assert "青年路支行" in shown.text
    for secret in ("小周", "50.00", "得分", "暗访", "TEL-01"):
        assert secret not in shown.text.partition("<main>")[2].partition("<script")[0], secret
    assert row(engine).signed_at is None
    assert client.post(path, data={"signature": ""}).status_code == 422
    assert client.post(path, data={"go": "refuse", "reason": " "}).status_code == 422
    assert "已签字" in client.post(path, data={"signature": "王经理", "go": "sign"}).text
    assert row(engine).signed_name == "王经理"
    late = client.post(path, data={"go": "refuse", "reason": "不同意"})
    assert "已签字" in late.text
    assert row(engine).refused_at is None
    again = client.get(path)
    assert "问候了吗？" not in again.text
    with engine.connect() as connection:
        told = (
            select(AuditLine.action).where(AuditLine.action.startswith("signature_")).order_by(AuditLine.id)
        )
        assert connection.scalars(told).all() == ["signature_asked", "signature_given"]


def test_what_is_drawn_is_kept_encrypted(
    engine: Engine, client: FlaskClient, keys: KeyRing, visit: Visit
) -> None:
    path = asked(engine, keys, report(engine, visit))
    assert "已签字" in client.post(path, data={"signature-drawn": PNG, "signature": ""}).text
    kept = row(engine).drawn
    assert kept is not None
    assert keys.decrypt(kept) == PNG


def test_a_manager_may_decline_with_a_reason(
    engine: Engine, client: FlaskClient, keys: KeyRing, visit: Visit
) -> None:
    pk = report(engine, visit)
    path = asked(engine, keys, pk)
    assert "没有签字" in client.post(path, data={"go": "refuse", "reason": "不属实"}).text
    with engine.connect() as connection:
        [standing] = signatures_of(connection, pk, now=NOW)
    assert (standing["standing"], standing["refused_reason"]) == ("refused", "不属实")


def test_links_that_are_over_and_links_that_never_were_are_alike(
    engine: Engine, client: FlaskClient, keys: KeyRing, visit: Visit, clock: SetClock
) -> None:
    pk = report(engine, visit)
    first = asked(engine, keys, pk)
    second = asked(engine, keys, pk)
    never = client.get("/s/neverwas")
    replaced = client.get(first)
    assert (never.status_code, replaced.status_code) == (404, 404)
    assert never.text == replaced.text
    assert client.post(first, data={"signature": "王经理"}).status_code == 404
    assert client.get(second).status_code == 200
    clock.advance(7 * DAY)
    assert client.get(second).text == never.text
    assert client.post(second, data={"signature": "王经理"}).status_code == 404


def refused(connection: Connection, keys: KeyRing, pk: UUID, **changes: Any) -> str:
    with pytest.raises(Refusal) as found:
        ask_signature(
            connection,
            NewSignature(pk, BY, **changes),
            Sender(keys, PUBLIC_URL),
            now=NOW,
        )
    return found.value.details[0].code if found.value.details else found.value.code


def test_who_can_be_asked(connection: Connection, keys: KeyRing) -> None:
    visit = create_visit(connection, keys, create_wave(connection, OVERT))
    pk = hand_in(connection, visit)
    manager = create_colleague(connection, keys, "王经理", "B101", "行长", "+8613800138001")
    other = create_colleague(connection, keys, "李经理", "B102", "行长", "+8613800138002")
    assert refused(connection, keys, pk, person_id=other) == "signature_nobody"
    assert refused(connection, keys, pk, phone="12") == "phone_invalid"
    assert refused(connection, keys, UUID(int=5), person_id=manager) == "not_found"
    ask_signature(connection, NewSignature(pk, BY, manager), Sender(keys, PUBLIC_URL), now=NOW)
    connection.execute(update(Countersignature).values(signed_at=NOW, signed_name="王经理"))
    assert refused(connection, keys, pk, person_id=manager) == "signature_done"


def test_nobody_at_an_outlet_hears_of_a_visit_that_is_not_open(connection: Connection, keys: KeyRing) -> None:
    visit = create_visit(connection, keys, create_wave(connection))
    assert refused(connection, keys, hand_in(connection, visit), phone="13800138000") == "signature_covert"
