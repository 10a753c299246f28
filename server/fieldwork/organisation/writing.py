"""The one way in which units are written: rows, their subjects, and the versions that tell what they were.

Whoever changes a unit otherwise breaks the history, which says for every day what the tree was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    Connection,
    Date,
    String,
    Uuid,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_change

from server.db import new_id
from server.fieldwork.importing import chunks
from server.fieldwork.organisation.attributes import NAMES
from server.fieldwork.organisation.columns import FIELDS
from server.fieldwork.organisation.deciding import Known, Settled
from server.models.organisation import Subject, Unit, UnitVersion

BATCH = 2_000
COPIED = (
    "name", "name_en", "level", "address", "longitude", "latitude", "datum", "timezone", "opened_on",
    "closed_reason",
)  # fmt: skip
# From the parents, which are the truth, and all at once: step by step, one move would undo another.
REPLANT = """
    WITH RECURSIVE tree AS (
        SELECT id, code || '/' AS path FROM unit WHERE parent_id IS NULL
        UNION ALL
        SELECT unit.id, tree.path || unit.code || '/' FROM unit JOIN tree ON unit.parent_id = tree.id
    )
    UPDATE unit SET path = tree.path FROM tree WHERE unit.id = tree.id AND unit.path <> tree.path
    RETURNING unit.id
"""
KEPT = (
    "parent_id", "path", "name", "name_en", "level", "address", "longitude", "latitude", "datum", "timezone",
    "attributes", "successor_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who changes something, when, from which day on, and why."""

    by: str
    at: datetime
    day: date
    reason: str | None = None


def known_units(connection: Connection) -> dict[str, Known]:
    """Every unit by code, as `deciding` compares it."""
    rows = connection.execute(
        select(*Unit.__table__.columns, UnitVersion.valid_from.label("since")).join(
            UnitVersion, (UnitVersion.unit_id == Unit.id) & UnitVersion.valid_to.is_(None), isouter=True
        )
    ).all()
    codes = {row.id: row.code for row in rows}
    return {row.code: _known(row, codes) for row in rows}


def write_units(
    connection: Connection, settled: Sequence[Settled], known: Mapping[str, Known], stamp: Stamp
) -> None:
    """Write what was decided, parents before children; rows that change nothing are left alone."""
    changing = [each for each in settled if each.changes]
    if not changing:
        return
    ids = {code: unit.id for code, unit in known.items()}
    ids |= {each.wish.code: new_id() for each in changing if each.before is None}
    for batch in chunks([each for each in changing if each.before is None], BATCH):
        connection.execute(insert(Unit), [_new(each, ids, stamp) for each in batch])
    _update(connection, changing, ids)
    days = {ids[each.wish.code]: _version_day(each, stamp.day) for each in changing}
    if any(each.moves for each in changing):
        replanted = connection.scalars(text(REPLANT)).all()
        days |= {unit_id: stamp.day for unit_id in replanted if unit_id not in days}
    _write_versions(connection, days, stamp)
    _write_subjects(connection, changing, ids)


def _known(row: Any, codes: Mapping[UUID, str]) -> Known:
    attributes: dict[str, Any] = row.attributes or {}
    values = {
        **{name: getattr(row, name) for name in COPIED},
        **{name: attributes.get(name) for name in NAMES},
        "parent_code": codes.get(row.parent_id),
        "successor_code": codes.get(row.successor_id),
        "closed_on": row.closed_at.astimezone(ZoneInfo(row.timezone)).date() if row.closed_at else None,
    }
    others = {name: value for name, value in attributes.items() if name not in NAMES}
    since = row.since or row.created_at.date()
    return Known(row.id, row.path, {name: values[name] for name in FIELDS}, others, since)


