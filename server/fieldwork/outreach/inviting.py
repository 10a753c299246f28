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
from server.fieldwork.links import NewToken, invitation_link, new_token
from server.keys import KeyRing
from server.models.tasks import Invitation
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose

# How many are invited in one transaction: a killed worker loses at most these, and repeats none.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Sender:
    """With which keys numbers are read and written, and where our pages are."""

    keys: KeyRing
    public_url: str


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
    given = [(new_id(), guest, new_token()) for guest in guests]
    connection.execute(insert(Invitation), [_invitation(wave, *each, now) for each in given])
    enqueue(connection, [_message(wave, *each, sender.public_url) for each in given], sender.keys, now)


def _invitation(
    wave: AnyRow, invitation_id: UUID, guest: Guest, token: NewToken, now: datetime
) -> dict[str, Any]:
    return {
        "id": invitation_id,
        "wave_id": wave.id,
        "contact_id": guest.contact_id,
        "subject_id": guest.subject_id,
        "event_id": guest.event_id,
        "submission_id": uuid4(),
        "token_hash": token.hash,
        "locale": guest.locale,
        "variables": guest.variables,
        "created_at": now,
        "expires_at": wave.closes_at,
    }


def _message(wave: AnyRow, invitation_id: UUID, guest: Guest, token: NewToken, public_url: str) -> NewMessage:
    text = compose(
        wave.settings["message"],
        locale=guest.locale,
        organisation=wave.settings["organisation"][guest.locale],
        unit=guest.unit if guest.locale == "zh" else guest.unit_en or guest.unit,
        link=invitation_link(public_url, token.text),
    )
    return NewMessage(
        dedupe_key=f"{wave.id}:{guest.event_id or guest.contact_id}:invitation:1",
        kind="invitation",
        wave_id=wave.id,
        invitation_id=invitation_id,
        recipient=guest.recipient,
        text=text,
        not_before=guest.leaves_at,
        expires_at=wave.closes_at,
        channel=guest.channel,
        timezone=guest.timezone,
    )
