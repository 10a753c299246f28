"""Ledger lines that upheld appeals took away, as facts of a settlement."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.models.appeals import UPHELD, Appeal
from server.models.settlements import LedgerLine, Settlement


def waiver_facts(connection: Connection, programme_id: UUID, year: int) -> Iterator[dict[str, Any]]:
    """The waivers of a programme and year, each line once, in a fixed order."""
    rows = connection.execute(
        select(LedgerLine.line_id, Appeal.id, Appeal.answer)
        .join(Appeal, Appeal.ledger_line_id == LedgerLine.id)
        .join(Settlement, Settlement.id == LedgerLine.settlement_id)
        .where(Settlement.programme_id == programme_id, Settlement.year == year, Appeal.state == UPHELD)
        .order_by(LedgerLine.line_id, Appeal.id)
    )
    known: set[str] = set()
    for row in rows:
        if row.line_id not in known:
            known.add(row.line_id)
            yield {"line": row.line_id, "by": f"appeal:{row.id}", "reason": row.answer}
