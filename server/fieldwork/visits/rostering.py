"""Who visits which outlet: visits and people are gathered, the roster is made purely, and applied once.

What was shown is what is applied: the fingerprint of the shown roster comes back with the order to apply it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.orm import aliased

from server import audit, wire
from server.coordinates import Point, to_wgs84
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.people.workers import workers
from server.fieldwork.visits.assigning import NewAssignment, create_assignments
from server.fieldwork.visits.moving import call_back, tell_later
from server.fieldwork.waves.choices import Coverage
from server.fieldwork.waves.choices import Roster as RosterChoice
from server.fieldwork.waves.instruments import ASSIGNED
from server.fieldwork.waves.reading import find_wave_to_run
from server.keys import KeyRing
from server.models.accounts import Firm, Person
from server.models.draws import FrameMember
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.rostering.codes import RosterError
from server.rostering.results import Held, Roster
from server.rostering.roster import roster
from server.rostering.rules import Rules
from server.rostering.visits import WEEKDAYS, Visit
from server.rostering.workers import Worker
from server.scope import Scope

READY = ("drawn", "launched", "paused")
# Chosen, and not lost: a lost outlet has a cause, and no moment at which it was released.
VISITED = and_(
    FrameMember.outcome.in_(("selected", "released")),
    or_(FrameMember.release_cause.is_(None), FrameMember.released_at.is_not(None)),
)


@dataclass(frozen=True, slots=True)
class ShownRoster:
    """A roster with what is needed to show it.

    Attributes:
        names: worker id -> the person's or firm's name.
        outlets: outlet code -> its names.
        fingerprint: of who goes where when; applying names it.
    """

    roster: Roster
    names: Mapping[str, str]
    outlets: Mapping[str, tuple[str, str]]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Order:
    """To give out a roster. `read` is the fingerprint of the one that was shown."""

    wave_id: UUID
    read: str
    by: str
    now: datetime


def preview_roster(connection: Connection, wave_id: UUID, scope: Scope, keys: KeyRing) -> ShownRoster:
    """The roster that could be applied now; writes nothing.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state before the outlets
            are fixed, or invalid_fields for rules that contradict themselves.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    if wave.kind not in ASSIGNED or wave.state not in READY:
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    people = workers(connection, wave, scope, keys)
    visits, held = wanted_visits(connection, wave), _held(connection, wave)
    try:
        made = roster(visits, allowed(people, wave), rules_of(wave), held)
    except RosterError as error:
        raise Refusal("invalid_fields", details=[Detail(error.code, "/roster", error.params)]) from error
    return ShownRoster(made, _names(connection, people), _outlet_names(connection, wave), _fingerprint(made))


def apply_roster(connection: Connection, order: Order, scope: Scope, keys: KeyRing) -> int:
    """Give the visits to the people; returns how many assignments are new or moved.

    Raises:
        Refusal: as `preview_roster`; invalid_fields when people, rules or visits changed since it was shown.
    """
    wave_id, now = order.wave_id, order.now
    # Two people who apply at once would give every visit twice.
    connection.execute(select(FrameMember.member_id).where(FrameMember.wave_id == wave_id).with_for_update())
    shown = preview_roster(connection, wave_id, scope, keys)
    if shown.fingerprint != order.read:
        raise Refusal("invalid_fields", details=[Detail("plan_changed_since", "/read")])
    wave = find_wave_to_run(connection, wave_id, scope)
    before = _standing(connection, wave)
    firms = set(connection.scalars(select(Firm.id)))
    new = []
    for each in shown.roster.placed:
        standing = before.get(each.visit)
        worker_id = UUID(each.worker)
        if standing is not None:
            if worker_id in {standing.person_id, standing.firm_id}:
                continue
            call_back(connection, [standing.id], "reassigned", now=now)
        new.append(
            NewAssignment(
                unit_code=each.visit,
                person_id=None if worker_id in firms else worker_id,
                firm_id=worker_id if worker_id in firms else None,
                planned_on=each.day,
                slot=each.slot,
                replaces_id=standing.id if standing else None,
            )
        )
    create_assignments(connection, wave, new, now=now)
    tell_later(connection, wave)
    detail = {"assigned": len(new), "open": len(shown.roster.open), "roster": order.read}
    audit.record(connection, [audit.Entry(order.by, "roster_applied", f"wave:{wave_id}", detail)], at=now)
    return len(new)


def takers(connection: Connection, wave: AnyRow, scope: Scope) -> list[tuple[str, str]]:
    """Who could take a visit over, by name: `person:<id>` or `firm:<id>`, and the name."""
    people = workers(connection, wave, scope)
    names = _names(connection, people)
    found = [(f"{'firm' if each.is_firm else 'person'}:{each.id}", names[each.id]) for each in people]
    return sorted(found, key=lambda each: each[1])


