"""The call-back desk: cases, attempts, who or what it was, and what the branches were told of a week."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

CAUSES = ("dissatisfied", "ring", "complaint")
# In the order in which the desk takes them.
SEVERITIES = ("high", "normal", "low")
OUTCOMES = ("resolved", "passed_on", "not_reached", "refused", "wrong_number", "no_number")
REACHES = ("reached", "no_answer", "wrong_number", "ring_later", "refused")
AXES = ("person", "process", "product", "network", "mistake")
STEPS = ("proposed", "confirmed", "changed", "disputed", "upheld", "dismissed")


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({','.join(map(repr, values))})"


class CallBackCase(HasId, Base):
    """Somebody was dissatisfied, wants to be rung, or complained: one case, until somebody has rung.

    Attributes:
        key: the submission or the message that opened it: the same twice is one case.
        unit_id: where it happened, whose people see it.
        inbound_id: the text message by which somebody asked to be rung.
        contact_id: who is rung; None where nobody may be, so that there is no number either.
        asked: they asked to be rung themselves.
        person_id: who served them, as far as the service event says.
        answered_on: the day of the answer on the unit's clocks, to whose period everything belongs.
        words: what somebody said who wrote no answer, such as a complaint.
        marks_contact: whether this case set the mark that keeps the contact from being asked meanwhile.
        ring_at: not before: when they asked to be rung, or when to try again.
        holder_id: who has it in hand; it is free again when nothing has moved since `moved_at` for a while.
        record_pk: the submission that notes the call.
    """

    __tablename__ = "call_back_case"

    key: Mapped[str] = mapped_column(unique=True)
    cause: Mapped[str]
    severity: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    programme_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("programme_version.id"))
    instrument_name: Mapped[str | None]
    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"), index=True)
    submission_pk: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"), unique=True)
    inbound_id: Mapped[UUID | None] = mapped_column(ForeignKey("inbound_message.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    asked: Mapped[bool] = mapped_column(server_default=false())
    locale: Mapped[str]
    answered_on: Mapped[date]
    words: Mapped[str | None]
    marks_contact: Mapped[bool] = mapped_column(server_default=false())
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ring_at: Mapped[datetime]
    holder_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    moved_at: Mapped[datetime | None]
    record_pk: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"))
    outcome: Mapped[str | None]
    note: Mapped[str | None]
    passed_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(_among("cause", CAUSES), name="cause"),
        CheckConstraint(_among("severity", SEVERITIES), name="severity"),
        CheckConstraint(_among("outcome", OUTCOMES), name="outcome"),
        CheckConstraint("num_nonnulls(closed_at, closed_by, outcome) IN (0, 3)", name="closed"),
        CheckConstraint("(outcome = 'passed_on') = (passed_to_id IS NOT NULL)", name="passed_on"),
        CheckConstraint("holder_id IS NULL OR moved_at IS NOT NULL", name="held"),
        Index("call_back_case_unit_idx", "unit_id", "opened_at"),
        Index("call_back_case_contact_idx", "contact_id", postgresql_where=text("closed_at IS NULL")),
        Index("call_back_case_open_idx", "due_at", postgresql_where=text("closed_at IS NULL")),
        Index("call_back_case_closed_idx", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    )


class CallBackAttempt(HasId, Base):
    """One call, and what became of it. `ring_at` is when they asked to be rung instead."""

    __tablename__ = "call_back_attempt"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("call_back_case.id"))
    number: Mapped[int]
    reach: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    ring_at: Mapped[datetime | None]
    note: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint(_among("reach", REACHES), name="reach"),
        CheckConstraint("(reach = 'ring_later') = (ring_at IS NOT NULL)", name="ring_later"),
    )


class CallBackStep(HasId, Base):
    """One step towards who or what it was: a proposal, its confirmation, a dispute, its decision.

    Steps are added and never changed; the last one says how it stands.

    Attributes:
        axis: what it was. A step that changes nothing repeats that of the one before, like all below.
        person_id: which employee, where it was a person.
        grave: gross rudeness.
        reason: why it is proposed, changed, disputed, or decided so.
    """

    __tablename__ = "call_back_step"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("call_back_case.id"))
    number: Mapped[int]
    step: Mapped[str]
    axis: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    grave: Mapped[bool] = mapped_column(server_default=false())
    reason: Mapped[str | None]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint(_among("step", STEPS), name="step"),
        CheckConstraint(_among("axis", AXES), name="axis"),
        CheckConstraint("(axis = 'person') = (person_id IS NOT NULL)", name="person"),
        CheckConstraint("axis = 'person' OR NOT grave", name="grave"),
        CheckConstraint("step IN ('proposed','confirmed') OR reason IS NOT NULL", name="reason"),
    )


class CallBackBulletin(HasId, Base):
    """What a unit and all below it heard of a week: made once, corrected only by a new number.

    Attributes:
        week: its Monday.
        content_hash: SHA-256 of the content's canonical JSON.
        reason: why there is a correction.
    """

    __tablename__ = "call_back_bulletin"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    week: Mapped[date]
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    reason: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]

    __table_args__ = (
        UniqueConstraint("unit_id", "week", "number"),
        Index("call_back_bulletin_week_idx", "week"),
        CheckConstraint("(number = 1) = (reason IS NULL)", name="reason"),
        CheckConstraint("extract(isodow FROM week) = 1", name="monday"),
    )


class CallBackClosing(HasId, Base):
    """One text of a coordinator, "you said, we changed", to those who answered a wave or to a part of them.

    Attributes:
        axis: of whose cases it speaks; None is everybody who answered.
        texts: by language.
        recipients, segments: what was counted when it was sent.
    """

    __tablename__ = "call_back_closing"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    axis: Mapped[str | None]
    texts: Mapped[dict[str, Any]]
    recipients: Mapped[int]
    segments: Mapped[int]
    sent_at: Mapped[datetime]
    sent_by: Mapped[str]

    __table_args__ = (
        UniqueConstraint("wave_id", "axis", postgresql_nulls_not_distinct=True),
        CheckConstraint(_among("axis", AXES), name="axis"),
    )
