"""The one writer of invitations: who is asked about what, by which channel, and with which words.

Launches and nights choose whom to ask; rows and messages are written here, alike for both. Whoever is asked
twice by mistake is asked once: UNIQUE (wave, contact, event) and the message's dedupe key see to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from server.db import AnyRow, new_id
from server.fieldwork.outreach.keys import Given, Holder, Sender, give_keys
from server.fieldwork.outreach.wording import Reader, kinds_for, write
from server.models.tasks import Invitation
from server.notify.outbox.queueing import NewMessage, enqueue

# How many are invited in one transaction: a killed worker loses at most these, and repeats none.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to invite.

    Attributes:
        recipient: where the channel reaches them, such as a number in E.164.
        unit, unit_en, timezone: of the unit it is about.
        leaves_at: when the message may leave at the earliest.
        event_id: what exactly it is about, where a person may be asked several times.
        variables: what the form knows before the start.
    """

    contact_id: UUID
    subject_id: UUID
    locale: str
    recipient: str
    unit: str
    unit_en: str | None
    timezone: str
    leaves_at: datetime
    event_id: UUID | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    channel: str = "sms"


def invite(
    connection: Connection, wave: AnyRow, guests: Sequence[Guest], sender: Sender, now: datetime
) -> None:
    """Write an invitation and its message for each guest, in the caller's transaction.

    Args:
        wave: with all its columns; locked by the caller, so that no second worker chooses the same people.
    """
    if not guests:
        return
    template, ids = wave.settings["message"], [new_id() for _ in guests]
    invited = list(zip(ids, guests, strict=True))
    connection.execute(insert(Invitation), [_invitation(wave, *each, now) for each in invited])
    holders = [Holder(invitation_id, guest.recipient, wave.closes_at) for invitation_id, guest in invited]
    given = give_keys(connection, holders, kinds_for(wave.settings, template), sender, now)
    messages = [_message(wave, *each, keys) for each, keys in zip(invited, given, strict=True)]
    enqueue(connection, messages, sender.keys, now)


def _invitation(wave: AnyRow, invitation_id: UUID, guest: Guest, now: datetime) -> dict[str, Any]:
    return {
        "id": invitation_id,
        "wave_id": wave.id,
        "contact_id": guest.contact_id,
        "subject_id": guest.subject_id,
        "event_id": guest.event_id,
        "submission_id": uuid4(),
        "locale": guest.locale,
        "variables": guest.variables,
        "created_at": now,
        "expires_at": wave.closes_at,
    }


def _message(wave: AnyRow, invitation_id: UUID, guest: Guest, given: Given) -> NewMessage:
    reader = Reader(guest.locale, guest.unit, guest.unit_en, guest.leaves_at)
    return NewMessage(
        dedupe_key=f"{wave.id}:{guest.event_id or guest.contact_id}:invitation:1",
        kind="invitation",
        wave_id=wave.id,
        invitation_id=invitation_id,
        recipient=guest.recipient,
        text=write(wave, wave.settings["message"], reader, given),
        not_before=guest.leaves_at,
        expires_at=wave.closes_at,
        channel=guest.channel,
        timezone=guest.timezone,
    )