def rules_of(wave: AnyRow) -> Rules:
    """What a wave's plan asks of its roster."""
    chosen = RosterChoice.from_json(wave.settings.get("roster"))
    return Rules(
        rotation_days=chosen.rotation_days,
        rotation_waves=chosen.rotation_waves,
        per_parent=chosen.per_parent,
        off_peak=Fraction(chosen.off_peak or 0),
        weekend=Fraction(chosen.weekend or 0),
    )


def allowed(people: Sequence[Worker], wave: AnyRow) -> list[Worker]:
    """The wave's own limit a day holds for everybody whose own is not lower."""
    limit = RosterChoice.from_json(wave.settings.get("roster")).per_day
    return [
        each if each.is_firm else replace(each, per_day=min(limit, each.per_day or limit)) for each in people
    ]


def wanted_visits(connection: Connection, wave: AnyRow) -> list[Visit]:
    """The outlets that a wave visits, each with its window and what it asks of whoever goes."""
    zone = ZoneInfo(wave.timezone)
    first = wave.opens_at.astimezone(zone).date()
    last = (wave.closes_at - wave.closes_at.resolution).astimezone(zone).date()
    chosen = RosterChoice.from_json(wave.settings.get("roster"))
    coverage = Coverage.from_json(wave.settings.get("coverage")) or Coverage()
    weekdays = frozenset(WEEKDAYS[each] for each in chosen.weekdays) or frozenset(WEEKDAYS)
    return [
        Visit(
            id=row.code,
            outlet=row.code,
            parent=row.parent_path or row.path,
            first=first,
            last=last,
            position=_position(row),
            weekdays=weekdays,
            certificates=frozenset(chosen.certificates),
            fee=coverage.fee or Decimal(0),
            reason=row.reason or "random",
        )
        for row in connection.execute(_chosen_outlets(wave.id))
    ]


def _position(row: AnyRow) -> Point | None:
    if row.longitude is None:
        return None
    return to_wgs84(Point(float(row.longitude), float(row.latitude)), row.datum)


def _chosen_outlets(wave_id: UUID) -> Any:
    parent = aliased(Unit)
    return (
        select(
            Unit.code, Unit.path, Unit.longitude, Unit.latitude, Unit.datum,
            parent.path.label("parent_path"), FrameMember.reason, FrameMember.inclusion,
        )
        .join(Unit, Unit.id == FrameMember.unit_id)
        .join(parent, parent.id == Unit.parent_id, isouter=True)
        .where(FrameMember.wave_id == wave_id, VISITED)
        .order_by(Unit.code)
    )  # fmt: skip


def _standing(connection: Connection, wave: AnyRow) -> dict[str, AnyRow]:
    """Outlet code -> the assignment that stands there now."""
    rows = connection.execute(
        select(
            Unit.code, Assignment.id, Assignment.person_id, Assignment.firm_id, Assignment.planned_on,
            Assignment.slot, Assignment.started_at, Assignment.completed_at, Assignment.opens_at,
        )
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Assignment.wave_id == wave.id, Assignment.cancelled_at.is_(None))
        .order_by(Assignment.created_at)
    )  # fmt: skip
    return {row.code: row for row in rows}


def _held(connection: Connection, wave: AnyRow) -> list[Held]:
    """What stands already; once people were told, they keep it unless somebody decides otherwise."""
    zone = ZoneInfo(wave.timezone)
    told = wave.state != "drawn"
    return [
        Held(
            visit=code,
            worker=str(row.firm_id or row.person_id),
            day=row.planned_on or row.opens_at.astimezone(zone).date(),
            slot=row.slot or "peak",
            accepted=told or row.started_at is not None,
        )
        for code, row in _standing(connection, wave).items()
    ]


def _fingerprint(made: Roster) -> str:
    placed: list[wire.Json] = [
        [each.visit, each.worker, each.day.isoformat(), each.slot] for each in made.placed
    ]
    return wire.fingerprint({"placed": placed, "open": [each.visit for each in made.open]})


def _names(connection: Connection, people: Sequence[Worker]) -> dict[str, str]:
    ids = [UUID(each.id) for each in people]
    found = [
        *connection.execute(select(Person.id, Person.name).where(Person.id.in_(ids))),
        *connection.execute(select(Firm.id, Firm.name).where(Firm.id.in_(ids))),
    ]
    return {str(row.id): row.name for row in found}


def _outlet_names(connection: Connection, wave: AnyRow) -> dict[str, tuple[str, str]]:
    rows = connection.execute(
        select(Unit.code, Unit.name, Unit.name_en)
        .join(FrameMember, FrameMember.unit_id == Unit.id)
        .where(FrameMember.wave_id == wave.id)
    )
    return {row.code: (row.name, row.name_en or row.name) for row in rows}
