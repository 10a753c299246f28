"""What an overt round leaves behind besides its answers: the manager's signature, fines on the spot."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Countersignature(HasId, Base):
    """The manager of an outlet is asked by a personal link to sign what a round found.

    Attributes:
        person_id: of a manager whom we know; else `phone`, encrypted.
        revision_id: the state of the answers that was shown and signed.
        signed_name: as typed; `drawn` is a drawing of the signature, encrypted.
        refused_reason: why the manager does not sign.
    """

    __tablename__ = "countersignature"

    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("submission_revision.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    phone: Mapped[bytes | None]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    signed_name: Mapped[str | None]
    drawn: Mapped[bytes | None]
    refused_at: Mapped[datetime | None]
    refused_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, phone) = 1", name="somebody"),
        CheckConstraint("num_nonnulls(signed_at, refused_at) < 2", name="once"),
        CheckConstraint("(signed_at IS NULL) = (num_nonnulls(signed_name, drawn) = 0)", name="signed"),
        CheckConstraint("(refused_at IS NULL) = (refused_reason IS NULL)", name="refused"),
        Index("countersignature_submission_idx", "submission_pk", "asked_at"),
    )


class SpotFine(HasId, Base):
    """An amount in yuan that somebody was fined on the spot for an item of a round.

    Attributes:
        submission_id: the client's id, which the assignment had before anything was handed in.
        person: the staff number, or the name as it was written down.
        withdrawn_at: taken back; the row stays.
    """

    __tablename__ = "spot_fine"

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"), index=True)
    submission_id: Mapped[UUID] = mapped_column(index=True)
    item: Mapped[str]
    person: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    note: Mapped[str | None]
    fined_by: Mapped[str]
    fined_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name="withdrawn"),
        Index(
            "spot_fine_key",
            "assignment_id",
            "item",
            "person",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )
