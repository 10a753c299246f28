"""Objections to facts and appeals against what was published, with the answers that everybody reads."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

OBJECTION, APPEAL = STAGES = ("objection", "appeal")
OPEN, UPHELD, REFUSED, TAKEN_BACK = STATES = ("open", "upheld", "refused", "taken_back")


class Appeal(HasId, Base):
    """Somebody disputes one item of a report, a whole report, a ledger line, or a fine.

    Attributes:
        stage: an objection to facts before publication, or an appeal after it.
        subject_id: whose report, line or fine it is.
        item: of the report; None for the whole of it.
        said: what is wrong, in the words of who disputes it.
        filed_by: `account:<id>` or `person:<id>`.
        decides_until: the day by which an answer was promised.
        answer: read by everybody who reads the report.
        decided_by: the account that decided.
        effect: what being upheld changed: answers of items, or what was taken out.
    """

    __tablename__ = "appeal"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    stage: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"), index=True)
    submission_pk: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"))
    item: Mapped[str | None]
    ledger_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_line.id"))
    fine_id: Mapped[UUID | None] = mapped_column(ForeignKey("spot_fine.id"))
    said: Mapped[str]
    filed_by: Mapped[str]
    filed_at: Mapped[datetime]
    decides_until: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'open'"), default=OPEN)
    answer: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    effect: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint(f"stage IN ({','.join(map(repr, STAGES))})", name="stage"),
        CheckConstraint(f"state IN ({','.join(map(repr, STATES))})", name="state"),
        CheckConstraint("num_nonnulls(submission_pk, ledger_line_id, fine_id) = 1", name="about"),
        CheckConstraint("item IS NULL OR submission_pk IS NOT NULL", name="item"),
        CheckConstraint(
            "num_nonnulls(answer, decided_by, decided_at) "
            "= CASE WHEN state IN ('upheld','refused') THEN 3 ELSE 0 END",
            name="decided",
        ),
        Index(
            "appeal_open_key",
            "submission_pk",
            "item",
            "ledger_line_id",
            "fine_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("appeal_wave_idx", "wave_id", "state"),
    )
