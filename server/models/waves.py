"""Rounds of a programme."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

STATES = ("planned", "drawn", "launched", "paused", "closed", "cancelled")


class Wave(HasId, Base):
    """One round: an instrument's form, dates, a draw. `prn_key` keys its permanent random numbers.

    `instrument` is the kind of the programme's instrument that is called `instrument_name`. Since
    `drawing_since` the worker is drawing its sample.
    """

    __tablename__ = "wave"

    programme_version_id: Mapped[UUID] = mapped_column(ForeignKey("programme_version.id"))
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    title_en: Mapped[str | None]
    instrument: Mapped[str]
    instrument_name: Mapped[str | None]
    form_version_id: Mapped[UUID] = mapped_column(ForeignKey("form_version.id"))
    state: Mapped[str] = mapped_column(default="planned")
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prn_key: Mapped[bytes]
    launched_at: Mapped[datetime | None]
    drawing_since: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "state IN ('planned','drawn','launched','paused','closed','cancelled')", name="state"
        ),
        CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL AND cancel_reason IS NOT NULL)",
            name="cancelled",
        ),
        CheckConstraint(
            "instrument IN ('survey','visit','video','self_check','panel','ballot','log')", name="instrument"
        ),
        CheckConstraint("closes_at > opens_at", name="window"),
        Index("wave_state_opens_idx", "state", "opens_at"),
    )


class WavePeriod(Base):
    """A period of the programme's calendar to which a wave belongs: a quarter, a phase, the year.

    `period` is the id of the period, such as `2026Q2`.
    """

    __tablename__ = "wave_period"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)


class WaveApproval(HasId, Base):
    """Somebody has read what is about to be sent and agrees.

    `plan_hash` is the fingerprint of what was read: whoever changes the wave afterwards asks again.
    """

    __tablename__ = "wave_approval"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    plan_hash: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("wave_id", "account_id", "plan_hash"),)
