"""Forms and programmes: versioned, hashed, immutable once published."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Form(HasId, Base):
    __tablename__ = "form"

    key: Mapped[str] = mapped_column(unique=True)


class FormVersion(HasId, Base):
    """One version of a form. `content_hash` is SHA-256 of the canonical JSON."""

    __tablename__ = "form_version"

    form_id: Mapped[UUID] = mapped_column(ForeignKey("form.id"))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(default="published")
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("form_id", "version"),
        CheckConstraint("status IN ('draft','published','retired')", name="status"),
    )


class Programme(HasId, Base):
    __tablename__ = "programme"

    key: Mapped[str] = mapped_column(unique=True)


class ProgrammeVersion(HasId, Base):
    """One version of an evaluation scheme; its waves keep the version they were planned under."""

    __tablename__ = "programme_version"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(default="published")
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("programme_id", "version"),
        CheckConstraint("status IN ('draft','published','retired')", name="status"),
    )
