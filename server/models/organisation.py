"""Who is judged: the tree of units, and the subjects that everything else points to."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

LEVELS = ("province", "city", "district", "sub_branch", "outlet")


class Unit(HasId, Base):
    """A node of the organisation tree.

    `path` is the codes from the root down, each followed by a slash (`C01/D03/B12/`): a subtree is one
    prefix, so a scope costs one index range.
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
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("unit_path_idx", "path", postgresql_ops={"path": "text_pattern_ops"}),
        CheckConstraint("level IN ('province','city','district','sub_branch','outlet')", name="level"),
        CheckConstraint("datum IN ('WGS-84','GCJ-02','BD-09')", name="datum"),
        # A coordinate without its datum is up to 700 m wrong without anybody knowing.
        CheckConstraint("(longitude IS NULL) = (datum IS NULL)", name="datum_known"),
    )


class Subject(HasId, Base):
    """What is judged: a unit, person, department, firm or bank. `code` is how firms and files name it."""

    __tablename__ = "subject"

    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"), unique=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), unique=True)
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"), unique=True)
    name: Mapped[str]

    __table_args__ = (CheckConstraint("kind IN ('unit','person','department','firm','bank')", name="kind"),)
