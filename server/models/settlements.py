"""Settlements and the ledger they write. Insert-only: a line is reversed by another one, never changed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Settlement(HasId, Base):
    """A programme settled for a scheme year: what went in, what came out, and the hashes of both.

    The settlements of a programme and year stand in one line, each superseding the one before. `year` names
    the scheme year, `as_of` the day of settlement.
    """

    __tablename__ = "settlement"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    programme_version_id: Mapped[UUID] = mapped_column(ForeignKey("programme_version.id"))
    year: Mapped[int]
    as_of: Mapped[date]
    facts: Mapped[dict[str, Any]]
    facts_hash: Mapped[str]
    definition_hash: Mapped[str]
    result: Mapped[dict[str, Any]]
    result_hash: Mapped[str]
    supersedes_id: Mapped[UUID | None] = mapped_column(ForeignKey("settlement.id"), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]

    __table_args__ = (
        # The same inputs may come back after others (an appeal upheld, then withdrawn): the ledger must turn
        # back too, so it is inputs on top of the same earlier settlement that stand only once.
        UniqueConstraint(
            "programme_version_id", "facts_hash", "supersedes_id", postgresql_nulls_not_distinct=True
        ),
        Index(
            "settlement_first_idx",
            "programme_id",
            "year",
            unique=True,
            postgresql_where=text("supersedes_id IS NULL"),
        ),
    )


class LedgerLine(HasId, Base):
    """A reward or a penalty, or with `reverses_id` the contra line that takes an earlier one back.

    `line_id` is the settlement's own id of the line, the same each time a rule fires for the same subject and
    event. `period` is a period, a finding or a submission. A contra line repeats the line it reverses with
    its amount below nothing, so sums over all lines are the ledger as it stands.
    """

    __tablename__ = "ledger_line"

    settlement_id: Mapped[UUID] = mapped_column(ForeignKey("settlement.id"))
    line_id: Mapped[str]
    rule: Mapped[str]
    subject: Mapped[str]
    period: Mapped[str]
    direction: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric)
    unit: Mapped[str]
    payee_kind: Mapped[str]
    payee_id: Mapped[str]
    # Once: a line that is taken back twice would pay somebody.
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_line.id"), unique=True)

    __table_args__ = (
        UniqueConstraint("settlement_id", "line_id"),
        CheckConstraint("direction IN ('reward','penalty')", name="direction"),
        CheckConstraint("(reverses_id IS NULL) = (amount > 0) AND amount <> 0", name="contra"),
        Index("ledger_line_payee_idx", "payee_kind", "payee_id"),
    )
