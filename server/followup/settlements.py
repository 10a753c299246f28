"""Settlements of programmes, made and stored only when somebody asks (scoring.md laws 13 and 14).

A settlement keeps its facts, its result and the hashes of both. The settlements of a programme and scheme
year stand in one line; a later one writes into the ledger only what changed: contra lines and new lines.
Nobody's standing is computed again because a version was published: the year goes on under the version it
was first settled by, until another one is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, false, func, insert, select, true
from sqlalchemy.orm import aliased

from server import audit, queue, wire
from server.db import AnyRow, AnySelect, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.programmes import find_programme
from server.fieldwork.organisation.units import reaches_all
from server.followup.facts import Span, gather, laid_over
from server.followup.settled_years import is_current
from server.models.definitions import Programme, ProgrammeVersion
from server.models.organisation import Subject
from server.models.settlements import LedgerLine, Settlement
from server.scope import Scope
from server.scoring.programmes.compiling import ProgrammeInvalid, compile_programme
from server.scoring.programmes.definition import Programme as Scheme
from server.scoring.settling.contrast import Contrast, Row, contrast, totals
from server.scoring.settling.fact_reading import FactsInvalid
from server.scoring.settling.settlement import settle

# Lists of a result whose rows belong to a subject.
LISTS = ("measures", "ledger", "actions", "open")


@dataclass(frozen=True, slots=True)
class NewSettlement:
    """What is to be settled: a programme as of a day.

    Attributes:
        version: of the programme; None goes on with that of the year's last settlement, else takes the
            newest that is published.
        extra: facts that have no table, laid over what is gathered.
    """

    key: str
    as_of: date
    version: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """A settlement that is stored, now or before (`replayed`), and what it changed."""

    id: UUID
    replayed: bool
    version: int
    difference: Contrast
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Settled:
    """A settlement that nobody has stored yet. `earlier` is the one that it would supersede."""

    version: AnyRow
    year: int
    facts: dict[str, Any]
    result: dict[str, Any]
    earlier: AnyRow | None
    difference: Contrast
    left_out: Mapping[str, int]

    @property
    def is_known(self) -> bool:
        """Whether the year's last settlement was made by the same version from the same facts."""
        before, facts_hash = self.earlier, self.result["facts"]["hash"]
        return before is not None and (before.programme_version_id, before.facts_hash) == (
            self.version.id,
            facts_hash,
        )


def make_settlement(
    connection: Connection, new: NewSettlement, scope: Scope, *, by: str, now: datetime
) -> Made:
    """Settle a programme and store it. The same inputs as last time give the same settlement again.

    Raises:
        Refusal: not_found, forbidden unless the scope reaches everything, or invalid_fields with what is
            wrong with the facts, the day or the version.
    """
    _refuse_part(connection, scope)
    # Two people who settle at once take turns: the second one sees what the first one wrote.
    locked = select(Programme.id).where(Programme.key == new.key).with_for_update(key_share=True)
    connection.execute(locked)
    settled = _settled(connection, new, scope)
    if settled.is_known and settled.earlier is not None:
        return Made(settled.earlier.id, True, settled.version.version, settled.difference, settled.left_out)
    settlement_id = _store(connection, settled, new, by=by, now=now)
    entry = audit.Entry(by, "settlement_made", f"settlement:{settlement_id}", _witnessed(settled, new))
    audit.record(connection, [entry], at=now)
    queue.defer(connection, "keep_orders")
    return Made(settlement_id, False, settled.version.version, settled.difference, settled.left_out)


def preview_settlement(connection: Connection, new: NewSettlement, scope: Scope) -> Contrast:
    """What a settlement would change; nothing is stored.

    Raises:
        Refusal: as `make_settlement`.
    """
    _refuse_part(connection, scope)
    return _settled(connection, new, scope).difference


def list_settlements(connection: Connection, scope: Scope, *, key: str | None = None) -> Sequence[AnyRow]:
    """Settlements, newest first, without facts and results; `current` ones have not been superseded."""
    query = _query().where(_readable(scope)).order_by(Settlement.created_at.desc(), Settlement.id.desc())
    return connection.execute(query if key is None else query.where(Programme.key == key)).all()


