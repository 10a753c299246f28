"""The ledger of a programme's year with the state of each line."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.followup.settled_years import is_current
from server.models.appeals import OPEN, Appeal
from server.models.definitions import Programme, ProgrammeVersion
from server.models.ledger import LedgerApproval, LedgerClose, LedgerCloseLine
from server.models.organisation import Subject
from server.models.settlements import LedgerLine, Settlement
from server.models.waves import Wave
from server.scope import Scope

STATES: Final = ("proposed", "approved", "held", "settled", "reversed", "refused")


@dataclass(frozen=True, slots=True)
class Line:
    """A ledger line and how it stands, one of `STATES`."""

    row: AnyRow
    state: str

    @property
    def signed(self) -> Decimal:
        """What the payee gains, or pays below nothing."""
        amount = Decimal(self.row.amount)
        return amount if self.row.direction == "reward" else -amount


def settled_programmes(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """The newest settlement of every programme and year, newest first; for nobody of a firm."""
    if scope.firm_ids is not None:
        return ()
    return connection.execute(
        select(Programme.key, ProgrammeVersion.content["title"].label("title"), Settlement.year,
               Settlement.id, Settlement.as_of)
        .join(Programme, Programme.id == Settlement.programme_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Settlement.programme_version_id)
        .where(is_current())
        .order_by(Settlement.year.desc(), Programme.key)
    ).all()  # fmt: skip


def current_settlement(connection: Connection, key: str, year: int, scope: Scope) -> AnyRow | None:
    """The settlement that stands, with its result; None before the first.

    Raises:
        Refusal: not_found for people of a firm.
    """
    if scope.firm_ids is not None:
        raise Refusal("not_found")
    return connection.execute(
        select(*Settlement.__table__.columns)
        .join(Programme, Programme.id == Settlement.programme_id)
        .where(Programme.key == key, Settlement.year == year, is_current())
    ).first()


def ledger(connection: Connection, programme_id: UUID, year: int, scope: Scope) -> Sequence[Line]:
    """Every line of the year about the scope's subjects, the newest first."""
    query = _lines().where(Settlement.programme_id == programme_id, Settlement.year == year)
    if not reaches_all(connection, scope):
        query = query.where(LedgerLine.subject.in_(scope.subjects(select(Subject.code))))
    rows = connection.execute(query.order_by(LedgerLine.id.desc())).all()
    disputed = _disputed(connection, programme_id)
    return [Line(row, _state(row, disputed)) for row in rows]


def locked_lines(connection: Connection, line_ids: Sequence[UUID]) -> Sequence[Line]:
    """Lines by their ids, locked in one order.

    Raises:
        Refusal: not_found when one is missing.
    """
    wanted = set(line_ids)
    connection.execute(
        select(LedgerLine.id).where(LedgerLine.id.in_(wanted)).order_by(LedgerLine.id).with_for_update()
    )
    rows = connection.execute(_lines().where(LedgerLine.id.in_(wanted)).order_by(LedgerLine.id)).all()
    if len(rows) != len(wanted):
        raise Refusal("not_found")
    programmes = {row.programme_id for row in rows}
    disputed = {pair for each in programmes for pair in _disputed(connection, each)}
    return [Line(row, _state(row, disputed)) for row in rows]


def closes(connection: Connection, programme_id: UUID) -> Sequence[AnyRow]:
    """The closes of a programme, newest first. Sums of everybody: for whoever reaches the whole."""
    query = select(*LedgerClose.__table__.columns).where(LedgerClose.programme_id == programme_id)
    return connection.execute(query.order_by(LedgerClose.number.desc())).all()


def lines_of_close(connection: Connection, close_id: UUID, scope: Scope) -> tuple[AnyRow, Sequence[AnyRow]]:
    """A close and its lines.

    Raises:
        Refusal: not_found, forbidden unless the scope reaches everything.
    """
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    close = connection.execute(
        select(*LedgerClose.__table__.columns).where(LedgerClose.id == close_id)
    ).first()
    if close is None:
        raise Refusal("not_found")
    query = _lines().where(LedgerCloseLine.close_id == close_id).order_by(LedgerLine.id)
    return close, connection.execute(query).all()


def totals(lines: Sequence[Line]) -> Mapping[tuple[str, str, str], Decimal]:
    """What each payee gains, by kind, id and unit of account; points and money never mix."""
    sums: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.row.payee_kind, line.row.payee_id, line.row.unit] += line.signed
    return dict(sorted(sums.items()))


def _lines() -> AnySelect:
    contra, closed = aliased(LedgerLine), aliased(LedgerCloseLine)
    original_closed = (
        select(closed.line_id).where(closed.line_id == LedgerLine.reverses_id).correlate(LedgerLine)
    )
    return (
        select(
            *LedgerLine.__table__.columns, Settlement.programme_id, Settlement.year, Settlement.created_by,
            LedgerApproval.approved, LedgerApproval.reason, LedgerCloseLine.close_id,
            contra.id.label("reversed_by"), original_closed.exists().label("reverses_closed"),
        )
        .join(Settlement, Settlement.id == LedgerLine.settlement_id)
        .join(LedgerApproval, LedgerApproval.line_id == LedgerLine.id, isouter=True)
        .join(LedgerCloseLine, LedgerCloseLine.line_id == LedgerLine.id, isouter=True)
        .join(contra, contra.reverses_id == LedgerLine.id, isouter=True)
    )  # fmt: skip


def _disputed(connection: Connection, programme_id: UUID) -> set[tuple[str, str]]:
    """What open appeals hold: ("line", its id), and ("subject", its code) for all of a subject's."""
    rows = connection.execute(
        select(Appeal.ledger_line_id, Subject.code)
        .join(Subject, Subject.id == Appeal.subject_id)
        .join(Wave, Wave.id == Appeal.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(Appeal.state == OPEN, ProgrammeVersion.programme_id == programme_id)
        .where(or_(Appeal.ledger_line_id.is_not(None), Appeal.submission_pk.is_not(None)))
    )
    return {
        ("line", str(row.ledger_line_id)) if row.ledger_line_id else ("subject", row.code) for row in rows
    }


def _state(row: Any, disputed: set[tuple[str, str]]) -> str:
    """A line that was taken back before it was closed moves nothing, and neither does what took it back."""
    if row.close_id is not None:
        return "settled"
    if row.reversed_by is not None or (row.reverses_id is not None and not row.reverses_closed):
        return "reversed"
    if row.approved is False:
        return "refused"
    if ("line", str(row.id)) in disputed or ("subject", row.subject) in disputed:
        return "held"
    return "approved" if row.approved else "proposed"
