"""Occurrences for the days that come, and for those that a clock which was down has let pass.

Running twice changes nothing. What has not opened yet follows the newest version and the roll of today: who
has left or was closed owes nothing any more, and what is new is added. What is open stays as it opened, or is
excused where nobody owes it any longer; what was done or missed stays for good.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow, Base, new_id
from server.fieldwork.duties.keeping import Kept, kept_programmes
from server.fieldwork.duties.rolls import Called, call_roll, midnight
from server.models.duties import DutyLedger, DutyOccurrence
from server.scoring.duties.occurrences import Occurrence, occurrences
from server.scoring.programmes.duties import EVENT

AHEAD: Final = timedelta(days=14)
# Days that were let pass are caught up with a week a transaction.
STRIDE: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)
SYSTEM: Final = "system"
# The excuse of what nobody owes any more, since a person left, a unit closed or a programme changed.
WITHDRAWN: Final = "withdrawn"
TERMS: Final = ("opens_at", "due_at", "closes_at", "due_on", "times", "role", "unit_id")

Key = tuple[str, UUID, UUID | None, UUID | None, str, int]


def keep_next(connection: Connection, *, now: datetime) -> bool:
    """Bring every ledger a stretch of days further; whether days that were let pass are still waiting."""
    waiting = [
        _keep(connection, kept, now)
        for kept in kept_programmes(connection)
        if kept.ledger.stopped_at is None and _locked(connection, kept.programme_id)
    ]
    return any(waiting)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days to generate, and whether they are the last ones: those from today on."""

    first: date
    last: date
    current: bool

    @classmethod
    def next(cls, kept: Kept, now: datetime) -> "_Stretch":
        """From where the ledger was left, at most to the horizon."""
        today = now.astimezone(kept.programme.zone).date()
        first = max(kept.ledger.starts_on, min(kept.ledger.kept_through or kept.ledger.starts_on, today))
        if first >= today:
            return cls(first, max(first, today) + AHEAD, current=True)
        return cls(first, min(first + STRIDE, today), current=False)


def _locked(connection: Connection, programme_id: UUID) -> bool:
    """Two clocks at once would only wait for each other's rows."""
    query = select(DutyLedger.programme_id).where(DutyLedger.programme_id == programme_id)
    return connection.execute(query.with_for_update(skip_locked=True)).first() is not None


def _keep(connection: Connection, kept: Kept, now: datetime) -> bool:
    stretch = _Stretch.next(kept, now)
    called = call_roll(connection, kept, midnight(stretch.first, kept.programme.zone))
    owed = dict(_owed(kept, called, stretch))
    standing = _standing(connection, kept, stretch)
    new = [row for key, row in owed.items() if key not in standing]
    count = Counter(made=_insert(connection, new, now))
    if stretch.current:
        horizon = midnight(stretch.last + DAY, kept.programme.zone)
        count += _follow(connection, owed, standing, _Moment(now, horizon))
    connection.execute(
        update(DutyLedger)
        .where(DutyLedger.programme_id == kept.programme_id)
        .values(kept_through=stretch.last)
    )
    if +count:
        entry = audit.Entry(SYSTEM, "duties_kept", f"programme:{kept.programme_id}", dict(+count))
        audit.record(connection, [entry], at=now)
    return not stretch.current


def _owed(kept: Kept, called: Called, stretch: _Stretch) -> Iterator[tuple[Key, dict[str, Any]]]:
    for duty in kept.programme.duties.values():
        for each in occurrences(duty, kept.agenda, called.roll, stretch.first, stretch.last):
            if each.due >= kept.ledger.starts_on:
                row = _row(each, called, kept)
                yield key_of(row), row


def key_of(row: Mapping[str, Any]) -> Key:
    """What makes two rows of one programme the same occurrence."""
    return (
        row["duty"], row["subject_id"], row["about_id"], row["person_id"], row["period"], row["number"]
    )  # fmt: skip


def _row(each: Occurrence, called: Called, kept: Kept) -> dict[str, Any]:
    place = called.places[each.subject]
    return {
        "programme_id": kept.programme_id,
        "programme_version_id": kept.version_id,
        "duty": each.duty,
        "subject_id": place.subject_id,
        "about_id": called.places[each.about].subject_id if each.about else None,
        "role": each.role,
        "person_id": UUID(each.person) if each.person else None,
        "unit_id": place.unit_id,
        "period": each.period,
        "number": each.number,
        "times": each.times,
        "due_on": each.due,
        "opens_at": midnight(each.opens, place.zone),
        "due_at": midnight(each.due + DAY, place.zone),
        "closes_at": midnight(each.closes + DAY, place.zone),
    }


def _standing(connection: Connection, kept: Kept, stretch: _Stretch) -> Mapping[Key, AnyRow]:
    """The rows there are of these days; what was entered by hand has no days of its own."""
    table, grace = DutyOccurrence, max(map(kept.agenda.grace, kept.programme.duties.values()), default=0)
    rows = connection.execute(
        select(*table.__table__.columns)
        .where(table.programme_id == kept.programme_id, table.period.not_like(f"{EVENT}/%"))
        .where(table.due_on >= stretch.first - grace * DAY)
        # A day more: zones differ, and a row too many does no harm.
        .where(table.opens_at < midnight(stretch.last + 2 * DAY, kept.programme.zone))
    )
    return {key_of(row._asdict()): row for row in rows}


def _insert(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    if not rows:
        return 0
    made = [{**row, "id": new_id(), "created_at": now, "fields": {}} for row in rows]
    return connection.execute(insert_or_skip(DutyOccurrence).on_conflict_do_nothing(), made).rowcount


def _follow(
    connection: Connection,
    owed: Mapping[Key, Mapping[str, Any]],
    standing: Mapping[Key, AnyRow],
    moment: "_Moment",
) -> Counter[str]:
    """Let what nobody has touched yet follow what is owed now."""
    untouched = {key: row for key, row in standing.items() if moment.untouched(row)}
    gone = [row for key, row in untouched.items() if key not in owed and row.opens_at < moment.horizon]
    closed = [row.id for row in gone if row.opens_at > moment.now]
    excused = [row.id for row in gone if row.opens_at <= moment.now]
    moved = [
        {"row_id": row.id, **{name: owed[key][name] for name in TERMS}}
        for key, row in untouched.items()
        if key in owed and row.opens_at > moment.now and _differs(row, owed[key])
    ]
    if closed:
        connection.execute(delete(DutyOccurrence).where(DutyOccurrence.id.in_(closed)))
    if excused:
        values = {"excused_at": moment.now, "excused_by": SYSTEM, "excuse": WITHDRAWN}
        connection.execute(update(DutyOccurrence).where(DutyOccurrence.id.in_(excused)).values(values))
    if moved:
        table = Base.metadata.tables[DutyOccurrence.__tablename__]
        change = update(table).where(table.c.id == bindparam("row_id"))
        connection.execute(change.values({name: bindparam(name) for name in TERMS}), moved)
    return Counter(removed=len(closed), withdrawn=len(excused), changed=len(moved))


def _differs(row: AnyRow, owed: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != owed[name] for name in TERMS)


@dataclass(frozen=True, slots=True)
class _Moment:
    """Now, and the moment up to which what is owed is known."""

    now: datetime
    horizon: datetime

    def untouched(self, row: AnyRow) -> bool:
        """Whether its time is not over and nobody has done or excused it."""
        return bool(
            row.closes_at > self.now and row.done_at is None and row.excused_at is None and not row.noted
        )
