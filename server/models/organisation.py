"""Who is judged: the tree of units, as it is and as it was, and the subjects that everything points to."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

# From the top down; which may stand below which is each organisation's own. An `outlet` is what is visited.
LEVELS = (
    "head_office", "province", "city", "district", "area", "sub_branch", "second_sub_branch", "outlet",
)  # fmt: skip
DATUMS_CHECK = "datum IN ('WGS-84','GCJ-02','BD-09')"
LEVEL_CHECK = f"level IN ({','.join(map(repr, LEVELS))})"


class Unit(HasId, Base):
    """A node of the organisation tree.

    `path` is the codes from the root down, each followed by a slash (`C01/D03/B12/`): a subtree is one
    prefix, so a scope costs one index range. `attributes` are described in docs/operations.md. Rows are
    written by `fieldwork.organisation.writing` alone, which keeps `unit_version` in step.
    """

    __tablename__ = "unit"

    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    level: Mapped[str]
    path: Mapped[str]
    address: Mapped[str | None]
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(10, 7))
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(10, 7))
    datum: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_on: Mapped[date | None]
    # The first moment of the first day on which it was closed, in its own zone.
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None]
    # Which unit took over its customers when it was merged.
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("unit_path_idx", "path", postgresql_ops={"path": "text_pattern_ops"}),
        CheckConstraint(LEVEL_CHECK, name="level"),
        CheckConstraint(DATUMS_CHECK, name="datum"),
        # A coordinate without its datum is up to 700 m wrong without anybody knowing.
        CheckConstraint("(longitude IS NULL) = (datum IS NULL)", name="datum_known"),
    )


class UnitVersion(HasId, Base):
    """What a unit was like from one day (inclusive) to another (exclusive; NULL: to this day).

    Days without a gap; a second change on the same day replaces the first. A unit below one that moves gets
    a version of its own, since its path changes: the tree of a day is one range of days and one prefix.
    """

    __tablename__ = "unit_version"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    path: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    level: Mapped[str]
    address: Mapped[str | None]
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(10, 7))
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(10, 7))
    datum: Mapped[str | None]
    timezone: Mapped[str]
    attributes: Mapped[dict[str, Any]]
    closed: Mapped[bool]
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    reason: Mapped[str | None]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("unit_id", "valid_from"),
        Index("unit_version_current_idx", "unit_id", unique=True, postgresql_where=text("valid_to IS NULL")),
        Index("unit_version_path_idx", "path", postgresql_ops={"path": "text_pattern_ops"}),
        CheckConstraint("valid_to > valid_from", name="days"),
    )


class Subject(HasId, Base):
    """What is judged: a unit, person, department, firm or bank. `code` is how firms and files name it."""

    __tablename__ = "subject"

    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"), unique=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), unique=True)
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"), unique=True)
    # Where a department or a bank belongs, which is no unit itself.
    parent_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str]

    __table_args__ = (CheckConstraint("kind IN ('unit','person','department','firm','bank')", name="kind"),)
