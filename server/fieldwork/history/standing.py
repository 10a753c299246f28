"""Which imported results count: of the same result in several files the newest that was not withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from server.db import AnyRow, AnySelect
from server.models.opening_history import HistoryFile, HistoryResult
from server.models.organisation import Subject
from server.scoring.programmes.definition import Programme, Scores

KEY = (
    HistoryResult.programme_id,
    HistoryResult.subject_id,
    HistoryResult.kind,
    HistoryResult.name,
    HistoryResult.instrument,
    HistoryResult.period,
    HistoryResult.ends_on,
)
NEWEST_FIRST = (HistoryFile.imported_at.desc(), HistoryFile.id.desc())
VISITING = ("visit", "video")


@dataclass(frozen=True, slots=True)
class ImportedVisit:
    """The newest visit that a file tells of: its day, or the last of its period; the score if known."""

    day: date
    score: Decimal | None


def standing(programme_id: UUID) -> AnySelect:
    """The results of a programme that count, each with its subject's code and the name of its file."""
    return (
        select(*HistoryResult.__table__.columns, Subject.code.label("code"), HistoryFile.name.label("file"))
        .join(HistoryFile, HistoryFile.id == HistoryResult.file_id)
        .join(Subject, Subject.id == HistoryResult.subject_id)
        .where(HistoryResult.programme_id == programme_id, HistoryFile.withdrawn_at.is_(None))
        .ext(distinct_on(*KEY))
        .order_by(*KEY, *NEWEST_FIRST)
    )


def place() -> ColumnElement[int]:
    """1 for a result that counts, more for one that a newer file has superseded; of files that count."""
    return func.row_number().over(partition_by=KEY, order_by=NEWEST_FIRST)


def imported_visits(
    connection: Connection, programme: Programme, programme_id: UUID, before: date
) -> Mapping[UUID, ImportedVisit]:
    """Subject -> its newest visit before a day, as far as files tell.

    A visit is told by its own score, by an item that failed, or by the score that a measure takes of visits
    as they are; of two that end together the one with a score, then the shorter period.
    """
    rows = connection.execute(standing(programme_id).where(HistoryResult.ends_on < before)).all()
    told = [row for row in rows if _tells_of_a_visit(row, programme)]
    told.sort(key=lambda row: (row.ends_on, row.kind == "score", row.starts_on, row.name))
    return {row.subject_id: ImportedVisit(row.ends_on, _score(row)) for row in told}


def _tells_of_a_visit(row: AnyRow, programme: Programme) -> bool:
    if row.instrument:
        return programme.instruments.get(row.instrument) in VISITING
    measure = programme.measures.get(row.name)
    source: Any = measure.source if measure is not None and row.kind == "score" else None
    if not isinstance(source, Scores) or source.value is not None or source.section:
        return False
    return all(programme.instruments.get(each) in VISITING for each in source.instruments)


def _score(row: AnyRow) -> Decimal | None:
    return row.value if row.kind == "score" else None
