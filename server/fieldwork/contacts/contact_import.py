"""Importing contacts: customers who may be asked. Numbers are encrypted before they touch the database."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import new_id
from server.fieldwork.importing import ImportReport, SentFile, in_file_order
from server.keys import KeyRing
from server.models.contacts import Contact, ContactPrivate
from server.models.organisation import Unit
from server.phones import PhoneError, normalise
from server.tables import Row, TableProblem, read_table

BATCH = 2_000

COLUMNS = {
    "external_id": ("客户编号", "客户号", "编号", "customer id"),
    "name": ("姓名", "客户姓名", "名称"),
    "phone": ("手机号", "手机号码", "手机", "电话", "phone number"),
    "unit_code": ("网点编号", "机构编号", "网点", "outlet code"),
    "locale": ("语言", "language"),
    "large_type": ("大字版", "大字"),
    "consent_source": ("同意来源", "授权来源", "source of consent"),
    "served_on": ("办理日期", "最近办理日期"),
}
REQUIRED = ("external_id", "phone", "unit_code")

LOCALES = {
    "": "zh", "zh": "zh", "zh-cn": "zh", "zh_cn": "zh", "中文": "zh", "汉语": "zh", "chinese": "zh",
    "en": "en", "en-us": "en", "en-gb": "en", "英文": "en", "英语": "en", "english": "en",
}  # fmt: skip
YES_NO = {
    "": False, "否": False, "no": False, "false": False, "0": False, "n": False,
    "是": True, "yes": True, "true": True, "1": True, "y": True,
}  # fmt: skip
# Chinese Excel shows the same day in any of these.
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: int
    phone: str
    name: str | None
    values: dict[str, Any]


def import_contacts(connection: Connection, keys: KeyRing, sent: SentFile, *, now: datetime) -> ImportReport:
    """Create and update contacts; `external_id` is a contact's identity."""
    # Two imports at once that name the same contacts in another order would wait for each other.
    connection.execute(text("LOCK TABLE contact IN SHARE ROW EXCLUSIVE MODE"))
    table = read_table(sent.data, sent.filename, aliases=COLUMNS, required=REQUIRED)
    problems: list[TableProblem] = []
    units = dict(connection.execute(sent.scope.units(select(Unit.code, Unit.id))).all())
    created = updated = total = 0
    first_rows: dict[str, int] = {}
    batch: list[_Candidate] = []
    for candidate in _unique(_candidates(table.rows, units, problems), first_rows, problems):
        batch.append(candidate)
        total += 1
        if len(batch) == BATCH:
            created, updated = _add(_write(connection, keys, batch, now), created, updated)
            batch = []
    created, updated = _add(_write(connection, keys, batch, now), created, updated)
    report = ImportReport(
        created=created,
        updated=updated,
        unchanged=total - created - updated,
        encoding=table.encoding,
        ignored_columns=table.ignored,
        problems=in_file_order([*table.problems, *problems]),
        headers=table.headers,
    )
    counts = {"created": created, "updated": updated, "rejected": report.rejected}
    audit.record(connection, [audit.Entry(sent.by, "contacts_imported", "contact:*", counts)], at=now)
    return report


def _add(counts: tuple[int, int], created: int, updated: int) -> tuple[int, int]:
    return counts[0] + created, counts[1] + updated


def _candidates(
    rows: Iterable[Row], units: Mapping[str, UUID], problems: list[TableProblem]
) -> Iterator[_Candidate]:
    for row in rows:
        before = len(problems)
        candidate = _candidate(row, units, problems)
        if len(problems) == before:
            yield candidate


