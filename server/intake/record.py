"""Storing prepared submissions: one transaction for one or for thousands, the same for every door.

The UNIQUE constraint decides who is first, not a look before the insert: of five parallel posts one inserts
and four find a row to compare with. Core statements throughout; the ORM halves the rate here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import new_id
from server.intake.prepare import Prepared
from server.models.submissions import (
    Attachment,
    Finding,
    Pending,
    ScoreSheet,
    Submission,
    SubmissionRevision,
    SubmissionText,
)
from server.models.tasks import Assignment, Draft, Invitation
from server.scoring.exact import exact_text, rounded
from server.storage.protocol import new_object_key

# Finer than any scheme awards; only a point shared among choices would not end in decimals.
POINTS_PLACES = 6

Outcome = Literal["created", "replayed", "conflict"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told. `received_at` is that of the first arrival, also when replayed."""

    submission_id: UUID
    outcome: Outcome
    received_at: datetime
    missing_attachments: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class _New:
    prepared: Prepared
    pk: UUID
    revision_id: UUID


def record(connection: Connection, batch: Sequence[Prepared], *, actor: str, now: datetime) -> list[Receipt]:
    """Store what is new and answer for every one, in the order given.

    A submission whose id is known gets the first receipt again when the content is the same, and
    `conflict` when it is not. The caller commits.
    """
    candidates = [_New(prepared, new_id(), new_id()) for prepared in batch]
    created = _insert_submissions(connection, candidates, now)
    fresh = [new for new in candidates if new.pk in created]
    if fresh:
        _insert_contents(connection, fresh, now)
        _finish_tasks(connection, fresh, now)
        audit.record(connection, [_audit_entry(new, actor) for new in fresh], at=now)
    stored = _stored(connection, batch)
    missing = missing_attachments(connection, [prepared.incoming.submission_id for prepared in batch])
    return [_receipt(new, created, stored, missing) for new in candidates]


def _insert_submissions(connection: Connection, candidates: Sequence[_New], now: datetime) -> set[UUID]:
    """Returns the inner ids of the rows that were inserted."""
    rows = [
        {
            "id": new.pk,
            "wave_id": new.prepared.ask.wave_id,
            "submission_id": new.prepared.incoming.submission_id,
            "form_version_id": new.prepared.ask.shelved.form_version_id,
            "subject_id": new.prepared.ask.subject_id,
            "door": new.prepared.ask.door,
            "firm_id": new.prepared.ask.firm_id,
            "external_id": new.prepared.incoming.external_id,
            "content_hash": new.prepared.content_hash,
            "client_time": new.prepared.incoming.client_time,
            "received_at": now,
        }
        for new in candidates
    ]
    statement = (
        insert_or_skip(Submission)
        .on_conflict_do_nothing(index_elements=["wave_id", "submission_id"])
        .returning(Submission.id)
    )
    return set(connection.scalars(statement, rows))


def _insert_contents(connection: Connection, fresh: Sequence[_New], now: datetime) -> None:
    tables: list[tuple[Any, Iterable[dict[str, Any]]]] = [
        (SubmissionRevision, (_revision(new, now) for new in fresh)),
        (SubmissionText, (row for new in fresh for row in _texts(new))),
        (ScoreSheet, (row for new in fresh for row in _sheet(new))),
        (Finding, (row for new in fresh for row in _findings(new, now))),
        (Pending, ({"submission_pk": new.pk, "created_at": now} for new in fresh)),
    ]
    for table, rows in tables:
        listed = list(rows)
        if listed:
            connection.execute(insert(table), listed)
    _promise_attachments(connection, fresh, now)


def _revision(new: _New, now: datetime) -> dict[str, Any]:
    return {
        "id": new.revision_id,
        "submission_pk": new.pk,
        "number": 1,
        "answers": dict(new.prepared.answers),
        "created_at": now,
    }


def _texts(new: _New) -> Iterable[dict[str, Any]]:
    for question, text in new.prepared.texts.items():
        yield {"revision_id": new.revision_id, "question": question, "text": text}


