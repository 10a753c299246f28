"""Shoppers' phones, and what they tell about a visit besides its answers."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId
from server.models.organisation import DATUMS_CHECK

# How a visit ended: done, or why it could not be.
OUTCOMES = ("done", "closed", "moved", "not_found", "system_down", "recognised", "unsafe")


class Device(HasId, Base):
    """A phone on which somebody is signed in.

    Attributes:
        secret_hash: of what the phone keeps.
        label: the browser, as it names itself, for whoever looks through the own phones.
        ended_at: signed out, by hand or because the person left.
    """

    __tablename__ = "device"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class DeviceKey(HasId, Base):
    """Something that signs a phone in, once: a link, or a code that was sent to the person's number.

    Attributes:
        hash: of a token of 128 random bits; of a code, together with the person, under the key ring.
        sealed: the code, encrypted, so that its hash can be made anew under another key.
        tries: how often another code was typed while this one was open.
    """

    __tablename__ = "device_key"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True)
    sealed: Mapped[bytes | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("kind IN ('link','code')", name="kind"),)


class VisitRecord(Base):
    """What a phone tells about a visit besides its answers.

    Attributes:
        outcome: one of `OUTCOMES`; None while nothing is decided.
        notes: `{"id", "text", "at"}` each, as they were jotted down inside.
        tray: ids of photos that back up no item yet.
        attempted_at: it was reported that the visit could not be made; a report may still follow.
        consented_at: the visitor agreed that positions are kept for this visit.
        identified_at: the letter of authority was shown: nobody is unnoticed any more.
        declared_name, declared_at: who signed that the report is true, and when by the phone's clock.
    """

    __tablename__ = "visit_record"

    submission_id: Mapped[UUID] = mapped_column(primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"), unique=True)
    outcome: Mapped[str | None]
    outcome_note: Mapped[str | None]
    notes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    tray: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    attempted_at: Mapped[datetime | None]
    consented_at: Mapped[datetime | None]
    identified_at: Mapped[datetime | None]
    declared_name: Mapped[str | None]
    declared_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"outcome IN ({','.join(map(repr, OUTCOMES))})", name="outcome"),
        CheckConstraint("(declared_name IS NULL) = (declared_at IS NULL)", name="declared"),
    )


class VisitEvent(Base):
    """One moment of a visit, told by the phone: entered, called, a photo, a page left.

    Attributes:
        id: made by the phone, so that what is sent twice is kept once.
        at: by the phone's clock; `received_at` by ours.
        asked_at: when the phone sent it, by its own clock: the difference to `received_at` tells its error.
        longitude, latitude: emptied on schedule; `distance` in metres from the outlet stays.
        accuracy: metres, as the phone says.
        detail: such as the photo's id.
    """

    __tablename__ = "visit_event"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    submission_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime]
    asked_at: Mapped[datetime]
    received_at: Mapped[datetime]
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(10, 7))
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(10, 7))
    datum: Mapped[str | None]
    accuracy: Mapped[int | None]
    distance: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("visit_event_submission_idx", "submission_id", "at"),
        Index("visit_event_trail_idx", "received_at", postgresql_where=text("longitude IS NOT NULL")),
        CheckConstraint(DATUMS_CHECK, name="datum"),
        CheckConstraint("num_nonnulls(longitude, latitude, datum) IN (0, 3)", name="position"),
    )


class ThreadLine(HasId, Base):
    """One line of the talk about an assignment, between who goes and the desk."""

    __tablename__ = "thread_line"

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"))
    from_desk: Mapped[bool]
    author: Mapped[str]
    said: Mapped[str]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    __table_args__ = (
        Index("thread_line_assignment_idx", "assignment_id", "at"),
        Index(
            "thread_line_unread_idx",
            "at",
            postgresql_where=text("read_at IS NULL AND NOT from_desk"),
        ),
    )


class QuizAttempt(HasId, Base):
    """One try at the questions about a briefing. Percentages are exact; `modules` by section."""

    __tablename__ = "quiz_attempt"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    form_version_id: Mapped[UUID] = mapped_column(ForeignKey("form_version.id"))
    percent: Mapped[Decimal] = mapped_column(Numeric)
    modules: Mapped[dict[str, Any]]
    passed: Mapped[bool]
    at: Mapped[datetime]

    __table_args__ = (Index("quiz_attempt_person_idx", "person_id", "form_version_id", "at"),)


class LetterOfAuthority(HasId, Base):
    """The code on a visitor's letter, by which the client's page confirms that the visit is ordered.

    `hash` is keyed: codes could be guessed. `sealed` is the code, which the phone shows again.
    """

    __tablename__ = "letter_of_authority"

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"), unique=True)
    hash: Mapped[bytes] = mapped_column(unique=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class VisitReturn(HasId, Base):
    """A report that goes back to who made it, with the reviewer's questions.

    Attributes:
        questions: `{"question", "text"}` each; a question "" is about the whole report.
        answered_at: when the phone handed in again.
    """

    __tablename__ = "visit_return"

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignment.id"))
    number: Mapped[int]
    questions: Mapped[list[Any]]
    text: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("assignment_id", "number"),)
