"""What waits for somebody in the console: a deadline that came, a wave that is late."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Notice(HasId, Base):
    """One thing for one role: whoever has it, within whose scope the unit lies, sees the notice.

    Attributes:
        key: two notices of one cause have the same, so that a job that runs twice raises one.
        role: of `accounts.permissions.ROLES`.
        unit_id: where it concerns; None is the whole organisation.
        firm_id: whose people it is for, where it is for a firm.
        params: numbers for its sentence.
        due_at: the first moment after the deadline it speaks of.
        alerted_at: when it was looked at for people who want to be told by a message.
        superseded_at: when a newer notice of the same kind took its place.
    """

    __tablename__ = "notice"

    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    role: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"))
    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"))
    programme_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("programme_version.id"))
    entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("timetable_entry.id"))
    title: Mapped[dict[str, Any] | None]
    params: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    alerted_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done"),
        # The inbox asks for what is open, newest first.
        Index(
            "notice_open_idx",
            "role",
            text("at DESC"),
            postgresql_where=text("done_at IS NULL AND superseded_at IS NULL"),
        ),
        Index("notice_wave_id_idx", "wave_id"),
        Index("notice_unalerted_idx", "at", postgresql_where=text("alerted_at IS NULL")),
    )


class AlertWish(HasId, Base):
    """Somebody wants to be told of notices of a kind by a message as well.

    `kind` is of `server.fieldwork.outreach.alerts.KINDS`.
    """

    __tablename__ = "alert_wish"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    channel: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("account_id", "kind", "channel"),
        CheckConstraint(
            "kind IN ('critical','orders','scores','callbacks','bulletin','sending','deadlines')", name="kind"
        ),
        CheckConstraint("channel IN ('sms','email')", name="channel"),
    )
