"""The periods of its programme's calendar to which a wave belongs, and how people call them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select

from server.fieldwork.definitions.compiled import programme_of
from server.models.waves import Wave, WavePeriod
from server.scope import Scope
from server.scoring.calendar import Calendar, Period

QUARTERS = "一二三四"
KINDS = ("month", "quarter", "half", "phase", "year")


def periods_of(calendar: Calendar, zone: ZoneInfo, opens_at: datetime, closes_at: datetime) -> list[Period]:
    """The periods that hold the whole window, and the one in which it ends where none does.

    A wave from March to April belongs to no quarter whole; its results are April's, since a period is judged
    when it is over.
    """
    first = opens_at.astimezone(zone).date()
    # The last moment belongs to the day before: a wave until the 30th ends at midnight of the 1st.
    last = (closes_at - closes_at.resolution).astimezone(zone).date()
    found = []
    for kind in KINDS:
        period = calendar.containing(kind, last)
        if period is not None and (kind != "month" or period.starts <= first):
            found.append(period)
    return found


def write_periods(connection: Connection, wave_id: UUID) -> None:
    """Put down to which periods the wave belongs, anew whenever its dates change."""
    wave = connection.execute(
        select(Wave.opens_at, Wave.closes_at, Wave.programme_version_id).where(Wave.id == wave_id)
    ).one()
    programme = programme_of(connection, wave.programme_version_id)
    periods = periods_of(programme.calendar, programme.zone, wave.opens_at, wave.closes_at)
    connection.execute(delete(WavePeriod).where(WavePeriod.wave_id == wave_id))
    if periods:
        rows = [{"wave_id": wave_id, "kind": each.kind, "period": each.id} for each in periods]
        connection.execute(insert(WavePeriod), rows)


def period_names(connection: Connection, wave_id: UUID, scope: Scope) -> list[Mapping[str, str]]:
    """What the periods of a wave are called, shortest first; none without such a wave in the scope."""
    row = connection.execute(
        scope.waves(
            select(Wave.opens_at, Wave.closes_at, Wave.programme_version_id).where(Wave.id == wave_id)
        )
    ).first()
    if row is None:
        return []
    programme = programme_of(connection, row.programme_version_id)
    return [
        called(each) for each in periods_of(programme.calendar, programme.zone, row.opens_at, row.closes_at)
    ]


def called(period: Period) -> Mapping[str, str]:
    """What people call a period, by language."""
    year, number = period.starts.year, period.number
    if period.kind == "month":
        return {"zh": f"{year}年{number}月", "en": f"{period.starts:%B} {year}"}
    if period.kind == "quarter":
        return {"zh": f"{year}年第{QUARTERS[number - 1]}季度", "en": f"Q{number} {year}"}
    if period.kind == "half":
        return {"zh": f"{year}年{'上' if number == 1 else '下'}半年", "en": f"H{number} {year}"}
    if period.kind == "year":
        return {"zh": f"{year}年", "en": str(year)}
    return {"zh": f"{year}年{period.name}", "en": f"{period.name} {year}"}
