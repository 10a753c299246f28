"""What a rolling wave has done so far, day by day, and whether its draws repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Integer, cast, func, select, true

from server.db import AnyRow
from server.fieldwork.contacts.rolling.rules import RollingRules
from server.models.draws import FrameMember
from server.models.organisation import Unit
from server.models.rolling import RollingDraw
from server.sampling.frame import FrameMember as Candidate
from server.sampling.frame import SamplingError
from server.sampling.rolling import verify_rolling
from server.sampling.verification import Difference
from server.scope import Scope

MOST_DAYS = 31
FETCHED = 5_000


@dataclass(frozen=True, slots=True)
class RollingDay:
    """One day of service: events, those that may be asked about, those that are; `late` missed its night."""

    day: date
    units: int
    events: int
    eligible: int
    selected: int
    late: int
    drawn_at: datetime


@dataclass(frozen=True, slots=True)
class RollingPanel:
    """What the page of a rolling wave shows: its rules, its newest days, and why people were left out."""

    rules: RollingRules
    days: tuple[RollingDay, ...]
    exclusions: dict[str, int]


def rolling_panel(connection: Connection, wave: AnyRow, scope: Scope) -> RollingPanel:
    """The panel, of the units within the scope.

    Args:
        wave: of `find_wave`, with `settings["rolling"]`.
    """
    late = func.sum(RollingDraw.population).filter(RollingDraw.round > 1)
    query = (
        select(
            RollingDraw.day,
            func.count(RollingDraw.unit_id.distinct()).label("units"),
            func.sum(RollingDraw.population).label("events"),
            func.sum(RollingDraw.eligible).label("eligible"),
            func.sum(RollingDraw.selected).label("selected"),
            func.coalesce(late, 0).label("late"),
            func.max(RollingDraw.drawn_at).label("drawn_at"),
        )
        .join(Unit, Unit.id == RollingDraw.unit_id)
        .where(RollingDraw.wave_id == wave.id)
        .group_by(RollingDraw.day)
        .order_by(RollingDraw.day.desc())
        .limit(MOST_DAYS)
    )
    days = tuple(
        RollingDay(
            row.day, row.units, int(row.events), int(row.eligible), int(row.selected), int(row.late),
            row.drawn_at,
        )
        for row in connection.execute(scope.units(query))
    )  # fmt: skip
    return RollingPanel(
        RollingRules.from_json(wave.settings["rolling"]), days, _exclusions(connection, wave, scope)
    )


def _exclusions(connection: Connection, wave: AnyRow, scope: Scope) -> dict[str, int]:
    reason = func.jsonb_each_text(RollingDraw.record["exclusions"]).table_valued("key", "value")
    people = func.sum(cast(reason.c.value, Integer))
    query = (
        select(reason.c.key, cast(people, Integer))
        .select_from(RollingDraw)
        .join(reason, true())
        .join(Unit, Unit.id == RollingDraw.unit_id)
        .where(RollingDraw.wave_id == wave.id)
        .group_by(reason.c.key)
        .order_by(people.desc(), reason.c.key)
    )
    return {row[0]: row[1] for row in connection.execute(scope.units(query))}


def verify_nights(connection: Connection, wave: AnyRow, scope: Scope) -> list[Difference]:
    """Draw every day again from the stored frame; the differences to the records, none when all repeat.

    Args:
        wave: of `find_wave_to_run`, since a difference names events; with `prn_key`.
    """
    draws = connection.execute(
        scope.units(
            select(RollingDraw.stratum, RollingDraw.record)
            .join(Unit, Unit.id == RollingDraw.unit_id)
            .where(RollingDraw.wave_id == wave.id)
        )
    )
    records = {draw.stratum: draw.record for draw in draws}
    members = connection.execute(
        select(FrameMember.stratum, FrameMember.member_id, FrameMember.excluded, FrameMember.outcome)
        .where(FrameMember.wave_id == wave.id, FrameMember.event_id.is_not(None))
        .order_by(FrameMember.stratum, FrameMember.position, FrameMember.member_id),
        execution_options={"yield_per": FETCHED},
    )
    found: list[Difference] = []
    for stratum, rows in groupby(members, key=lambda row: row.stratum):
        if stratum in records:
            found += _differences(records.pop(stratum), stratum, list(rows), wave.prn_key)
    gone = [Difference(f"/{stratum}", record["population"], 0) for stratum, record in records.items()]
    return [*found, *gone]


def _differences(
    record: dict[str, Any], stratum: str, rows: Sequence[AnyRow], key: bytes
) -> list[Difference]:
    members = [Candidate(row.member_id, stratum, row.excluded) for row in rows]
    stored = [row.member_id for row in rows if row.outcome == "selected"]
    try:
        found = verify_rolling(record, members, key)
    except SamplingError as error:
        found = [Difference(f"/{error.params.get('field', '')}", error.code, None)]
    # What was asked are the stored outcomes: they must be the recorded ones, in the recorded order.
    if stored != record.get("selected"):
        found.append(Difference("/stored", record.get("selected"), stored))
    return [Difference(f"/{stratum}{each.pointer}", each.recorded, each.redrawn) for each in found]
