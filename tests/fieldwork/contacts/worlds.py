"""A bank's contacts and service events, and what was sent to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server.db import new_id
from server.fieldwork.contacts.contact_import import import_contacts, import_events
from server.fieldwork.importing import ImportReport, SentFile
from server.keys import KeyRing
from server.models.contacts import Contact
from server.models.messages import Message
from server.scope import EVERYTHING, Scope
from tests.builders import BY, NOW, phone_of

E164 = "+86"


def phone(number: int) -> str:
    """As `phone_of`, in E.164."""
    return E164 + phone_of(number)


def put_contacts(connection: Connection, keys: KeyRing, *rows: str, header: str = "") -> ImportReport:
    """`rows` are lines of CSV under id, number of the phone and unit, or under `header`."""
    lines = [header or "external_id,phone,unit_code", *rows]
    sent = SentFile("\n".join(lines).encode(), "contacts.csv", BY)
    return import_contacts(connection, keys, sent, now=NOW)


def put_events(
    connection: Connection,
    *rows: str,
    header: str = "external_id,contact,unit_code,happened_at",
    now: datetime = NOW,
    scope: Scope = EVERYTHING,
    dry_run: bool = False,
) -> ImportReport:
    sent = SentFile("\n".join([header, *rows]).encode(), "events.csv", BY, scope)
    return import_events(connection, sent, now=now, dry_run=dry_run)


def send(
    connection: Connection,
    keys: KeyRing,
    number: str,
    at: datetime,
    *,
    state: str = "delivered",
    kind: str = "invitation",
    wave_id: UUID | None = None,
) -> UUID:
    """A message as it stands after its sending."""
    message_id = new_id()
    values: dict[str, Any] = {
        "id": message_id, "dedupe_key": str(message_id), "kind": kind, "recipient": b"", "text": b"",
        "recipient_hash": keys.lookup_hash(number), "segments": 1, "state": state, "wave_id": wave_id,
        "not_before": at, "expires_at": at, "created_at": at,
    }  # fmt: skip
    connection.execute(insert(Message).values(**values))
    return message_id


def contact_ids(connection: Connection, external_ids: Sequence[str]) -> dict[str, UUID]:
    rows = connection.execute(select(Contact.external_id, Contact.id))
    return {row.external_id: row.id for row in rows if row.external_id in external_ids}
