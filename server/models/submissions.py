"""Answers accepted for a form version, their sheets, findings and photos.

Insert-only: revised, never changed.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Submission(HasId, Base):
    """`submission_id` is made by the client; `content_hash` decides between replay and conflict."""

    __tablename__ = "submission"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    submission_id: Mapped[UUID]
    form_version_id: Mapped[UUID] = mapped_column(ForeignKey("form_version.id"))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    door: Mapped[str]
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"))
    external_id: Mapped[str | None]
    content_hash: Mapped[str]
    client_time: Mapped[datetime | None]
    received_at: Mapped[datetime]

    __table_args__ = (
        # The constraint, not a look before the insert, is what keeps five parallel posts from counting twice.
        UniqueConstraint("wave_id", "submission_id"),
        Index("submission_wave_subject_idx", "wave_id", "subject_id"),
        Index(
            "submission_wave_received_idx",
            "wave_id",
            "received_at",
            "id",
            postgresql_include=["subject_id", "firm_id"],
        ),
        Index(
            "submission_external_id_idx",
            "external_id",
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        CheckConstraint("door IN ('page','api','bulk','sms')", name="door"),
    )


class SubmissionRevision(HasId, Base):
    """One state of the answers. Number 1 is what was handed in; a later one has a reason and an author.

    Attributes:
        author: `kind:id`, of somebody who need not have an account.
        content_hash: of a later one; that of number 1 stands with the submission.
    """

    __tablename__ = "submission_revision"

    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    number: Mapped[int]
    answers: Mapped[dict[str, Any]]
    reason: Mapped[str | None]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    author: Mapped[str | None]
    content_hash: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("submission_pk", "number"),)


class SubmissionText(Base):
    """Free text of a revision, in rows of its own that can be emptied when a person asks to be forgotten."""

    __tablename__ = "submission_text"

    revision_id: Mapped[UUID] = mapped_column(ForeignKey("submission_revision.id"), primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]


class ScoreSheet(Base):
    """Every intermediate line from answers to published score.

    `raw` is an exact fraction in text. A sheet is `superseded` when a later revision has its own, so that
    counts and means, which are kept beside the rows, take one sheet a submission; it is `set_aside` when a
    review took the whole report out.
    """

    __tablename__ = "score_sheet"

    revision_id: Mapped[UUID] = mapped_column(ForeignKey("submission_revision.id"), primary_key=True)
    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    raw: Mapped[str | None]
    published: Mapped[Decimal | None] = mapped_column(Numeric)
    grade: Mapped[str | None]
    sheet: Mapped[dict[str, Any]]
    superseded: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    set_aside: Mapped[bool] = mapped_column(server_default=text("false"), default=False)

    __table_args__ = (Index("score_sheet_wave_subject_idx", "wave_id", "subject_id"),)


class Finding(HasId, Base):
    """One lost point or recorded fault at a unit.

    Attributes:
        fixed: a photo shows it put right while the visitor was there.
        withdrawn_at: when a revision of the answers no longer had it; nothing counts it from then on.
    """

    __tablename__ = "finding"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"))
    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), index=True)
    item: Mapped[str]
    code: Mapped[str]
    points: Mapped[Decimal] = mapped_column(Numeric)
    key_item: Mapped[bool]
    fixed: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    state: Mapped[str] = mapped_column(default="pending")
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('pending','confirmed','overturned')", name="state"),
        Index("finding_wave_subject_idx", "wave_id", "subject_id"),
    )


class Attachment(HasId, Base):
    """A photo or a video: promised by a client, sent to the store, verified by the worker.

    `attachment_id` is the client's name for it within its submission; the object key is random. `named` says
    that the submission's answers name it: a photo that was taken again or removed is not waited for.

    Attributes:
        question: what it was taken for, empty while it only lies in the tray.
        taken, taken_at: when it was taken by its own account, in its words and as the clock on the spot.
        difference_hash, middle_hash: of the whole picture and of its middle, to be compared by
            `bit_count(one # other)`; `detail` (0 to 64) is how many of the 64 bits mean something.
        duration_ms: of a video, where it says.
        upload: the store's name for an upload in parts that is under way.
        quarantined_at: when bytes that were refused were put away.
        original_removed_at: when the bytes as they came were removed; what was redrawn stays.
    """

    __tablename__ = "attachment"

    submission_id: Mapped[UUID]
    attachment_id: Mapped[UUID]
    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"))
    question: Mapped[str]
    object_key: Mapped[str] = mapped_column(unique=True)
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    named: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default="expected")
    problem: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    taken: Mapped[str | None]
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    difference_hash: Mapped[str | None] = mapped_column(BIT(64))
    middle_hash: Mapped[str | None] = mapped_column(BIT(64))
    detail: Mapped[int | None]
    duration_ms: Mapped[int | None]
    upload: Mapped[str | None]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    quarantined_at: Mapped[datetime | None]
    original_removed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("submission_id", "attachment_id"),
        CheckConstraint("state IN ('expected','verified','refused')", name="state"),
        CheckConstraint("size > 0", name="size"),
        Index("attachment_unnamed_idx", "created_at", postgresql_where=text("NOT named")),
        Index(
            "attachment_original_idx",
            "verified_at",
            postgresql_where=text("state = 'verified' AND original_removed_at IS NULL"),
        ),
        Index(
            "attachment_quarantine_idx",
            "quarantined_at",
            postgresql_where=text("quarantined_at IS NOT NULL"),
        ),
        Index("attachment_upload_idx", "created_at", postgresql_where=text("upload IS NOT NULL")),
    )


class Redaction(HasId, Base):
    """Parts of a photo that were covered, or nothing when everything was uncovered again. Insert-only.

    `boxes` are lists of left, top, right, bottom in fractions of width and height. They are added to those
    of the rows before, back to the last row without any.
    """

    __tablename__ = "redaction"

    attachment_pk: Mapped[UUID] = mapped_column(ForeignKey("attachment.id"))
    boxes: Mapped[list[Any]]
    redacted_by: Mapped[str]
    redacted_at: Mapped[datetime]

    __table_args__ = (Index("redaction_attachment_idx", "attachment_pk", "redacted_at"),)


class Pending(Base):
    """What follows a submission or a revision of one, as a row that a worker takes in batches.

    A Procrastinate job with its NOTIFY for each submission would cost two thirds of the rate.
    """

    __tablename__ = "pending"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    submission_pk: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    created_at: Mapped[datetime]
