"""Lines of pay as tables: one row a visit, one column a kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from server.db import AnyRow
from server.followup.pay.deciding import NOTHING, sums
from server.models.pay import PAY_KINDS

# In the order of columns.
KINDS: Final = PAY_KINDS


@dataclass(frozen=True, slots=True)
class PaidVisit:
    """What one visit brought; without a visit, what belongs to none.

    Attributes:
        by_kind: yuan by kind. A reversal stands in a column of its own.
    """

    assignment_id: UUID | None
    unit_name: str
    unit_name_en: str
    made_at: datetime | None
    by_kind: Mapping[str, Decimal]
    total: Decimal
    notes: tuple[str, ...]


def by_visit(lines: Iterable[AnyRow]) -> Sequence[PaidVisit]:
    """Lines put together by visit, in the order in which visits first appear."""
    visits: dict[UUID | None, list[AnyRow]] = {}
    for line in lines:
        visits.setdefault(line.assignment_id, []).append(line)
    return [_visit(found) for found in visits.values()]


def _visit(lines: Sequence[AnyRow]) -> PaidVisit:
    first = lines[0]
    by_kind = sums((line.kind, line.amount) for line in lines)
    return PaidVisit(
        assignment_id=first.assignment_id,
        unit_name=first.unit_name or "",
        unit_name_en=first.unit_name_en or first.unit_name or "",
        made_at=first.completed_at,
        by_kind=by_kind,
        total=sum(by_kind.values(), NOTHING),
        notes=tuple(line.note for line in lines if line.note),
    )