def find_settlement(connection: Connection, settlement_id: UUID, scope: Scope) -> AnyRow:
    """A settlement's row, without facts and result.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = _query().where(Settlement.id == settlement_id, _readable(scope))
    row = connection.execute(query).first()
    if row is None:
        raise Refusal("not_found")
    return row


def result_of(connection: Connection, settlement_id: UUID, scope: Scope) -> dict[str, Any]:
    """The result as far as the scope reaches: the rows of its subjects, and the totals of those.

    Ranks and numbers are everybody's; a scope decides only whose are shown.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    find_settlement(connection, settlement_id, scope)
    result = _column(connection, settlement_id, Settlement.result)
    if reaches_all(connection, scope):
        return result
    mine = set(connection.scalars(scope.subjects(select(Subject.code))))
    limited = {name: [row for row in result[name] if row["subject"] in mine] for name in LISTS}
    return {**result, **limited, "totals": totals(limited["ledger"])}


def facts_of(connection: Connection, settlement_id: UUID, scope: Scope) -> dict[str, Any]:
    """The facts: with the definition they settle to the same bytes again.

    Raises:
        Refusal: not_found, or forbidden unless the scope reaches everything.
    """
    find_settlement(connection, settlement_id, scope)
    _refuse_part(connection, scope)
    return _column(connection, settlement_id, Settlement.facts)


def ledger_lines(connection: Connection, settlement_id: UUID, scope: Scope) -> Sequence[AnyRow]:
    """What a settlement wrote into the ledger about the scope's subjects: contra lines first.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    find_settlement(connection, settlement_id, scope)
    query = select(*LedgerLine.__table__.columns).where(LedgerLine.settlement_id == settlement_id)
    if not reaches_all(connection, scope):
        query = query.where(LedgerLine.subject.in_(scope.subjects(select(Subject.code))))
    return connection.execute(query.order_by(LedgerLine.id)).all()


def repeats(connection: Connection, settlement_id: UUID, scope: Scope) -> bool:
    """Whether the stored facts still settle to the stored result.

    Raises:
        Refusal: not_found, or forbidden unless the scope reaches everything.
    """
    row = find_settlement(connection, settlement_id, scope)
    facts = facts_of(connection, settlement_id, scope)
    query = select(ProgrammeVersion.content).where(ProgrammeVersion.id == row.programme_version_id)
    result = settle(connection.execute(query).scalar_one(), facts).to_json()
    hashes = (wire.fingerprint(facts), wire.fingerprint(_plain(result)))
    return hashes == (row.facts_hash, row.result_hash)


def _settled(connection: Connection, new: NewSettlement, scope: Scope) -> _Settled:
    version = find_programme(connection, new.key, scope, version=new.version)
    if version.status == "draft":
        raise Refusal("invalid_fields", details=[Detail("programme_not_published", "/version")])
    scheme = _scheme(version)
    year = scheme.calendar.year_of(new.as_of)
    earlier = _current(connection, version.programme_id, year)
    if new.version is None and earlier is not None and earlier.programme_version_id != version.id:
        # Law 14: a new version does not settle by itself what an earlier one has settled.
        version = find_programme(connection, new.key, scope, version=earlier.version)
        scheme = _scheme(version)
    _refuse_other_days(new, year, earlier)
    starts = scheme.calendar.periods("year", year)[0].starts
    # Scores of earlier years count only where a repeat may reach back to them.
    reading = {**scheme.policies, **_object(new.extra.get("policies"))}.get("A7")
    span = Span(year, starts, new.as_of, since=starts if reading == "scheme_year" else date.min)
    gathered = gather(connection, scheme, version.programme_id, span)
    facts = laid_over(gathered.facts, new.extra)
    try:
        result = _plain(settle(version.content, facts).to_json())
    except FactsInvalid as error:
        details = [Detail(each.code, each.pointer, each.params) for each in error.problems]
        raise Refusal("invalid_fields", details=details) from None
    before = {"facts": result["facts"]} if earlier is None else earlier.result
    difference = contrast(before, result)
    return _Settled(version, year, facts, result, earlier, difference, gathered.left_out)


def _scheme(version: AnyRow) -> Scheme:
    """A version that was published before it could be settled has nothing to settle."""
    try:
        return compile_programme(version.content)
    except ProgrammeInvalid as error:
        details = [Detail(each.code, each.pointer, each.params) for each in error.problems]
        raise Refusal("invalid_fields", details=details) from None


def _refuse_other_days(new: NewSettlement, year: int, earlier: AnyRow | None) -> None:
    """A file for another day is a mistake; settling an earlier day would take back what came after it."""
    checks = (
        (new.extra.get("asOf", new.as_of.isoformat()) != new.as_of.isoformat(), "facts_other_day", "/asOf"),
        (new.extra.get("year", f"{year:04d}") != f"{year:04d}", "facts_other_day", "/year"),
        (earlier is not None and new.as_of < earlier.as_of, "settled_later", "/asOf"),
    )
    last = "" if earlier is None else earlier.as_of.isoformat()
    params = {"as_of": new.as_of.isoformat(), "last": last}
    details = [Detail(code, pointer, params) for wrong, code, pointer in checks if wrong]
    if details:
        raise Refusal("invalid_fields", details=details)


def _store(connection: Connection, settled: _Settled, new: NewSettlement, *, by: str, now: datetime) -> UUID:
    settlement_id = new_id()
    result = settled.result
    connection.execute(
        insert(Settlement).values(
            id=settlement_id,
            programme_id=settled.version.programme_id,
            programme_version_id=settled.version.id,
            year=settled.year,
            as_of=new.as_of,
            facts=settled.facts,
            facts_hash=result["facts"]["hash"],
            definition_hash=result["programme"]["hash"],
            result=result,
            result_hash=wire.fingerprint(result),
            supersedes_id=settled.earlier and settled.earlier.id,
            created_at=now,
            created_by=by,
        )
    )
    standing = _standing(connection, settled.version.programme_id, settled.year)
    lines = list(_ledger_rows(settled.difference.entries, settlement_id, standing))
    if lines:
        connection.execute(insert(LedgerLine), lines)
    return settlement_id


def _ledger_rows(
    entries: Sequence[Row], settlement_id: UUID, standing: Mapping[str, UUID]
) -> Iterator[dict[str, Any]]:
    for entry in entries:
        payee = cast(Mapping[str, str], entry["payee"])
        reverses = entry.get("reverses")
        yield {
            "id": new_id(),
            "settlement_id": settlement_id,
            "line_id": entry["id"],
            **{name: entry[name] for name in ("rule", "subject", "period", "direction", "amount", "unit")},
            "payee_kind": payee["kind"],
            "payee_id": payee["id"],
            "reverses_id": None if reverses is None else standing[str(reverses)],
        }


def _standing(connection: Connection, programme_id: UUID, year: int) -> Mapping[str, UUID]:
    """The lines that stand: neither contra lines nor taken back by one."""
    contra = aliased(LedgerLine)
    taken_back = select(contra.id).where(contra.reverses_id == LedgerLine.id).correlate(LedgerLine).exists()
    rows = connection.execute(
        select(LedgerLine.line_id, LedgerLine.id)
        .join(Settlement, Settlement.id == LedgerLine.settlement_id)
        .where(Settlement.programme_id == programme_id, Settlement.year == year)
        .where(LedgerLine.reverses_id.is_(None), ~taken_back)
    )
    return dict(rows.all())


def _witnessed(settled: _Settled, new: NewSettlement) -> dict[str, Any]:
    """What the audit keeps: which inputs gave which result, and how many lines were written."""
    entries = settled.difference.entries
    contra = sum("reverses" in entry for entry in entries)
    return {
        "programme": f"{new.key}/{settled.version.version}",
        "year": settled.year,
        "as_of": new.as_of.isoformat(),
        "facts": settled.result["facts"]["hash"],
        "result": wire.fingerprint(settled.result),
        "supersedes": None if settled.earlier is None else str(settled.earlier.id),
        "contra": contra,
        "lines": len(entries) - contra,
    }


def _current(connection: Connection, programme_id: UUID, year: int) -> AnyRow | None:
    """The year's settlement that nothing has superseded."""
    query = _query(Settlement.result).where(
        Settlement.programme_id == programme_id, Settlement.year == year, is_current()
    )
    return connection.execute(query).first()


