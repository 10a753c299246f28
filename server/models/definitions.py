"""Forms and programmes: versioned, hashed, immutable once published. A trigger guards what is published."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Form(HasId, Base):
    __tablename__ = "form"

    key: Mapped[str] = mapped_column(unique=True)


class FormVersion(HasId, Base):
    """One version of a form. `content_hash` is SHA-256 of the canonical JSON.

    A draft is written over until it is published: `created_at` and `created_by` say when this content was
    saved and by whom. `note` says to colleagues what is new about it.
    """

    __tablename__ = "form_version"

    form_id: Mapped[UUID] = mapped_column(ForeignKey("form.id"))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(default="published")
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(server_default="system")
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("form_id", "version"),
        Index(
            "form_version_one_draft_idx", "form_id", unique=True, postgresql_where=text("status = 'draft'")
        ),
        CheckConstraint("status IN ('draft','published','retired')", name="status"),
        CheckConstraint("(status = 'draft') = (published_at IS NULL)", name="published"),
        CheckConstraint("(status = 'retired') = (retired_at IS NOT NULL)", name="retired"),
    )


class FormTrial(HasId, Base):
    """Somebody walks through a form to see how it is: answers that are no submission and never become one.

    `ref` stands in the address and is the key to it.
    """

    __tablename__ = "form_trial"

    ref: Mapped[str] = mapped_column(unique=True)
    form_version_id: Mapped[UUID] = mapped_column(
        ForeignKey("form_version.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    variables: Mapped[dict[str, Any]]
    answers: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("kind IN ('invitation','assignment')", name="kind"),)


class Programme(HasId, Base):
    __tablename__ = "programme"

    key: Mapped[str] = mapped_column(unique=True)


class ProgrammeVersion(HasId, Base):
    """One version of an evaluation scheme; its waves keep the version they were planned under.

    Its columns are those of a form's version.
    """

    __tablename__ = "programme_version"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(default="published")
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(server_default="system")
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("programme_id", "version"),
        CheckConstraint("status IN ('draft','published','retired')", name="status"),
        CheckConstraint("(status = 'draft') = (published_at IS NULL)", name="published"),
        CheckConstraint("(status = 'retired') = (retired_at IS NOT NULL)", name="retired"),
    )
