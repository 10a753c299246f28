"""Reports that somebody looks through before they count, and what each person said of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

WAITING, SECOND, HELD = OPEN_STATES = ("waiting", "second", "held")
APPROVED, EXCLUDED, REJECTED = DECIDED_STATES = ("approved", "excluded", "rejected")
STATES = (*OPEN_STATES, *DECIDED_STATES)
SET_ASIDE = (EXCLUDED, REJECTED)
ACTS = ("approve", "exclude", "reject", "hold", "release", "correct", "reopen")


class Review(Base):
    """How the review of a submission stands.

    Attributes:
        risk: 0 to 100; the queue begins with the highest.
        reasons: why: `{"code", …}` each.
        second_look: whether it was drawn for a second person before anybody looked.
        revision_id: the answers as they were when they were decided about, or are now.
        proposed: in `second`, the act that waits for somebody else to agree.
        proposed_by: the account that proposed it.
        claimed_by, claimed_until: the account that has it open.
        alone: it was decided by one person where the programme asks for two.
    """

    __tablename__ = "review"

    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("submission_revision.id"))
    state: Mapped[str]
    risk: Mapped[int]
    reasons: Mapped[list[Any]]
    second_look: Mapped[bool]
    proposed: Mapped[str | None]
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    claimed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    claimed_until: Mapped[datetime | None]
    alone: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state IN ({','.join(map(repr, STATES))})", name="state"),
        CheckConstraint("risk BETWEEN 0 AND 100", name="risk"),
        CheckConstraint("num_nonnulls(proposed, proposed_by) IN (0, 2)", name="proposed"),
        CheckConstraint("(state = 'second') = (proposed IS NOT NULL)", name="second"),
        CheckConstraint("num_nonnulls(claimed_by, claimed_until) IN (0, 2)", name="claimed"),
        CheckConstraint(
            "(decided_at IS NOT NULL) = (state IN ('approved','excluded','rejected'))", name="decided"
        ),
        # The queue: the greatest risk first, then what waits longest.
        Index(
            "review_queue_idx",
            text("risk DESC"),
            "opened_at",
            "submission_pk",
            postgresql_where=text("decided_at IS NULL"),
        ),
        Index("review_wave_idx", "wave_id", "state"),
        Index(
            "review_decided_idx",
            "decided_at",
            "submission_pk",
            postgresql_where=text("decided_at IS NOT NULL"),
        ),
    )


class ReviewStep(HasId, Base):
    """One thing that somebody did in a review. Insert-only.

    Attributes:
        account_id: who; None where a rule approved.
        revision_id: the answers that were in front of them; of a correction, those that it made.
        score: published, of those answers.
        final: whether it decided, or waits for somebody else.
        alone: why one person did what needs two.
    """

    __tablename__ = "review_step"

    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    number: Mapped[int]
    act: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    actor: Mapped[str]
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("submission_revision.id"))
    score: Mapped[Decimal | None] = mapped_column(Numeric)
    note: Mapped[str | None]
    final: Mapped[bool]
    alone: Mapped[str | None]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("submission_pk", "number"),
        CheckConstraint(f"act IN ({','.join(map(repr, ACTS))})", name="act"),
        Index("review_step_account_idx", "account_id", "at"),
    )


class ReviewRemark(HasId, Base):
    """A sentence that reviewers use again and again (批注库). One that was taken out stays readable."""

    __tablename__ = "review_remark"

    sentence: Mapped[str]
    item_code: Mapped[str | None]
    written_by: Mapped[str]
    written_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "review_remark_sentence_key",
            "sentence",
            "item_code",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )
