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


class FrameMember(Base):
    """A line of the wave's own copy of its frame: later imports do not change what was drawn from."""

    __tablename__ = "frame_member"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    stratum: Mapped[str]
    excluded: Mapped[str | None]
    outcome: Mapped[str]
    position: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("outcome IN ('selected','reserve','excluded')", name="outcome"),
        Index("frame_member_wave_outcome_idx", "wave_id", "outcome"),
    )
