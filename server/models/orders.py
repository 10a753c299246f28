"""Orders to put things right: one paper a recipient and week, its items, and every step of each."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

OPEN, FIXED, CLOSED, WITHDRAWN = STATES = ("open", "fixed", "closed", "withdrawn")
KINDS = ("order_rectification", "order_improvement", "order_training")
# How somebody made sure that it was put right.
ON_SITE, AT_DESK, ON_THE_SPOT = WAYS = ("site", "desk", "spot")
ACTS = ("issue", "fix", "close", "return", "extend", "withdraw", "reopen")


class RectificationOrder(HasId, Base):
    """The paper that somebody signs for. What comes up before it is signed goes onto it as well.

    Attributes:
        year, number: what people call it by: 12 of 2026.
        week: the Monday of the week in which it was issued.
        signed_hash: SHA-256 of the items as they were signed for.
    """

    __tablename__ = "rectification_order"

    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    year: Mapped[int]
    number: Mapped[int]
    week: Mapped[date]
    issued_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str | None]
    signed_name: Mapped[str | None]
    signed_hash: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("year", "number"),
        CheckConstraint(
            "num_nonnulls(signed_at, signed_by, signed_name, signed_hash) IN (0, 4)", name="signed"
        ),
        Index(
            "rectification_order_open_key",
            "subject_id",
            "week",
            unique=True,
            postgresql_where=text("signed_at IS NULL"),
        ),
    )


class OrderItem(HasId, Base):
    """One thing to put right.

    Attributes:
        place: its number on the paper.
        wave_id: where its photos are kept; None where the programme has no waves, which takes no photos.
        year: the scheme year of the settlement that asks for it; with `demand` what makes it the same one
            when the programme is settled again. Both None for what somebody issued by hand.
        submission_pk, item: the report and its item; None where it is about more than one.
        title: why, by language; `about` is what, by language.
        said: what to do, in the words of whoever issued it.
        key_item: it is due sooner.
        due_at: the first moment after the deadline.
        fixed_by: as audit lines name them: somebody else closes it.
    """

    __tablename__ = "order_item"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("rectification_order.id"))
    place: Mapped[int]
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"))
    year: Mapped[int | None]
    demand: Mapped[str | None]
    kind: Mapped[str]
    submission_pk: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"), index=True)
    item: Mapped[str | None]
    title: Mapped[dict[str, Any]]
    about: Mapped[dict[str, Any]]
    said: Mapped[str | None]
    key_item: Mapped[bool]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'open'"), default=OPEN)
    fixed_by: Mapped[str | None]
    fixed_at: Mapped[datetime | None]
    issued_by: Mapped[str]
    issued_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("order_id", "place"),
        CheckConstraint(f"state IN ({','.join(map(repr, STATES))})", name="state"),
        CheckConstraint(f"kind IN ({','.join(map(repr, KINDS))})", name="kind"),
        CheckConstraint("num_nonnulls(year, demand) IN (0, 2)", name="demand"),
        CheckConstraint("num_nonnulls(fixed_by, fixed_at) IN (0, 2)", name="fixed"),
        Index("order_item_demand_key", "programme_id", "year", "demand", unique=True),
        Index("order_item_due_idx", "due_at", postgresql_where=text("state = 'open'")),
    )


class OrderStep(HasId, Base):
    """What somebody did about an item, never changed.

    Attributes:
        way: how somebody made sure, when it was closed.
        due_at: the deadline from then on, where the step moved it.
    """

    __tablename__ = "order_step"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("order_item.id"))
    number: Mapped[int]
    act: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str | None]
    way: Mapped[str | None]
    due_at: Mapped[datetime | None]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        CheckConstraint(f"act IN ({','.join(map(repr, ACTS))})", name="act"),
        CheckConstraint(f"way IN ({','.join(map(repr, WAYS))})", name="way"),
    )


class PaperTemplate(HasId, Base):
    """A Word document that papers of a kind are printed by; the newest is used, the others stay."""

    __tablename__ = "paper_template"

    kind: Mapped[str]
    name: Mapped[str]
    data: Mapped[bytes]
    sha256: Mapped[str]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]

    __table_args__ = (Index("paper_template_newest_idx", "kind", "uploaded_at"),)
