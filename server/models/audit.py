"""The audit chain: lines written with what they witness, sealed afterwards in batches."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base

# What comes by the million, and the condition of the indexes that leave it out: a query that is to use them
# says it word by word.
BULK = ("submission_stored", "task_started")
DESK = "action NOT IN ('submission_stored', 'task_started')"


class AuditLine(Base):
    """What happened. Insert-only: a trigger refuses UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "audit_line"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    request_id: Mapped[str | None]

    __table_args__ = (
        Index("audit_line_desk_idx", "id", postgresql_where=text(DESK)),
        Index("audit_line_desk_subject_idx", "subject", "id", postgresql_where=text(DESK)),
        Index("audit_line_desk_actor_idx", "actor", "id", postgresql_where=text(DESK)),
    )


class AuditSeal(Base):
    """The chain: `head` is SHA-256 of the previous head and the line. `position` has no gaps."""

    __tablename__ = "audit_seal"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line_id: Mapped[int] = mapped_column(ForeignKey("audit_line.id"), unique=True)
    head: Mapped[bytes]
    sealed_at: Mapped[datetime]


class AuditAnchor(Base):
    """A head that was copied outside, so that cutting the tail shows."""

    __tablename__ = "audit_anchor"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    head: Mapped[bytes]
    anchored_at: Mapped[datetime]
    place: Mapped[str]
