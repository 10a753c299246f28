"""What visits are paid, apart from their scores. Insert-only: a line is reversed by another, never changed.

A line that nobody has decided about is proposed; a decision approves or refuses it, once; a statement freezes
the approved lines of a month.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

# The first two follow from a visit, the third is claimed by who went; the others come from the desk.
PAY_KINDS = ("fee", "attempt", "expense", "bonus", "deduction", "reversal")


class PayLine(HasId, Base):
    """An amount in yuan for a person. A deduction is below nothing.

    Attributes:
        assignment_id: the visit; None for what belongs to none.
        receipt_id: the photo of an expense's receipt.
        reverses_id: the line that a reversal takes back, whose amount it repeats with the other sign.
        proposed_by: `kind:id`; who proposed a line does not decide about it.
    """

    __tablename__ = "pay_line"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignment.id"))
    kind: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    note: Mapped[str | None]
    receipt_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachment.id"))
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("pay_line.id"), index=True)
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"kind IN ({','.join(map(repr, PAY_KINDS))})", name="kind"),
        CheckConstraint(
            "CASE kind WHEN 'deduction' THEN amount < 0 WHEN 'reversal' THEN amount <> 0 ELSE amount > 0 END",
            name="amount",
        ),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
        CheckConstraint("kind NOT IN ('fee','attempt','expense') OR assignment_id IS NOT NULL", name="visit"),
        # A job that runs twice, or a phone that sends again, must not pay a visit twice.
        Index(
            "pay_line_visit_key",
            "assignment_id",
            "kind",
            unique=True,
            postgresql_where=text("kind IN ('fee','attempt')"),
        ),
        Index("pay_line_assignment_idx", "assignment_id"),
        Index("pay_line_person_idx", "person_id", "proposed_at"),
    )


class PayDecision(Base):
    """A line was approved or refused, with the reason where it was refused.

    `reverses_id` repeats that of an approved reversal, so that nothing is taken back twice.
    """

    __tablename__ = "pay_decision"

    line_id: Mapped[UUID] = mapped_column(ForeignKey("pay_line.id"), primary_key=True)
    approved: Mapped[bool]
    reason: Mapped[str | None]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("pay_line.id"), unique=True)
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("approved OR reason IS NOT NULL", name="reason"),)


class PayStatement(HasId, Base):
    """What a person is paid for a month, numbered and frozen.

    Attributes:
        month: its first day.
        number: within the month, from 1.
        sums: kind -> amount, as text.
    """

    __tablename__ = "pay_statement"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    month: Mapped[date]
    number: Mapped[int]
    total: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    sums: Mapped[dict[str, Any]]
    closed_by: Mapped[str]
    closed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("person_id", "month"),
        UniqueConstraint("month", "number"),
    )


class PayStatementLine(Base):
    """Which statement an approved line is in: one at most."""

    __tablename__ = "pay_statement_line"

    line_id: Mapped[UUID] = mapped_column(ForeignKey("pay_line.id"), primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("pay_statement.id"), index=True)
