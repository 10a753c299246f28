"""The night's draw of a rolling wave: yesterday's service events, at each unit by its own quota.

Yesterday is the unit's own. An event enters the wave's frame once, whether it is drawn or not, and is never
looked at again, so the draw may run as often as it likes; what arrives late joins as a further round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Date, Integer, cast, exists, func, insert, select

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.fieldwork.contacts.eligibility import FETCHED, judged, member_columns, whole_stream
from server.fieldwork.contacts.rolling.rules import RollingRules
from server.models.contacts import Contact, ContactPrivate, ServiceEvent
from server.models.draws import FrameMember
from server.models.organisation import Unit
from server.models.rolling import RollingDraw
from server.models.waves import Wave
from server.notify.respect.fatigue import rules_of
from server.sampling.frame import FrameMember as Candidate
from server.sampling.rolling import RollingPlan, RollingResult, draw_rolling

BY = "system"
# Zones differ by no more than this; the exact day is compared in the unit's own.
ZONES_APART = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class NightDraw:
    """What one night did for one wave."""

    draws: int = 0
    events: int = 0
    selected: int = 0


def rolling_waves(connection: Connection, *, now: datetime) -> list[UUID]:
    """The waves that ask tonight."""
    running = (
        select(Wave.id)
        .where(Wave.state == "launched", Wave.opens_at <= now, Wave.closes_at > now)
        .where(Wave.settings["rolling"].astext.is_not(None))
        .order_by(Wave.id)
    )
    return list(connection.scalars(running))


def draw_night(connection: Connection, wave_id: UUID, *, now: datetime) -> NightDraw:
    """Draw from the events that are new since the last night."""
    wave = _locked(connection, wave_id)
    if wave is None:
        return NightDraw()
    rules = RollingRules.from_json(wave.settings["rolling"])
    night = NightDraw()
    used = _used(connection, wave_id)
    # Read as a stream beside the writing: a night of a whole country does not fit into a process.
    whole_stream(connection)
    rows = connection.execute(_new_events(wave, rules, now), execution_options={"yield_per": FETCHED})
    for (unit_id, day), group in groupby(rows, key=lambda row: (row.unit_id, row.day)):
        events = list(group)
        # Whoever could be asked only when the wave is over is not drawn in vain.
        if rules.decent(now, ZoneInfo(events[0].timezone)) >= wave.closes_at:
            continue
        rounds, selected = used.get((unit_id, day), (0, 0))
        result = _draw_day(connection, wave, rules.plan(selected), events, rounds + 1, now)
        night = NightDraw(night.draws + 1, night.events + len(events), night.selected + len(result.selected))
    if night.draws:
        detail = {"draws": night.draws, "events": night.events, "selected": night.selected}
        audit.record(connection, [audit.Entry(BY, "rolling_drawn", f"wave:{wave_id}", detail)], at=now)
    return night


def _locked(connection: Connection, wave_id: UUID) -> AnyRow | None:
    """The wave while it runs; a second worker waits here and then finds nothing new."""
    place = select(Unit.path).where(Unit.id == Wave.unit_id).correlate(Wave).scalar_subquery()
    return connection.execute(
        select(*Wave.__table__.columns, place.label("unit_path"))
        .where(Wave.id == wave_id, Wave.state == "launched")
        .with_for_update(key_share=True, of=Wave)
    ).first()


def _new_events(wave: AnyRow, rules: RollingRules, now: datetime) -> AnySelect:
    """The events of the days that count which the wave's frame does not have, unit by unit, day by day."""
    today = _day(now)
    first = func.greatest(today - 1 - rules.late_days, _day(wave.opens_at) - 1)
    day = cast(func.timezone(Unit.timezone, ServiceEvent.happened_at), Date)
    known = exists().where(FrameMember.wave_id == wave.id, FrameMember.member_id == ServiceEvent.external_id)
    query = (
        select(
            *member_columns(ServiceEvent.external_id),
            ServiceEvent.id.label("event_id"), day.label("day"), Unit.timezone.label("timezone"),
        )
        .join(Contact, Contact.id == ServiceEvent.contact_id)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .join(Unit, Unit.id == ServiceEvent.unit_id)
        .where(Unit.closed_at.is_(None), day >= first, day < today, ~known)
        # What the index finds; the days themselves depend on the zone.
        .where(ServiceEvent.happened_at > now - timedelta(days=1 + rules.late_days) - ZONES_APART)
    )  # fmt: skip
    if wave.unit_path is not None:
        query = query.where(Unit.path.startswith(wave.unit_path, autoescape=True))
    found = judged(query, wave, rules_of(wave.settings), now=now)
    columns = found.selected_columns
    return found.order_by(columns.unit_code, columns.day, columns.member_id)


def _day(moment: datetime) -> Any:
    """The day on the unit's clocks."""
    return cast(func.timezone(Unit.timezone, moment), Date)


def _used(connection: Connection, wave_id: UUID) -> dict[tuple[UUID, date], tuple[int, int]]:
    """Unit and day -> rounds, and how many were selected in them."""
    rows = connection.execute(
        select(
            RollingDraw.unit_id,
            RollingDraw.day,
            func.max(RollingDraw.round),
            cast(func.sum(RollingDraw.selected), Integer),
        )
        .where(RollingDraw.wave_id == wave_id)
        .group_by(RollingDraw.unit_id, RollingDraw.day)
    )
    return {(unit_id, day): (rounds, selected) for unit_id, day, rounds, selected in rows}


def _draw_day(
    connection: Connection,
    wave: AnyRow,
    plan: RollingPlan,
    events: Sequence[AnyRow],
    number: int,
    now: datetime,
) -> RollingResult:
    """Draw from the events of one unit and day that are new, and write down how."""
    unit_code, day = events[0].unit_code, events[0].day
    stratum = f"{unit_code}/{day}" if number == 1 else f"{unit_code}/{day}/{number}"
    frame = [Candidate(event.member_id, stratum, event.excluded) for event in events]
    result = draw_rolling(frame, plan, wave.prn_key)
    connection.execute(
        insert(RollingDraw).values(
            id=new_id(),
            wave_id=wave.id,
            unit_id=events[0].unit_id,
            stratum=stratum,
            day=day,
            round=number,
            population=result.population,
            eligible=result.eligible,
            selected=len(result.selected),
            frame_fingerprint=result.frame_fingerprint,
            result_fingerprint=result.result_fingerprint,
            record=result.to_json(),
            drawn_at=now,
        )
    )
    connection.execute(insert(FrameMember), list(_members(wave.id, stratum, events, result)))
    return result


def _members(
    wave_id: UUID, stratum: str, events: Sequence[AnyRow], result: RollingResult
) -> Iterator[dict[str, Any]]:
    """The events as lines of the wave's frame."""
    outcomes = {
        member_id: (outcome, position)
        for outcome, ids in (("selected", result.selected), ("reserve", result.rest))
        for position, member_id in enumerate(ids)
    }
    for event in events:
        outcome, position = outcomes.get(event.member_id, ("excluded", None))
        yield {
            "wave_id": wave_id,
            "member_id": event.member_id,
            "contact_id": event.contact_id,
            "unit_id": event.unit_id,
            "event_id": event.event_id,
            "stratum": stratum,
            "excluded": event.excluded,
            "outcome": outcome,
            "position": position,
            "inclusion": None if event.excluded else result.inclusion,
        }
