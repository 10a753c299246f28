"""What a visit's evidence is worth, what is doubted about it, and what people decided about each doubt."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId
from server.models.submissions import Attachment

OPEN, DISMISSED, UPHELD = STATES = ("open", "dismissed", "upheld")
# A picture with less detail is compared with nothing; `server.evidence.pictures` says the same.
LEAST_DETAIL = 10


class VisitConfidence(Base):
    """How a visit was weighed last.

    Attributes:
        confidence: 0 to 100, without the doubts that were dismissed.
        review: below which somebody looks, as the programme said when it was weighed.
        doubts: how many there are, and `open_doubts` of them that nobody has decided about.
        rules: fingerprint of the rules and weights.
    """

    __tablename__ = "visit_confidence"

    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    confidence: Mapped[Decimal] = mapped_column(Numeric)
    review: Mapped[int]
    doubts: Mapped[int]
    open_doubts: Mapped[int]
    rules: Mapped[str]
    weighed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("confidence BETWEEN 0 AND 100", name="confidence"),
        # The queue: least confidence first, as long as something is open.
        Index(
            "visit_confidence_open_idx",
            "confidence",
            "submission_pk",
            postgresql_where=text("open_doubts > 0"),
        ),
        Index(
            "visit_confidence_decided_idx",
            "confidence",
            "submission_pk",
            postgresql_where=text("open_doubts = 0 AND doubts > 0"),
        ),
    )


class VisitDoubt(HasId, Base):
    """One doubt: found by weighing, decided by a person.

    Attributes:
        about: what it is about: the same code about the same is the same doubt, however often it is weighed.
        decided_by: `account:<id>`, as audit lines name it.
    """

    __tablename__ = "visit_doubt"

    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    code: Mapped[str]
    weight: Mapped[Decimal] = mapped_column(Numeric)
    params: Mapped[dict[str, Any]]
    about: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=OPEN)
    found_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("submission_pk", "code", "about"),
        CheckConstraint(f"state IN ({','.join(map(repr, STATES))})", name="state"),
        CheckConstraint(
            "num_nonnulls(decided_by, decided_at, note) = CASE WHEN state = 'open' THEN 0 ELSE 3 END",
            name="decided",
        ),
    )


# The same file once more, among all there are.
Index("attachment_sha256_idx", Attachment.sha256, postgresql_using="hash")
# Hashes are cut into seven parts: where at most five bits differ, at least two parts are equal, and the pairs
# of parts are what is indexed.
Index(
    "attachment_alike_idx",
    func.photo_pairs(Attachment.difference_hash).label("pairs"),
    postgresql_using="gin",
    postgresql_where=text(f"detail >= {LEAST_DETAIL}"),
)
