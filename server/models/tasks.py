"""Who was asked to fill what: invitations, assignments, the browsers that redeemed them, their drafts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Invitation(HasId, Base):
    """Somebody is asked to fill one form about one subject. Born with its submission id.

    Attributes:
        contact_id: of a sampled customer; `person_id` of somebody who works here; `counter_id` the poster
            that was scanned by whoever stood before it. One of the three.
        event_id: what a rolling wave asks about: a person may come twice, and be asked once for each.
        token_hash: of the one link that invitations had before they had keys of their own.
    """

    __tablename__ = "invitation"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    counter_id: Mapped[UUID | None] = mapped_column(ForeignKey("counter_code.id"), index=True)
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    event_id: Mapped[UUID | None]
    submission_id: Mapped[UUID] = mapped_column(unique=True)
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
    locale: Mapped[str]
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        # One invitation per person and wave, or event, whatever retries a launch goes through. The contact
        # comes first, by whom those who reply are looked for.
        Index(
            "invitation_contact_key",
            "contact_id",
            "wave_id",
            "event_id",
            unique=True,
            postgresql_where=text("contact_id IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "invitation_person_key",
            "person_id",
            "wave_id",
            unique=True,
            postgresql_where=text("person_id IS NOT NULL"),
        ),
        Index("invitation_wave_subject_idx", "wave_id", "subject_id"),
        CheckConstraint("num_nonnulls(contact_id, person_id, counter_id) = 1", name="somebody"),
    )


class CounterCode(HasId, Base):
    """The square on an outlet's poster: whoever scans it is asked about the outlet.

    Attributes:
        hash: of a token of 128 random bits; `sealed` is the token, encrypted: a poster can be printed again.
        closed_at: another poster took its place, or nobody is to answer by this one any more.
    """

    __tablename__ = "counter_code"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    hash: Mapped[bytes] = mapped_column(unique=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "counter_code_open_idx",
            "wave_id",
            "subject_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class InvitationKey(HasId, Base):
    """Something that opens an invitation: a link, a typed code, a square on a letter. One may have several.

    Attributes:
        hash: of a token of 128 random bits; of a code, which people could guess, under the key ring.
        sealed: what the keyed hash was made of, encrypted, so that another key can take over.
    """

    __tablename__ = "invitation_key"

    invitation_id: Mapped[UUID] = mapped_column(ForeignKey("invitation.id"), index=True)
    kind: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True)
    sealed: Mapped[bytes | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("kind IN ('link','code','counter','letter')", name="kind"),)


class GuessCount(Base):
    """How many wrong keys came from one place within one window of time.

    `hash` is keyed: whoever reads the table learns nobody's address.
    """

    __tablename__ = "guess_count"

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class Assignment(HasId, Base):
    """One known person must fill one form about one subject within a window.

    Attributes:
        person_id: None while a firm has not said yet which of its people goes.
        firm_id: whose share the visit belongs to.
        planned_on: the day that the roster proposes; the window is what binds.
        slot: `peak` or `off_peak`, where the programme asks for a share of either.
        reason, inclusion: why this outlet was chosen and how likely that was, as in its frame.
        extended_from: the first deadline, where it was put off.
        replaces_id: the assignment whose place this one takes.
        accepted_at: the person will go, and declared to have no ties to the place; given_back_at: they will
            not, before or after accepting, and said why.
        briefed_at: the briefing was read; prepared_at: everything was last loaded onto a phone.
    """

    __tablename__ = "assignment"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    submission_id: Mapped[UUID] = mapped_column(unique=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    opens_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]

    planned_on: Mapped[date | None]
    slot: Mapped[str | None]
    reason: Mapped[str | None]
    inclusion: Mapped[str | None]
    extended_from: Mapped[datetime | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignment.id"), unique=True)
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    given_back_at: Mapped[datetime | None]
    given_back_reason: Mapped[str | None]
    briefed_at: Mapped[datetime | None]
    prepared_at: Mapped[datetime | None]

    __table_args__ = (
        Index("assignment_wave_subject_idx", "wave_id", "subject_id"),
        Index("assignment_person_idx", "person_id", "expires_at"),
        Index("assignment_firm_idx", "firm_id", "wave_id"),
        CheckConstraint("num_nonnulls(person_id, firm_id) > 0", name="somebody"),
        CheckConstraint("slot IN ('peak','off_peak')", name="slot"),
        CheckConstraint("(cancelled_at IS NULL) = (cancel_reason IS NULL)", name="cancelled"),
        CheckConstraint("(given_back_at IS NULL) = (given_back_reason IS NULL)", name="given_back"),
    )


class RespondentSession(HasId, Base):
    """A browser that redeemed a link. `ref` stands in the address, the secret in a cookie of that path."""

    __tablename__ = "respondent_session"

    ref: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes]
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitation.id"), index=True)
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    locale: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("num_nonnulls(invitation_id, assignment_id) = 1", name="one_task"),)


class Draft(Base):
    """Answers not yet handed in; deleted by the transaction that stores the submission.

    `form_version_id` is the version the answers fit. `left_behind` holds, oldest first, what was not taken
    over when the wave got another version: `{"version_id", "at", "answers", "asked_again"}` each.
    """

    __tablename__ = "draft"

    submission_id: Mapped[UUID] = mapped_column(primary_key=True)
    form_version_id: Mapped[UUID] = mapped_column(ForeignKey("form_version.id"))
    answers: Mapped[dict[str, Any]]
    left_behind: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    page: Mapped[int]
    revision: Mapped[int]
    updated_at: Mapped[datetime]
