"""Campaigns in numbers: what was queued, sent and delivered, what it cost, and what stopped it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from server.db import AnyRow, AnySelect
from server.fieldwork.organisation.units import reaches_all
from server.models.contacts import OptOut
from server.models.messages import Message, MessageEvent, SendingStop, Spending
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.notify.respect.spending import NOTHING, month_purse
from server.scope import Scope

LATELY = timedelta(days=60)
LISTED = 100
LEFT = ("accepted", "delivered", "undelivered", "unknown")
ON_THE_WAY = ("queued", "sending", "accepted", "delivered")
HOURS = 72


@dataclass(frozen=True, slots=True)
class Campaign:
    """One wave's messages: how many in each state, and what they cost in yuan."""

    wave: AnyRow
    states: Mapping[str, int]
    cost: Decimal

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def left(self) -> int:
        return sum(self.states.get(state, 0) for state in LEFT)


@dataclass(frozen=True, slots=True)
class Funnel:
    """From the queue to the answer; delays are medians in seconds, None while nothing is known.

    Attributes:
        to_accept: from when it might leave until the provider took it.
        to_deliver: from then to the phone.
        to_start, to_complete: from the phone to the first answer, and to the last.
    """

    started: int
    completed: int
    opted_out: int
    to_accept: float | None
    to_deliver: float | None
    to_start: float | None
    to_complete: float | None


def campaigns(connection: Connection, scope: Scope, *, now: datetime) -> list[Campaign]:
    """Waves that sent something lately or are about to, newest first; at most a hundred."""
    rows = connection.execute(
        _waves(scope)
        .where(Wave.closes_at > now - LATELY, select(Message.id).where(Message.wave_id == Wave.id).exists())
        .order_by(Wave.opens_at.desc(), Wave.id)
        .limit(LISTED)
    ).all()
    return _counted(connection, rows)


def campaign(connection: Connection, wave_id: UUID, scope: Scope) -> Campaign:
    """One wave's messages."""
    row = connection.execute(_waves(scope).where(Wave.id == wave_id)).one()
    return _counted(connection, [row])[0]


def _counted(connection: Connection, rows: Sequence[AnyRow]) -> list[Campaign]:
    counted = connection.execute(
        select(Wave.id, Message.state, func.count(), func.sum(Message.cost))
        .join(Wave, Wave.id == Message.wave_id)
        .where(Wave.id.in_([row.id for row in rows]))
        .group_by(Wave.id, Message.state)
    ).all()
    states: dict[UUID, dict[str, int]] = {row.id: {} for row in rows}
    costs = {row.id: NOTHING for row in rows}
    for wave_id, state, count, cost in counted:
        states[wave_id][state] = count
        costs[wave_id] += cost or NOTHING
    return [Campaign(row, states[row.id], costs[row.id]) for row in rows]


def funnel(connection: Connection, wave_id: UUID) -> Funnel:
    """How far the people of a wave have come, and how long each step took."""
    delivered = Message.delivered_at
    # Whoever opted out at any time since, not only those whose messages were still waiting.
    stopped = and_(OptOut.phone_hash.is_not(None), OptOut.at >= Message.created_at)
    seconds = [
        _median(Message.accepted_at - func.greatest(Message.not_before, Message.created_at)),
        _median(delivered - Message.accepted_at),
        _median(Invitation.started_at - delivered),
        _median(Invitation.completed_at - Invitation.started_at),
    ]
    row = connection.execute(
        select(func.count(case((stopped, Message.recipient_hash)).distinct()), *seconds)
        .join(Invitation, Invitation.id == Message.invitation_id, isouter=True)
        .join(OptOut, OptOut.phone_hash == Message.recipient_hash, isouter=True)
        .where(Message.wave_id == wave_id)
    ).one()
    people = connection.execute(
        select(func.count(Invitation.started_at), func.count(Invitation.completed_at)).where(
            Invitation.wave_id == wave_id
        )
    ).one()
    return Funnel(people[0], people[1], *row)


