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
from server.fieldwork.outreach.channels import WRITTEN_TO, channels_of, choose_channel
from server.fieldwork.outreach.keys import Given, Holder, Sender, give_keys
from server.fieldwork.outreach.wording import Reader, can_be_clicked, kinds_for, write, write_letter
from server.keys import KeyRing
from server.models.tasks import Invitation
from server.notify.outbox.queueing import NewMessage, enqueue

# How many are invited in one transaction: a killed worker loses at most these, and repeats none.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to invite.

    Attributes:
        contact_id: of a customer; `person_id` of a colleague. One of the two.
        phone, email: where they can be reached; the number in E.164.
        envelope: name and postal address, in lines.
        preferred: by what they would rather be asked.
        unit, unit_en, timezone: of the unit it is about.
        leaves_at: when the message may leave at the earliest.
        event_id: what exactly it is about, where a person may be asked several times.
        variables: what the form knows before the start.
    """

    subject_id: UUID
    locale: str
    phone: str | None
    unit: str
    unit_en: str | None
    timezone: str
    leaves_at: datetime
    contact_id: UUID | None = None
    person_id: UUID | None = None
    event_id: UUID | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    email: str | None = None
    preferred: str | None = None
    envelope: str | None = None


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
    allowed = channels_of(wave.settings)
    by_channel: dict[str | None, list[tuple[UUID, Guest]]] = {}
    for invitation_id, guest in invited:
        known = {
            "sms": guest.phone,
            "email": guest.email if can_be_clicked(template) else None,
            "letter": guest.envelope if guest.phone else None,
        }
        chosen = choose_channel(allowed, guest.preferred, known)
        by_channel.setdefault(chosen, []).append((invitation_id, guest))
    for channel in WRITTEN_TO:
        some = by_channel.get(channel, [])
        holders = [Holder(invitation_id, guest.phone, wave.closes_at) for invitation_id, guest in some]
        given = give_keys(connection, holders, kinds_for(wave.settings, template, channel), sender, now)
        messages = [_message(wave, channel, *each, keys) for each, keys in zip(some, given, strict=True)]
        enqueue(connection, messages, sender.keys, now)


def envelope(name: bytes | None, address: bytes | None, keys: KeyRing) -> str | None:
    """The lines of an envelope, where an address is known."""
    if address is None:
        return None
    lines = (keys.decrypt(name) if name else "", *keys.decrypt(address).split("\n"))
    return "\n".join(line for line in lines if line.strip())


def _invitation(wave: AnyRow, invitation_id: UUID, guest: Guest, now: datetime) -> dict[str, Any]:
    return {
        "id": invitation_id,
        "wave_id": wave.id,
        "contact_id": guest.contact_id,
        "person_id": guest.person_id,
        "subject_id": guest.subject_id,
        "event_id": guest.event_id,
        "submission_id": uuid4(),
        "locale": guest.locale,
        "variables": guest.variables,
        "created_at": now,
        "expires_at": wave.closes_at,
    }


def _message(wave: AnyRow, channel: str, invitation_id: UUID, guest: Guest, given: Given) -> NewMessage:
    reader = Reader(guest.locale, guest.unit, guest.unit_en, guest.leaves_at)
    if channel == "letter":
        text = write_letter(wave, reader, given, str(guest.envelope))
    else:
        text = write(wave, wave.settings["message"], reader, given, channel)
    return NewMessage(
        dedupe_key=f"{wave.id}:{guest.event_id or guest.contact_id or guest.person_id}:invitation:1",
        kind="invitation",
        wave_id=wave.id,
        invitation_id=invitation_id,
        recipient=str(guest.email if channel == "email" else guest.phone),
        text=text,
        not_before=guest.leaves_at,
        expires_at=wave.closes_at,
        channel=channel,
        timezone=guest.timezone,
    )