def _candidate(row: Row, units: Mapping[str, UUID], problems: list[TableProblem]) -> _Candidate:
    cells = row.cells

    def wrong(column: str, code: str) -> None:
        problems.append(TableProblem(row.number, column, code, {"value": cells.get(column, "")}))

    phone = _phone(cells["phone"])
    if phone is None:
        # The number itself stays out of the problem: reports are mailed around.
        problems.append(
            TableProblem(row.number, "phone", "import_phone", {"value": "…" + cells["phone"][-2:]})
        )
    if cells["unit_code"] not in units:
        wrong("unit_code", "import_unknown_unit")
    served_on = _date(cells.get("served_on", ""))
    if served_on is None and cells.get("served_on"):
        wrong("served_on", "import_date")
    large_type = YES_NO.get(cells.get("large_type", "").lower())
    if large_type is None:
        wrong("large_type", "import_yes_no")
    locale = LOCALES.get(cells.get("locale", "").lower())
    if locale is None:
        wrong("locale", "import_unknown_language")
    values = {
        "external_id": cells["external_id"],
        "unit_id": units.get(cells["unit_code"]),
        "locale": locale,
        "large_type": large_type,
        "consent_source": cells.get("consent_source") or None,
        "served_on": served_on,
    }
    return _Candidate(row.number, phone or "", cells.get("name") or None, values)


def _phone(cell: str) -> str | None:
    try:
        return normalise(cell, mobile_only=True)
    except PhoneError:
        return None


def _date(cell: str) -> date | None:
    for pattern in DATE_FORMATS:
        try:
            # A calendar day without a zone: the day the customer remembers.
            return datetime.strptime(cell, pattern).date()  # noqa: DTZ007 - only the date is kept
        except ValueError:
            continue
    return None


def _unique(
    candidates: Iterable[_Candidate], first_rows: dict[str, int], problems: list[TableProblem]
) -> Iterator[_Candidate]:
    for candidate in candidates:
        external_id = candidate.values["external_id"]
        first_row = first_rows.setdefault(external_id, candidate.row)
        if first_row == candidate.row:
            yield candidate
        else:
            params: dict[str, str | int] = {"value": external_id, "first_row": first_row}
            problems.append(TableProblem(candidate.row, "external_id", "import_duplicate", params))


def _write(connection: Connection, keys: KeyRing, batch: list[_Candidate], now: datetime) -> tuple[int, int]:
    """Returns how many were created and updated; a row that changes nothing is neither."""
    if not batch:
        return 0, 0
    known = _known(connection, [candidate.values["external_id"] for candidate in batch])
    changed = [candidate for candidate in batch if _differs(candidate, known, keys)]
    if changed:
        ids = _write_contacts(connection, changed, now)
        _write_private(connection, keys, changed, ids)
    created = sum(candidate.values["external_id"] not in known for candidate in changed)
    return created, len(changed) - created


def _known(connection: Connection, external_ids: list[str]) -> dict[str, Any]:
    rows = connection.execute(
        select(*Contact.__table__.columns, ContactPrivate.phone_hash, ContactPrivate.name)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .where(Contact.external_id.in_(external_ids))
    )
    return {row.external_id: row for row in rows}


def _differs(candidate: _Candidate, known: Mapping[str, Any], keys: KeyRing) -> bool:
    row = known.get(candidate.values["external_id"])
    if row is None or row.phone_hash not in keys.lookup_hashes(candidate.phone):
        return True
    name = keys.decrypt(row.name) if row.name else None
    return name != candidate.name or any(
        getattr(row, column) != value for column, value in candidate.values.items()
    )


def _write_contacts(connection: Connection, changed: list[_Candidate], now: datetime) -> dict[str, UUID]:
    statement = insert_or_skip(Contact)
    columns = ("unit_id", "locale", "large_type", "consent_source", "served_on")
    rows = [{"id": new_id(), "attributes": {}, "created_at": now, **each.values} for each in changed]
    stored = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["external_id"], set_={name: statement.excluded[name] for name in columns}
        ).returning(Contact.external_id, Contact.id),
        rows,
    )
    return dict(stored.all())


def _write_private(
    connection: Connection, keys: KeyRing, changed: list[_Candidate], ids: Mapping[str, UUID]
) -> None:
    statement = insert_or_skip(ContactPrivate)
    rows = [
        {
            "contact_id": ids[each.values["external_id"]],
            "name": keys.encrypt(each.name) if each.name else None,
            "phone": keys.encrypt(each.phone),
            "phone_hash": keys.lookup_hash(each.phone),
        }
        for each in changed
    ]
    columns = ("name", "phone", "phone_hash")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["contact_id"], set_={name: statement.excluded[name] for name in columns}
        ),
        rows,
    )
