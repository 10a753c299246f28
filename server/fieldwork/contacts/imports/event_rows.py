"""Rows of service events: who was served where, when, by whom, and what for."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, String, Table, cast, func, select

from server.db import AnyRow, new_id
from server.fieldwork.contacts.imports.cells import (
    SERVICE_CHANNELS,
    CellWrong,
    Line,
    Reader,
    minutes,
    moment,
    one_of,
    read_cells,
    words,
)
from server.fieldwork.contacts.imports.passing import Written
from server.fieldwork.contacts.imports.places import Place
from server.fieldwork.contacts.imports.storing import put_rows
from server.fieldwork.importing import Change, field_changes
from server.locks import IMPORT_LOCK, wait_for
from server.models.contacts import Contact, ServiceEvent
from server.tables import TableProblem

COLUMNS: dict[str, tuple[str, ...]] = {
    "external_id": ("业务流水号", "流水号", "编号", "event id"),
    "contact": ("客户编号", "客户号", "customer id"),
    "unit_code": ("网点编号", "机构编号", "网点", "outlet code"),
    "happened_at": ("办理时间", "业务时间", "时间", "time"),
    "business": ("办理业务", "业务", "业务类型"),
    "channel": ("办理渠道", "渠道"),
    "teller_code": ("柜员编号", "柜员号", "柜员", "teller"),
    "waited_minutes": ("等待分钟", "等候分钟", "等待时间", "minutes waited"),
}
REQUIRED = ("external_id", "contact", "unit_code", "happened_at")
READERS: dict[str, Reader] = {
    "external_id": words,
    "contact": words,
    "business": words,
    "channel": one_of(SERVICE_CHANNELS, "import_unknown_channel"),
    "teller_code": words,
    "waited_minutes": minutes,
}
UNSAID: dict[str, Any] = {
    "business": None, "channel": "counter", "teller_code": None, "waited_minutes": None,
}  # fmt: skip
# A clock that goes fast is no reason to lose an event; one from tomorrow was typed wrong.
FAST = timedelta(days=1)

TABLE: Table = ServiceEvent.metadata.tables[ServiceEvent.__tablename__]


class EventRows:
    """Service events at the sender's places, of contacts that are known."""

    aliases = COLUMNS
    required = REQUIRED
    families: Mapping[str, tuple[str, ...]] = {}

    def __init__(self, places: Mapping[str, Place], now: datetime) -> None:
        self._places = places
        self._codes = {place.id: place.code for place in places.values()}
        self._now = now

    def line(self, row: int, cells: Mapping[str, str], problems: list[TableProblem]) -> Line | None:
        found: list[TableProblem] = []
        values = read_cells(row, cells, READERS, found)
        place = self._places.get(cells["unit_code"])
        if place is None:
            found.append(TableProblem(row, "unit_code", "import_unknown_unit", {"value": cells["unit_code"]}))
        else:
            values["unit_code"] = place.code
            try:
                values["happened_at"] = self._moment(cells["happened_at"], place)
            except CellWrong as wrong:
                params: dict[str, str | int] = {"value": cells["happened_at"]}
                found.append(TableProblem(row, "happened_at", wrong.code, params))
        problems.extend(found)
        return None if found else Line(row, cells["external_id"], values)

    def _moment(self, cell: str, place: Place) -> datetime:
        found = moment(cell, place.zone)
        if found > self._now + FAST:
            raise CellWrong("import_in_future")
        return found

    def write(self, connection: Connection, lines: Sequence[Line], *, dry_run: bool) -> Written:
        if not dry_run:
            wait_for(connection, IMPORT_LOCK)
        known = _known(connection, [line.key for line in lines])
        contacts = _contacts(connection, {str(line.values["contact"]) for line in lines})
        changes, problems, stored = [], [], []
        for line in lines:
            row = known.get(line.key)
            problem = self._problem(line, row, contacts)
            if problem is not None:
                problems.append(problem)
            elif change := self._change(line, row):
                changes.append(change)
                stored.append(self._event(line, row, contacts))
        if stored and not dry_run:
            put_rows(connection, TABLE, "external_id", sorted(stored, key=lambda values: str(values[0])))
        return Written(changes, problems)

    def _problem(self, line: Line, row: AnyRow | None, contacts: Mapping[str, UUID]) -> TableProblem | None:
        if row is not None and row.unit_id not in self._codes:
            return TableProblem(line.row, "external_id", "import_outside_scope", {"value": line.key})
        contact = str(line.values["contact"])
        if contact not in contacts:
            return TableProblem(line.row, "contact", "import_unknown_contact", {"value": contact})
        return None

    def _change(self, line: Line, row: AnyRow | None) -> Change | None:
        if row is None:
            return Change(line.row, line.key, "created")
        before = {**row._mapping, "unit_code": self._codes[row.unit_id]}
        fields = field_changes(before, line.values, [name for name in COLUMNS if name in line.values])
        return Change(line.row, line.key, "changed", fields) if fields else None

    def _event(self, line: Line, row: AnyRow | None, contacts: Mapping[str, UUID]) -> tuple[Any, ...]:
        before = {**UNSAID, "id": new_id(), "created_at": self._now} if row is None else row._mapping
        given = {
            **before,
            **line.values,
            "contact_id": contacts[str(line.values["contact"])],
            "unit_id": self._places[str(line.values["unit_code"])].id,
        }
        return tuple(given[column.name] for column in TABLE.columns)


def _known(connection: Connection, external_ids: list[str]) -> dict[str, AnyRow]:
    rows = connection.execute(
        select(*TABLE.columns, Contact.external_id.label("contact"))
        .join(Contact, Contact.id == ServiceEvent.contact_id)
        .where(ServiceEvent.external_id == func.any(cast(external_ids, ARRAY(String))))
    )
    return {row.external_id: row for row in rows}


def _contacts(connection: Connection, external_ids: set[str]) -> dict[str, UUID]:
    rows = connection.execute(
        select(Contact.external_id, Contact.id).where(
            Contact.external_id == func.any(cast(list(external_ids), ARRAY(String)))
        )
    )
    return {row.external_id: row.id for row in rows}
