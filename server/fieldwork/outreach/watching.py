"""Watching what is sent: a campaign that does harm stops by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Integer, and_, case, cast, func, or_, select

from server.models.contacts import OptOut
from server.models.messages import Message, SendingStop
from server.models.waves import Wave
from server.notify.respect.rules import SendingRules
from server.notify.respect.stops import stop

WATCHED: Final = timedelta(days=7)
LEFT: Final = ("accepted", "delivered", "undelivered", "failed", "unknown")
BOUNCES: Final = ("invalid_number", "unreachable")
# Who said stop by themselves; what a provider says of a number is a bounce.
WISHES: Final = ("reply", "link")


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a wave's messages since it was last let go on."""

    wave_id: UUID
    sent: int
    blocked: int
    bounced: int
    opted_out: int


def watch_sending(connection: Connection, rules: SendingRules, *, now: datetime) -> int:
    """Stop the waves that are above a limit; returns how many. `alerts.raise_stops` tells of them."""
    stopped = 0
    for sent in counts(connection, now):
        found = reason_to_stop(sent, rules)
        if found is not None:
            stopped += stop(connection, sent.wave_id, found[0], now, found[1])
    return stopped


def reason_to_stop(sent: Sent, rules: SendingRules) -> tuple[str, dict[str, Any]] | None:
    """The first limit that is exceeded, with the numbers for its sentence."""
    if sent.sent < rules.least_for_stop:
        return None
    for name, count, limit in (
        ("blocked", sent.blocked, rules.blocked_share),
        ("opted_out", sent.opted_out, rules.opted_out_share),
        ("bounced", sent.bounced, rules.bounced_share),
    ):
        if Decimal(count) > limit * sent.sent:
            return name, {"count": count, "sent": sent.sent, "limit": str(limit)}
    return None


def counts(connection: Connection, now: datetime) -> Iterator[Sent]:
    """What left in the last days, by wave; of a wave that was stopped only what left since."""
    lifted = (
        select(SendingStop.wave_id, func.max(SendingStop.lifted_at).label("at"))
        .where(SendingStop.wave_id.is_not(None))
        .group_by(SendingStop.wave_id)
        .subquery("lifted")
    )
    refused = and_(Message.state.in_(("failed", "undelivered")), Message.reason.is_not(None))
    stopped = and_(OptOut.phone_hash.is_not(None), OptOut.at >= Message.claimed_at)
    rows = connection.execute(
        select(
            Wave.id,
            func.count(),
            _sum(and_(refused, Message.reason == "blocked_content")),
            _sum(and_(refused, Message.reason.in_(BOUNCES))),
            _sum(stopped),
        )
        .join(Wave, Wave.id == Message.wave_id)
        .join(lifted, lifted.c.wave_id == Message.wave_id, isouter=True)
        .join(
            OptOut,
            and_(OptOut.phone_hash == Message.recipient_hash, OptOut.source.in_(WISHES)),
            isouter=True,
        )
        .where(
            Wave.state.in_(("launched", "paused")),
            Message.state.in_(LEFT),
            Message.claimed_at > now - WATCHED,
            or_(lifted.c.at.is_(None), Message.claimed_at > lifted.c.at),
        )
        .group_by(Wave.id)
    )
    for row in rows:
        yield Sent(*row)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((condition, 1), else_=0)), 0), Integer)