def _query(*columns: Any) -> AnySelect:
    return (
        select(
            Settlement.id, Programme.key, ProgrammeVersion.version, Settlement.programme_version_id,
            Settlement.year, Settlement.as_of, Settlement.facts_hash, Settlement.definition_hash,
            Settlement.result_hash, Settlement.supersedes_id, Settlement.created_at, Settlement.created_by,
            is_current().label("current"), _lines().label("lines"), *columns,
        )
        .join(Programme, Programme.id == Settlement.programme_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Settlement.programme_version_id)
    )  # fmt: skip


def _lines() -> Any:
    own = select(func.count()).where(LedgerLine.settlement_id == Settlement.id)
    return own.correlate(Settlement).scalar_subquery()


def _readable(scope: Scope) -> ColumnElement[bool]:
    """What is decided about units is none of a firm's business."""
    return true() if scope.firm_ids is None else false()


def _column(connection: Connection, settlement_id: UUID, column: Any) -> dict[str, Any]:
    found: dict[str, Any] = connection.execute(
        select(column).where(Settlement.id == settlement_id)
    ).scalar_one()
    return found


def _refuse_part(connection: Connection, scope: Scope) -> None:
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(result: Any) -> dict[str, Any]:
    """A result as JSON takes it."""
    return cast(dict[str, Any], wire.loads(wire.canonical(result)))
