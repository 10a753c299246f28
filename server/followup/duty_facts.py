"""Duties as facts of a settlement: what was due, whether it was done, and what it counts as handed in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import aliased

from server.db import AnyRow
from server.fieldwork.judging import Judged
from server.models.duties import DutyOccurrence
from server.models.organisation import Subject, Unit
from server.scoring.calendar import PERIODS
from server.scoring.programmes.definition import Duty, Programme

DAY = timedelta(days=1)


def duty_facts(
    connection: Connection, programme: Programme, programme_id: UUID, who: Judged, days: tuple[date, date]
) -> dict[str, list[dict[str, Any]]]:
    """`duties` and `deliveries` between two days; a list that would be empty is left out.

    A duty counts from the day on which it is due. What is excused is not due, and what may still be done
    after the last of the days is not missed yet. Duties that only other versions have are left out.
    """
    end = datetime.combine(days[1] + DAY, time.min, programme.zone)
    rows = [
        row
        for row in connection.execute(_rows(programme_id, days, end))
        if row.duty in programme.duties and row.subject_id in who.codes
    ]
    found: dict[str, list[dict[str, Any]]] = {
        "duties": [_duty(programme.duties[row.duty], row, who) for row in rows],
        "deliveries": list(_deliveries(programme, rows, who, days[1])),
    }
    return {name: facts for name, facts in found.items() if facts}


def _rows(programme_id: UUID, days: tuple[date, date], end: datetime) -> Any:
    table, about = DutyOccurrence, aliased(Subject)
    return (
        select(*table.__table__.columns, about.code.label("about"), Unit.timezone)
        .join(Subject, Subject.id == table.subject_id)
        .join(about, about.id == table.about_id, isouter=True)
        .join(Unit, Unit.id == table.unit_id, isouter=True)
        .where(table.programme_id == programme_id, table.due_on.between(*days))
        .where(table.excused_at.is_(None), or_(table.done_at.is_not(None), table.closes_at <= end))
        .order_by(table.due_on, Subject.code, table.duty, about.code, table.person_id, table.number, table.id)
    )


def _duty(duty: Duty, row: AnyRow, who: Judged) -> dict[str, Any]:
    optional = {
        "about": row.about,
        "signed": bool(row.signed_by) if "signed" in duty.proof else None,
        "late": row.done_at >= row.due_at if row.done_at else None,
        "count": row.noted if duty.counted else None,
        "times": row.times if duty.counted else None,
    }
    own = {name: value for name, value in optional.items() if value is not None}
    return {
        "duty": row.duty,
        "subject": who.codes[row.subject_id],
        "date": row.due_on.isoformat(),
        "done": row.done_at is not None,
        **({"person": str(row.person_id)} if row.person_id else {}),
        "fields": {**row.fields, "period": row.period, **own},
    }


def _deliveries(
    programme: Programme, rows: Iterable[AnyRow], who: Judged, last: date
) -> Iterator[dict[str, Any]]:
    """What was done for a whole period was handed in with the last of it: every hall had its talk."""
    periods: defaultdict[tuple[str, UUID, str], list[AnyRow]] = defaultdict(list)
    for row in rows:
        if programme.duties[row.duty].delivers:
            periods[row.duty, row.subject_id, row.period].append(row)
    for (name, subject_id, period), owed in periods.items():
        moments = [row.done_at for row in owed if row.done_at is not None]
        at = max(moments).astimezone(ZoneInfo(owed[0].timezone or programme.zone.key)) if moments else None
        if at is not None and len(moments) == len(owed) and at.date() <= last:
            duty = programme.duties[name]
            yield {
                "date": duty.delivers,
                "subject": who.codes[subject_id],
                "at": at.isoformat(),
                **({"period": period} if duty.every in PERIODS else {}),
            }
