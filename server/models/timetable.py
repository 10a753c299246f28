"""The timetable: our rows are the truth, APScheduler only holds them in memory."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class TimetableEntry(HasId, Base):
    """A job that recurs (`cron`, five fields in `timezone`) or happens once (`at`).

    Entries that a wave or a programme's year brings, and those that coordinators add, have a `kind`: firing
    one raises notices. What the system itself plans has none, and a `job` with its `arguments`.

    Attributes:
        origin: `shipped`, `plan` (follows the dates of its wave or programme, and moves with them) or `own`
            (a coordinator's: planning again leaves it alone).
        title: by language; None where the kind says it all.
        rule: how an own entry was asked for, so that it can be shown and counted again.
        starts_at: occurrences before it never fire. What is planned today missed nothing yesterday.
        ends_at: the first moment at which a recurring entry has ended.
        free_days: `keep`, or move to the `next` or `previous` working day, or `skip`.
        roles: who gets the notice.
        due_at: the first moment after the deadline that it is about.
    """

    __tablename__ = "timetable_entry"

    key: Mapped[str] = mapped_column(unique=True)
    job: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cron: Mapped[str | None]
    at: Mapped[datetime | None]
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    enabled: Mapped[bool] = mapped_column(default=True)
    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"), index=True)
    programme_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("programme_version.id"), index=True)
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    origin: Mapped[str] = mapped_column(server_default="shipped")
    kind: Mapped[str | None]
    title: Mapped[dict[str, Any] | None]
    rule: Mapped[dict[str, Any] | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    free_days: Mapped[str] = mapped_column(server_default="keep")
    roles: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(server_default="system")
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("origin IN ('shipped','plan','own')", name="origin"),
        CheckConstraint("free_days IN ('keep','next','previous','skip')", name="free_days"),
        CheckConstraint("(cancelled_at IS NULL) = (cancelled_by IS NULL)", name="cancelled"),
        Index("timetable_entry_at_idx", "at", postgresql_where=text("cancelled_at IS NULL")),
    )


class TimetableOccurrence(HasId, Base):
    """One firing. The UNIQUE row makes a second leader harmless."""

    __tablename__ = "timetable_occurrence"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("timetable_entry.id"))
    occurs_at: Mapped[datetime] = mapped_column(index=True)
    fired_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("entry_id", "occurs_at"),)


class HolidayCalendar(HasId, Base):
    """A country's public holidays of one year, as somebody entered them; they come before a shipped file."""

    __tablename__ = "holiday_calendar"

    country: Mapped[str]
    year: Mapped[int]
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]

    __table_args__ = (UniqueConstraint("country", "year"),)
