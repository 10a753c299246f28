"""Messages of which nobody knows whether they were sent: looked up at the provider, and never sent blindly.

Only a provider that is certain not to have a message lets it be sent again. What no look-up can tell stays on
a person's list.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, exists, func, select, update

from server import audit
from server.clock import Clock
from server.db import AnyRow
from server.errors import Refusal
from server.keys import KeyLost
from server.models.messages import Message
from server.notify.outbox.delivery import Carriers
from server.notify.protocol import Absent, DeliveryReport, OutgoingSms, SmsGateway
from server.notify.receiving import take_report
from server.notify.respect.spending import give_back

# Providers' own lists lag behind what they accepted.
SETTLED_AFTER: Final = timedelta(minutes=2)
# Whoever could not tell within a day will not be able to.
LOOKED_UP: Final = timedelta(days=1)
BEFORE: Final = timedelta(minutes=1)


def look_up_unknown(engine: Engine, carriers: Carriers, clock: Clock, limit: int) -> int:
    """Ask the providers about messages whose sending ended without an answer.

    Returns:
        How many were cleared up.
    """
    now = clock.now()
    chosen = (
        select(
            Message.id, Message.channel, Message.gateway, Message.recipient, Message.text, Message.claimed_at
        )
        .where(
            Message.state == "unknown",
            Message.unknown_since <= now - SETTLED_AFTER,
            Message.unknown_since > now - LOOKED_UP,
        )
        .order_by(func.random())
        .limit(limit)
    )
    with engine.begin() as connection:
        waiting = connection.execute(chosen).all()
    return sum(_look_up(engine, carriers, row, clock) for row in waiting)


def _look_up(engine: Engine, carriers: Carriers, row: AnyRow, clock: Clock) -> bool:
    gateway = carriers.by_channel.get(row.channel)
    # Another gateway than the one that was asked to carry it is certain not to have it.
    if gateway is None or gateway.name != row.gateway:
        return False
    try:
        sms = OutgoingSms(str(row.id), carriers.keys.decrypt(row.recipient), carriers.keys.decrypt(row.text))
    except KeyLost:
        return False
    found = gateway.find(sms, row.claimed_at - BEFORE)
    if found is None:
        return False
    with engine.begin() as connection:
        if isinstance(found, Absent):
            return _send_again(connection, row, clock.now())
        return _take(connection, row, found, gateway, clock.now())


def _take(
    connection: Connection, row: AnyRow, found: DeliveryReport, gateway: SmsGateway, now: datetime
) -> bool:
    """A provider that searches by number and text may find an earlier message of ours in this one's place."""
    others = exists().where(
        Message.provider_id == found.provider_id, Message.gateway == gateway.name, Message.id != row.id
    )
    if connection.scalar(select(others)):
        return False
    return take_report(connection, reference=str(row.id), report=found, gateway=gateway.name, now=now)


def _send_again(connection: Connection, row: AnyRow, now: datetime) -> bool:
    """The claim must still be the one that was asked about: a later one may be on its way."""
    this = (Message.id == row.id, Message.state == "unknown", Message.claimed_at == row.claimed_at)
    paid = connection.execute(
        select(Message.cost, Message.wave_id).where(*this).with_for_update(key_share=True)
    ).first()
    if paid is None:
        return False
    waiting = {"state": "retry_wait", "reason": "looked_up", "unknown_since": None, "not_before": now}
    connection.execute(update(Message).where(Message.id == row.id).values(**waiting, cost=None))
    if paid.cost:
        give_back(connection, paid.cost, paid.wave_id, row.claimed_at)
    return True


def give_up_unknown(connection: Connection, message_id: UUID, *, by: str, now: datetime) -> None:
    """A person has decided that a message counts as not sent. It is not sent again.

    Raises:
        Refusal: wrong_state when it is not unknown any more.
    """
    given_up = connection.execute(
        update(Message)
        .where(Message.id == message_id, Message.state == "unknown")
        .values(state="failed", reason="given_up")
    )
    if given_up.rowcount != 1:
        raise Refusal("conflict")
    audit.record(connection, [audit.Entry(by, "message_given_up", f"message:{message_id}", {})], at=now)
