"""Recordings of a unit's cameras that a video check asks for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

RECORDING_STATES = ("asked", "delivered", "refused", "missing")


class RecordingRequest(HasId, Base):
    """One post's recording of one stretch of time. Who asks is known by the assignment alone.

    Attributes:
        post: its name in the programme's `visits.posts`.
        state: `refused` is that it will not be handed over, `missing` that there is none.
        kept_where: where a delivered recording is kept: a shelf, a disc, a path in the unit's own network.
        note: why there is none, or what belongs to a delivered one.
        settled_by: who in the unit said so.
    """

    __tablename__ = "recording_request"

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    post: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="asked")
    kept_where: Mapped[str | None]
    note: Mapped[str | None]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("assignment_id", "post"),
        CheckConstraint(f"state IN ({','.join(map(repr, RECORDING_STATES))})", name="state"),
        CheckConstraint("until_at > from_at", name="window"),
        CheckConstraint("(state = 'asked') = (settled_at IS NULL)", name="settled"),
        CheckConstraint("state <> 'delivered' OR kept_where IS NOT NULL", name="delivered"),
        CheckConstraint("state NOT IN ('refused','missing') OR note IS NOT NULL", name="reason"),
        Index("recording_request_open_idx", "due_at", postgresql_where=text("state = 'asked'")),
        Index("recording_request_unit_idx", "unit_id", "due_at"),
    )
