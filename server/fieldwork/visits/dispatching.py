"""A firm's visits among its own people: what it was given, whom it could send, and whom it sends.

A roster gives a firm its share; which of its people goes is the firm's business, within the rules of the
wave: conflicts, covers that were blown, rotation and certificates hold for everybody's people alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, update

from server import audit
from server.db import AnyRow, AnySelect
from server.errors import Detail, Refusal
from server.fieldwork.people.workers import workers
from server.fieldwork.visits.assigning import NewAssignment, create_assignments
from server.fieldwork.visits.given_up import attempted
from server.fieldwork.visits.moving import OPEN_WAVES, call_back, tell_later
from server.fieldwork.visits.rostering import allowed, rules_of, wanted_visits
from server.fieldwork.waves.reading import find_wave
from server.keys import KeyRing
from server.models.accounts import Firm, Person
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.rostering.codes import RosterError
from server.rostering.results import Held, Open, Roster
from server.rostering.roster import dispatch
from server.rostering.workers import Worker
from server.scope import EVERYTHING, Scope

# What a firm cannot decide for itself. Its people's caps and days off are its own to plan.
BINDING = frozenset(
    {"identified", "conflict", "recent_wave", "locked_out", "certificate", "territory", "rating"}
)


@dataclass(frozen=True, slots=True)
class Share:
    """A firm's visits in one wave.

    Attributes:
        rows: its standing assignments, by code of the outlet.
        people: who could be sent, as (id, name).
        proposed: assignment -> the person by whom it would best be done, where nobody was sent yet.
        doubts: assignment -> codes of the rules against the person who goes, or who was just chosen.
        open: outlet -> why nobody can be proposed.
    """

    wave: AnyRow
    firm: AnyRow
    rows: Sequence[AnyRow]
    people: Sequence[tuple[str, str]]
    proposed: Mapping[UUID, str]
    doubts: Mapping[UUID, tuple[str, ...]]
    open: Mapping[str, Open]


@dataclass(frozen=True, slots=True)
class Sending:
    """Whom a firm sends: assignment -> person."""

    wave_id: UUID
    firm_id: UUID
    people: Mapping[UUID, UUID]
    by: str
    now: datetime


def firm_waves(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """The waves that run or will, with what each firm of the scope has of them: given, sent, done.

    Who gave a visit back is sent no more: the firm has to send somebody else.
    """
    query = (
        select(
            Wave.id, Wave.title, Wave.title_en, Wave.opens_at, Wave.closes_at, Wave.state,
            Firm.id.label("firm_id"), Firm.name.label("firm"), func.count().label("given"),
            func.count(Assignment.person_id).filter(Assignment.given_back_at.is_(None)).label("sent"),
            func.count(Assignment.completed_at).label("done"),
        )
        .join(Assignment, Assignment.wave_id == Wave.id)
        .join(Firm, Firm.id == Assignment.firm_id)
        .where(Wave.state.in_(OPEN_WAVES), Assignment.cancelled_at.is_(None))
        .group_by(Wave.id, Firm.id)
        .order_by(Wave.closes_at, Wave.id, Firm.name)
    )  # fmt: skip
    return connection.execute(_of_firms(query, scope)).all()


def firm_share(
    connection: Connection,
    wave_id: UUID,
    firm_id: UUID,
    scope: Scope,
    keys: KeyRing,
    *,
    chosen: Mapping[UUID, UUID] | None = None,
) -> Share:
    """A firm's visits with a proposal for those that nobody has.

    Args:
        chosen: assignment -> person, to be judged in the place of who goes now.

    Raises:
        Refusal: not_found unless the firm is within the scope and has visits in the wave.
    """
    rows = connection.execute(_of_firms(_visits(wave_id, firm_id), scope)).all()
    if not rows:
        raise Refusal("not_found")
    wave = find_wave(connection, wave_id, EVERYTHING)
    firm = connection.execute(select(Firm.id, Firm.name).where(Firm.id == firm_id)).one()
    going = {row.id: row.person_id for row in rows if row.person_id} | dict(chosen or {})
    people = _people(connection, wave, firm_id, keys)
    made = _judged(connection, wave, firm_id, rows, going, people)
    by_code = {row.code: row.id for row in rows}
    return Share(
        wave=wave,
        firm=firm,
        rows=rows,
        people=_names(connection, people),
        proposed={by_code[each.visit]: each.worker for each in made.placed if not each.accepted},
        doubts={by_code[each.visit]: each.doubts for each in made.placed if each.doubts},
        open={each.visit: each for each in made.open},
    )


def send(connection: Connection, sending: Sending, scope: Scope, keys: KeyRing) -> int:
    """Send people to visits; returns how many visits changed hands. Whoever was told before loses the link.

    Raises:
        Refusal: not_found, wrong_state when the wave is over, or invalid_fields with every visit that is
            over, every person who is not the firm's, and everybody against whom a binding rule speaks.
    """
    locked = select(Assignment.id).where(
        Assignment.wave_id == sending.wave_id, Assignment.firm_id == sending.firm_id
    )
    # Two people who send at once take turns: the second one sees whom the first one sent.
    connection.execute(locked.order_by(Assignment.id).with_for_update(key_share=True))
    share = firm_share(connection, sending.wave_id, sending.firm_id, scope, keys, chosen=sending.people)
    if share.wave.state not in OPEN_WAVES:
        raise Refusal("wrong_state", state=share.wave.state, needed="launched")
    rows = {row.id: row for row in share.rows}
    changed = {
        assignment_id: person_id
        for assignment_id, person_id in sending.people.items()
        if assignment_id not in rows or rows[assignment_id].person_id != person_id
    }
    problems = list(_problems(share, rows, changed))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    _hand_over(connection, share.wave, [(rows[each], person) for each, person in changed.items()], sending)
    return len(changed)


def _problems(share: Share, rows: Mapping[UUID, AnyRow], changed: Mapping[UUID, UUID]) -> Iterable[Detail]:
    known = {person_id for person_id, _ in share.people}
    for assignment_id, person_id in changed.items():
        pointer, row = f"/person-{assignment_id}", rows.get(assignment_id)
        if row is None or row.completed_at is not None:
            yield Detail("visit_is_over", pointer, {"units": row.code if row else "—"})
        elif str(person_id) not in known:
            yield Detail("taker_unknown", pointer)
        elif BINDING & set(share.doubts.get(assignment_id, ())):
            yield Detail("dispatch_unfit", pointer, {"unit": row.name})


def _hand_over(
    connection: Connection, wave: AnyRow, pairs: Sequence[tuple[AnyRow, UUID]], sending: Sending
) -> None:
    """A visit that nobody had gets its person; one that somebody had is called back and given anew."""
    moved = []
    for row, person_id in pairs:
        if row.person_id is None:
            given = update(Assignment).where(Assignment.id == row.id, Assignment.person_id.is_(None))
            connection.execute(given.values(person_id=person_id))
            continue
        call_back(connection, [row.id], "dispatched", now=sending.now)
        moved.append(
            NewAssignment(
                unit_code=row.code,
                person_id=person_id,
                firm_id=sending.firm_id,
                planned_on=row.planned_on,
                slot=row.slot,
                expires_at=row.expires_at,
                replaces_id=row.id,
            )
        )
    create_assignments(connection, wave, moved, now=sending.now)
    if pairs:
        tell_later(connection, wave)
    entries = [
        audit.Entry(
            sending.by, "visit_dispatched", f"assignment:{row.id}", {"unit": row.code, "to": str(person_id)}
        )
        for row, person_id in pairs
    ]
    audit.record(connection, entries, at=sending.now)


def _judged(
    connection: Connection,
    wave: AnyRow,
    firm_id: UUID,
    rows: Sequence[AnyRow],
    going: Mapping[UUID, UUID],
    people: Sequence[Worker],
) -> Roster:
    """The firm's roster, in which whoever goes stays, with what speaks against it."""
    mine = {row.code for row in rows}
    visits = [each for each in wanted_visits(connection, wave) if each.id in mine]
    known = {each.id for each in people}
    held = [
        Held(row.code, str(going[row.id]), _day(row, wave), row.slot or "peak", accepted=True)
        for row in rows
        if row.id in going and str(going[row.id]) in known
    ]
    try:
        return dispatch(str(firm_id), visits, people, rules_of(wave), held)
    except RosterError as error:
        raise Refusal("invalid_fields", details=[Detail(error.code, "/roster", error.params)]) from error


def _day(row: AnyRow, wave: AnyRow) -> date:
    day: date = row.planned_on or wave.opens_at.astimezone(ZoneInfo(wave.timezone)).date()
    return day


def _visits(wave_id: UUID, firm_id: UUID) -> AnySelect:
    return (
        select(
            Assignment.id, Assignment.person_id, Assignment.planned_on, Assignment.slot,
            Assignment.expires_at, Assignment.started_at, Assignment.completed_at,
            Assignment.given_back_at, attempted().label("attempted"), Unit.code,
            Unit.name, Unit.name_en, Unit.address, Person.name.label("person"),
        )
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Person, Person.id == Assignment.person_id, isouter=True)
        .where(
            Assignment.wave_id == wave_id,
            Assignment.firm_id == firm_id,
            Assignment.cancelled_at.is_(None),
        )
        .order_by(Unit.code, Assignment.id)
    )  # fmt: skip


def _people(connection: Connection, wave: AnyRow, firm_id: UUID, keys: KeyRing) -> list[Worker]:
    """Whom the firm could send, without the firm itself."""
    found = allowed(workers(connection, wave, Scope(firm_ids=(firm_id,)), keys), wave)
    return [each for each in found if not each.is_firm]


def _names(connection: Connection, people: Iterable[Worker]) -> list[tuple[str, str]]:
    query = select(Person.id, Person.name).where(Person.id.in_([UUID(each.id) for each in people]))
    return [(str(row.id), row.name) for row in connection.execute(query.order_by(Person.name, Person.id))]


def _of_firms(query: AnySelect, scope: Scope) -> AnySelect:
    """Limit a query on assignments to the firms of a scope; who has no limit sees all firms'."""
    if scope.firm_ids is None:
        return query if scope.whole else query.where(Assignment.firm_id.is_(None))
    return query.where(Assignment.firm_id.in_(scope.firm_ids))
