"""Findings that somebody wrote down without a form: a breach, praise, what was seen on the spot."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

PENDING, CONFIRMED, REJECTED = STATES = ("pending", "confirmed", "rejected")


class LoggedFinding(HasId, Base):
    """One entry. It counts once somebody else confirmed it.

    Attributes:
        day: when it was; on its scheme year it counts.
        kind: what the programme's rules know it by; empty for a plain fault.
        section: of the programme from which its points are taken; empty for none.
        item: by its code, such as TEL-01, where the catalogue has one.
        points, amount: as the entry says; what they mean is the programme's rule.
        person: whom it is about, by staff number or as the scheme says.
        source: where it comes from: an instrument's name, or as somebody put it.
        due: by when it has to be put right, where the entry says so.
        wave_id: where its photos are kept; None where the programme has no waves.
        decided_by: as audit lines name them; somebody else than `recorded_by`.
        reason: why it was rejected, or confirmed after all.
    """

    __tablename__ = "logged_finding"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"))
    day: Mapped[date]
    kind: Mapped[str]
    section: Mapped[str]
    item: Mapped[str]
    points: Mapped[Decimal | None] = mapped_column(Numeric)
    amount: Mapped[Decimal | None] = mapped_column(Numeric)
    person: Mapped[str]
    source: Mapped[str]
    said: Mapped[str]
    due: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"), default=PENDING)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(f"state IN ({','.join(map(repr, STATES))})", name="state"),
        CheckConstraint("points >= 0 AND amount >= 0", name="amounts"),
        CheckConstraint("(state = 'pending') = (num_nonnulls(decided_by, decided_at) = 0)", name="decided"),
        CheckConstraint("state <> 'rejected' OR reason IS NOT NULL", name="reason"),
        Index("logged_finding_programme_idx", "programme_id", "day"),
        Index("logged_finding_subject_idx", "subject_id", "day"),
    )
