"""What was settled here in earlier years, as history of the year that is settled.

Only numbers of which some measure reads earlier periods: a year of all numbers of a large programme would be
most of what a settlement stores.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, column, func, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from server.fieldwork.history.periods import period_with
from server.fieldwork.judging import Judged
from server.models.settlements import Settlement
from server.scoring.programmes.definition import Previous, Programme, Streak

Fact = dict[str, Any]


def settled_history(
    connection: Connection, programme: Programme, programme_id: UUID, who: Judged, year: int
) -> list[Fact]:
    """Numbers of the scheme years before `year`, as their last settlements have them; without those that the
    version or its subjects have no place for any more."""
    wanted = looked_back(programme)
    if not wanted:
        return []
    listed = func.jsonb_array_elements(Settlement.result["measures"]).table_valued(
        column("value", JSONB), name="listed"
    )
    rows = connection.scalars(
        select(listed.c.value)
        .select_from(Settlement)
        .join(listed, true())
        .where(Settlement.programme_id == programme_id, Settlement.year < year, is_current())
        .where(listed.c.value["measure"].astext.in_(wanted))
        .order_by(Settlement.year)
    )
    kinds = {each["id"]: each["kind"] for each in who.rows}
    return [_fact(each) for each in rows if _has_place(programme, kinds, each)]


def is_current() -> ColumnElement[bool]:
    """Whether nothing has superseded a settlement."""
    later = aliased(Settlement)
    return ~select(later.id).where(later.supersedes_id == Settlement.id).correlate(Settlement).exists()


def looked_back(programme: Programme) -> frozenset[str]:
    """The measures of which another one, or the same, reads earlier periods."""
    found: set[str] = set()
    for each in programme.measures.values():
        if isinstance(each.source, Previous):
            found.add(each.source.of)
        elif isinstance(each.source, Streak):
            found |= {name for name, _ in each.source.condition.names if name in programme.measures}
    return frozenset(found)


def _has_place(programme: Programme, kinds: Mapping[str, str], number: Mapping[str, Any]) -> bool:
    measure = programme.measures.get(number["measure"])
    if measure is None or kinds.get(number["subject"]) != measure.of:
        return False
    return period_with(programme.calendar, measure.per, number["period"]) is not None


def _fact(number: Mapping[str, Any]) -> Fact:
    said = {"value": number["raw"], "grade": number.get("grade")}
    key = {name: number[name] for name in ("measure", "subject", "period")}
    return {**key, **{name: each for name, each in said.items() if each is not None}}
