"""Departments and banks: who is judged without being a unit, with the unit where each belongs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_change

from server import audit
from server.db import new_id
from server.fieldwork.importing import (
    Change,
    ChangeLog,
    ImportReport,
    SentFile,
    field_changes,
    in_file_order,
    report_of,
)
from server.fieldwork.organisation.columns import CODE
from server.models.organisation import Subject, Unit
from server.tables import Row, TableProblem, read_table

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("编号", "对象编号", "部门编号"),
    "name": ("名称", "部门名称"),
    "kind": ("类型", "对象类型"),
    "unit_code": ("所属机构", "所属机构编号", "机构编号"),
}
REQUIRED = ("code", "name", "kind")
KINDS = {"部门": "department", "department": "department", "银行": "bank", "bank": "bank"}
FIELDS = ("name", "kind", "unit_code")


@dataclass(frozen=True, slots=True)
class _Place:
    """What rows are judged by: subjects by code, units the sender sees by code."""

    known: Mapping[str, Mapping[str, Any]]
    units: Mapping[str, UUID]
    whole: bool


def import_subjects(
    connection: Connection, sent: SentFile, *, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Create and change departments and banks; a code is a subject's identity.

    Whoever sees only a part of the organisation names a unit of that part in every row.
    """
    if not dry_run:
        connection.execute(text("LOCK TABLE subject IN SHARE ROW EXCLUSIVE MODE"))
    table = read_table(sent.data, sent.filename, aliases=COLUMNS, required=REQUIRED)
    place = _place(connection, sent)
    problems: list[TableProblem] = []
    log, rows = ChangeLog(), _right(table.rows, place, problems)
    changing = [
        (row, values) for row, values in rows if values != _compared(place.known.get(row.cells["code"]))
    ]
    for row, values in changing:
        before = place.known.get(row.cells["code"])
        kind = "changed" if before else "created"
        log.add(Change(row.number, row.cells["code"], kind, field_changes(before or {}, values, FIELDS)))
    found = in_file_order([*table.problems, *problems])
    if changing and not dry_run:
        _write(connection, changing, place)
    report = report_of(log, table, found, unchanged=len(rows) - len(changing), dry_run=dry_run)
    if not dry_run:
        counts = {"created": report.created, "updated": report.updated, "rejected": report.rejected}
        detail = {"file": sent.filename, "sha256": sent.sha256, **counts}
        audit.record(connection, [audit.Entry(sent.by, "subjects_imported", "subject:*", detail)], at=now)
    return report


def _place(connection: Connection, sent: SentFile) -> _Place:
    parent = select(Unit.code).where(Unit.id == Subject.parent_unit_id).scalar_subquery()
    subjects = connection.execute(
        select(Subject.code, Subject.name, Subject.kind, parent.label("unit_code"))
    ).mappings()
    units = connection.execute(sent.scope.units(select(Unit.code, Unit.id))).all()
    return _Place({row["code"]: dict(row) for row in subjects}, dict(units), sent.scope.unit_paths is None)


def _right(
    rows: Iterable[Row], place: _Place, problems: list[TableProblem]
) -> list[tuple[Row, dict[str, str | None]]]:
    kept: dict[str, tuple[Row, dict[str, str | None]]] = {}
    for row in rows:
        first = kept.get(row.cells["code"])
        wrong = _wrong(row, place)
        if first is not None:
            params: dict[str, str | int] = {"value": row.cells["code"], "first_row": first[0].number}
            problems.append(TableProblem(row.number, "code", "import_duplicate", params))
        elif wrong is not None:
            column, code = wrong
            value = row.cells.get(column, "")[:100]
            problems.append(TableProblem(row.number, column, code, {"value": value}))
        else:
            cells = row.cells
            unit = cells.get("unit_code") or None
            values = {"name": cells["name"], "kind": KINDS[cells["kind"].lower()], "unit_code": unit}
            kept[cells["code"]] = (row, values)
    return list(kept.values())


def _wrong(row: Row, place: _Place) -> tuple[str, str] | None:
    """Column and code of what is wrong with a row."""
    cells, unit = row.cells, row.cells.get("unit_code") or None
    before = place.known.get(cells["code"])
    checks = (
        (CODE.fullmatch(cells["code"]) is None, "code", "import_code_characters"),
        (before is not None and before["kind"] not in KINDS.values(), "code", "import_code_taken"),
        (cells["kind"].lower() not in KINDS, "kind", "import_unknown_subject_kind"),
        (unit is not None and unit not in place.units, "unit_code", "import_unknown_unit"),
        (not place.whole and unit is None, "unit_code", "import_outside_scope"),
        (
            not place.whole and before is not None and before["unit_code"] not in place.units,
            "code",
            "import_outside_scope",
        ),
    )
    return next(((column, code) for wrong, column, code in checks if wrong), None)


def _compared(before: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if before is None else {name: before[name] for name in FIELDS}


def _write(connection: Connection, changing: list[tuple[Row, dict[str, str | None]]], place: _Place) -> None:
    rows = [
        {
            "id": new_id(),
            "code": row.cells["code"],
            "name": values["name"],
            "kind": values["kind"],
            "parent_unit_id": place.units[values["unit_code"]] if values["unit_code"] else None,
        }
        for row, values in changing
    ]
    statement = insert_or_change(Subject)
    excluded = {name: statement.excluded[name] for name in ("name", "kind", "parent_unit_id")}
    connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=excluded), rows)
