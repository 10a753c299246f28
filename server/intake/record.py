"""Storing prepared submissions: one transaction for one or for thousands, the same for every door.

The UNIQUE constraint decides who is first, not a look before the insert: of five parallel posts one inserts
and four find a row to compare with. Core statements throughout; the ORM halves the rate here, and what
cannot apply (photos of a form without any) is not asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, case, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server.db import AnyRow, new_id
from server.forms.companions import companion_name
from server.intake.prepare import Prepared
from server.intake.storing import store
from server.models.submissions import Attachment, Finding, Submission
from server.scoring.exact import rounded
from server.scoring.sheet import ScoreSheet
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
    created = store(connection, [_row(new) for new in candidates], actor=actor, now=now)
    fresh = [new for new in candidates if new.pk in created]
    _insert_findings(connection, fresh, now)
    name_photos(connection, [new.prepared for new in fresh], now)
    stored = _stored(connection, [new for new in candidates if new.pk not in created])
    missing = missing_attachments(connection, _may_have_photos(candidates))
    return [
        Receipt(
            new.prepared.incoming.submission_id,
            *(("created", now) if new.pk in created else _known(new, stored)),
            missing.get(new.prepared.incoming.submission_id, ()),
        )
        for new in candidates
    ]


def _key_of(new: _New) -> tuple[UUID, UUID]:
    return new.prepared.ask.wave_id, new.prepared.incoming.submission_id


def _row(new: _New) -> dict[str, Any]:
    """What `store` takes, as JSON."""
    ask, incoming, sheet = new.prepared.ask, new.prepared.incoming, new.prepared.sheet
    row: dict[str, Any] = {
        "id": str(new.pk),
        "revision_id": str(new.revision_id),
        "wave_id": str(ask.wave_id),
        "submission_id": str(incoming.submission_id),
        "form_version_id": str(ask.shelved.form_version_id),
        "subject_id": str(ask.subject_id),
        "door": ask.door,
        "firm_id": ask.firm_id and str(ask.firm_id),
        "external_id": incoming.external_id,
        "content_hash": new.prepared.content_hash,
        "client_time": incoming.client_time and incoming.client_time.isoformat(),
        "answers": dict(new.prepared.answers),
        "texts": dict(new.prepared.texts),
    }
    return row if sheet is None else row | sheet_columns(sheet)


def sheet_columns(sheet: ScoreSheet) -> dict[str, Any]:
    """What a sheet's row keeps: the whole of it, and what is looked for."""
    as_json = sheet.to_json()
    return {"sheet": as_json} | {name: as_json[name] for name in ("raw", "published", "grade")}


def _insert_findings(connection: Connection, fresh: Sequence[_New], now: datetime) -> None:
    rows = [row for new in fresh for row in finding_rows(new.prepared, new.pk, now)]
    if rows:
        connection.execute(insert(Finding), rows)


def finding_rows(prepared: Prepared, pk: UUID, now: datetime) -> Iterable[dict[str, Any]]:
    """The findings of a submission, with an inner id each."""
    for lost in prepared.lost:
        yield {
            "id": new_id(),
            "wave_id": prepared.ask.wave_id,
            "subject_id": prepared.ask.subject_id,
            "submission_pk": pk,
            "item": lost.item,
            "code": lost.code,
            "points": rounded(lost.points, POINTS_PLACES),
            "key_item": lost.key,
            "fixed": companion_name(lost.item, "fixed") in prepared.answers,
            "created_at": now,
        }


def name_photos(connection: Connection, named_by: Sequence[Prepared], now: datetime) -> None:
    """Photos named in answers: those that no upload has announced get rows that say they are missing.

    What the answers say of a photo is what counts: announced with other bytes, it is missing again.
    """
    rows = [
        {
            "id": new_id(),
            "submission_id": prepared.incoming.submission_id,
            "attachment_id": UUID(ref.id),
            "wave_id": prepared.ask.wave_id,
            "question": ref.question,
            "object_key": new_object_key("photos"),
            "media_type": ref.type,
            "size": ref.size,
            "sha256": ref.sha256,
            "named": True,
            "created_at": now,
        }
        for prepared in named_by
        for ref in prepared.attachments
    ]
    if rows:
        statement = insert_or_skip(Attachment)
        named = statement.excluded
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["submission_id", "attachment_id"],
                set_={
                    "sha256": named.sha256,
                    "size": named.size,
                    "named": True,
                    "question": case((Attachment.question == "", named.question), else_=Attachment.question),
                    "state": case((Attachment.sha256 == named.sha256, Attachment.state), else_="expected"),
                },
                where=Attachment.wave_id == named.wave_id,
            ),
            rows,
        )


def _stored(connection: Connection, known: Sequence[_New]) -> dict[tuple[UUID, UUID], AnyRow]:
    """What was stored first under ids that were known already."""
    if not known:
        return {}
    rows = connection.execute(
        select(
            Submission.wave_id, Submission.submission_id, Submission.content_hash, Submission.received_at
        ).where(tuple_(Submission.wave_id, Submission.submission_id).in_([_key_of(new) for new in known]))
    )  # fmt: skip
    return {(row.wave_id, row.submission_id): row for row in rows}


def _known(new: _New, stored: Mapping[tuple[UUID, UUID], AnyRow]) -> tuple[Outcome, datetime]:
    row = stored[_key_of(new)]
    same = row.content_hash == new.prepared.content_hash
    return ("replayed" if same else "conflict"), row.received_at


def _may_have_photos(candidates: Iterable[_New]) -> list[UUID]:
    """Submissions that name photos or whose forms ask for some; for others there is nothing to look up."""
    return [
        new.prepared.incoming.submission_id
        for new in candidates
        if new.prepared.attachments
        or any(question.type == "file" for question in new.prepared.ask.shelved.form.questions.values())
    ]


def missing_attachments(
    connection: Connection, submission_ids: Sequence[UUID]
) -> dict[UUID, tuple[UUID, ...]]:
    """Per submission, the photos its answers name whose bytes are not verified yet; empty when complete."""
    if not submission_ids:
        return {}
    rows = connection.execute(
        select(Attachment.submission_id, Attachment.attachment_id)
        .where(Attachment.submission_id.in_(submission_ids), Attachment.named, Attachment.state != "verified")
        .order_by(Attachment.created_at, Attachment.id)
    )
    missing: dict[UUID, tuple[UUID, ...]] = {}
    for row in rows:
        missing[row.submission_id] = (*missing.get(row.submission_id, ()), row.attachment_id)
    return missing
