"""The phone's page: deliveries are played, and a reply goes the way of every reply."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from server.keys import KeyRing
from server.models.messages import InboundMessage, Message, MessageEvent
from server.notify.gateways.inbox import InboxGateway
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.outbox.settling import Outcome, settle
from server.notify.protocol import Absent, DeliveryReport, OutgoingSms
from server.notify.respect.opt_outs import has_opted_out
from server.services import services
from tests.conftest import START
from tests.http.staff import signed_in

NUMBER = "+8613800138000"


def handed_over(app: Flask, engine: Engine, keys: KeyRing, key: str = "k") -> tuple[UUID, InboxGateway]:
    """An accepted message, and the gateway that holds it."""
    with app.app_context():
        inbox = InboxGateway(engine.begin, keys, services().clock)
    with engine.begin() as connection:
        new = NewMessage(key, "invitation", NUMBER, "请评价", START, START.replace(year=2027))
        enqueue(connection, [new], keys, START)
        message_id = connection.scalar(select(Message.id).where(Message.dedupe_key == key))
        assert message_id is not None
        accepted = inbox.send(OutgoingSms(str(message_id), NUMBER, "请评价"))
        connection.execute(Message.__table__.update().values(state="sending"))
        settle(connection, message_id, Outcome("accepted", provider_id=accepted.provider_id), START)
    return message_id, inbox


def state(engine: Engine, message_id: UUID) -> str:
    with engine.connect() as connection:
        return connection.execute(select(Message.state).where(Message.id == message_id)).scalar_one()


def test_deliveries_are_played_one_by_one_and_from_now_on(app: Flask, engine: Engine, keys: KeyRing) -> None:
    client, csrf = signed_in(app, engine, "coordinator")
    message_id, inbox = handed_over(app, engine, keys)
    form = {"csrf": csrf, "reference": str(message_id), "state": "undelivered", "code": "MK:0001"}
    assert client.post("/inbox/play", data=form).status_code == 303
    assert state(engine, message_id) == "undelivered"
    # The same again is nothing new, and what comes later may still be better.
    assert client.post("/inbox/play", data=form).location == "/inbox?kept=undelivered"
    client.post("/inbox/play", data={**form, "state": "delivered"})
    assert state(engine, message_id) == "delivered"
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(MessageEvent)) == 2
    # Nothing unsays a delivery, and the phone does not pretend so.
    for told in ("undelivered", "silent"):
        refused = client.post("/inbox/play", data={**form, "state": told}, follow_redirects=True)
        assert "这条消息已经是“已送达”" in refused.text
    assert inbox.find(OutgoingSms(str(message_id), NUMBER, "请评价"), START).state == "delivered"
    client.post("/inbox/play", data={"csrf": csrf, "state": "silent"})
    assert "always" not in (page := client.get("/inbox?lang=en").text)
    assert "<details open>" in page
    _, inbox = handed_over(app, engine, keys, "second")
    with engine.connect() as connection:
        held = connection.execute(
            select(Message.provider_id, Message.id).where(Message.dedupe_key == "second")
        )
        provider_id, second = held.one()
    assert inbox.poll([provider_id]) == []
    sms = OutgoingSms(str(second), NUMBER, "请评价")
    assert inbox.find(sms, START) == DeliveryReport(provider_id, "accepted")
    assert inbox.find(OutgoingSms("another", NUMBER, "请评价"), START) == Absent()


def test_a_reply_from_the_phone_is_heeded(app: Flask, engine: Engine, keys: KeyRing) -> None:
    client, csrf = signed_in(app, engine, "coordinator")
    answer = client.post("/inbox/reply", data={"csrf": csrf, "from": NUMBER, "text": "退订", "to": NUMBER})
    assert (answer.status_code, answer.location) == (303, "/inbox?to=%2B8613800138000&replied=1")
    client.post("/inbox/reply", data={"csrf": csrf, "from": "+8613900000001", "text": "别人的话"})
    thread = client.get(answer.location).text
    assert '<p class="bubble">退订</p>' in thread
    assert "别人的话" not in thread
    assert "别人的话" in client.get("/inbox").text
    with engine.connect() as connection:
        assert has_opted_out(connection, keys.lookup_hashes(NUMBER))
        assert set(connection.scalars(select(InboundMessage.gateway))) == {"inbox"}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/inbox/reply", {"from": "12", "text": "5"}),
        ("/inbox/reply", {"from": NUMBER, "text": "x" * 1_001}),
        ("/inbox/reply", {}),
        ("/inbox/play", {"state": "teleported"}),
        ("/inbox/play", {"state": "undelivered", "code": "x" * 41}),
        ("/inbox/play", {}),
    ],
    ids=str,
)
def test_nonsense_is_refused(app: Flask, engine: Engine, path: str, form: dict[str, str]) -> None:
    client, csrf = signed_in(app, engine, "coordinator")
    assert client.post(path, data={"csrf": csrf, **form}).status_code == 422
