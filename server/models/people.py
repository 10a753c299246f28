"""What rosters must know of people who go out: certificates, territories, absences, where they may not go."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

CONFLICT, IDENTIFIED = BAR_KINDS = ("conflict", "identified")


class PersonQualification(HasId, Base):
    """A certificate that somebody holds, by the name that tasks ask for.

    `expires_on` is the last day on which it is valid; None is for ever. `score` is a percentage.
    """

    __tablename__ = "person_qualification"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    level: Mapped[str | None]
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    passed_on: Mapped[date | None]
    expires_on: Mapped[date | None]

    __table_args__ = (UniqueConstraint("person_id", "name"),)


class PersonTerritory(Base):
    """A subtree in which somebody works; without any, everywhere."""

    __tablename__ = "person_territory"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True)


class PersonAbsence(HasId, Base):
    """Days on which somebody cannot go, the first and the last among them."""

    __tablename__ = "person_absence"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]

    __table_args__ = (
        UniqueConstraint("person_id", "first_day"),
        CheckConstraint("last_day >= first_day", name="days"),
    )


class PersonBar(HasId, Base):
    """Where somebody may not go: a `conflict` that was declared (works there, has family there), with all
    that is below; or a unit where somebody was `identified`, which bars for ever.
    """

    __tablename__ = "person_bar"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    kind: Mapped[str]
    since: Mapped[date]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("person_id", "unit_id", "kind"),
        CheckConstraint(f"kind IN ({','.join(map(repr, BAR_KINDS))})", name="kind"),
    )
