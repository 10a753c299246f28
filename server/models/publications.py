"""What was published of a wave, in numbered versions; the window before it for objections to facts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

PROPOSED, PUBLISHED, WITHDRAWN = STATES = ("proposed", "published", "withdrawn")


class FactsCheck(Base):
    """Units may object to facts of a wave's reports until `closes_at`."""

    __tablename__ = "facts_check"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("closes_at > opened_at", name="window"),)


class Publication(HasId, Base):
    """Scores of a wave as they were at one moment, frozen. A correction is the next number.

    A published row is never changed; triggers refuse it.

    Attributes:
        snapshot: what everybody is told of; `snapshot_hash` its fingerprint.
        settlement_id: the settlement that was made with it.
        reason: why a later version was needed.
        alone: why one person published where the programme asks for two.
        visible_from: the moment before which only those see it who may publish.
        appeals_until: the first moment at which no appeal is taken any more.
    """

    __tablename__ = "publication"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    number: Mapped[int]
    state: Mapped[str]
    snapshot: Mapped[dict[str, Any]]
    snapshot_hash: Mapped[str]
    settlement_id: Mapped[UUID | None] = mapped_column(ForeignKey("settlement.id"))
    reason: Mapped[str | None]
    alone: Mapped[str | None]
    visible_from: Mapped[datetime]
    appeals_until: Mapped[datetime | None]
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[datetime]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    published_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state IN ({','.join(map(repr, STATES))})", name="state"),
        CheckConstraint(
            "num_nonnulls(published_by, published_at) = CASE state WHEN 'published' THEN 2 ELSE 0 END",
            name="published",
        ),
        CheckConstraint("number = 1 OR reason IS NOT NULL", name="reason"),
        Index(
            "publication_number_key",
            "wave_id",
            "number",
            unique=True,
            postgresql_where=text("state <> 'withdrawn'"),
        ),
        Index(
            "publication_proposed_key",
            "wave_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )


class PublishedReport(Base):
    """A report of a wave by the name under which branches see it: it tells neither order nor time."""

    __tablename__ = "published_report"

    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    ref: Mapped[str]

    __table_args__ = (UniqueConstraint("ref"),)
