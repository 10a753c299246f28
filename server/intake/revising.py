"""Revising a submission: its answers as they stand after somebody corrected them, beside what was handed in.

Nothing that was handed in is changed. The later state gets a number, a reason and an author; its sheet and
its findings stand for the submission from then on, and what follows a submission follows it too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.intake.prepare import Prepared
from server.intake.record import finding_rows, name_photos, sheet_columns
from server.models.submissions import (
    Attachment,
    Finding,
    Pending,
    ScoreSheet,
    Submission,
    SubmissionRevision,
    SubmissionText,
)


@dataclass(frozen=True, slots=True)
class Revised:
    """How a submission stands afterwards. `changed` is False where the content was the same as before."""

    submission_pk: UUID
    revision_id: UUID
    number: int
    changed: bool


def revise(
    connection: Connection,
    prepared: Prepared,
    *,
    reason: str,
    author: str,
    now: datetime,
    keeps_photos: bool = False,
) -> Revised:
    """Store corrected answers as the next revision of the submission that has their id.

    Args:
        prepared: by the version of the form that the submission was made with.
        author: `kind:id`.
        keeps_photos: photos that the answers no longer name stay: they are what was decided upon.

    Raises:
        Refusal: not_found when nothing was handed in under this id.
    """
    submission = _locked(connection, prepared)
    newest = newest_revision(connection, submission.id)
    if newest.content_hash == prepared.content_hash:
        return Revised(submission.id, newest.id, newest.number, changed=False)
    revised = Revised(submission.id, new_id(), newest.number + 1, changed=True)
    connection.execute(
        insert(SubmissionRevision).values(
            id=revised.revision_id,
            submission_pk=submission.id,
            number=revised.number,
            answers=dict(prepared.answers),
            reason=reason,
            author=author,
            content_hash=prepared.content_hash,
            created_at=now,
        )
    )
    _write_texts(connection, revised.revision_id, prepared.texts)
    _replace_sheet(connection, prepared, newest.id, revised.revision_id)
    _replace_findings(connection, prepared, submission.id, now)
    if not keeps_photos:
        _let_go_of_other_photos(connection, prepared)
    name_photos(connection, [prepared], now)
    connection.execute(insert(Pending).values(submission_pk=submission.id, created_at=now))
    detail = {"content_hash": prepared.content_hash, "number": revised.number, "reason": reason}
    entry = audit.Entry(author, "submission_revised", f"submission:{submission.id}", detail)
    audit.record(connection, [entry], at=now)
    return revised


def newest_revision(connection: Connection, submission_pk: UUID) -> AnyRow:
    """`id`, `number`, `answers` and `content_hash` of how a submission stands."""
    return connection.execute(
        select(
            SubmissionRevision.id, SubmissionRevision.number, SubmissionRevision.answers,
            func.coalesce(SubmissionRevision.content_hash, Submission.content_hash).label("content_hash"),
        )
        .join(Submission, Submission.id == SubmissionRevision.submission_pk)
        .where(Submission.id == submission_pk)
        .order_by(SubmissionRevision.number.desc())
        .limit(1)
    ).one()  # fmt: skip


def _locked(connection: Connection, prepared: Prepared) -> AnyRow:
    """The submission; whoever revises it at the same time waits."""
    row = connection.execute(
        select(Submission.id)
        .where(
            Submission.wave_id == prepared.ask.wave_id,
            Submission.submission_id == prepared.incoming.submission_id,
        )
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        raise Refusal("not_found")
    return row


def _write_texts(connection: Connection, revision_id: UUID, texts: Mapping[str, str]) -> None:
    rows = [{"revision_id": revision_id, "question": way, "text": text} for way, text in texts.items()]
    if rows:
        connection.execute(insert(SubmissionText), rows)


def _replace_sheet(connection: Connection, prepared: Prepared, before: UUID, after: UUID) -> None:
    """A report that a review took out stays out."""
    replaced = update(ScoreSheet).where(ScoreSheet.revision_id == before).values(superseded=True)
    set_aside = bool(connection.scalar(replaced.returning(ScoreSheet.set_aside)))
    if prepared.sheet is not None:
        about = {"wave_id": prepared.ask.wave_id, "subject_id": prepared.ask.subject_id}
        values = {**about, "set_aside": set_aside}
        connection.execute(
            insert(ScoreSheet).values(revision_id=after, **values, **sheet_columns(prepared.sheet))
        )


def _replace_findings(connection: Connection, prepared: Prepared, submission_pk: UUID, now: datetime) -> None:
    """Findings that still stand keep their rows, with what was decided about them."""
    standing = connection.execute(
        select(Finding.id, Finding.item, Finding.code, Finding.points, Finding.key_item).where(
            Finding.submission_pk == submission_pk, Finding.withdrawn_at.is_(None)
        )
    ).all()
    found = {_what(row): row for row in finding_rows(prepared, submission_pk, now)}
    gone = [row.id for row in standing if _what(row._mapping) not in found]
    known = {_what(row._mapping) for row in standing}
    fresh: Sequence[dict[str, Any]] = [row for what, row in found.items() if what not in known]
    if gone:
        connection.execute(update(Finding).where(Finding.id.in_(gone)).values(withdrawn_at=now))
    fixed = [row["item"] for row in found.values() if row["fixed"]]
    standing_still = (Finding.submission_pk == submission_pk, Finding.withdrawn_at.is_(None))
    connection.execute(update(Finding).where(*standing_still).values(fixed=Finding.item.in_(fixed)))
    if fresh:
        connection.execute(insert(Finding), fresh)


def _what(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    """What makes two findings of one submission the same."""
    return row["item"], row["code"], row["points"], row["key_item"]


def _let_go_of_other_photos(connection: Connection, prepared: Prepared) -> None:
    """Wait for the photos that the corrected answers name, and for no others."""
    connection.execute(
        update(Attachment)
        .where(
            Attachment.submission_id == prepared.incoming.submission_id,
            Attachment.wave_id == prepared.ask.wave_id,
            Attachment.named,
            Attachment.attachment_id.not_in([UUID(ref.id) for ref in prepared.attachments]),
        )
        .values(named=False)
    )
