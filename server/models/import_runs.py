"""Imports of files too long for one request: how far they are, and the file until they are through."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

STATES = ("waiting", "running", "done", "failed")


class ImportRun(HasId, Base):
    """One pass over a file, committed batch by batch.

    Attributes:
        dry_run: the pass that only shows; it can be followed by one that applies the same file.
        unit_paths: the sender's scope; None is everything.
        done_row: the last row that is committed: a worker that takes over goes on behind it.
        report: `{"problems": […], "changes": […], "kinds": {…}, "ignored": […], "headers": {…}}`, of long
            lists the first ones. Without personal data.
        error: code of what ended a failed run.
    """

    __tablename__ = "import_run"

    kind: Mapped[str]
    filename: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    dry_run: Mapped[bool]
    state: Mapped[str] = mapped_column(default="waiting")
    by: Mapped[str]
    unit_paths: Mapped[list[Any] | None]
    encoding: Mapped[str] = mapped_column(default="")
    done_row: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('contacts','events')", name="kind"),
        CheckConstraint("state IN ('waiting','running','done','failed')", name="state"),
        Index("import_run_created_idx", "created_at"),
    )


class ImportPart(Base):
    """A piece of a run's file, compressed and encrypted; taken out when the file is no longer needed."""

    __tablename__ = "import_part"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes]
