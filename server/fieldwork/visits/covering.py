"""Which outlets a wave visits: what is known is gathered, the plan is made purely, and recorded once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import aliased

from server import audit, wire
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.visits.earlier import last_visits
from server.fieldwork.waves.choices import Coverage
from server.fieldwork.waves.instruments import ASSIGNED
from server.fieldwork.waves.periods import called
from server.fieldwork.waves.proposals import rounds
from server.fieldwork.waves.reading import find_wave, find_wave_to_run
from server.fieldwork.waves.states import move_wave, refuse_over
from server.models.definitions import ProgrammeVersion
from server.models.draws import Draw, FrameMember
from server.models.organisation import Subject, Unit
from server.sampling.coverage.feasibility.checking import check
from server.sampling.coverage.forecast import Forecast, forecast
from server.sampling.coverage.inputs import Capacity, LaterWave, Outlet, Requirement, Year
from server.sampling.coverage.inputs import Wave as CoverageWave
from server.sampling.coverage.planning import CoveragePlan, plan_wave
from server.sampling.coverage.record import METHOD, read_wave, verify_plan, write_record
from server.sampling.frame import SamplingError
from server.sampling.verification import Difference
from server.scope import Scope
from server.scoring.calendar import Calendar


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A coverage plan as a page shows it, before or after it was fixed.

    Attributes:
        wave: what it was made from.
        drawn_at: None for a preview.
    """

    wave: CoverageWave
    plan: CoveragePlan
    forecast: Forecast
    drawn_at: datetime | None


def preview_visits(
    connection: Connection, wave_id: UUID, scope: Scope, coverage: Coverage | None = None
) -> ShownPlan:
    """The plan that the wave's promises, or others, would make now; writes nothing.

    Raises:
        Refusal: not_found, wrong_state for a wave without visits, invalid_fields for promises that are none.
    """
    wave = find_wave(connection, wave_id, scope)
    _refuse_other_kinds(wave)
    asked = coverage or Coverage.from_json(wave.settings.get("coverage")) or Coverage()
    # Chances are for weighting what was really drawn; a preview that changes with every key press needs none.
    return _planned(gathered(connection, wave, asked), wave.prn_key, weighted=False)


def draw_visits(connection: Connection, wave_id: UUID, scope: Scope, *, by: str, now: datetime) -> ShownPlan:
    """Fix which outlets are visited, with the chance that each had.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when it is not
            `planned`, or invalid_fields when its time is over or its promises cannot be kept.
    """
    _refuse_other_kinds(find_wave_to_run(connection, wave_id, scope))
    move_wave(connection, wave_id, before="planned", after="drawn", now=now)
    # Read again under the lock that moving took: somebody may have edited the plan since.
    wave = find_wave_to_run(connection, wave_id, scope)
    refuse_over(wave, now)
    asked = Coverage.from_json(wave.settings.get("coverage")) or Coverage()
    shown = _planned(gathered(connection, wave, asked), wave.prn_key, weighted=True)
    if not shown.plan.feasibility.feasible:
        problems = shown.plan.feasibility.problems
        raise Refusal(
            "invalid_fields", details=[Detail(each.code, "/coverage", each.params) for each in problems]
        )
    record = write_record(shown.wave, shown.plan, wave.prn_key)
    _store(connection, wave_id, shown)
    connection.execute(
        insert(Draw).values(
            id=new_id(),
            wave_id=wave_id,
            method=METHOD,
            record={**record, "frame": [_outlet_json(each) for each in shown.wave.outlets]},
            frame_fingerprint=record["frameFingerprint"],
            result_fingerprint=_result_fingerprint(shown.plan),
            drawn_at=now,
        )
    )
    detail = {"frame": record["frameFingerprint"], "visits": len(shown.plan.chosen)}
    audit.record(connection, [audit.Entry(by, "visits_drawn", f"wave:{wave_id}", detail)], at=now)
    return shown


