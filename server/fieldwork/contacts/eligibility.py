"""Who of a frame may not be asked, and why: one statement, streamed, over however many contacts.

The reasons, of which the first that holds counts: the number said stop, to everything or to the programme
(`opted_out`), or cannot be reached (`bad_number`); the person works here (`staff`), has a case open
(`open_case`), or gave no consent where the wave needs it (`no_consent`); the number was asked too often or
too lately (`contacted_recently`). Of several contacts left with one number, one stays, by permanent random
numbers and not by the order of the file; the others are `duplicate_phone`, and how many there were is kept
as its multiplicity.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    ScalarSelect,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.orm import aliased

from server.db import AnySelect
from server.models.accounts import Person, PersonPrivate
from server.models.contacts import BadNumber, Contact, ContactPrivate, OptOut, ProgrammeOptOut
from server.models.definitions import ProgrammeVersion
from server.models.messages import Message
from server.models.organisation import Unit
from server.models.waves import Wave
from server.notify.respect.fatigue import EligibilityRules, FatigueRule, rules_of
from server.sampling.random_numbers import derived_key

REASONS: Final = (
    "opted_out", "bad_number", "staff", "open_case", "no_consent", "contacted_recently", "duplicate_phone",
)  # fmt: skip
# What somebody got or is about to get. A message that did not arrive has bothered nobody, and a reminder
# belongs to the asking that it reminds of.
ASKED: Final = ("queued", "sending", "accepted", "delivered", "unknown")
FETCHED: Final = 5_000
ONE_OF_EACH: Final = "one of each number"
HASH_BLOCK: Final = 64


class Asking(Protocol):
    """What of a wave decides whom it may ask: a stored wave's row, or one as it is planned."""

    @property
    def unit_path(self) -> str | None: ...
    @property
    def programme_version_id(self) -> UUID: ...
    @property
    def prn_key(self) -> bytes: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A contact of a frame, with the reason why it may not be asked, if any.

    Attributes:
        member_id: what the draw knows it by: the contact's external id.
        attribute: the contact's own attribute that was asked for, to make strata of.
        multiplicity: how many contacts that may be asked have this number; the kept one stands for them.
    """

    member_id: str
    contact_id: UUID
    unit_id: UUID
    unit_code: str
    unit_path: str
    parent_code: str | None
    excluded: str | None
    multiplicity: int
    attribute: str | None = None


def exclusions(
    connection: Connection, wave: Asking, *, now: datetime, attribute: str | None = None
) -> Iterator[Judged]:
    """The frame of a wave that asks contacts: those of the open units in its subtree, in no order.

    Args:
        attribute: name of the contact's attribute to come along.
    """
    parent = aliased(Unit)
    query = (
        select(
            *member_columns(Contact.external_id),
            Unit.path.label("unit_path"),
            parent.code.label("parent_code"),
            (Contact.attributes[attribute].astext if attribute else null()).label("attribute"),
        )
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .join(Unit, Unit.id == Contact.unit_id)
        .join(parent, parent.id == Unit.parent_id, isouter=True)
        .where(Unit.closed_at.is_(None))
    )
    if wave.unit_path is not None:
        query = query.where(Unit.path.startswith(wave.unit_path, autoescape=True))
    statement = judged(query, wave, rules_of(wave.settings), now=now)
    whole_stream(connection)
    for row in connection.execute(statement, execution_options={"yield_per": FETCHED}):
        yield Judged(
            row.member_id, row.contact_id, row.unit_id, row.unit_code, row.unit_path, row.parent_code,
            row.excluded, row.multiplicity, row.attribute,
        )  # fmt: skip


def whole_stream(connection: Connection) -> None:
    """Plan streams of this transaction for all their rows: PostgreSQL expects a tenth of them to be read."""
    connection.execute(text("SET LOCAL cursor_tuple_fraction = 1"))


def member_columns(member_id: ColumnElement[Any] | Any) -> list[ColumnElement[Any]]:
    """What `judged` needs of each member of a frame; the query joins `ContactPrivate` and `Unit`."""
    return [
        member_id.label("member_id"), Contact.id.label("contact_id"), Unit.id.label("unit_id"),
        Unit.code.label("unit_code"), ContactPrivate.phone_hash.label("phone_hash"),
        Contact.staff.label("staff"), Contact.open_case_since.label("open_case_since"),
        Contact.consent_source.label("consent_source"),
    ]  # fmt: skip


def judged(query: AnySelect, wave: Asking, rules: EligibilityRules, *, now: datetime) -> AnySelect:
    """The rows of a frame with `excluded` and `multiplicity` beside their own columns."""
    frame = query.subquery("frame")
    reasoned = _reasoned(frame, wave, rules, now).subquery("reasoned")
    count = func.count().over(partition_by=_sharing(reasoned, rules))
    counted = select(*reasoned.c, count.label("multiplicity")).subquery("counted")
    # By the numbers of the draw itself whoever stays would have a low one, and so more than the fair chance.
    key = derived_key(wave.prn_key, ONE_OF_EACH)
    # Hashing is for the few numbers that occur twice, not for the million that do not.
    turn = case((counted.c.multiplicity > 1, _random_number(counted.c.member_id, key)))
    place = func.row_number().over(
        partition_by=_sharing(counted, rules), order_by=(turn, counted.c.member_id)
    )
    ranked = select(*counted.c, place.label("place")).subquery("ranked")
    excluded = func.coalesce(ranked.c.reason, case((ranked.c.place > 1, literal("duplicate_phone"))))
    own = [ranked.c[column.name] for column in frame.c]
    return select(*own, ranked.c.multiplicity, excluded.label("excluded"))


def _sharing(frame: Subquery, rules: EligibilityRules) -> list[ColumnElement[Any]]:
    """Those who are asked once among them: one number, and nothing else against asking it."""
    same: list[ColumnElement[Any]] = [frame.c.phone_hash, frame.c.reason.is_(None)]
    return [*same, frame.c.unit_id] if rules.one_per == "subject" else same


def _reasoned(frame: Subquery, wave: Asking, rules: EligibilityRules, now: datetime) -> AnySelect:
    employees = (
        select(PersonPrivate.phone_hash)
        .join(Person, Person.id == PersonPrivate.person_id)
        .where(Person.left_at.is_(None), PersonPrivate.phone_hash.is_not(None))
        .distinct()
        .subquery("employees")
    )
    tired = _tired(wave, rules.fatigue, now).subquery("tired")
    reasons = [
        (or_(OptOut.phone_hash.is_not(None), ProgrammeOptOut.phone_hash.is_not(None)), "opted_out"),
        (BadNumber.phone_hash.is_not(None), "bad_number"),
        (or_(frame.c.staff, employees.c.phone_hash.is_not(None)), "staff"),
        (frame.c.open_case_since.is_not(None), "open_case"),
        (tired.c.phone_hash.is_not(None), "contacted_recently"),
    ]
    if rules.consent_required:
        reasons.insert(-1, (frame.c.consent_source.is_(None), "no_consent"))
    return (
        select(*frame.c, case(*reasons, else_=null()).label("reason"))
        .select_from(frame)
        .join(OptOut, OptOut.phone_hash == frame.c.phone_hash, isouter=True)
        .join(
            ProgrammeOptOut,
            and_(
                ProgrammeOptOut.phone_hash == frame.c.phone_hash,
                ProgrammeOptOut.programme_id == _own_programme(wave),
            ),
            isouter=True,
        )
        .join(BadNumber, BadNumber.phone_hash == frame.c.phone_hash, isouter=True)
        .join(employees, employees.c.phone_hash == frame.c.phone_hash, isouter=True)
        .join(tired, tired.c.phone_hash == frame.c.phone_hash, isouter=True)
    )


def _tired(wave: Asking, rules: tuple[FatigueRule, ...], now: datetime) -> Any:
    """The numbers that were asked as often as any rule allows, or too lately; none without rules."""
    nobody = select(Message.recipient_hash.label("phone_hash")).where(literal(value=False))
    return union(nobody, *(_asked(wave, rule, now) for rule in rules))


def _asked(wave: Asking, rule: FatigueRule, now: datetime) -> AnySelect:
    at = func.coalesce(Message.accepted_at, Message.claimed_at, Message.not_before)
    window, gap = now - timedelta(days=rule.days), now - timedelta(days=rule.gap_days)
    often = func.count().filter(at > window) >= rule.times
    lately = func.count().filter(at > gap) > 0 if rule.gap_days else literal(value=False)
    query = (
        select(Message.recipient_hash.label("phone_hash"))
        .where(Message.kind == "invitation", Message.state.in_(ASKED), at > min(window, gap))
        .group_by(Message.recipient_hash)
        .having(or_(often, lately))
    )
    if rule.scope == "global":
        return query
    return (
        query.join(Wave, Wave.id == Message.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == _own_programme(wave))
    )


def _own_programme(wave: Asking) -> ScalarSelect[UUID]:
    own = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == wave.programme_version_id)
    return own.scalar_subquery()


def _random_number(member_id: ColumnElement[Any], key: bytes) -> ColumnElement[Any]:
    """HMAC-SHA-256 as `server.sampling.random_numbers` has it, in PostgreSQL's own functions (RFC 2104)."""
    short = hashlib.sha256(key).digest() if len(key) > HASH_BLOCK else key
    padded = short.ljust(HASH_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
    message = func.convert_to(member_id, "UTF8")
    return func.sha256(_bytes(outer).concat(func.sha256(_bytes(inner).concat(message))))


def _bytes(value: bytes) -> ColumnElement[Any]:
    return cast(literal(value, LargeBinary), LargeBinary)
