"""The bulletin of a week: made each Monday for every unit that heard something, and frozen then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit, wire
from server.catalogue import ZONE
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.timetable.notices import NewNotice, raise_notices
from server.followup.callbacks.hearing import WEEK, Span, heard_in, places
from server.followup.callbacks.weekly import Place, content_of, rolled_up
from server.keys import KeyRing
from server.models.accounts import RoleGrant
from server.models.callbacks import CallBackBulletin
from server.models.organisation import Unit
from server.scope import Scope

SYSTEM = "system"
NOTICE = "call_back_bulletin"
# Who runs a unit, and who is answerable for it.
TOLD = ("branch_manager", "coordinator")
LONGEST = 500
MOST_WEEKS = 26


def last_week(now: datetime) -> date:
    """The Monday of the week before this one."""
    today = now.astimezone(ZoneInfo(ZONE)).date()
    return today - timedelta(days=today.weekday()) - WEEK


def make_all(connection: Connection, week: date, keys: KeyRing, *, now: datetime) -> int:
    """Make the bulletins of a week that are not there yet, and tell who runs the units; returns how many."""
    contents = _contents(connection, week, keys)
    ids = dict(connection.execute(select(Unit.code, Unit.id)).all())
    rows = [
        {
            "id": new_id(), "unit_id": ids[code], "week": week, "number": 1, "content": content,
            "content_hash": wire.fingerprint(content), "made_at": now, "made_by": SYSTEM,
        }
        for code, content in contents.items()
    ]  # fmt: skip
    if not rows:
        return 0
    made = connection.scalars(
        insert_or_skip(CallBackBulletin)
        .on_conflict_do_nothing(index_elements=["unit_id", "week", "number"])
        .returning(CallBackBulletin.unit_id),
        rows,
    ).all()
    _tell(connection, set(made), week, now)
    entry = audit.Entry(SYSTEM, "call_back_bulletins_made", f"week:{week}", {"units": len(made)})
    audit.record(connection, [entry] if made else [], at=now)
    return len(made)


@dataclass(frozen=True, slots=True)
class Correction:
    """A bulletin that is made again: of a unit, by its code, and a week, by its Monday."""

    unit: str
    week: date
    reason: str
    by: str


def correct(connection: Connection, new: Correction, scope: Scope, keys: KeyRing, *, now: datetime) -> int:
    """Make the bulletin of a unit again under a new number; the ones before stay. Returns the number.

    Raises:
        Refusal: not_found without one within the scope, invalid_fields without a reason.
    """
    before = bulletin_for(connection, new.unit, new.week, scope)
    if not new.reason.strip():
        raise Refusal("invalid_fields", details=[Detail("reason_missing", "/reason")])
    if len(new.reason) > LONGEST:
        raise Refusal("invalid_fields", details=[Detail("text_too_long", "/reason", {"limit": LONGEST})])
    content = _contents(connection, new.week, keys).get(new.unit, before.content)
    # A second one who corrects at once finds the number taken.
    connection.execute(
        insert_or_skip(CallBackBulletin).values(
            id=new_id(), unit_id=before.unit_id, week=new.week, number=before.number + 1, content=content,
            content_hash=wire.fingerprint(content), reason=new.reason.strip(), made_at=now, made_by=new.by,
        ).on_conflict_do_nothing()
    )  # fmt: skip
    detail = {"number": before.number + 1, "week": new.week.isoformat()}
    entry = audit.Entry(new.by, "call_back_bulletin_corrected", f"unit:{before.unit_id}", detail)
    audit.record(connection, [entry], at=now)
    return int(before.number) + 1


def bulletin_for(connection: Connection, unit: str, week: date, scope: Scope, number: int = 0) -> AnyRow:
    """The bulletin of a unit, by its code: `content`, `number`, `reason`, `made_at`, `content_hash`.

    Args:
        week: its Monday.
        number: of an earlier one; 0 is the newest.

    Raises:
        Refusal: not_found without one within the scope.
    """
    query = (
        select(
            *CallBackBulletin.__table__.columns,
            Unit.code,
            Unit.name,
            Unit.name_en,
            func.max(CallBackBulletin.number).over().label("newest"),
        )
        .join(Unit, Unit.id == CallBackBulletin.unit_id)
        .where(Unit.code == unit, CallBackBulletin.week == week)
        .order_by((CallBackBulletin.number == number).desc(), CallBackBulletin.number.desc())
        .limit(1)
    )
    row = connection.execute(scope.units(query)).first()
    if row is None or number not in (0, row.number):
        raise Refusal("not_found")
    return row


def newest_bulletin(connection: Connection, scope: Scope, unit: str = "") -> AnyRow | None:
    """`code` and `week` of the newest one that the reader may see, of the highest unit there is."""
    query = select(Unit.code, CallBackBulletin.week).join(Unit, Unit.id == CallBackBulletin.unit_id)
    if unit:
        query = query.where(Unit.code == unit)
    order = (CallBackBulletin.week.desc(), func.length(Unit.path), Unit.path)
    return connection.execute(scope.units(query).order_by(*order).limit(1)).first()


def weeks_of(connection: Connection, unit: str, scope: Scope) -> Sequence[date]:
    """The weeks of which a unit has a bulletin, the newest first."""
    query = select(CallBackBulletin.week).join(Unit, Unit.id == CallBackBulletin.unit_id)
    query = query.where(Unit.code == unit, CallBackBulletin.number == 1)
    newest = scope.units(query).order_by(CallBackBulletin.week.desc()).limit(MOST_WEEKS)
    return connection.scalars(newest).all()


def _contents(connection: Connection, week: date, keys: KeyRing) -> dict[str, dict[str, Any]]:
    """Code -> content, of every unit that heard something, itself or below."""
    listed = places(connection)
    heard = rolled_up(listed, heard_in(connection, week, keys))
    below: dict[str, list[Place]] = {}
    for place in listed:
        below.setdefault(_above(place.path), []).append(place)
    span = Span.of(week)
    days = {"from": week.isoformat(), "to": (span.last.date() - timedelta(days=1)).isoformat()}
    return {
        place.code: {**days, **content_of(place, heard, below.get(place.path, ()))}
        for place in listed
        if heard[place.path]
    }


def _above(path: str) -> str:
    parent = path.removesuffix("/").rpartition("/")[0]
    return f"{parent}/" if parent else ""


def _tell(connection: Connection, made: set[UUID], week: date, now: datetime) -> None:
    """One notice for each unit that somebody runs; next week's takes its place.

    Whoever runs the whole organisation finds the bulletin of the unit at the top.
    """
    top = and_(RoleGrant.unit_id.is_(None), Unit.parent_id.is_(None))
    grants = connection.execute(
        select(RoleGrant.role, Unit.id.label("unit_id"), Unit.code)
        .join(Unit, or_(Unit.id == RoleGrant.unit_id, top))
        .where(RoleGrant.role.in_(TOLD), RoleGrant.firm_id.is_(None))
        .distinct()
        .order_by(RoleGrant.role, Unit.code)
    )
    at = Span.of(week).last
    notices = [
        NewNotice(
            key=f"{NOTICE}:{week}:{row.role}:{row.unit_id}",
            kind=NOTICE,
            role=row.role,
            at=at,
            unit_id=row.unit_id,
            params={"week": week.isoformat(), "unit": row.code},
        )
        for row in grants
        if row.unit_id in made
    ]
    raise_notices(connection, notices, now=now)
