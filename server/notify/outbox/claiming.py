"""Taking due messages for one worker; what is taken is committed before the provider is called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, and_, case, or_, select, true, update

from server.db import AnyRow, AnySelect
from server.models.messages import WAITING, Message, SendingStop
from server.models.waves import Wave
from server.notify.kinds import WAITING_KINDS
from server.notify.outbox.settling import CLAIMED
from server.notify.respect.hours import no_day_off
from server.notify.respect.rules import SendingRules
from server.notify.respect.spending import NOTHING, keep_purses, lock_purses, month_purse, wave_purse
from server.notify.respect.stops import all_is_stopped, stop

HELD_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of all sending, with the public holidays they may ask for.

    Attributes:
        is_off: whether a day is a public holiday on the clocks of a zone.
    """

    rules: SendingRules
    is_off: Callable[[str, date], bool] = no_day_off


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that this worker alone may send; recipient and text are still encrypted."""

    id: UUID
    kind: str
    channel: str
    recipient: bytes
    text: bytes
    segments: int
    timezone: str
    wave_id: UUID | None
    expires_at: datetime
    claimed_at: datetime


def claim(connection: Connection, policy: Policy, now: datetime, limit: int) -> list[ClaimedMessage]:
    """Take due messages for this worker; commit before the provider is called.

    Workers at the same moment get different messages, and together spend no more than the caps allow: what
    does not fit stops the sending that it belongs to.
    """
    if hold_until_decent(connection, policy, now) >= HELD_AT_ONCE:
        return []  # more of them wait; none may be taken for a decent one
    due = connection.execute(_due(now, limit, stopped=all_is_stopped(connection))).all()
    chosen = _affordable(connection, due, policy.rules, now)
    if not chosen:
        return []
    price = case((Message.channel == "sms", Message.segments * policy.rules.price), else_=NOTHING)
    taken = connection.execute(
        update(Message)
        .where(Message.id.in_(chosen))
        .values(state="sending", reason=CLAIMED, claimed_at=now, cost=price)
        .returning(
            Message.id, Message.kind, Message.channel, Message.recipient, Message.text, Message.segments,
            Message.timezone, Message.wave_id, Message.expires_at, Message.claimed_at,
        )
    )  # fmt: skip
    claimed = (ClaimedMessage(**row) for row in taken.mappings())
    return sorted(claimed, key=lambda message: message.id)


def hand_over(connection: Connection, message: ClaimedMessage, gateway: str) -> bool:
    """Note that a message is about to leave; commit before the provider is called.

    Until this is noted a message of a crashed worker has certainly not left. A worker that stood still may
    find its claim taken from it.

    Returns:
        Whether the message is still this worker's to send.
    """
    leaving = connection.execute(
        update(Message)
        .where(Message.id == message.id, Message.state == "sending", Message.claimed_at == message.claimed_at)
        .values(reason=None, gateway=gateway, attempts=Message.attempts + 1)
    )
    return leaving.rowcount == 1


def hold_until_decent(connection: Connection, policy: Policy, now: datetime) -> int:
    """Put off what is due at an hour at which it may not leave; returns how many were put off."""
    due = (Message.state.in_(WAITING), Message.not_before <= now, Message.kind.in_(WAITING_KINDS))
    held = 0
    for zone in connection.scalars(select(Message.timezone).where(*due).distinct()).all():
        decent = policy.rules.hours.first_from(now, zone, policy.is_off)
        if decent <= now:
            continue
        some = select(Message.id).where(*due, Message.timezone == zone).limit(HELD_AT_ONCE)
        late = update(Message).where(Message.id.in_(some.with_for_update(skip_locked=True)))
        held += connection.execute(late.values(not_before=decent, reason="held_until_decent")).rowcount
    return held


def _due(now: datetime, limit: int, *, stopped: bool) -> AnySelect:
    """While all sending is stopped, those who can mend it are still told, by ways that need no SMS."""
    free = and_(Message.kind == "alert", Message.channel != "sms") if stopped else true()
    held = select(SendingStop.wave_id).where(
        SendingStop.wave_id == Message.wave_id, SendingStop.lifted_at.is_(None)
    )
    return (
        select(
            Message.id,
            Message.channel,
            Message.segments,
            Message.wave_id,
            Wave.settings["spend_cap"].astext.label("spend_cap"),
        )
        .join(Wave, Wave.id == Message.wave_id, isouter=True)
        .where(
            Message.state.in_(WAITING),
            Message.not_before <= now,
            Message.expires_at > now,
            or_(Wave.id.is_(None), Wave.state != "paused"),
            ~held.exists(),
            free,
        )
        .order_by(Message.not_before, Message.id)
        .limit(limit)
        .with_for_update(of=Message, skip_locked=True)
    )


def _affordable(
    connection: Connection, due: Sequence[AnyRow], rules: SendingRules, now: datetime
) -> list[UUID]:
    """Those that the purses still pay for, in the order in which they are due."""
    purses = lock_purses(connection, _caps(due, rules, now))
    chosen, empty = list[UUID](), set[str]()
    for message in due:
        cost = message.segments * rules.price if message.channel == "sms" else NOTHING
        own = [purses[name] for name in _purses_of(message, now)]
        lacking = next((purse for purse in own if not purse.affords(cost)), None)
        if lacking is None:
            chosen.append(message.id)
            for purse in own:
                purse.spent += cost
        elif lacking.name not in empty:
            empty.add(lacking.name)
            whose = None if lacking.name == month_purse(now) else message.wave_id
            stop(connection, whose, "cap_reached", now, {"cap": str(lacking.cap)})
    keep_purses(connection, purses.values())
    return chosen


def _caps(due: Sequence[AnyRow], rules: SendingRules, now: datetime) -> dict[str, Decimal | None]:
    caps = {month_purse(now): rules.monthly_cap} if due else {}
    for message in due:
        if message.wave_id is not None:
            own = message.spend_cap
            caps[wave_purse(message.wave_id)] = None if own is None else Decimal(own)
    return caps


def _purses_of(message: AnyRow, now: datetime) -> list[str]:
    return [month_purse(now), *([wave_purse(message.wave_id)] if message.wave_id else [])]