def hours(connection: Connection, wave_id: UUID) -> Sequence[AnyRow]:
    """The last hours in which something left: how many left, arrived and bounced, newest first."""
    hour = func.date_trunc("hour", Message.claimed_at)
    return connection.execute(
        select(
            hour.label("hour"),
            func.count().label("handed_over"),
            func.count().filter(Message.state == "delivered").label("delivered"),
            func.count().filter(Message.state.in_(("undelivered", "failed"))).label("bounced"),
            func.count().filter(Message.state == "unknown").label("unknown"),
        )
        .where(Message.wave_id == wave_id, Message.claimed_at.is_not(None))
        .group_by(hour)
        .order_by(hour.desc())
        .limit(HOURS)
    ).all()


def codes(connection: Connection, wave_id: UUID) -> Sequence[AnyRow]:
    """Reasons and providers' codes of what did not arrive, most frequent first."""
    return connection.execute(
        select(Message.state, Message.reason, Message.rule, Message.provider_code, func.count().label("n"))
        .where(
            Message.wave_id == wave_id, Message.state.not_in(("queued", "sending", "accepted", "delivered"))
        )
        .group_by(Message.state, Message.reason, Message.rule, Message.provider_code)
        .order_by(func.count().desc(), Message.state, Message.reason)
    ).all()


def stops(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """What is stopped now: everything first, then single waves of the scope."""
    return connection.execute(
        select(
            SendingStop.wave_id, SendingStop.reason, SendingStop.params, SendingStop.at,
            Wave.title, Wave.title_en,
        )
        .join(Wave, Wave.id == SendingStop.wave_id, isouter=True)
        .where(SendingStop.lifted_at.is_(None), _seen(connection, scope, SendingStop.wave_id))
        .order_by(SendingStop.wave_id.is_not(None), SendingStop.at)
    ).all()  # fmt: skip


def unknown(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """Messages of which nobody knows whether they were sent, oldest first."""
    return connection.execute(
        select(
            Message.id, Message.kind, Message.reason, Message.claimed_at, Message.unknown_since,
            Message.gateway, Wave.title, Wave.title_en,
        )
        .join(Wave, Wave.id == Message.wave_id, isouter=True)
        .where(Message.state == "unknown", _seen(connection, scope, Message.wave_id))
        .order_by(Message.unknown_since)
        .limit(LISTED)
    ).all()  # fmt: skip


def spent(connection: Connection, scope: Scope, now: datetime) -> Decimal | None:
    """What this month's messages have cost; None for whoever does not see the whole organisation."""
    if not reaches_all(connection, scope):
        return None
    purse = select(Spending.spent).where(Spending.purse == month_purse(now))
    return connection.scalar(purse) or NOTHING


def last_receipt(connection: Connection, scope: Scope) -> datetime | None:
    """When a provider last told of anything: long ago, while messages leave, means that its way is closed."""
    return connection.scalar(
        select(func.max(MessageEvent.at))
        .join(Message, Message.id == MessageEvent.message_id)
        .where(MessageEvent.source == "provider", _seen(connection, scope, Message.wave_id))
    )


def _waves(scope: Scope) -> AnySelect:
    columns = (
        Wave.id, Wave.code, Wave.title, Wave.title_en, Wave.state, Wave.opens_at, Wave.closes_at,
        Wave.timezone,
    )  # fmt: skip
    query: AnySelect = select(*columns)
    return scope.waves(query)


def _seen(connection: Connection, scope: Scope, wave_id: Any) -> ColumnElement[bool]:
    """What belongs to a wave of the scope; what belongs to no wave is for the whole organisation."""
    own: ColumnElement[bool] = wave_id.in_(scope.waves(select(Wave.id)))
    return or_(own, wave_id.is_(None)) if reaches_all(connection, scope) else own


def _median(span: Any) -> Any:
    return func.percentile_cont(0.5).within_group(func.extract("epoch", span))