def _row(settled: Settled, ids: Mapping[str, UUID]) -> dict[str, Any]:
    """The columns of `unit` that a row decides; the path of a known unit follows from its parent."""
    values = settled.values
    others = settled.before.others if settled.before else {}
    closed_on, zone = values["closed_on"], ZoneInfo(values["timezone"])
    parent, successor = values["parent_code"], values["successor_code"]
    return {
        **{name: values[name] for name in COPIED},
        "attributes": {**others, **{name: values[name] for name in NAMES if values[name] is not None}},
        "parent_id": ids[parent] if parent else None,
        "successor_id": ids[successor] if successor else None,
        "closed_at": datetime.combine(closed_on, time(), zone) if closed_on else None,
    }


def _new(settled: Settled, ids: Mapping[str, UUID], stamp: Stamp) -> dict[str, Any]:
    # Its successor may be further down in the same file: it is filled in with the updates.
    code = settled.wish.code
    own = {"id": ids[code], "code": code, "path": settled.path, "created_at": stamp.at}
    return {**_row(settled, ids), "successor_id": None, **own}


def _update(connection: Connection, changing: Sequence[Settled], ids: Mapping[str, UUID]) -> None:
    rows = [
        {f"new_{name}": value for name, value in _row(each, ids).items()} | {"unit_id": ids[each.wish.code]}
        for each in changing
        if each.before is not None or each.values["successor_code"]
    ]
    if rows:
        names = [name.removeprefix("new_") for name in rows[0] if name != "unit_id"]
        statement = update(Unit).where(Unit.id == bindparam("unit_id"))
        connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), rows)


def _version_day(settled: Settled, day: date) -> date:
    """From when the new version holds: a closing has its own day, and no version goes behind the last."""
    begins = settled.values["closed_on"] if settled.kind == "closed" else day
    return max(begins, settled.before.since) if settled.before else begins


def _write_versions(connection: Connection, days: Mapping[UUID, date], stamp: Stamp) -> None:
    """End what holds so far, and begin anew from the rows as they stand now."""
    lists = (
        (list(days), ARRAY(Uuid)),
        (list(days.values()), ARRAY(Date)),
        ([new_id() for _ in days], ARRAY(Uuid)),
    )
    changed = (
        func.unnest(*(literal(values, kind) for values, kind in lists))
        .table_valued(column("unit_id", Uuid), column("day", Date), column("id", Uuid), name="changed")
        .render_derived()
    )
    connection.execute(
        update(UnitVersion)
        .where(UnitVersion.unit_id == changed.c.unit_id, UnitVersion.valid_to.is_(None))
        .where(UnitVersion.valid_from < changed.c.day)
        .values(valid_to=changed.c.day)
    )
    begun = {
        "id": changed.c.id,
        "unit_id": Unit.id,
        "valid_from": changed.c.day,
        **{name: getattr(Unit, name) for name in KEPT},
        "closed": Unit.closed_at.is_not(None),
        "reason": literal(stamp.reason, String),
        "changed_by": literal(stamp.by),
        "changed_at": literal(stamp.at),
    }
    rows = select(*begun.values()).join_from(changed, Unit, Unit.id == changed.c.unit_id)
    statement = insert_or_change(UnitVersion).from_select(list(begun), rows)
    again = {name: statement.excluded[name] for name in begun if name not in {"id", "unit_id", "valid_from"}}
    connection.execute(statement.on_conflict_do_update(index_elements=["unit_id", "valid_from"], set_=again))


def _write_subjects(connection: Connection, changing: Sequence[Settled], ids: Mapping[str, UUID]) -> None:
    """Every unit is a subject, and a subject is called what its unit is called."""
    rows = [
        {
            "id": new_id(),
            "code": each.wish.code,
            "kind": "unit",
            "unit_id": ids[each.wish.code],
            "name": each.values["name"],
        }
        for each in changing
        if each.before is None or each.before.values["name"] != each.values["name"]
    ]
    for batch in chunks(rows, BATCH):
        statement = insert_or_change(Subject)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["unit_id"], set_={"name": statement.excluded.name}
            ),
            list(batch),
        )