def _sheet(new: _New) -> Iterable[dict[str, Any]]:
    sheet = new.prepared.sheet
    if sheet is not None:
        yield {
            "revision_id": new.revision_id,
            "wave_id": new.prepared.ask.wave_id,
            "subject_id": new.prepared.ask.subject_id,
            "raw": None if sheet.raw is None else exact_text(sheet.raw),
            "published": sheet.published,
            "grade": sheet.grade,
            "sheet": sheet.to_json(),
        }


def _findings(new: _New, now: datetime) -> Iterable[dict[str, Any]]:
    for lost in new.prepared.lost:
        yield {
            "id": new_id(),
            "wave_id": new.prepared.ask.wave_id,
            "subject_id": new.prepared.ask.subject_id,
            "submission_pk": new.pk,
            "item": lost.item,
            "code": lost.code,
            "points": rounded(lost.points, POINTS_PLACES),
            "key_item": lost.key,
            "created_at": now,
        }


def _promise_attachments(connection: Connection, fresh: Sequence[_New], now: datetime) -> None:
    """Photos named in answers that no upload has announced: rows that say they are missing."""
    rows = [
        {
            "id": new_id(),
            "submission_id": new.prepared.incoming.submission_id,
            "attachment_id": UUID(ref.id),
            "wave_id": new.prepared.ask.wave_id,
            "question": ref.question,
            "object_key": new_object_key("photos"),
            "media_type": ref.type,
            "size": ref.size,
            "sha256": ref.sha256,
            "created_at": now,
        }
        for new in fresh
        for ref in new.prepared.attachments
    ]
    if rows:
        connection.execute(
            insert_or_skip(Attachment).on_conflict_do_nothing(
                index_elements=["submission_id", "attachment_id"]
            ),
            rows,
        )


def _finish_tasks(connection: Connection, fresh: Sequence[_New], now: datetime) -> None:
    """Whoever was asked has answered; the draft has served."""
    ids = [new.prepared.incoming.submission_id for new in fresh]
    for table in (Invitation, Assignment):
        connection.execute(
            update(table)
            .where(table.submission_id.in_(ids), table.completed_at.is_(None))
            .values(completed_at=now)
        )
    connection.execute(delete(Draft).where(Draft.submission_id.in_(ids)))


def _audit_entry(new: _New, actor: str) -> audit.Entry:
    detail = {"content_hash": new.prepared.content_hash, "wave": str(new.prepared.ask.wave_id)}
    return audit.Entry(actor, "submission_stored", f"submission:{new.pk}", detail)


def _stored(connection: Connection, batch: Sequence[Prepared]) -> dict[tuple[UUID, UUID], Any]:
    keys = [(prepared.ask.wave_id, prepared.incoming.submission_id) for prepared in batch]
    rows = connection.execute(
        select(
            Submission.wave_id, Submission.submission_id, Submission.id,
            Submission.content_hash, Submission.received_at,
        ).where(tuple_(Submission.wave_id, Submission.submission_id).in_(keys))
    )  # fmt: skip
    return {(row.wave_id, row.submission_id): row for row in rows}


def missing_attachments(
    connection: Connection, submission_ids: Sequence[UUID]
) -> dict[UUID, tuple[UUID, ...]]:
    """Per submission, the photos whose bytes are not verified yet. Complete means an empty tuple."""
    rows = connection.execute(
        select(Attachment.submission_id, Attachment.attachment_id)
        .where(Attachment.submission_id.in_(submission_ids), Attachment.state != "verified")
        .order_by(Attachment.created_at, Attachment.id)
    )
    missing: dict[UUID, tuple[UUID, ...]] = {}
    for row in rows:
        missing[row.submission_id] = (*missing.get(row.submission_id, ()), row.attachment_id)
    return missing


def _receipt(
    new: _New,
    created: set[UUID],
    stored: dict[tuple[UUID, UUID], Any],
    missing: dict[UUID, tuple[UUID, ...]],
) -> Receipt:
    submission_id = new.prepared.incoming.submission_id
    row = stored[new.prepared.ask.wave_id, submission_id]
    outcome: Outcome = "conflict"
    if row.id == new.pk and new.pk in created:
        outcome = "created"
    elif row.content_hash == new.prepared.content_hash:
        outcome = "replayed"
    return Receipt(submission_id, outcome, row.received_at, missing.get(submission_id, ()))
