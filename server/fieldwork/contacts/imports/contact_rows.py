"""Rows of contacts: who may be asked. Numbers are encrypted before they touch the database."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, String, Table, cast, func, select

from server.db import AnyRow, new_id
from server.fieldwork.contacts.imports.cells import (
    CHANNELS,
    LOCALES,
    YES_NO,
    Line,
    Reader,
    day,
    email,
    lines,
    one_of,
    phone,
    read_cells,
    words,
)
from server.fieldwork.contacts.imports.passing import Written
from server.fieldwork.contacts.imports.places import Place
from server.fieldwork.contacts.imports.storing import put_rows
from server.fieldwork.importing import Change, FieldChange, field_changes
from server.keys import KeyRing
from server.locks import IMPORT_LOCK, wait_for
from server.models.contacts import Contact, ContactPrivate
from server.tables import TableProblem

COLUMNS: dict[str, tuple[str, ...]] = {
    "external_id": ("客户编号", "客户号", "编号", "customer id"),
    "name": ("姓名", "客户姓名", "名称"),
    "phone": ("手机号", "手机号码", "手机", "电话", "phone number"),
    "email": ("邮箱", "电子邮箱", "e-mail", "e-mail address"),
    "address": ("通讯地址", "邮寄地址", "联系地址", "postal address"),
    "unit_code": ("网点编号", "机构编号", "网点", "outlet code"),
    "locale": ("语言", "language"),
    "large_type": ("大字版", "大字"),
    "preferred_channel": ("首选渠道", "联系渠道"),
    "consent_source": ("同意来源", "授权来源", "source of consent"),
    "staff": ("员工", "本行员工", "是否员工"),
    "open_case_since": ("投诉处理开始", "未结投诉日期", "open case since"),
    "served_on": ("办理日期", "最近办理日期"),
}
ATTRIBUTE = "attribute"
FAMILIES = {ATTRIBUTE: ("属性",)}
REQUIRED = ("external_id", "phone", "unit_code")
PRIVATE = ("name", "phone", "email", "address")
READERS: dict[str, Reader] = {
    "external_id": words,
    "name": words,
    "phone": phone,
    "email": email,
    "address": lines,
    "locale": one_of(LOCALES, "import_unknown_language"),
    "large_type": one_of(YES_NO, "import_yes_no"),
    "preferred_channel": one_of(CHANNELS, "import_unknown_channel"),
    "consent_source": words,
    "staff": one_of(YES_NO, "import_yes_no"),
    "open_case_since": day,
    "served_on": day,
}
# What a contact has whose file does not say.
UNSAID: dict[str, Any] = {
    "locale": "zh", "large_type": False, "preferred_channel": None, "consent_source": None, "staff": False,
    "open_case_since": None, "served_on": None, "name": None,
    "email": None, "address": None,
}  # fmt: skip
SHOWN = ("unit_code", *(name for name in UNSAID if name not in PRIVATE))

TABLE: Table = Contact.metadata.tables[Contact.__tablename__]
PRIVATE_TABLE: Table = Contact.metadata.tables[ContactPrivate.__tablename__]


class ContactRows:
    """Contacts of one sender: what lies outside the sender's places is neither created nor changed."""

    aliases = COLUMNS
    required = REQUIRED
    families = FAMILIES

    def __init__(self, keys: KeyRing, places: Mapping[str, Place], now: datetime) -> None:
        self._keys = keys
        self._places = places
        self._codes = {place.id: place.code for place in places.values()}
        self._now = now

    def line(self, row: int, cells: Mapping[str, str], problems: list[TableProblem]) -> Line | None:
        found: list[TableProblem] = []
        values = read_cells(row, cells, READERS, found)
        if cells["unit_code"] not in self._places:
            found.append(TableProblem(row, "unit_code", "import_unknown_unit", {"value": cells["unit_code"]}))
        for column, cell in cells.items():
            if column.startswith(f"{ATTRIBUTE}:"):
                values[column] = cell or None
        problems.extend(found)
        values["unit_code"] = cells["unit_code"]
        return None if found else Line(row, cells["external_id"], values)

    def write(self, connection: Connection, lines: Sequence[Line], *, dry_run: bool) -> Written:
        if not dry_run:
            # Two imports at once that name the same contacts in another order would wait for each other.
            wait_for(connection, IMPORT_LOCK)
        known = _known(connection, [line.key for line in lines])
        problems, pairs = [], []
        for line in lines:
            row = known.get(line.key)
            if row is not None and row.unit_id not in self._codes:
                params: dict[str, str | int] = {"value": line.key}
                problems.append(TableProblem(line.row, "external_id", "import_outside_scope", params))
            elif change := self._change(line, row):
                pairs.append((line, row, change))
        if pairs and not dry_run:
            self._store(connection, [(line, row) for line, row, _ in pairs])
        return Written([change for _, _, change in pairs], problems)

    def _change(self, line: Line, row: AnyRow | None) -> Change | None:
        if row is None:
            return Change(line.row, line.key, "created")
        fields = (*self._shown_changes(line, row), *self._hidden_changes(line, row))
        return Change(line.row, line.key, "changed", fields) if fields else None

    def _shown_changes(self, line: Line, row: AnyRow) -> tuple[FieldChange, ...]:
        before = {**row._mapping, "unit_code": self._codes[row.unit_id]}
        named = [name for name in line.values if name.startswith(f"{ATTRIBUTE}:")]
        before |= {name: row.attributes.get(name.partition(":")[2]) for name in named}
        return field_changes(before, line.values, [*(each for each in SHOWN if each in line.values), *named])

    def _hidden_changes(self, line: Line, row: AnyRow) -> tuple[FieldChange, ...]:
        """Of personal data only that they differ."""
        differs = {
            **{
                name: name in line.values and line.values[name] != self._sealed(row, name)
                for name in ("name", "address")
            },
            "phone": row.phone_hash not in self._keys.lookup_hashes(str(line.values["phone"])),
            "email": "email" in line.values and not self._is_email(line.values["email"], row),
        }
        return tuple((name, "…", "…") for name in PRIVATE if differs[name])

    def _sealed(self, row: AnyRow, name: str) -> str | None:
        kept = getattr(row, name)
        return self._keys.decrypt(kept) if kept else None

    def _is_email(self, address: object, row: AnyRow) -> bool:
        if address is None or row.email_hash is None:
            return address is None and row.email_hash is None
        return row.email_hash in self._keys.lookup_hashes(str(address))

    def _store(self, connection: Connection, pairs: Sequence[tuple[Line, AnyRow | None]]) -> None:
        ordered = sorted(pairs, key=lambda pair: pair[0].key)
        ids = [row.id if row is not None else new_id() for _, row in ordered]
        contacts = [self._contact(each, *pair) for each, pair in zip(ids, ordered, strict=True)]
        put_rows(connection, TABLE, "external_id", contacts)
        private = [
            self._private(each, line, row)
            for each, (line, row) in zip(ids, ordered, strict=True)
            if row is None or self._hidden_changes(line, row)
        ]
        put_rows(connection, PRIVATE_TABLE, "contact_id", private)

    def _contact(self, contact_id: UUID, line: Line, row: AnyRow | None) -> tuple[Any, ...]:
        unsaid = {**UNSAID, "created_at": self._now, "attributes": {}}
        before = unsaid if row is None else dict(row._mapping)
        given = {
            **before,
            **line.values,
            "id": contact_id,
            "unit_id": self._places[str(line.values["unit_code"])].id,
            "attributes": json.dumps(_attributes(before["attributes"], line.values)),
        }
        return tuple(given[column.name] for column in TABLE.columns)

    def _private(self, contact_id: UUID, line: Line, row: AnyRow | None) -> tuple[Any, ...]:
        number = str(line.values["phone"])
        told = {
            name: line.values[name] if name in line.values else row and self._sealed(row, name)
            for name in ("name", "address")
        }
        given = {
            "contact_id": contact_id,
            **{name: self._keys.encrypt(str(text)) if text else None for name, text in told.items()},
            "phone": self._keys.encrypt(number),
            "phone_hash": self._keys.lookup_hash(number),
            **self._email(line, row),
        }
        return tuple(given[column.name] for column in PRIVATE_TABLE.columns)

    def _email(self, line: Line, row: AnyRow | None) -> dict[str, bytes | None]:
        if "email" not in line.values:
            return {name: getattr(row, name, None) for name in ("email", "email_hash")}
        address = line.values["email"]
        if address is None:
            return {"email": None, "email_hash": None}
        return {
            "email": self._keys.encrypt(str(address)),
            "email_hash": self._keys.lookup_hash(str(address)),
        }


def _known(connection: Connection, external_ids: list[str]) -> dict[str, AnyRow]:
    rows = connection.execute(
        select(*TABLE.columns, *(column for column in PRIVATE_TABLE.columns if column.name != "contact_id"))
        # Whoever was erased is still a contact, and has no number until somebody sends it again.
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id, isouter=True)
        .where(Contact.external_id == func.any(cast(external_ids, ARRAY(String))))
    )
    return {row.external_id: row for row in rows}


def _attributes(before: Mapping[str, Any], values: Mapping[str, object]) -> dict[str, Any]:
    """What was known and what the row says; an empty cell takes an attribute away."""
    said = {
        name.partition(":")[2]: value for name, value in values.items() if name.startswith(f"{ATTRIBUTE}:")
    }
    return {name: value for name, value in {**before, **said}.items() if value is not None}
