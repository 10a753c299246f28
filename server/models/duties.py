"""Duties: the ledgers that are kept, what each owes in every period, and the files that prove it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class DutyLedger(Base):
    """A programme whose duties are kept, from a day on. `settings` are parameters set instead of defaults.

    `kept_through` is the last day for which occurrences were generated: a clock that was down goes on there.
    """

    __tablename__ = "duty_ledger"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), primary_key=True)
    starts_on: Mapped[date]
    kept_through: Mapped[date | None]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    stopped_at: Mapped[datetime | None]


class DutyOccurrence(HasId, Base):
    """One duty of one subject in one period. What was missed follows from the time and is written nowhere.

    `about_id` is the unit below that it is about, `person_id` who alone must do it, `unit_id` where it is
    owed. `due_at` and `closes_at` are the first moments after: until `closes_at` it may still be done, late.
    It is done when it was `noted` as many `times`. What has no period has a word of its own as `period`.
    """

    __tablename__ = "duty_occurrence"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    programme_version_id: Mapped[UUID] = mapped_column(ForeignKey("programme_version.id"))
    duty: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    about_id: Mapped[UUID | None] = mapped_column(ForeignKey("subject.id"))
    role: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    period: Mapped[str]
    number: Mapped[int]
    times: Mapped[int]
    due_on: Mapped[date]
    opens_at: Mapped[datetime]
    due_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    noted: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    note: Mapped[str | None]
    signed_by: Mapped[str | None]
    submission_id: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"))
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    excused_at: Mapped[datetime | None]
    excused_by: Mapped[str | None]
    excuse: Mapped[str | None]
    corrected_at: Mapped[datetime | None]
    corrected_by: Mapped[str | None]
    correction: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        # Generating twice, or by two clocks at once, makes one row.
        UniqueConstraint(
            "programme_id",
            "duty",
            "subject_id",
            "about_id",
            "person_id",
            "period",
            "number",
            name="duty_occurrence_once_key",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("opens_at < due_at AND due_at <= closes_at", name="window"),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done"),
        CheckConstraint(
            "(excused_at IS NULL) = (excused_by IS NULL) AND (excused_at IS NULL) = (excuse IS NULL)",
            name="excused",
        ),
        CheckConstraint("done_at IS NULL OR excused_at IS NULL", name="one_end"),
        Index("duty_occurrence_due_idx", "programme_id", "due_on", "id"),
        Index("duty_occurrence_subject_idx", "subject_id", "due_on"),
        Index("duty_occurrence_unit_idx", "unit_id", "due_on"),
        Index(
            "duty_occurrence_person_idx",
            "person_id",
            "due_on",
            postgresql_where=text("person_id IS NOT NULL"),
        ),
        # A form is the proof of one duty; the index also finds the one that a submission stands for.
        Index(
            "duty_occurrence_submission_idx",
            "submission_id",
            unique=True,
            postgresql_where=text("submission_id IS NOT NULL"),
        ),
    )


class DutyFile(HasId, Base):
    """A photo or video that proves a duty, under a random key; the worker looks at it before it is shown."""

    __tablename__ = "duty_file"

    occurrence_id: Mapped[UUID] = mapped_column(ForeignKey("duty_occurrence.id"), index=True)
    object_key: Mapped[str] = mapped_column(unique=True)
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="expected")
    problem: Mapped[str | None]
    added_by: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('expected','verified','refused')", name="state"),
        CheckConstraint("size > 0", name="size"),
    )
