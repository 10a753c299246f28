"""Importing the organisation tree from CSV or XLSX."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import new_id
from server.fieldwork.importing import ImportReport, SentFile, chunks, in_file_order
from server.models.organisation import LEVELS, Subject, Unit
from server.scope import Scope
from server.tables import Row, TableProblem, read_table

BATCH = 2_000
# From the parents, which are the truth, and all at once: step by step, one move would undo another.
REPLANT = """
    WITH RECURSIVE tree AS (
        SELECT id, code || '/' AS path FROM unit WHERE parent_id IS NULL
        UNION ALL
        SELECT unit.id, tree.path || unit.code || '/' FROM unit JOIN tree ON unit.parent_id = tree.id
    )
    UPDATE unit SET path = tree.path FROM tree WHERE unit.id = tree.id AND unit.path <> tree.path
"""
CODE = re.compile(r"[^\s/\x00-\x1f]{1,60}")

COLUMNS = {
    "code": ("机构编号", "机构代码", "编号", "网点编号", "unit code"),
    "name": ("机构名称", "名称", "网点名称"),
    "name_en": ("英文名称", "英文名", "english name"),
    "parent_code": ("上级编号", "上级机构编号", "上级机构"),
    "level": ("级别", "机构级别", "层级"),
    "address": ("地址",),
    "longitude": ("经度",),
    "latitude": ("纬度",),
    "datum": ("坐标系", "坐标基准"),
    "timezone": ("时区",),
}
REQUIRED = ("code", "name", "level")

LEVEL_NAMES = {
    "省行": "province", "省分行": "province", "省": "province",
    "总行": "city", "市行": "city", "市分行": "city", "市": "city",
    "区县": "district", "区": "district", "县": "district", "片区": "district",
    "支行": "sub_branch", "一级支行": "sub_branch", "二级支行": "sub_branch", "sub-branch": "sub_branch",
    "网点": "outlet", "营业厅": "outlet",
}  # fmt: skip
DATUM_NAMES = {
    "wgs84": "WGS-84", "wgs-84": "WGS-84",
    "gcj02": "GCJ-02", "gcj-02": "GCJ-02", "火星坐标": "GCJ-02",
    "bd09": "BD-09", "bd-09": "BD-09", "百度坐标": "BD-09",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: int
    parent_code: str | None
    values: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.values["code"])


@dataclass(frozen=True, slots=True)
class _Known:
    id: UUID
    parent_id: UUID | None
    path: str
    values: dict[str, Any]


def import_units(connection: Connection, sent: SentFile, *, now: datetime) -> ImportReport:
    """Create and update units; children may stand above their parents in the file.

    A code is the unit's identity: a row whose code is known updates that unit.
    """
    # Two imports at once would each miss the parents that the other is creating.
    connection.execute(text("LOCK TABLE unit IN SHARE ROW EXCLUSIVE MODE"))
    table = read_table(sent.data, sent.filename, aliases=COLUMNS, required=REQUIRED)
    problems: list[TableProblem] = []
    candidates = list(_unique(_candidates(table.rows, problems), problems))
    known = _known(connection)
    placed = list(_within(sent.scope, _placed(candidates, known, problems), known, problems))
    created, updated = _write(connection, placed, known, now)
    report = ImportReport(
        created=created,
        updated=updated,
        unchanged=len(placed) - created - updated,
        encoding=table.encoding,
        ignored_columns=table.ignored,
        problems=in_file_order([*table.problems, *problems]),
        headers=table.headers,
    )
    counts = {"created": created, "updated": updated, "rejected": report.rejected}
    audit.record(connection, [audit.Entry(sent.by, "units_imported", "unit:*", counts)], at=now)
    return report


def _candidates(rows: Iterable[Row], problems: list[TableProblem]) -> Iterator[_Candidate]:
    for row in rows:
        before = len(problems)
        values = _values(row, problems)
        if len(problems) == before:
            yield _Candidate(row.number, row.cells.get("parent_code") or None, values)


def _values(row: Row, problems: list[TableProblem]) -> dict[str, Any]:
    cells = row.cells

    def wrong(column: str, code: str) -> None:
        problems.append(TableProblem(row.number, column, code, {"value": cells.get(column, "")}))

    level = cells["level"].lower()
    datum = cells.get("datum", "").lower()
    longitude, latitude = _degrees(cells.get("longitude"), 180), _degrees(cells.get("latitude"), 90)
    checks = (
        ("code", "import_code_characters", CODE.fullmatch(cells["code"]) is not None),
        ("level", "import_unknown_level", level in LEVEL_NAMES or level in LEVELS),
        (
            "longitude",
            "import_coordinate",
            longitude is not False and (longitude is None) == (latitude is None),
        ),
        ("latitude", "import_coordinate", latitude is not False),
        ("datum", "import_unknown_datum", datum in DATUM_NAMES or (not datum and longitude is None)),
        ("timezone", "import_unknown_timezone", _is_timezone(cells.get("timezone"))),
    )
    for column, code, right in checks:
        if not right:
            wrong(column, code)
    return {
        "code": cells["code"],
        "name": cells["name"],
        "name_en": cells.get("name_en") or None,
        "level": LEVEL_NAMES.get(level, level),
        "address": cells.get("address") or None,
        "longitude": longitude,
        "latitude": latitude,
        "datum": DATUM_NAMES.get(datum) if longitude is not None else None,
        "timezone": cells.get("timezone") or "Asia/Shanghai",
    }


def _degrees(cell: str | None, limit: int) -> Decimal | bool | None:
    """The coordinate, None for an empty cell, False for what is none."""
    if not cell:
        return None
    try:
        value = Decimal(cell)
    except InvalidOperation:
        return False
    return round(value, 7) if value.is_finite() and abs(value) <= limit else False


def _is_timezone(cell: str | None) -> bool:
    try:
        return not cell or bool(ZoneInfo(cell))
    except (ZoneInfoNotFoundError, ValueError):
        return False


def _unique(candidates: Iterable[_Candidate], problems: list[TableProblem]) -> Iterator[_Candidate]:
    first_rows: dict[str, int] = {}
    for candidate in candidates:
        first_row = first_rows.setdefault(candidate.code, candidate.row)
        if first_row == candidate.row:
            yield candidate
        else:
            params: dict[str, str | int] = {"value": candidate.code, "first_row": first_row}
            problems.append(TableProblem(candidate.row, "code", "import_duplicate", params))


def _known(connection: Connection) -> dict[str, _Known]:
    rows = connection.execute(select(*Unit.__table__.columns))
    return {row.code: _Known(row.id, row.parent_id, row.path, dict(row._mapping)) for row in rows}


def _placed(
    candidates: list[_Candidate], known: Mapping[str, _Known], problems: list[TableProblem]
) -> Iterator[tuple[_Candidate, str]]:
    """Each candidate with its path, parents before children.

    Units that are not in the file stay below their parents, which the file may move.
    """
    waiting = {candidate.code: candidate for candidate in candidates}
    codes = {unit.id: code for code, unit in known.items()}
    parents = {
        code: codes[unit.parent_id] if unit.parent_id else None
        for code, unit in known.items()
        if code not in waiting
    }
    progress = True
    while waiting and progress:
        progress = False
        for code, candidate in list(waiting.items()):
            above = _above(candidate.parent_code, parents)
            if above is not None:
                parents[code] = candidate.parent_code
                yield waiting.pop(code), "".join(f"{each}/" for each in [*above, code])
                progress = True
    for candidate in waiting.values():
        nowhere = candidate.parent_code not in waiting and candidate.parent_code not in parents
        code = "import_unknown_parent" if nowhere else "import_parent_cycle"
        params = {"value": candidate.parent_code or ""}
        problems.append(TableProblem(candidate.row, "parent_code", code, params))


def _within(
    scope: Scope,
    placed: Iterable[tuple[_Candidate, str]],
    known: Mapping[str, _Known],
    problems: list[TableProblem],
) -> Iterator[tuple[_Candidate, str]]:
    """Those that stand in the scope and stay there: nobody moves units in from elsewhere, or out."""
    for candidate, path in placed:
        before = known.get(candidate.code)
        if scope.reaches(path) and (before is None or scope.reaches(before.path)):
            yield candidate, path
        else:
            params = {"value": candidate.code}
            problems.append(TableProblem(candidate.row, "code", "import_outside_scope", params))


def _above(code: str | None, parents: Mapping[str, str | None]) -> list[str] | None:
    """The codes from the root down to `code`, or None where one of them has no place yet."""
    codes: list[str] = []
    while code is not None:
        if code not in parents:
            return None
        codes.insert(0, code)
        code = parents[code]
    return codes


def _write(
    connection: Connection,
    placed: list[tuple[_Candidate, str]],
    known: Mapping[str, _Known],
    now: datetime,
) -> tuple[int, int]:
    ids = {code: unit.id for code, unit in known.items()}
    new, changed = [], []
    for candidate, path in placed:
        parent_id = ids[candidate.parent_code] if candidate.parent_code else None
        values = {**candidate.values, "path": path, "parent_id": parent_id}
        existing = known.get(candidate.code)
        if existing is None:
            ids[candidate.code] = new_id()
            new.append({"id": ids[candidate.code], "attributes": {}, "created_at": now, **values})
        elif any(existing.values[name] != value for name, value in values.items()):
            changed.append({"id": existing.id, **values})
    for batch in chunks(new, BATCH):
        connection.execute(insert(Unit), list(batch))
    for values in changed:
        connection.execute(update(Unit).where(Unit.id == values.pop("id")).values(**values))
    _move_subtrees(connection, placed, known)
    _write_subjects(connection, [*new, *changed], ids)
    return len(new), len(changed)


def _move_subtrees(
    connection: Connection, placed: list[tuple[_Candidate, str]], known: Mapping[str, _Known]
) -> None:
    """Units below a moved one that are not in the file move along."""
    if any(candidate.code in known and known[candidate.code].path != path for candidate, path in placed):
        connection.execute(text(REPLANT))


def _write_subjects(connection: Connection, units: list[dict[str, Any]], ids: Mapping[str, UUID]) -> None:
    rows = [
        {
            "id": new_id(),
            "code": unit["code"],
            "kind": "unit",
            "unit_id": ids[unit["code"]],
            "name": unit["name"],
        }
        for unit in units
    ]
    for batch in chunks(rows, BATCH):
        statement = insert_or_skip(Subject)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["unit_id"], set_={"name": statement.excluded.name}
            ),
            list(batch),
        )
