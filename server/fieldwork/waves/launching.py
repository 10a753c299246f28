"""Launching a wave: invitations and their messages, in batches that may run twice without harm."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select

from server import audit, queue
from server.db import AnyRow, AnySelect, new_id
from server.fieldwork.links import NewToken, invitation_link, new_token
from server.fieldwork.waves.approvals import refuse_unapproved
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.states import move_wave, refuse_over
from server.intake import known
from server.keys import KeyRing
from server.models.contacts import Contact, ContactPrivate
from server.models.draws import FrameMember
from server.models.organisation import Subject, Unit
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose
from server.scope import Scope

BATCH = 500
IN_SAMPLE = ("selected", "released")


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
    # A rolling wave draws night by night, so there is nothing to draw before it begins.
    before = "planned" if wave.settings.get("rolling") else "drawn"
    move_wave(connection, wave_id, before=before, after="launched", now=now)
    audit.record(connection, [audit.Entry(by, "wave_launched", f"wave:{wave_id}", {})], at=now)
    queue.defer(connection, "launch_invitations", wave_id=str(wave_id))


def invite_batch(
    connection: Connection, wave_id: UUID, keys: KeyRing, *, public_url: str, now: datetime
) -> int:
    """Invite up to `BATCH` selected members who have no invitation yet; returns how many.

    Running it again after a crash goes on where it stopped: UNIQUE (wave, contact) and the message's
    dedupe key make a second invitation impossible.
    """
    # The lock makes a second worker wait: both would choose the same members.
    wave = connection.execute(
        select(*Wave.__table__.columns).where(Wave.id == wave_id).with_for_update(key_share=True)
    ).one()
    members = connection.execute(_uninvited(wave_id)).all()
    if not members:
        return 0
    tokens = [new_token() for _ in members]
    ids = [new_id() for _ in members]
    connection.execute(
        insert(Invitation),
        [
            {
                "id": invitation_id,
                "wave_id": wave_id,
                "contact_id": member.contact_id,
                "subject_id": member.subject_id,
                "submission_id": uuid4(),
                "token_hash": token.hash,
                "locale": member.locale,
                "variables": _variables(member),
                "created_at": now,
                "expires_at": wave.closes_at,
            }
            for invitation_id, member, token in zip(ids, members, tokens, strict=True)
        ],
    )
    messages = [
        _message(wave, member, invitation_id, token, keys, public_url)
        for invitation_id, member, token in zip(ids, members, tokens, strict=True)
    ]
    enqueue(connection, messages, keys, now)
    return len(members)


def _uninvited(wave_id: UUID) -> AnySelect:
    invited = select(Invitation.id).where(
        Invitation.wave_id == FrameMember.wave_id, Invitation.contact_id == FrameMember.contact_id
    )
    return (
        select(
            FrameMember.contact_id, Subject.id.label("subject_id"), Contact.locale, Contact.served_on,
            ContactPrivate.phone, Unit.name, Unit.name_en, *known.COLUMNS,
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


def _message(
    wave: AnyRow,
    member: AnyRow,
    invitation_id: UUID,
    token: NewToken,
    keys: KeyRing,
    public_url: str,
) -> NewMessage:
    text = compose(
        wave.settings["message"],
        locale=member.locale,
        organisation=wave.settings["organisation"][member.locale],
        unit=member.name if member.locale == "zh" else member.name_en or member.name,
        link=invitation_link(public_url, token.text),
    )
    return NewMessage(
        dedupe_key=f"{wave.id}:{member.contact_id}:invitation:1",
        kind="invitation",
        wave_id=wave.id,
        invitation_id=invitation_id,
        recipient=keys.decrypt(member.phone),
        text=text,
        not_before=max(wave.opens_at, wave.launched_at),
        expires_at=wave.closes_at,
    )
