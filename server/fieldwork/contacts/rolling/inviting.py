"""Asking those whom a night's draw has chosen: one invitation for each event, however often it runs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, select

from server.db import AnyRow, AnySelect
from server.fieldwork.contacts.rolling.rules import RollingRules
from server.fieldwork.outreach.inviting import BATCH, Guest, envelope, invite
from server.fieldwork.outreach.keys import Sender
from server.intake import known
from server.keys import KeyRing
from server.models.contacts import Contact, ContactPrivate, ServiceEvent
from server.models.draws import FrameMember
from server.models.organisation import Subject, Unit
from server.models.tasks import Invitation
from server.models.waves import Wave


def invite_drawn(
    connection: Connection, wave_id: UUID, keys: KeyRing, *, public_url: str, now: datetime
) -> int:
    """Invite up to `BATCH` people whose events were drawn; returns how many."""
    # The lock makes a second worker wait: both would choose the same events.
    wave = connection.execute(
        select(*Wave.__table__.columns).where(Wave.id == wave_id).with_for_update(key_share=True)
    ).one()
    rules = RollingRules.from_json(wave.settings["rolling"])
    chosen = connection.execute(_uninvited(wave_id)).all()
    guests = [_guest(event, keys, _leaves_at(wave, event, rules, now)) for event in chosen]
    invite(connection, wave, guests, Sender(keys, public_url), now)
    return len(chosen)


def _uninvited(wave_id: UUID) -> AnySelect:
    invited = exists().where(
        Invitation.wave_id == FrameMember.wave_id, Invitation.event_id == FrameMember.event_id
    )
    return (
        select(
            FrameMember.contact_id, FrameMember.event_id, Subject.id.label("subject_id"), Contact.locale,
            ContactPrivate.phone, ContactPrivate.email, ContactPrivate.name.label("person"),
            ContactPrivate.address, Contact.preferred_channel,
            ServiceEvent.happened_at, ServiceEvent.business, ServiceEvent.channel,
            ServiceEvent.teller_code, ServiceEvent.waited_minutes, Unit.timezone, *known.COLUMNS,
        )
        .join(ServiceEvent, ServiceEvent.id == FrameMember.event_id)
        .join(Contact, Contact.id == FrameMember.contact_id)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .join(Unit, Unit.id == FrameMember.unit_id)
        .join(Subject, Subject.unit_id == Unit.id)
        .where(FrameMember.wave_id == wave_id, FrameMember.outcome == "selected", ~invited)
        .order_by(FrameMember.stratum, FrameMember.position)
        .limit(BATCH)
    )  # fmt: skip


def _guest(event: AnyRow, keys: KeyRing, leaves_at: datetime) -> Guest:
    return Guest(
        contact_id=event.contact_id,
        subject_id=event.subject_id,
        event_id=event.event_id,
        locale=event.locale,
        phone=keys.decrypt(event.phone),
        email=keys.decrypt(event.email) if event.email else None,
        envelope=envelope(event.person, event.address, keys),
        preferred=event.preferred_channel,
        unit=event.unit_name,
        unit_en=event.unit_name_en,
        timezone=event.timezone,
        leaves_at=leaves_at,
        variables=variables_of(event),
    )


def variables_of(event: AnyRow) -> dict[str, Any]:
    """What the form knows before the start: of the unit, and of what the customer came for."""
    return {
        **known.of_unit(event),
        "served_on": event.happened_at.astimezone(ZoneInfo(event.timezone)).date().isoformat(),
        "business": event.business,
        "channel": event.channel,
        "teller": event.teller_code,
        "waited_minutes": event.waited_minutes,
    }


def _leaves_at(wave: AnyRow, event: AnyRow, rules: RollingRules, now: datetime) -> datetime:
    rested: Sequence[datetime] = (
        now, wave.opens_at, event.happened_at + timedelta(hours=rules.delay_hours),
    )  # fmt: skip
    return rules.decent(max(rested), ZoneInfo(event.timezone))
