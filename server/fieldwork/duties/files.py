"""Photos and videos that prove a duty: sent through a plain form, kept under random keys, inspected.

Both are looked at as those of visits are: a photo is drawn anew, a video walked through, and others get it
without what it says about itself.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, insert, select, update

from server import audit, queue
from server.clock import Clock
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.fieldwork.duties.owed import Doer, find_mine, find_owed
from server.intake.photos.looking import look_at_video
from server.intake.uploads import LARGE, LARGEST_PHOTO, SHOWN, SMALL
from server.models.duties import DutyFile
from server.scope import Scope
from server.storage.inspection import inspect_in_child
from server.storage.photos import PhotoRefused
from server.storage.protocol import ObjectMissing, ObjectStore, ObjectTooLarge, new_object_key
from server.storage.videos import EXTENSIONS, VIDEO_TYPES, media_type_of_file

PREFIX: Final = "duties"
# A minute of a morning drill from a phone; what is larger belongs on the bank's own video system.
LARGEST_VIDEO: Final = 100 * 1024 * 1024
MOST_FILES: Final = 10
LINK_LIFETIME: Final = timedelta(hours=1)
JPEG: Final = "image/jpeg"


def media_type(data: bytes) -> str:
    """What a file is, by its bytes.

    Raises:
        PhotoRefused: type_not_allowed, not_an_image or too_large.
    """
    found = media_type_of_file(data)
    if len(data) > (LARGEST_VIDEO if found in VIDEO_TYPES else LARGEST_PHOTO):
        raise PhotoRefused("too_large")
    return found


def add_file(
    connection: Connection, store: ObjectStore, occurrence_id: UUID, data: bytes, doer: Doer, *, now: datetime
) -> UUID:
    """Keep a file with a duty that one may do; the worker looks at it.

    Raises:
        Refusal: not_found, or too_large for one file too many.
        PhotoRefused: for what is neither a photo nor a video, or too large.
        StoreUnavailable: nothing was written then.
    """
    row = find_mine(connection, occurrence_id, doer)
    kind = media_type(data)
    if len(files_of(connection, [row.id])) >= MOST_FILES:
        raise Refusal("too_large")
    file_id, key = new_id(), new_object_key(PREFIX)
    store.put(key, data, kind)
    connection.execute(
        insert(DutyFile).values(
            id=file_id, occurrence_id=row.id, object_key=key, media_type=kind, size=len(data),
            sha256=hashlib.sha256(data).hexdigest(), added_by=doer.actor, created_at=now,
        )
    )  # fmt: skip
    entry = audit.Entry(doer.actor, "duty_file_added", f"duty:{row.id}", {"type": kind, "size": len(data)})
    audit.record(connection, [entry], at=now)
    queue.defer(connection, "inspect_duty_file", file_id=str(file_id))
    return file_id


def files_of(connection: Connection, occurrence_ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """The files of occurrences that were found within a scope, in the order they came."""
    return connection.execute(
        select(*DutyFile.__table__.columns)
        .where(DutyFile.occurrence_id.in_(occurrence_ids))
        .order_by(DutyFile.created_at, DutyFile.id)
    ).all()


def find_file(connection: Connection, file_id: UUID, scope: Scope) -> AnyRow:
    """One file of a duty within the scope.

    Raises:
        Refusal: not_found.
    """
    row = connection.execute(select(*DutyFile.__table__.columns).where(DutyFile.id == file_id)).first()
    if row is None:
        raise Refusal("not_found")
    find_owed(connection, row.occurrence_id, scope)
    return row


def link_of(store: ObjectStore, file: AnyRow) -> str | None:
    """Where a file that was looked at can be fetched for a while; a photo as it was drawn anew."""
    if file.state != "verified":
        return None
    if file.media_type in EXTENSIONS:
        name = f"{file.id}.{EXTENSIONS[file.media_type]}"
        return store.link(file.object_key + SHOWN, LINK_LIFETIME, name, file.media_type)
    return store.link(file.object_key + LARGE, LINK_LIFETIME)


def inspect_file(engine: Engine, store: ObjectStore, file_id: UUID, clock: Clock) -> None:
    """Fetch, look, draw anew; no connection is held meanwhile. A file that is gone stays `expected`."""
    with engine.connect() as connection:
        row = connection.execute(select(*DutyFile.__table__.columns).where(DutyFile.id == file_id)).first()
    if row is None or row.state == "verified":
        return
    values: dict[str, Any] = {"state": "verified", "problem": None}
    try:
        _inspect(store, row)
    except ObjectMissing:
        return
    except PhotoRefused as refused:
        values = {"state": "refused", "problem": refused.code}
    with engine.begin() as connection:
        change = update(DutyFile).where(DutyFile.id == file_id)
        connection.execute(change.values(verified_at=clock.now(), **values))


def _inspect(store: ObjectStore, row: AnyRow) -> None:
    if row.media_type in VIDEO_TYPES:
        look_at_video(store, row)
        return
    try:
        data = store.get(row.object_key, LARGEST_PHOTO)
    except ObjectTooLarge:
        raise PhotoRefused("too_large") from None
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise PhotoRefused("other_bytes")
    facts = inspect_in_child(data)
    store.put(row.object_key + SMALL, facts.small, JPEG)
    store.put(row.object_key + LARGE, facts.large, JPEG)
