"""Notices: the stored part of everybody's inbox.

A notice is for a role at a unit: whoever has the role and whose scope contains the unit sees it, and whoever
deals with it settles it for all of them. A newer notice of the same kind about the same wave, or date, takes
the older one's place, unless each of them is about something of its own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.models.definitions import Programme, ProgrammeVersion
from server.models.notices import Notice
from server.models.organisation import Unit
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.timetabling.planned import UNTIL_CLOSED

PAGE = 50


@dataclass(frozen=True, slots=True)
class NewNotice:
    """One thing for one role.

    Attributes:
        key: the same for the same cause, so that a job that runs twice raises one.
        params: for its sentence, `timetable.notice.<kind>`: numbers, and names by language.
        replaces: whether older ones of its series make room for it; one outlet's failure is no news of
            another's.
    """

    key: str
    kind: str
    role: str
    at: datetime
    unit_id: UUID | None = None
    firm_id: UUID | None = None
    wave_id: UUID | None = None
    programme_version_id: UUID | None = None
    entry_id: UUID | None = None
    title: Mapping[str, str] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    replaces: bool = True


def raise_notices(connection: Connection, notices: Sequence[NewNotice], *, now: datetime) -> int:
    """Write those that are not there yet; returns how many. What they follow is superseded."""
    if not notices:
        return 0
    rows = [_row(notice) for notice in notices]
    added = connection.execute(
        insert_or_skip(Notice).on_conflict_do_nothing(index_elements=["key"]).returning(Notice.id), rows
    ).all()
    if added:
        for notice in {_series(each): each for each in notices if each.replaces}.values():
            _supersede(connection, notice, now)
    return len(added)


def raise_notice(connection: Connection, notice: NewNotice, *, now: datetime) -> bool:
    """Write one; False when it was there."""
    return raise_notices(connection, [notice], now=now) == 1


def supersede(connection: Connection, keys: Collection[str], *, now: datetime) -> int:
    """Take open notices out of every inbox, because their cause is gone; returns how many."""
    if not keys:
        return 0
    open_ones = (Notice.key.in_(keys), Notice.done_at.is_(None), Notice.superseded_at.is_(None))
    return connection.execute(update(Notice).where(*open_ones).values(superseded_at=now)).rowcount


def _row(notice: NewNotice) -> dict[str, Any]:
    names = (
        "key", "kind", "role", "at", "unit_id", "firm_id", "wave_id", "programme_version_id", "entry_id",
        "due_at",
    )  # fmt: skip
    own = dict(notice.title) if notice.title else None
    return {
        "id": new_id(),
        **{name: getattr(notice, name) for name in names},
        "title": own,
        "params": dict(notice.params),
    }


def _series(notice: NewNotice) -> tuple[object, ...]:
    return (notice.kind, notice.wave_id, notice.programme_version_id, str(notice.params.get("date", "")))


def _supersede(connection: Connection, notice: NewNotice, now: datetime) -> None:
    """Older open ones of the same series: one reminder is enough, and the newest has today's numbers."""
    same = [
        Notice.kind == notice.kind,
        Notice.wave_id.is_not_distinct_from(notice.wave_id),
        Notice.programme_version_id.is_not_distinct_from(notice.programme_version_id),
        func.coalesce(Notice.params["date"].astext, "") == str(notice.params.get("date", "")),
        Notice.entry_id == notice.entry_id if notice.kind == "own" else Notice.kind == notice.kind,
    ]
    open_ones = (Notice.done_at.is_(None), Notice.superseded_at.is_(None))
    connection.execute(
        update(Notice).where(*same, *open_ones, Notice.at < notice.at).values(superseded_at=now)
    )


def list_notices(
    connection: Connection,
    scope: Scope,
    roles: Collection[str],
    *,
    wave_id: UUID | None = None,
    limit: int = PAGE,
) -> Sequence[AnyRow]:
    """What is open for somebody, newest first: every column, `wave_title`, `wave_title_en`, `wave_code`,
    `programme`, `programme_title`, `unit_name`, `unit_name_en`.

    What a wave's close or cancellation made pointless is not among them.
    """
    query = _visible(connection, _query(), scope, roles)
    if wave_id is not None:
        query = query.where(Notice.wave_id == wave_id)
    return connection.execute(query.order_by(Notice.at.desc(), Notice.id.desc()).limit(limit)).all()


def settle_notice(
    connection: Connection, notice_id: UUID, scope: Scope, roles: Collection[str], *, by: str, now: datetime
) -> None:
    """Say that it is dealt with, for everybody who sees it.

    Raises:
        Refusal: not_found for one that is none of theirs, or that somebody else settled before.
    """
    found = connection.execute(
        _visible(connection, _query().where(Notice.id == notice_id), scope, roles)
    ).first()
    settled = found is not None and connection.execute(
        update(Notice).where(Notice.id == notice_id, Notice.done_at.is_(None)).values(done_at=now, done_by=by)
    )
    if found is None or not settled or settled.rowcount != 1:
        raise Refusal("not_found")
    entry = audit.Entry(by, "notice_settled", f"notice:{notice_id}", {"kind": found.kind})
    audit.record(connection, [entry], at=now)


def _query() -> AnySelect:
    return (
        select(
            *Notice.__table__.columns,
            Wave.title.label("wave_title"),
            Wave.title_en.label("wave_title_en"),
            Wave.code.label("wave_code"),
            Wave.timezone.label("wave_timezone"),
            Programme.key.label("programme"),
            ProgrammeVersion.content["title"].label("programme_title"),
            Unit.name.label("unit_name"),
            Unit.name_en.label("unit_name_en"),
        )
        .join(Wave, Wave.id == Notice.wave_id, isouter=True)
        .join(ProgrammeVersion, ProgrammeVersion.id == Notice.programme_version_id, isouter=True)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id, isouter=True)
        .join(Unit, Unit.id == Notice.unit_id, isouter=True)
    )


def _visible(connection: Connection, query: AnySelect, scope: Scope, roles: Collection[str]) -> AnySelect:
    reached: ColumnElement[bool] = Notice.unit_id.in_(scope.units(select(Unit.id)))
    if reaches_all(connection, Scope(scope.unit_paths)):
        reached = or_(reached, Notice.unit_id.is_(None))
    if scope.firm_ids is not None:
        query = query.where(Notice.firm_id.in_(scope.firm_ids))
        reached = or_(reached, Notice.unit_id.is_(None))
    pointless = or_(Wave.state == "cancelled", and_(Wave.state == "closed", Notice.kind.in_(UNTIL_CLOSED)))
    return query.where(
        Notice.role.in_(tuple(roles)),
        Notice.done_at.is_(None),
        Notice.superseded_at.is_(None),
        reached,
        or_(Wave.id.is_(None), ~pointless),
    )
