"""The recorded random selection of a wave, and the copy of the frame it was made from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Draw(HasId, Base):
    """What was drawn, how, and the fingerprints by which it can be repeated. Written once."""

    __tablename__ = "draw"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), unique=True)
    method: Mapped[str]
    record: Mapped[dict[str, Any]]
    frame_fingerprint: Mapped[str]
    result_fingerprint: Mapped[str]
    drawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    drawn_at: Mapped[datetime]


class DrawPreview(Base):
    """What a draw from a large frame would give, worked out by the worker for whoever plans the wave.

    Attributes:
        choices: the fingerprint of `settings`, those that decide the draw.
        made_at: None until it was worked out; older than `asked_at` while it is worked out again.
        summary: of the draw, as `DrawResult.summary`; None where the choices do not fit the frame.
        problems: why they do not: code, pointer and parameters of each.
    """

    __tablename__ = "draw_preview"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    choices: Mapped[str] = mapped_column(primary_key=True)
    settings: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    summary: Mapped[dict[str, Any] | None]
    problems: Mapped[list[Any]] = mapped_column(default=list)


class FrameMember(Base):
    """A line of the wave's own copy of its frame: later imports do not change what was drawn from.

    Attributes:
        member_id: what the draw knew it by: a contact's or an event's external id, an outlet's code.
        list_order: the place in the list of a systematic draw.
        reason: why a visit goes to this outlet (`must`, `parent`, `unseen`, `oldest`, `random`).
        inclusion: the probability of being selected, an exact fraction in text.
        stands_for: the member whose place a released reserve took, because of `release_cause`.
    """

    __tablename__ = "frame_member"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    stratum: Mapped[str]
    excluded: Mapped[str | None]
    outcome: Mapped[str]
    position: Mapped[int | None]
    list_order: Mapped[str | None]
    event_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    inclusion: Mapped[str | None]
    released_at: Mapped[datetime | None]
    release_cause: Mapped[str | None]
    stands_for: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("outcome IN ('selected','reserve','excluded','released')", name="outcome"),
        CheckConstraint(
            "(outcome = 'released') = (released_at IS NOT NULL AND release_cause IS NOT NULL)",
            name="released",
        ),
        Index("frame_member_wave_outcome_idx", "wave_id", "outcome"),
    )
