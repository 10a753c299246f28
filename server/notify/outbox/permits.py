"""May this message leave now? Asked for each one, right before it goes: much can happen since it was queued.

What is known is gathered in one or two statements; the decision is a function of it. Two messages that ask
the same number are decided one after the other, so that the second one knows of the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    Uuid,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from server.db import AnySelect
from server.locks import number_key, number_lock
from server.models.accounts import PersonPrivate
from server.models.contacts import BadNumber, ContactPrivate, OptOut, ProgrammeOptOut
from server.models.definitions import ProgrammeVersion
from server.models.messages import Message, SendingStop
from server.models.tasks import Assignment, Invitation
from server.models.visits import VisitRecord
from server.models.waves import Wave
from server.notify.kinds import ASKING_KINDS, KINDS
from server.notify.outbox.claiming import ClaimedMessage, Policy
from server.notify.outbox.settling import CLAIMED, Outcome
from server.notify.respect.fatigue import rules_of
from server.notify.respect.rules import SendingRules

DAY: Final = timedelta(days=1)
# How far back askings are looked at when no rule reaches further.
LEAST_LOOKED_AT: Final = timedelta(days=1)
# A message that did not arrive has bothered nobody; one that waits has not yet.
REACHED: Final = ("accepted", "delivered", "unknown")


@dataclass(frozen=True, slots=True)
class Asking:
    """One time that the number was asked, and whether by this wave or another of its programme."""

    at: datetime
    kind: str
    own_wave: bool
    own_programme: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about a claimed message in the moment before it goes.

    Attributes:
        opted_out: the number said stop, to everything or to the wave's programme.
        stopped: sending was stopped after the claim. A spent cap does not count: the claim is paid for.
        settled: what it asks for is done: answered, declined or called off.
        fatigue: the wave's settings about how often people are asked.
        askings: earlier ones that reached the number, newest first.
    """

    opted_out: bool = False
    stopped: bool = False
    bad_number: bool = False
    wave_state: str | None = None
    settled: bool = False
    fatigue: Mapping[str, Any] = field(default_factory=dict)
    askings: Sequence[Asking] = ()


def permit(
    connection: Connection, message: ClaimedMessage, hashes: Sequence[bytes], policy: Policy, now: datetime
) -> Outcome | None:
    """What happens to the message instead of being sent, or None when it may go.

    Note in the same transaction that it goes (`hand_over`): then no other message to the number misses it.

    Args:
        hashes: the recipient's number or address under every key.
    """
    standing = _standing(connection, message, hashes, now)
    return decide(message, standing, policy, now)


def decide(message: ClaimedMessage, standing: Standing, policy: Policy, now: datetime) -> Outcome | None:
    """As `permit`, from what is known."""
    if standing.opted_out:
        return Outcome("skipped", "opt_out")
    # A number that rings nowhere says nothing about a postal address.
    if standing.bad_number and message.channel != "letter":
        return Outcome("skipped", "bad_number")
    if standing.settled:
        return Outcome("skipped", "settled")
    if standing.wave_state in {"closed", "cancelled"} and KINDS[message.kind].asks:
        return Outcome("cancelled", "wave_closed")
    if standing.stopped:
        return Outcome("queued", "stopped")
    if standing.wave_state == "paused":
        return Outcome("queued", "wave_paused")
    if KINDS[message.kind].waits:
        decent = policy.rules.hours.first_from(now, message.timezone, policy.is_off)
        if decent > now:
            return Outcome("queued", "held_until_decent", retry_at=decent)
    return _tired(message, standing, policy.rules, now) if KINDS[message.kind].asks else None


def _tired(message: ClaimedMessage, standing: Standing, rules: SendingRules, now: datetime) -> Outcome | None:
    """The rules against asking too often. What will be over tomorrow holds, everything else skips."""
    if sum(asking.own_wave for asking in standing.askings) >= rules.asked_per_wave:
        return Outcome("skipped", "asked_too_often", rule=f"wave:{rules.asked_per_wave}")
    if message.kind == "invitation":
        others = [asking for asking in standing.askings if asking.kind == "invitation"]
        for rule in rules_of(standing.fatigue).fatigue:
            counted = [each.at for each in others if rule.scope == "global" or each.own_programme]
            if rule.is_tired(counted, now):
                return Outcome("skipped", "contacted_recently", rule=rule.id)
    lately = sorted(asking.at for asking in standing.askings if asking.at > now - DAY)
    if len(lately) >= rules.asked_per_day:
        return Outcome("queued", "asked_today", retry_at=lately[-rules.asked_per_day] + DAY)
    return None


def _standing(
    connection: Connection,
    message: ClaimedMessage,
    hashes: Sequence[bytes],
    now: datetime,
) -> Standing:
    asks = KINDS[message.kind].asks
    given = {"message_id": message.id, "hashes": hashes, "number": number_key(hashes[0])}
    row = connection.execute(_known(locks=asks), given).one()
    settings = row.settings or {}
    return Standing(
        opted_out=row.opted_out or row.opted_out_here,
        stopped=row.stopped,
        bad_number=row.bad_number,
        wave_state=row.state,
        settled=bool(row.settled),
        fatigue=settings,
        askings=_askings(connection, message, hashes, settings, now) if asks else (),
    )


# Building the two queries costs more than asking them, and each message asks them anew: they are built once.
MESSAGE_ID: Final = bindparam("message_id", type_=Uuid())
WAVE_ID: Final = bindparam("wave_id", type_=Uuid())
HASHES: Final = bindparam("hashes", expanding=True, type_=LargeBinary())
NUMBER: Final = bindparam("number", type_=Integer())
SINCE: Final = bindparam("since", type_=DateTime(timezone=True))


@cache
def _known(*, locks: bool) -> AnySelect:
    """What is known of `message_id`, whose recipient is any of `hashes`.

    Args:
        locks: whether messages to the same `number` take turns.
    """
    # Whoever said stop by phone has said it for their e-mail, too.
    asked = func.coalesce(ContactPrivate.phone_hash, PersonPrivate.phone_hash, PersonPrivate.email_hash)
    own = and_(
        or_(ProgrammeOptOut.phone_hash.in_(HASHES), ProgrammeOptOut.phone_hash == asked),
        ProgrammeOptOut.programme_id == ProgrammeVersion.programme_id,
    )
    stops = and_(
        SendingStop.lifted_at.is_(None),
        SendingStop.reason != "cap_reached",
        or_(SendingStop.wave_id.is_(None), SendingStop.wave_id == Message.wave_id),
    )
    attempted = (
        exists()
        .where(VisitRecord.assignment_id == Message.assignment_id, VisitRecord.attempted_at.is_not(None))
        .correlate(Message)
    )
    query = (
        select(
            exists()
            .where(or_(OptOut.phone_hash.in_(HASHES), OptOut.phone_hash == asked))
            .correlate(ContactPrivate, PersonPrivate)
            .label("opted_out"),
            exists()
            .where(own)
            .correlate(ProgrammeVersion, ContactPrivate, PersonPrivate)
            .label("opted_out_here"),
            exists().where(stops).correlate(Message).label("stopped"),
            exists().where(BadNumber.phone_hash.in_(HASHES)).label("bad_number"),
            Wave.state,
            Wave.settings,
            or_(
                and_(Message.kind.in_(ASKING_KINDS), Invitation.completed_at.is_not(None)),
                and_(Message.kind == "visit", Assignment.completed_at.is_not(None)),
                and_(Message.kind == "visit", Assignment.cancelled_at.is_not(None)),
                and_(Message.kind == "visit", Assignment.given_back_at.is_not(None)),
                and_(Message.kind == "visit", attempted),
            ).label("settled"),
        )
        .select_from(Message)
        .join(Wave, Wave.id == Message.wave_id, isouter=True)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id, isouter=True)
        .join(Invitation, Invitation.id == Message.invitation_id, isouter=True)
        .join(ContactPrivate, ContactPrivate.contact_id == Invitation.contact_id, isouter=True)
        .join(PersonPrivate, PersonPrivate.person_id == Invitation.person_id, isouter=True)
        .join(Assignment, Assignment.id == Message.assignment_id, isouter=True)
        .where(Message.id == MESSAGE_ID)
    )
    return query.add_columns(number_lock(NUMBER)) if locks else query


def _askings(
    connection: Connection,
    message: ClaimedMessage,
    hashes: Sequence[bytes],
    settings: Mapping[str, Any],
    now: datetime,
) -> list[Asking]:
    """Earlier askings of the number, those that are just leaving among them."""
    reach = max(
        (timedelta(days=max(rule.days, rule.gap_days)) for rule in rules_of(settings).fatigue),
        default=LEAST_LOOKED_AT,
    )
    given = {
        "message_id": message.id,
        "hashes": hashes,
        "wave_id": message.wave_id,
        "since": now - reach,
    }
    return [Asking(*row) for row in connection.execute(_earlier(), given)]


@cache
def _earlier() -> AnySelect:
    """Askings of any of `hashes`, since a moment or by the wave `wave_id`, but for `message_id`."""
    other = aliased(Wave)
    version = aliased(ProgrammeVersion)
    own = (
        select(ProgrammeVersion.programme_id)
        .join(Wave, Wave.programme_version_id == ProgrammeVersion.id)
        .where(Wave.id == WAVE_ID)
        .scalar_subquery()
    )
    at = func.coalesce(Message.accepted_at, Message.claimed_at, Message.not_before)
    return (
        select(
            at,
            Message.kind,
            func.coalesce(Message.wave_id == WAVE_ID, false()),
            func.coalesce(version.programme_id == own, false()),
        )
        .join(other, other.id == Message.wave_id, isouter=True)
        .join(version, version.id == other.programme_version_id, isouter=True)
        .where(
            Message.recipient_hash.in_(HASHES),
            Message.kind.in_(ASKING_KINDS),
            Message.id != MESSAGE_ID,
            or_(
                Message.state.in_(REACHED),
                and_(Message.state == "sending", Message.reason.is_distinct_from(CLAIMED)),
            ),
            or_(at > SINCE, Message.wave_id == WAVE_ID),
        )
        .order_by(at.desc())
    )
