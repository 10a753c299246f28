"""Reminders: at most two, only to those who were reached and have not answered, with days between.

A wave says so in its settings: `"reminders": {"times": 2, "after_days": 3}`. A reminder has a link of its own
and the wave's own words, or those of `settings["reminder"]`. Whoever did not open two links that came by SMS,
or never got them because carriers took offence, is asked to reply instead (`settings["fallback"]`): a phone
without a browser is no reason to be left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import Connection, Subquery, false, func, or_, select

from server.db import AnyRow, AnySelect
from server.errors import Detail
from server.fieldwork.outreach.inviting import BATCH
from server.fieldwork.outreach.keys import Holder, Sender, give_keys
from server.fieldwork.outreach.reach import ASKED_ABOUT, EMAIL, KNOWN_BY, PHONE, with_reach
from server.fieldwork.outreach.wording import Reader, kinds_for, write
from server.models.contacts import BadNumber, OptOut
from server.models.messages import WAITING, Message
from server.models.organisation import Subject, Unit
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.notify.kinds import ASKING_KINDS
from server.notify.outbox.queueing import NewMessage, enqueue

MOST_TIMES: Final = 2
MOST_DAYS: Final = 60
# An accepted message of which nothing more is heard for so long has arrived, as far as anybody can tell.
TAKEN_FOR_REACHED: Final = timedelta(days=1)
# So many messages with a link come to nothing before somebody is asked to reply.
LINKS_TRIED: Final = 2
LEAST_TIME_LEFT: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class ReminderRules:
    """How often a wave reminds, and after how many days without an answer each time."""

    times: int = 0
    after_days: int = 3

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        return cls(**settings.get("reminders", {}))

    def problems(self) -> list[Detail]:
        """Everything that is wrong with them."""
        checks = (
            (0 <= self.times <= MOST_TIMES, "/reminders"),
            (1 <= self.after_days <= MOST_DAYS, "/reminder_days"),
        )
        return [Detail("field_invalid", pointer) for fine, pointer in checks if not fine]


@dataclass(frozen=True, slots=True)
class _Words:
    """By which channel some people are reminded, and whether they are asked to reply instead."""

    channel: str
    falls_back: bool

    def template(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        name = "fallback" if self.falls_back else "reminder"
        chosen: Mapping[str, str] = settings.get(name) or settings["message"]
        return chosen


def reminding_waves(connection: Connection, *, now: datetime) -> list[UUID]:
    """The running waves that remind, and whose last hours have not come."""
    return list(
        connection.scalars(
            select(Wave.id)
            .where(
                Wave.state == "launched",
                Wave.closes_at > now + LEAST_TIME_LEFT,
                Wave.settings["reminders"]["times"].as_integer() > 0,
            )
            .order_by(Wave.id)
        )
    )


def remind_batch(connection: Connection, wave_id: UUID, sender: Sender, *, now: datetime) -> int:
    """Remind up to `BATCH` people of a wave; returns how many. Whoever was just reminded is not due again."""
    # The lock makes a second worker wait: both would choose the same people.
    wave = connection.execute(
        select(*Wave.__table__.columns).where(Wave.id == wave_id).with_for_update(key_share=True)
    ).one()
    rules = ReminderRules.of(wave.settings)
    due = connection.execute(_due(wave, rules, now)).all()
    if not due:
        return 0
    by_words: dict[_Words, list[AnyRow]] = {}
    for row in due:
        by_words.setdefault(_Words(row.channel, _falls_back(wave.settings, row)), []).append(row)
    messages = []
    for words, some in by_words.items():
        messages += _reminders(connection, wave, words, some, sender, now)
    return enqueue(connection, messages, sender.keys, now)


def _falls_back(settings: Mapping[str, Any], row: AnyRow) -> bool:
    unopened = row.channel == "sms" and row.started_at is None
    return bool(settings.get("fallback")) and unopened and row.tried >= LINKS_TRIED


def _reminders(
    connection: Connection, wave: AnyRow, words: _Words, due: Sequence[AnyRow], sender: Sender, now: datetime
) -> list[NewMessage]:
    """By the channel on which they were reached."""
    template, channel = words.template(wave.settings), words.channel
    holders = [
        Holder(row.id, sender.keys.decrypt(row.phone) if row.phone else None, row.expires_at) for row in due
    ]
    given = give_keys(connection, holders, kinds_for(wave.settings, template, channel), sender, now)
    return [
        NewMessage(
            dedupe_key=f"{wave.id}:{row.asked_about}:reminder:{row.reminders + 1}",
            kind="reminder",
            wave_id=wave.id,
            invitation_id=row.id,
            recipient=sender.keys.decrypt(row.phone if channel == "sms" else row.email),
            channel=channel,
            text=write(
                wave, template, Reader(row.locale, row.unit_name, row.unit_name_en, now), keys, channel
            ),
            not_before=now,
            expires_at=row.expires_at,
            timezone=row.timezone,
        )
        for row, keys in zip(due, given, strict=True)
    ]


def _due(wave: AnyRow, rules: ReminderRules, now: datetime) -> AnySelect:
    asked = _asked(wave.id, now)
    unreachable = (OptOut.phone_hash, BadNumber.phone_hash)
    hindered = [select(marked).where(marked == KNOWN_BY).exists() for marked in unreachable]
    query = (
        select(
            Invitation.id, ASKED_ABOUT, Invitation.locale, Invitation.expires_at, Invitation.started_at,
            PHONE.label("phone"), EMAIL.label("email"), Unit.timezone,
            Unit.name.label("unit_name"), Unit.name_en.label("unit_name_en"), asked.c.reminders,
            asked.c.channel, asked.c.tried,
        )
        .join(asked, asked.c.invitation_id == Invitation.id)
        .join(Subject, Subject.id == Invitation.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(
            Invitation.wave_id == wave.id,
            Invitation.completed_at.is_(None),
            Invitation.expires_at > now + LEAST_TIME_LEFT,
            or_(asked.c.reached, asked.c.blocked) if wave.settings.get("fallback") else asked.c.reached,
            or_(asked.c.channel == "sms", (asked.c.channel == "email") & EMAIL.is_not(None)),
            ~asked.c.waiting,
            asked.c.reminders < rules.times,
            asked.c.last <= now - timedelta(days=rules.after_days),
            *(~each for each in hindered),
        )
        .order_by(Invitation.id)
        .limit(BATCH)
    )  # fmt: skip
    return with_reach(query)


def _asked(wave_id: UUID, now: datetime) -> Subquery:
    """What each invitation of the wave has been through: was it reached, when last, how many reminders."""
    taken_for_reached = (Message.state == "accepted") & (Message.accepted_at < now - TAKEN_FOR_REACHED)
    reached = or_(Message.state == "delivered", taken_for_reached)
    blocked = Message.state.in_(("undelivered", "failed")) & (Message.reason == "blocked_content")
    return (
        select(
            Message.invitation_id,
            func.bool_or(reached).label("reached"),
            func.bool_or(func.coalesce(blocked, false())).label("blocked"),
            func.count().filter(or_(reached, blocked)).label("tried"),
            func.bool_or(Message.state.in_((*WAITING, "sending", "unknown"))).label("waiting"),
            func.count().filter(Message.kind == "reminder").label("reminders"),
            func.max(Message.channel).label("channel"),
            func.max(func.coalesce(Message.accepted_at, Message.created_at)).label("last"),
        )
        .where(Message.wave_id == wave_id, Message.kind.in_(ASKING_KINDS), Message.invitation_id.is_not(None))
        .group_by(Message.invitation_id)
        .subquery("asked")
    )
