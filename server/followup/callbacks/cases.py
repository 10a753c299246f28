"""Working on a case: taking it, the number, attempts, the end. Each act leaves its audit line."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, null, select, update

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.followup.callbacks.opening import release_contacts
from server.followup.callbacks.overdue import settle_overdue
from server.keys import KeyRing
from server.models.callbacks import OUTCOMES, REACHES, CallBackAttempt, CallBackCase
from server.models.contacts import ContactPrivate
from server.models.messages import InboundMessage
from server.models.organisation import Unit
from server.notify.respect.opt_outs import opt_out
from server.notify.respect.rules import read_rules
from server.scope import Scope
from server.scoring.programmes.call_backs import ATTEMPTS
from server.scoring.programmes.calling import CallBack

# Whoever has not moved for so long has gone home: the case is anybody's again.
HELD_FOR: Final = timedelta(minutes=30)
LONGEST: Final = 1_000
# Whoever is put off for longer has been forgotten.
PUT_OFF: Final = timedelta(days=14)
# By whose words a case may end only after the customer was spoken to.
SPOKEN: Final = frozenset({"resolved", "passed_on"})
# What an attempt ends by itself.
ENDS: Final = {"wrong_number": "wrong_number", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acts: the account, and how audit lines name it."""

    account_id: UUID
    actor: str


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom to ring, for the moment of ringing."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as an agent notes it.

    Attributes:
        reach: of `REACHES`.
        ring_at: when they asked to be rung instead; for `ring_later` alone.
        stop: they want no more messages of ours either.
    """

    reach: str = ""
    note: str = ""
    ring_at: datetime | None = None
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case ends. `passed_to` is the code of the unit that has to see to it."""

    outcome: str = ""
    note: str = ""
    passed_to: str = ""


def case_query(*columns: Any) -> AnySelect:
    """Cases with their unit; `scope.units` limits it."""
    return select(
        *CallBackCase.__table__.columns, Unit.path, Unit.name, Unit.name_en, Unit.code, Unit.timezone,
        *columns,
    ).join(Unit, Unit.id == CallBackCase.unit_id)  # fmt: skip


def locked_case(connection: Connection, case_id: UUID, scope: Scope) -> AnyRow:
    """A case of the scope, locked: two who press a button at once take turns.

    Raises:
        Refusal: not_found.
    """
    query = scope.units(case_query().where(CallBackCase.id == case_id))
    row = connection.execute(query.with_for_update(of=CallBackCase)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def holder_of(case: AnyRow, now: datetime) -> UUID | None:
    """Who has a case in hand now."""
    held = case.holder_id is not None and case.moved_at > now - HELD_FOR
    return case.holder_id if held else None


def call_back_of(connection: Connection, case: AnyRow) -> CallBack | None:
    """What the case's programme says of it; None for one without, such as a complaint. Names nobody."""
    if case.programme_version_id is None:
        return None
    return programme_of(connection, case.programme_version_id).call_backs.get(case.instrument_name)


def take(connection: Connection, case_id: UUID, agent: Agent, scope: Scope, *, now: datetime) -> None:
    """Take a case in hand, so that nobody else rings the same customer.

    Raises:
        Refusal: not_found, or invalid_fields when it has ended or somebody has it.
    """
    case = _open(locked_case(connection, case_id, scope))
    if holder_of(case, now) not in (None, agent.account_id):
        raise Refusal("invalid_fields", details=[Detail("case_held", "/case")])
    _change(connection, case_id, holder_id=agent.account_id, moved_at=now)
    _note(connection, agent, "call_back_taken", case_id, now)


def give_back(connection: Connection, case_id: UUID, agent: Agent, scope: Scope, *, now: datetime) -> None:
    """Let a case go for somebody else. Raises what `take` does."""
    case = _mine(locked_case(connection, case_id, scope), agent, now)
    _change(connection, case.id, holder_id=None, moved_at=None)
    _note(connection, agent, "call_back_given_back", case_id, now)


def reveal(
    connection: Connection, case_id: UUID, agent: Agent, scope: Scope, keys: KeyRing, *, now: datetime
) -> Customer:
    """The customer's number, for whoever has the case in hand; each look leaves an audit line.

    Raises:
        Refusal: not_found, or invalid_fields when it is not theirs, or there is no number that may be rung.
    """
    case = _mine(locked_case(connection, case_id, scope), agent, now)
    query = select(ContactPrivate.phone, ContactPrivate.name).where(
        ContactPrivate.contact_id == case.contact_id
    )
    if case.contact_id is None:
        sender = InboundMessage.sender.label("phone")
        query = select(sender, null().label("name")).where(InboundMessage.id == case.inbound_id)
    found = connection.execute(query).first()
    if found is None:
        raise Refusal("invalid_fields", details=[Detail("case_without_number", "/case")])
    _change(connection, case_id, moved_at=now)
    _note(connection, agent, "call_back_number_shown", case_id, now)
    name = keys.decrypt(found.name) if found.name is not None else ""
    return Customer(keys.decrypt(found.phone), name)


def attempt(
    connection: Connection, case_id: UUID, call: Call, agent: Agent, scope: Scope, *, now: datetime
) -> None:
    """Note a call. A wrong number and a refusal end the case, and so does the last of the days on which
    nobody answered, as the programme counts them.

    Raises:
        Refusal: not_found, or invalid_fields.
    """
    case = _mine(locked_case(connection, case_id, scope), agent, now)
    _check(call, now)
    if call.ring_at is not None:
        _check_time(connection, case, call.ring_at, now)
    if case.contact_id is None and case.inbound_id is None:
        raise Refusal("invalid_fields", details=[Detail("case_without_number", "/case")])
    number = 1 + (connection.scalar(select(func.count()).where(CallBackAttempt.case_id == case_id)) or 0)
    connection.execute(
        insert(CallBackAttempt).values(
            id=new_id(), case_id=case_id, number=number, reach=call.reach, at=now, by=agent.actor,
            ring_at=call.ring_at, note=call.note.strip() or None,
        )
    )  # fmt: skip
    _note(connection, agent, "call_back_rung", case_id, now, reach=call.reach)
    if call.stop:
        _stop(connection, case, agent, now)
    outcome = ENDS.get(call.reach)
    if call.reach == "no_answer" and _days_in_vain(connection, case) >= _attempts(connection, case):
        outcome = "not_reached"
    if outcome is not None:
        _end(connection, case, Ending(outcome, call.note), agent, now)
        return
    # Nobody rings twice within the hour: the next try is tomorrow morning, or when they asked for it.
    changes: dict[str, object] = {"moved_at": now}
    if call.reach != "reached":
        changes = {"ring_at": call.ring_at or _tomorrow(case, now), "holder_id": None, "moved_at": None}
    _change(connection, case_id, **changes)


def close(
    connection: Connection, case_id: UUID, ending: Ending, agent: Agent, scope: Scope, *, now: datetime
) -> None:
    """End a case with an outcome.

    Raises:
        Refusal: not_found, or invalid_fields: without an outcome, with one that needs a call that reached
            somebody, or passed on to a unit that is not there.
    """
    case = _mine(locked_case(connection, case_id, scope), agent, now)
    if ending.outcome not in OUTCOMES:
        raise Refusal("invalid_fields", details=[Detail("outcome_missing", "/outcome")])
    if len(ending.note) > LONGEST:
        raise Refusal("invalid_fields", details=[Detail("text_too_long", "/note", {"limit": LONGEST})])
    numberless = case.contact_id is None and case.inbound_id is None
    if ending.outcome in SPOKEN and not numberless and not was_reached(connection, case_id):
        raise Refusal("invalid_fields", details=[Detail("case_not_spoken", "/outcome")])
    if ending.outcome == "no_number" and not numberless:
        raise Refusal("invalid_fields", details=[Detail("outcome_missing", "/outcome")])
    if ending.outcome == "passed_on":
        _check_passed_on(ending)
    _end(connection, case, ending, agent, now)


def _check_passed_on(ending: Ending) -> None:
    missing = []
    if not ending.passed_to.strip():
        missing.append(Detail("passed_to_missing", "/passed_to"))
    if not ending.note.strip():
        missing.append(Detail("reason_missing", "/note"))
    if missing:
        raise Refusal("invalid_fields", details=missing)


def was_reached(connection: Connection, case_id: UUID) -> bool:
    """Whether the customer was spoken to; for a case that was found within the scope."""
    spoken = select(CallBackAttempt.id).where(
        CallBackAttempt.case_id == case_id, CallBackAttempt.reach == "reached"
    )
    return connection.scalar(spoken.limit(1)) is not None


def note_record(connection: Connection, case: AnyRow, submission_pk: UUID, *, now: datetime) -> None:
    """Keep which submission notes the call of a case that `locked_case` found."""
    _change(connection, case.id, record_pk=submission_pk, moved_at=now)


def mine(case: AnyRow, agent: Agent, now: datetime) -> AnyRow:
    """The case, when the agent has it in hand. Raises what `take` does."""
    return _mine(case, agent, now)


def _open(case: AnyRow) -> AnyRow:
    if case.closed_at is not None:
        raise Refusal("invalid_fields", details=[Detail("case_closed", "/case")])
    return case


def _mine(case: AnyRow, agent: Agent, now: datetime) -> AnyRow:
    _open(case)
    if holder_of(case, now) != agent.account_id:
        raise Refusal("invalid_fields", details=[Detail("case_not_taken", "/case")])
    return case


def _check(call: Call, now: datetime) -> None:
    if call.reach not in REACHES:
        raise Refusal("invalid_fields", details=[Detail("reach_missing", "/reach")])
    if len(call.note) > LONGEST:
        raise Refusal("invalid_fields", details=[Detail("text_too_long", "/note", {"limit": LONGEST})])
    if (call.reach == "ring_later") != (call.ring_at is not None):
        raise Refusal("invalid_fields", details=[Detail("ring_at_missing", "/ring_at")])


def _check_time(connection: Connection, case: AnyRow, at: datetime, now: datetime) -> None:
    """Refuse a time that is no time to ring: calls keep the hours of messages, on the unit's clocks."""
    if at <= now:
        raise Refusal("invalid_fields", details=[Detail("ring_at_past", "/ring_at")])
    if at > now + PUT_OFF:
        raise Refusal("invalid_fields", details=[Detail("ring_at_far", "/ring_at", {"days": PUT_OFF.days})])
    decent = read_rules(connection).hours.first_from(at, case.timezone)
    if decent > at:
        params = {"earliest": f"{decent.astimezone(ZoneInfo(case.timezone)):%Y-%m-%d %H:%M}"}
        raise Refusal("invalid_fields", details=[Detail("ring_at_quiet", "/ring_at", params)])


def _days_in_vain(connection: Connection, case: AnyRow) -> int:
    """On how many different days, on the unit's clocks, nobody answered."""
    day = func.date(func.timezone(case.timezone, CallBackAttempt.at))
    query = select(func.count(func.distinct(day))).where(
        CallBackAttempt.case_id == case.id, CallBackAttempt.reach == "no_answer"
    )
    return connection.scalar(query) or 0


def _attempts(connection: Connection, case: AnyRow) -> int:
    call_back = call_back_of(connection, case)
    return call_back.attempts if call_back is not None else ATTEMPTS


def _tomorrow(case: AnyRow, now: datetime) -> datetime:
    local = now.astimezone(ZoneInfo(case.timezone)) + timedelta(days=1)
    return local.replace(hour=9, minute=0, second=0, microsecond=0)


def _stop(connection: Connection, case: AnyRow, agent: Agent, now: datetime) -> None:
    phone_hash = connection.scalar(
        select(ContactPrivate.phone_hash).where(ContactPrivate.contact_id == case.contact_id)
    )
    if phone_hash is not None:
        opt_out(connection, [phone_hash], "coordinator", now)
        _note(connection, agent, "opted_out", case.id, now)


def _end(connection: Connection, case: AnyRow, ending: Ending, agent: Agent, now: datetime) -> None:
    passed_to = None
    if ending.outcome == "passed_on":
        passed_to = connection.scalar(
            select(Unit.id).where(Unit.code == ending.passed_to.strip(), Unit.closed_at.is_(None))
        )
        if passed_to is None:
            params = {"unit": ending.passed_to.strip()}
            raise Refusal("invalid_fields", details=[Detail("unknown_unit", "/passed_to", params)])
    _change(
        connection,
        case.id,
        outcome=ending.outcome,
        note=ending.note.strip() or None,
        passed_to_id=passed_to,
        closed_at=now,
        closed_by=agent.actor,
        holder_id=None,
        moved_at=None,
        marks_contact=False,
    )
    if case.marks_contact and case.contact_id is not None:
        release_contacts(connection, [case.contact_id])
    settle_overdue(connection, case.id, now=now)
    _note(connection, agent, "call_back_closed", case.id, now, outcome=ending.outcome)


def _change(connection: Connection, case_id: UUID, **values: object) -> None:
    connection.execute(update(CallBackCase).where(CallBackCase.id == case_id).values(**values))


def _note(
    connection: Connection, agent: Agent, action: str, case_id: UUID, now: datetime, **detail: str
) -> None:
    audit.record(connection, [audit.Entry(agent.actor, action, f"call_back:{case_id}", detail)], at=now)
