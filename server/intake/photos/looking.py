"""The worker's look at what arrived: fetched, compared with the promise, inspected, redrawn.

Nothing a store says is believed: the bytes are fetched and hashed, and what was written is read again. What
is refused is put away where no address leads, and the shopper is asked again for that one photo.
"""

import hashlib
import os
import tempfile
from typing import Any, BinaryIO, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, select, update

from server.clock import Clock
from server.db import AnyRow
from server.intake.uploads import LARGE, LARGEST_PHOTO, QUARANTINE, SHOWN, SMALL
from server.models.submissions import Attachment
from server.storage.blanking import blank
from server.storage.inspection import inspect_in_child, inspect_video_in_child
from server.storage.photos import PhotoFacts, PhotoRefused
from server.storage.protocol import ObjectMissing, ObjectStore, ObjectTooLarge, StoreUnavailable
from server.storage.videos import VIDEO_TYPES, VideoFacts

JPEG: Final = "image/jpeg"
CHUNK: Final = 1 << 20

log = structlog.get_logger()


def inspect_one(engine: Engine, store: ObjectStore, inner_id: UUID, clock: Clock) -> None:
    """Fetch, verify, redraw; no connection is held while the store and the picture take their time.

    Bytes that are not there yet leave the photo `expected`: the client says so again when they are.

    Raises:
        StoreUnavailable: nothing was decided; the job comes again.
    """
    with engine.connect() as connection:
        row = _row(connection, inner_id)
    if row is None or row.state == "verified":
        return
    look = _look_at_video if row.media_type in VIDEO_TYPES else _look_at_photo
    try:
        values = look(store, row)
    except ObjectMissing:
        log.info("photo_not_there_yet", attachment=str(inner_id))
        return
    except PhotoRefused as refused:
        _refuse(engine, store, row, refused.code, clock)
        return
    with engine.begin() as connection:
        _decide(connection, row, {"state": "verified", "problem": None, **values}, clock)


def quarantined(object_key: str) -> str:
    """Where refused bytes lie. The same bytes refused twice lie there once."""
    return QUARANTINE + object_key


def write_and_read(store: ObjectStore, key: str, data: bytes) -> None:
    """Put an object and make sure that it is there.

    Raises:
        StoreUnavailable: also when the store says that it took the bytes and has others, or none.
    """
    store.put(key, data, JPEG)
    try:
        there = store.get(key, len(data))
    except (ObjectMissing, ObjectTooLarge):
        there = b""
    if there != data:
        raise StoreUnavailable("what was written is not what is there")


def _row(connection: Connection, inner_id: UUID) -> AnyRow | None:
    query = select(*Attachment.__table__.columns).where(Attachment.id == inner_id)
    return connection.execute(query).one_or_none()


def _decide(connection: Connection, row: AnyRow, values: dict[str, Any], clock: Clock) -> None:
    """Of two looks at the same time the one that found the photo good counts."""
    connection.execute(
        update(Attachment)
        .where(Attachment.id == row.id, Attachment.state != "verified")
        .values(verified_at=clock.now(), **values)
    )


def _refuse(engine: Engine, store: ObjectStore, row: AnyRow, code: str, clock: Clock) -> None:
    """Put the bytes away before it is said, so that whoever sends them anew finds the place empty soon."""
    try:
        store.copy(row.object_key, quarantined(row.object_key))
    except ObjectMissing:
        log.info("photo_gone_before_quarantine", attachment=str(row.id))
    with engine.begin() as connection:
        values = {"state": "refused", "problem": code, "quarantined_at": clock.now()}
        _decide(connection, row, values, clock)
    store.delete(row.object_key)


def _look_at_photo(store: ObjectStore, row: AnyRow) -> dict[str, Any]:
    try:
        data = store.get(row.object_key, LARGEST_PHOTO)
    except ObjectTooLarge:
        raise PhotoRefused("too_large") from None
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise PhotoRefused("other_bytes")
    facts = inspect_in_child(data)
    write_and_read(store, row.object_key + SMALL, facts.small)
    write_and_read(store, row.object_key + LARGE, facts.large)
    return _found_out(facts)


def _found_out(facts: PhotoFacts) -> dict[str, Any]:
    taking, likeness = facts.taking, facts.likeness
    return {
        "width": facts.width,
        "height": facts.height,
        "taken": taking and taking.text,
        "taken_at": taking and taking.local,
        "difference_hash": likeness.whole,
        "middle_hash": likeness.middle,
        "detail": likeness.detail,
    }


def _look_at_video(store: ObjectStore, row: AnyRow) -> dict[str, Any]:
    facts = look_at_video(store, row)
    return {"media_type": facts.media_type, "duration_ms": facts.milliseconds}


def look_at_video(store: ObjectStore, row: AnyRow) -> VideoFacts:
    """Fetch, compare, walk through; write what others get, without what it says about itself.

    On disk, since nobody holds 200 MB in memory.

    Args:
        row: with object_key, size and sha256 as they were promised.

    Raises:
        PhotoRefused: also `other_bytes`.
        ObjectMissing, StoreUnavailable: nothing was decided.
    """
    with tempfile.TemporaryFile() as file:
        try:
            store.get_into(file, row.object_key, row.size)
        except ObjectTooLarge:
            raise PhotoRefused("other_bytes") from None
        if _digest(file) != row.sha256:
            raise PhotoRefused("other_bytes")
        facts = inspect_video_in_child(file)
        try:
            blank(file, facts.blanks, row.size)
        except ValueError:
            # A child that says such things is no longer ours.
            raise PhotoRefused("broken") from None
        _write_and_read_film(store, row.object_key + SHOWN, file, facts.media_type)
    return facts


def _write_and_read_film(store: ObjectStore, key: str, file: BinaryIO, media_type: str) -> None:
    """As `write_and_read`, of what is too large for the memory."""
    store.put_from(file, key, media_type)
    with tempfile.TemporaryFile() as there:
        try:
            store.get_into(there, key, file.seek(0, os.SEEK_END))
        except (ObjectMissing, ObjectTooLarge):
            there.truncate(0)
        if _digest(there) != _digest(file):
            raise StoreUnavailable("what was written is not what is there")


def _digest(file: BinaryIO) -> str:
    found = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()
