"""Draws of rolling waves: one for each unit and day."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class RollingDraw(HasId, Base):
    """What was drawn of one unit's events of one day, and how it can be repeated. Written once.

    `round` is 1, and counts on for events that arrived late. The frame are the wave's frame members of this
    `stratum`.
    """

    __tablename__ = "rolling_draw"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    stratum: Mapped[str]
    day: Mapped[date]
    round: Mapped[int]
    population: Mapped[int]
    eligible: Mapped[int]
    selected: Mapped[int]
    frame_fingerprint: Mapped[str]
    result_fingerprint: Mapped[str]
    record: Mapped[dict[str, Any]]
    drawn_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("wave_id", "unit_id", "day", "round"),
        Index("rolling_draw_wave_day_idx", "wave_id", "day"),
    )
