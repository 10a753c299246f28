"""The phones on which somebody is signed in, for whoever manages people: seeing, ending, and sending a link.

It needs no account: shoppers have none. A link works once and for some days, and a newer one ends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.accounts.identity import Identity
from server.db import new_id
from server.errors import Detail, Refusal
from server.fieldwork.links import new_token, phone_link
from server.fieldwork.people.managing import Managed
from server.fieldwork.people.set_up import Sending, number_of
from server.fieldwork.visiting import devices
from server.fieldwork.visiting.labels import short_label
from server.fieldwork.waves.plans import organisation_names
from server.models.messages import Message
from server.models.visits import DeviceKey
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose_sign_in_link

VALID_FOR: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone on which somebody is signed in; `label` is "" for one of which nothing is known."""

    id: UUID
    label: str
    since: datetime
    seen_at: datetime


def phones_of(connection: Connection, person_id: UUID, *, now: datetime) -> list[Phone]:
    """Somebody's phones, the one seen last first."""
    return [
        Phone(row.id, short_label(row.label), row.created_at, row.seen_at)
        for row in devices.devices_of(connection, person_id, now=now)
    ]


def open_link(connection: Connection, person_id: UUID, *, now: datetime) -> datetime | None:
    """Until when a link that was sent can still sign a phone in; None without one."""
    return connection.scalar(
        select(func.max(DeviceKey.expires_at))
        .where(DeviceKey.person_id == person_id, DeviceKey.kind == "link")
        .where(DeviceKey.used_at.is_(None), DeviceKey.expires_at > now)
    )


def send_link(connection: Connection, managed: Managed, who: Identity, sending: Sending) -> UUID:
    """Send somebody a link that signs a phone in, and end what was sent before; returns its id.

    Raises:
        Refusal: invalid_fields with person_gone or phone_absent.
    """
    number = _reached(connection, managed, sending)
    _end_keys(connection, managed.id, sending.now)
    token, link_id, now = new_token(), new_id(), sending.now
    expires_at = now + VALID_FOR
    connection.execute(
        insert(DeviceKey).values(
            id=link_id, person_id=managed.id, kind="link", hash=token.hash, created_at=now,
            expires_at=expires_at,
        )
    )  # fmt: skip
    text = compose_sign_in_link(
        organisation=organisation_names(connection)[managed.locale],
        days=VALID_FOR.days,
        link=phone_link(sending.public_url, token.text),
        locale=managed.locale,
    )
    message = NewMessage(_key_of(link_id), devices.KIND, number, text, now, expires_at)
    enqueue(connection, [message], sending.keys, now)
    until = {"until": expires_at.isoformat()}
    _witness(connection, "sign_in_sent", managed, who, now, until)
    return link_id


def sign_out(
    connection: Connection, managed: Managed, device_id: UUID, who: Identity, *, now: datetime
) -> None:
    """End the sign-in of one phone. Ending it twice is ending it once.

    What was prepared on it can still be handed in.
    """
    if devices.end_device(connection, managed.id, device_id, now=now):
        _witness(connection, "device_ended", managed, who, now, {})


def sign_out_everywhere(connection: Connection, managed: Managed, who: Identity, *, now: datetime) -> None:
    """End the sign-ins of all phones, and the links and codes that could make another.

    A link of a visit still opens that visit without the app: whoever has the message has the visit.
    """
    _end_keys(connection, managed.id, now)
    devices.end_visit_links(connection, managed.id, now=now)
    phones = devices.end_devices(connection, managed.id, now=now)
    _witness(connection, "devices_ended", managed, who, now, {"phones": phones})


def _reached(connection: Connection, managed: Managed, sending: Sending) -> str:
    number = number_of(connection, managed.id, sending.keys)
    checks = (
        (managed.left_at is not None, Detail("person_gone", "/person")),
        (number is None, Detail("phone_absent", "/phone")),
    )
    problems = [detail for wrong, detail in checks if wrong]
    if problems or number is None:
        raise Refusal("invalid_fields", details=problems)
    return number


def _end_keys(connection: Connection, person_id: UUID, now: datetime) -> None:
    """End open links, and hold back those that were not sent yet."""
    ended = devices.end_keys(connection, person_id, now=now)
    connection.execute(
        update(Message)
        .where(Message.dedupe_key.in_(map(_key_of, ended)), Message.state == "queued")
        .values(state="cancelled", reason="sign_in_ended")
    )


def _key_of(link_id: UUID) -> str:
    return f"{devices.KIND}:{link_id}"


def _witness(
    connection: Connection,
    action: str,
    managed: Managed,
    who: Identity,
    now: datetime,
    detail: Mapping[str, Any],
) -> None:
    audit.record(connection, [audit.Entry(who.actor, action, f"person:{managed.id}", detail)], at=now)
