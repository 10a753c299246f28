"""What people decided about a programme's money: its numbers, amounts inside a range, lines, monthly closes.

Insert-only: the newest choice counts, a line is decided about once and closed once.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class ProgrammeChoice(HasId, Base):
    """Values of a programme's parameters for a scheme year, all of them each time."""

    __tablename__ = "programme_choice"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    year: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    reason: Mapped[str]
    chosen_by: Mapped[str]
    chosen_at: Mapped[datetime]

    __table_args__ = (Index("programme_choice_newest_idx", "programme_id", "year", "chosen_at"),)


class LedgerDecision(HasId, Base):
    """An amount that somebody named where a rule leaves it open; `event` as in a ledger line's `period`."""

    __tablename__ = "ledger_decision"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    year: Mapped[int]
    rule: Mapped[str]
    subject: Mapped[str]
    event: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric)
    reason: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]

    __table_args__ = (
        Index("ledger_decision_newest_idx", "programme_id", "year", "rule", "subject", "event", "decided_at"),
    )


class LedgerApproval(Base):
    """Somebody decided about a line of the ledger."""

    __tablename__ = "ledger_approval"

    line_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_line.id"), primary_key=True)
    approved: Mapped[bool]
    reason: Mapped[str | None]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("approved OR reason IS NOT NULL", name="reason"),)


class LedgerClose(HasId, Base):
    """The lines of a programme that were handed to payroll together, with their sums and their hash."""

    __tablename__ = "ledger_close"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    month: Mapped[date]
    number: Mapped[int]
    totals: Mapped[list[Any]]
    lines_hash: Mapped[str]
    closed_by: Mapped[str]
    closed_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("programme_id", "number"),)


class LedgerCloseLine(Base):
    """Which close has a line: one at most."""

    __tablename__ = "ledger_close_line"

    line_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_line.id"), primary_key=True)
    close_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_close.id"), index=True)
