"""Launching a wave: invitations and their messages, in batches that may run twice without harm."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server import audit, queue
from server.db import AnyRow, AnySelect
from server.fieldwork.outreach.counters import open_counters
from server.fieldwork.outreach.inviting import BATCH, Guest, envelope, invite
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.pricing import IN_SAMPLE
from server.fieldwork.waves.approvals import refuse_unapproved
from server.fieldwork.waves.audience import Audience, is_drawn, uninvited_people
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.states import move_wave, refuse_over
from server.intake import known
from server.keys import KeyRing
from server.models.contacts import Contact, ContactPrivate
from server.models.draws import FrameMember
from server.models.organisation import Subject, Unit
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.scope import Scope


def launch_wave(
    connection: Connection,
    wave_id: UUID,
    scope: Scope,
    *,
    by: str,
    now: datetime,
    launcher: UUID | None = None,
) -> None:
    """Open the wave; the worker writes invitations and messages.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, invalid_fields when its time is
            over or people are missing who must agree, or wrong_state when it is not `drawn`.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    refuse_over(wave, now)
    refuse_unapproved(connection, wave, scope, launcher)
    before = "drawn" if is_drawn(wave.settings) or wave.kind != "survey" else "planned"
    move_wave(connection, wave_id, before=before, after="launched", now=now)
    audit.record(connection, [audit.Entry(by, "wave_launched", f"wave:{wave_id}", {})], at=now)
    queue.defer(connection, "launch_invitations", wave_id=str(wave_id))


def invite_batch(
    connection: Connection, wave_id: UUID, keys: KeyRing, *, public_url: str, now: datetime
) -> int:
    """Invite up to `BATCH` of those who were selected, or who work here, and have no invitation.

    Returns how many. For posters there is nobody to invite yet: their squares are made.

    Running it again after a crash goes on where it stopped: UNIQUE (wave, contact), or person, and the
    message's dedupe key make a second invitation impossible.
    """
    # The lock makes a second worker wait: both would choose the same members.
    wave = connection.execute(
        select(*Wave.__table__.columns, Unit.path.label("unit_path"))
        .join(Unit, Unit.id == Wave.unit_id, isouter=True)
        .where(Wave.id == wave_id)
        .with_for_update(of=Wave, key_share=True)
    ).one()
    kind = Audience.of(wave.settings).kind
    if kind == "counter":
        open_counters(connection, wave, keys, now=now)
        return 0
    leaves_at = max(wave.opens_at, wave.launched_at)
    if kind == "people":
        people = connection.execute(uninvited_people(wave, BATCH)).all()
        guests = [_colleague(person, keys, leaves_at) for person in people]
    else:
        members = connection.execute(_uninvited(wave_id)).all()
        guests = [_customer(member, keys, leaves_at) for member in members]
    invite(connection, wave, guests, Sender(keys, public_url), now)
    return len(guests)


def _uninvited(wave_id: UUID) -> AnySelect:
    invited = select(Invitation.id).where(
        Invitation.wave_id == FrameMember.wave_id, Invitation.contact_id == FrameMember.contact_id
    )
    return (
        select(
            FrameMember.contact_id, Subject.id.label("subject_id"), Contact.locale, Contact.served_on,
            ContactPrivate.phone, ContactPrivate.email, ContactPrivate.name.label("person"),
            ContactPrivate.address, Contact.preferred_channel, Unit.timezone,
            *known.COLUMNS,
        )
        .join(Contact, Contact.id == FrameMember.contact_id)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .join(Unit, Unit.id == FrameMember.unit_id)
        .join(Subject, Subject.unit_id == Unit.id)
        .where(FrameMember.wave_id == wave_id, FrameMember.outcome.in_(IN_SAMPLE), ~invited.exists())
        .order_by(FrameMember.outcome.desc(), FrameMember.position)
        .limit(BATCH)
    )  # fmt: skip


def _variables(member: AnyRow) -> dict[str, Any]:
    """What the form knows before the start, as `variables` of the definition declare it."""
    return {
        **known.of_unit(member),
        "served_on": member.served_on.isoformat() if member.served_on else None,
    }


def _customer(member: AnyRow, keys: KeyRing, leaves_at: datetime) -> Guest:
    return Guest(
        contact_id=member.contact_id,
        subject_id=member.subject_id,
        locale=member.locale,
        phone=keys.decrypt(member.phone),
        email=keys.decrypt(member.email) if member.email else None,
        envelope=envelope(member.person, member.address, keys),
        preferred=member.preferred_channel,
        unit=member.unit_name,
        unit_en=member.unit_name_en,
        timezone=member.timezone,
        leaves_at=leaves_at,
        variables=_variables(member),
    )


def _colleague(person: AnyRow, keys: KeyRing, leaves_at: datetime) -> Guest:
    return Guest(
        person_id=person.person_id,
        subject_id=person.subject_id,
        locale=person.locale,
        phone=keys.decrypt(person.phone) if person.phone else None,
        email=keys.decrypt(person.email) if person.email else None,
        unit=person.unit_name,
        unit_en=person.unit_name_en,
        timezone=person.timezone,
        leaves_at=leaves_at,
        variables=known.of_unit(person),
    )