def verify_visits(connection: Connection, wave_id: UUID, scope: Scope) -> list[Difference]:
    """Plan again from the recorded outlets; the differences, none when it repeats exactly.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when nothing was
            drawn yet.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    record = connection.scalar(select(Draw.record).where(Draw.wave_id == wave_id))
    if record is None:
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    told, outlets = _parts(record)
    try:
        differences = verify_plan(told, outlets, wave.prn_key)
    except SamplingError as error:
        return [Difference(f"/{error.params.get('field', '')}", error.code, None)]
    return [*differences, *_changed_choice(connection, wave_id, record)]


def recorded_wave(record: Mapping[str, Any]) -> CoverageWave:
    """What a recorded plan was made from.

    Raises:
        SamplingError: `record_malformed`.
    """
    told, outlets = _parts(record)
    return read_wave(told, outlets)


def _parts(record: Mapping[str, Any]) -> tuple[dict[str, Any], list[Outlet]]:
    """The record of the plan, and the outlets that stand beside it."""
    told = {name: value for name, value in record.items() if name != "frame"}
    return told, [_outlet_of(each) for each in record["frame"]]


def gathered(connection: Connection, wave: AnyRow, asked: Coverage) -> CoverageWave:
    """What a plan is made from, out of the tables.

    Raises:
        Refusal: invalid_fields for promises that contradict themselves.
    """
    zone = ZoneInfo(wave.timezone)
    starts = wave.opens_at.astimezone(zone).date()
    ends = (wave.closes_at - wave.closes_at.resolution).astimezone(zone).date()
    content = connection.execute(
        select(ProgrammeVersion.content).where(ProgrammeVersion.id == wave.programme_version_id)
    ).scalar_one()
    calendar = programme_of(connection, wave.programme_version_id).calendar
    readings = content.get("policies", {})
    try:
        alone = CoverageWave(
            outlets=tuple(_outlets(connection, wave, calendar.year_of(starts), calendar.year_of)),
            requirement=_requirement(asked, in_each=readings.get("A31") == "each"),
            capacity=Capacity(visits=asked.budget, fee=asked.fee or Decimal(0)),
            year=Year(starts, ends),
        )
        # Without a budget later waves are taken to be as large as this one must be: with unlimited ones, the
        # year would never ask anything of this wave.
        size = asked.budget or check(alone.asking(replace(alone.requirement, yearly=None))).visits
        return replace(alone, year=Year(starts, ends, tuple(_later(content, calendar, wave, ends, size))))
    except SamplingError as error:
        raise Refusal(
            "invalid_fields", details=[Detail(each.code, "/coverage", each.params) for each in error.every]
        ) from error


def _refuse_other_kinds(wave: AnyRow) -> None:
    if wave.kind not in ASSIGNED:
        raise Refusal("wrong_state", state=wave.state, needed="visit")


def _planned(wave: CoverageWave, key: bytes, *, weighted: bool) -> ShownPlan:
    plan = plan_wave(wave, key, weighted=weighted)
    return ShownPlan(wave, plan, forecast(wave, plan), None)


def _requirement(asked: Coverage, *, in_each: bool) -> Requirement:
    return Requirement(
        share=Fraction(asked.share),
        per_parent=asked.per_parent,
        recheck_at_most=asked.recheck_at_most,
        exclusive=asked.exclusive,
        yearly=None if asked.yearly is None else Fraction(asked.yearly),
        video=asked.video,
        share_in_each=in_each,
    )


def _outlets(connection: Connection, wave: AnyRow, year: int, year_of: Callable[[date], int]) -> list[Outlet]:
    parent = aliased(Unit)
    query = (
        select(Unit.code, Unit.opened_on, Unit.closed_at, Subject.id, parent.code.label("parent"))
        .join(Subject, Subject.unit_id == Unit.id)
        .join(parent, parent.id == Unit.parent_id, isouter=True)
        .where(Unit.level == "outlet")
        .order_by(Unit.code)
    )
    if wave.unit_path is not None:
        query = query.where(Unit.path.startswith(wave.unit_path, autoescape=True))
    visits, zone = last_visits(connection, wave), ZoneInfo(wave.timezone)
    found = []
    for row in connection.execute(query):
        last = visits.get(row.id)
        found.append(
            Outlet(
                id=row.code,
                parent=row.parent or row.code,
                opened=row.opened_on,
                closed=row.closed_at.astimezone(zone).date() if row.closed_at else None,
                last_score=last.score if last else None,
                last_visit=last.day if last else None,
                seen_this_year=last is not None and year_of(last.day) == year,
            )
        )
    return found


def _later(
    content: Mapping[str, Any], calendar: Calendar, wave: AnyRow, ends: date, size: int
) -> list[LaterWave]:
    """The rounds that the programme still asks for in this scheme year, as large as this one."""
    every = next(
        (each["every"] for each in content.get("waves", ()) if each["instrument"] == wave.instrument_name),
        None,
    )
    if every is None:
        return []
    year = calendar.containing("year", ends)
    if year is None:
        return []
    return [
        LaterWave(called(each)["zh"], each.starts, each.ends, size)
        for each in rounds(calendar, every, year)
        if each.starts > ends
    ]


def _store(connection: Connection, wave_id: UUID, shown: ShownPlan) -> None:
    units = dict(connection.execute(select(Unit.code, Unit.id).where(Unit.level == "outlet")).all())
    places = {code: place for place, code in enumerate(shown.plan.chosen)}
    rows = [
        {
            "wave_id": wave_id,
            "member_id": each.id,
            "unit_id": units[each.id],
            "stratum": each.parent,
            "excluded": None if each.is_open(shown.wave.year.starts) else "closed",
            "outcome": _outcome(each, shown),
            "position": places.get(each.id),
            "reason": shown.plan.chosen[each.id].value if each.id in places else None,
            "inclusion": _inclusion(shown.plan, each.id),
        }
        for each in shown.wave.outlets
    ]
    connection.execute(delete(FrameMember).where(FrameMember.wave_id == wave_id))
    connection.execute(insert(FrameMember), rows)


def _outcome(outlet: Outlet, shown: ShownPlan) -> str:
    if not outlet.is_open(shown.wave.year.starts):
        return "excluded"
    return "selected" if outlet.id in shown.plan.chosen else "reserve"


def _inclusion(plan: CoveragePlan, outlet: str) -> str | None:
    chance = plan.chances.inclusion.get(outlet)
    return None if chance is None else str(chance)


def _result_fingerprint(plan: CoveragePlan) -> str:
    return wire.fingerprint({"chosen": list(plan.chosen), "videos": list(plan.videos)})


def _changed_choice(connection: Connection, wave_id: UUID, record: Mapping[str, Any]) -> list[Difference]:
    """What was assigned are the stored outcomes: they must be the recorded ones, in the recorded order."""
    stored: Sequence[str] = connection.scalars(
        select(FrameMember.member_id)
        # A substitute that was lost as well has no place in the draw.
        .where(
            FrameMember.wave_id == wave_id,
            FrameMember.outcome == "selected",
            FrameMember.position.is_not(None),
        )
        .order_by(FrameMember.position)
    ).all()
    recorded = [each["outlet"] for each in record["chosen"]]
    return [] if list(stored) == recorded else [Difference("/chosen", recorded, list(stored))]


def _outlet_json(outlet: Outlet) -> dict[str, Any]:
    days = {"opened": outlet.opened, "closed": outlet.closed, "lastVisit": outlet.last_visit}
    return {
        "id": outlet.id,
        "parent": outlet.parent,
        "lastScore": None if outlet.last_score is None else str(outlet.last_score),
        "seen": outlet.seen_this_year,
        "again": outlet.again,
        **{name: None if day is None else day.isoformat() for name, day in days.items()},
    }


def _outlet_of(data: Mapping[str, Any]) -> Outlet:
    def day(name: str) -> date | None:
        return None if data[name] is None else date.fromisoformat(data[name])

    return Outlet(
        id=data["id"],
        parent=data["parent"],
        opened=day("opened"),
        closed=day("closed"),
        last_score=None if data["lastScore"] is None else Decimal(data["lastScore"]),
        last_visit=day("lastVisit"),
        seen_this_year=data["seen"],
        again=data["again"],
    )
