"""Opening history: results from before this system, row by row, with the file that each came from."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

KINDS = ("score", "grade", "rank", "failed_item", "base_rate", "indicator")


class HistoryFile(HasId, Base):
    """A file of earlier results of one programme. Withdrawn, its rows stop counting and stay readable."""

    __tablename__ = "history_file"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    row_count: Mapped[int]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawn_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("row_count > 0", name="row_count"),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)"
            " AND (withdrawn_at IS NULL) = (withdrawn_reason IS NULL)",
            name="withdrawn",
        ),
    )


class HistoryResult(HasId, Base):
    """One result of a file; never changed. Of the same result in several files the newest one counts.

    `name` is a measure of the programme or the item that failed, "" for the score of one visit, which has
    an `instrument`. `period` is "" where a day is known; `starts_on` and `ends_on` belong to it both. A grade
    is a `word`, everything else a `value`; what an item lost need not be known.
    """

    __tablename__ = "history_result"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("history_file.id"))
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"), index=True)
    row_number: Mapped[int]
    kind: Mapped[str]
    name: Mapped[str]
    instrument: Mapped[str]
    period: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    value: Mapped[Decimal | None] = mapped_column(Numeric())
    word: Mapped[str | None]
    note: Mapped[str | None]

    __table_args__ = (
        # A file says each thing once; the index finds what others say about it.
        UniqueConstraint(
            "programme_id",
            "subject_id",
            "kind",
            "name",
            "instrument",
            "period",
            "ends_on",
            "file_id",
            name="history_result_once_key",
        ),
        CheckConstraint(f"kind IN ({', '.join(repr(each) for each in KINDS)})", name="kind"),
        CheckConstraint("starts_on <= ends_on", name="days"),
        CheckConstraint(
            "CASE kind WHEN 'grade' THEN word IS NOT NULL AND value IS NULL"
            " WHEN 'failed_item' THEN word IS NULL"
            " ELSE value IS NOT NULL AND word IS NULL END",
            name="content",
        ),
        Index("history_result_file_idx", "file_id", "row_number", "id"),
    )
