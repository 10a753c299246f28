"""Reading the counts of waves: exact at any moment, from a few hundred rows however many were counted."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Subquery, select, union_all

from server.models.tallies import TallyChange, WaveTally


def tallies(wave_ids: Sequence[UUID], counted: Sequence[str]) -> Subquery:
    """Rows (wave_id, counted, subject_id, detail, n) to be summed: several make one count.

    Both tables in one statement: between two, a worker could move a change from one into the other.
    """
    parts = (
        select(each.wave_id, each.counted, each.subject_id, each.detail, each.n).where(
            each.wave_id.in_(wave_ids), each.counted.in_(counted)
        )
        for each in (WaveTally, TallyChange)
    )
    return union_all(*parts).subquery("tallies")
