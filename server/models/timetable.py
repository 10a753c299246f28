"""The timetable: our rows are the truth, APScheduler only holds them in memory."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class TimetableEntry(HasId, Base):
    """A job that recurs (`cron`, five fields in `timezone`) or happens once (`at`)."""

    __tablename__ = "timetable_entry"

    key: Mapped[str] = mapped_column(unique=True)
    job: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cron: Mapped[str | None]
    at: Mapped[datetime | None]
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    enabled: Mapped[bool] = mapped_column(default=True)


class TimetableOccurrence(HasId, Base):
    """One firing. The UNIQUE row makes a second leader harmless."""

    __tablename__ = "timetable_occurrence"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("timetable_entry.id"))
    occurs_at: Mapped[datetime]
    fired_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("entry_id", "occurs_at"),)
