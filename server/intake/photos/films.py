"""Videos of drills and recordings: promised like photos, sent in parts, taken up where the line broke.

A part is PUT straight to the store. The store knows which parts it has, so a phone that was switched off asks
and sends the others. What is complete goes the way of every photo: it counts when the worker has looked.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, select, update

from server import queue
from server.clock import Clock
from server.db import AnyRow
from server.errors import Refusal
from server.intake.uploads import TARGET_LIFETIME, Promise, note
from server.models.submissions import Attachment
from server.photo_rules import DEFAULT_PHOTO_RULES, PhotoRules
from server.storage.protocol import PART_BYTES, ObjectStore, Part, UploadGone
from server.storage.videos import VIDEO_TYPES

# Longer than a phone is promised to keep what it has not sent.
STALE: Final = timedelta(days=7)
BATCH: Final = 100


def begin_video(
    connection: Connection,
    store: ObjectStore,
    new: Promise,
    *,
    now: datetime,
    rules: PhotoRules = DEFAULT_PHOTO_RULES,
) -> tuple[int, ...]:
    """Note a video and begin its upload, or go on with the one that was begun.

    Returns the numbers of the parts that the store does not have, counted from 1; each part but the last has
    `PART_BYTES`.

    Raises:
        Refusal: wrong_content_type, too_large, too_many_photos, too_many_bytes, or conflict when the id was
            promised with other bytes.
    """
    note(connection, new, VIDEO_TYPES, rules.video_bytes, rules=rules, now=now)
    row = _locked(connection, new.place.submission_id, new.attachment_id)
    if row.state == "verified":
        return ()
    try:
        return _missing(row, _there(store, row))
    except UploadGone:
        if row.state == "expected" and _is_whole(store, row):
            # All of it is there and only waits to be looked at.
            return ()
        # Never begun, given up as stale, or complete but refused: it begins anew.
        upload = store.begin_parts(row.object_key, row.media_type)
        _remember(connection, row.id, upload)
        return _missing(row, ())


def part_target(
    connection: Connection, store: ObjectStore, submission_id: UUID, attachment_id: UUID, number: int
) -> str:
    """Where this part is PUT, with exactly its number of bytes; the address lasts for an hour.

    Raises:
        Refusal: not_found for a video or a part that there is not, wrong_state when no upload is under way:
            begin it again.
    """
    row = _part_of(connection, submission_id, attachment_id, number)
    size = _size_of(row, number)
    return store.part_target(row.object_key, _under_way(row), number, size, TARGET_LIFETIME)


def pass_part(
    connection: Connection,
    store: ObjectStore,
    submission_id: UUID,
    attachment_id: UUID,
    number: int,
    data: bytes,
) -> None:
    """One part's bytes, from a client that does not reach the store.

    Raises:
        Refusal: not_found for a video or a part that there is not, conflict for another number of bytes,
            wrong_state when no upload is under way: begin it again.
        StoreUnavailable: the part is not there.
    """
    row = _part_of(connection, submission_id, attachment_id, number)
    if len(data) != _size_of(row, number):
        raise Refusal("conflict")
    try:
        store.put_part(row.object_key, _under_way(row), number, data)
    except UploadGone:
        raise Refusal("wrong_state") from None


def complete_video(
    connection: Connection, store: ObjectStore, submission_id: UUID, attachment_id: UUID
) -> None:
    """All parts are there: make one object of them and have it looked at. Saying so twice does no harm.

    Raises:
        Refusal: not_found, parts_missing, or wrong_state when no upload is under way.
    """
    row = _locked(connection, submission_id, attachment_id)
    if row.state == "verified":
        return
    try:
        parts = _there(store, row)
        if _missing(row, parts):
            raise Refusal("parts_missing")
        store.complete_parts(row.object_key, _under_way(row), parts)
    except UploadGone:
        # Completed before, by a call whose transaction or answer was lost.
        if not _is_whole(store, row):
            raise Refusal("wrong_state") from None
    _remember(connection, row.id, None)
    queue.defer(connection, "inspect_attachment", attachment_id=str(row.id))


def abort_stale(engine: Engine, store: ObjectStore, clock: Clock) -> int:
    """Give up uploads that were begun long ago, a batch at a time; returns how many those were."""
    with engine.begin() as connection:
        rows = connection.execute(
            select(Attachment.id, Attachment.object_key, Attachment.upload)
            .where(Attachment.upload.is_not(None), Attachment.created_at < clock.now() - STALE)
            .order_by(Attachment.created_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            store.abort_parts(row.object_key, str(row.upload))
            _remember(connection, row.id, None)
    return len(rows)


def _found(connection: Connection, submission_id: UUID, attachment_id: UUID, *, lock: bool = False) -> AnyRow:
    query = select(*Attachment.__table__.columns).where(
        Attachment.submission_id == submission_id,
        Attachment.attachment_id == attachment_id,
        Attachment.media_type.in_(VIDEO_TYPES),
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise Refusal("not_found")
    return row


def _part_of(connection: Connection, submission_id: UUID, attachment_id: UUID, number: int) -> AnyRow:
    """The video, when it has a part of this number."""
    row = _found(connection, submission_id, attachment_id)
    if not 1 <= number <= _count(row):
        raise Refusal("not_found")
    return row


def _locked(connection: Connection, submission_id: UUID, attachment_id: UUID) -> AnyRow:
    """Two phones that begin the same video shall not begin two uploads."""
    return _found(connection, submission_id, attachment_id, lock=True)


def _under_way(row: AnyRow) -> str:
    if row.upload is None:
        raise Refusal("wrong_state")
    return str(row.upload)


def _there(store: ObjectStore, row: AnyRow) -> list[Part]:
    """The parts that the store has. Raises UploadGone also where none was begun."""
    if row.upload is None:
        raise UploadGone
    return [
        part
        for part in store.parts(row.object_key, row.upload)
        if part.number <= _count(row) and part.size == _size_of(row, part.number)
    ]


def _missing(row: AnyRow, there: Iterable[Part]) -> tuple[int, ...]:
    numbers = {part.number for part in there}
    return tuple(number for number in range(1, _count(row) + 1) if number not in numbers)


def _is_whole(store: ObjectStore, row: AnyRow) -> bool:
    there = store.stat(row.object_key)
    return there is not None and there.size == row.size


def _count(row: AnyRow) -> int:
    return -(-int(row.size) // PART_BYTES)


def _size_of(row: AnyRow, number: int) -> int:
    return min(PART_BYTES, int(row.size) - (number - 1) * PART_BYTES)


def _remember(connection: Connection, inner_id: UUID, upload: str | None) -> None:
    connection.execute(update(Attachment).where(Attachment.id == inner_id).values(upload=upload))
