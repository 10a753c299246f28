"""Photos apart from answers: promised by a client, sent straight to the store, verified by the worker.

Nothing counts before the worker has fetched the bytes and looked at them: upload targets only keep rubbish
out, and other stores have been known to accept what they should refuse. Until then a photo is `expected`.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import queue
from server.clock import Clock
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.forms.types.files import MAX_SIZE
from server.models.submissions import Attachment
from server.storage.inspection import inspect_in_child
from server.storage.photos import PhotoFacts, PhotoRefused, media_type_of
from server.storage.protocol import (
    ObjectMissing,
    ObjectStore,
    ObjectTooLarge,
    UploadTarget,
    new_object_key,
)

TARGET_LIFETIME = timedelta(hours=1)
LARGEST_PHOTO = MAX_SIZE
PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
PREFIX = "photos"
SMALL, LARGE = "-320.jpg", "-1600.jpg"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo belongs."""

    submission_id: UUID
    wave_id: UUID
    question: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A photo that a client is about to send, in its own words."""

    place: Place
    attachment_id: UUID
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a photo: expected, verified or refused, and the code that says why it was refused."""

    state: str
    problem: str


def promise(connection: Connection, store: ObjectStore, new: Promise, *, now: datetime) -> UploadTarget:
    """Note the photo and say where its bytes go. Promising again gives a fresh target for the same key.

    Raises:
        Refusal: wrong_content_type, too_large, or conflict when the id was promised with other bytes.
    """
    row = _note(connection, new, now)
    return store.upload_target(
        row.object_key, media_type=row.media_type, size=row.size, expires_in=TARGET_LIFETIME
    )


def sent(connection: Connection, submission_id: UUID, attachment_id: UUID) -> None:
    """The client says that the bytes are there: have them looked at.

    Raises:
        Refusal: not_found when this submission promised no such photo.
    """
    inner_id = connection.scalar(
        select(Attachment.id).where(
            Attachment.submission_id == submission_id, Attachment.attachment_id == attachment_id
        )
    )
    if inner_id is None:
        raise Refusal("not_found")
    queue.defer(connection, "inspect_attachment", attachment_id=str(inner_id))


def accept(
    connection: Connection, store: ObjectStore, place: Place, data: bytes, *, now: datetime
) -> dict[str, Any]:
    """A photo that came through the server, in a plain form; returns the reference for the answers.

    Raises:
        PhotoRefused: not_an_image, type_not_allowed or too_large; nothing was written then.
        StoreUnavailable: after the photo was noted; it stays `expected`.
    """
    if len(data) > LARGEST_PHOTO:
        raise PhotoRefused("too_large")
    media_type = media_type_of(data)
    new = Promise(place, uuid4(), media_type, len(data), hashlib.sha256(data).hexdigest())
    row = _note(connection, new, now)
    store.put(row.object_key, data, media_type)
    queue.defer(connection, "inspect_attachment", attachment_id=str(row.id))
    return {"id": str(new.attachment_id), "sha256": new.sha256, "size": new.size, "type": new.media_type}


def named_photos(connection: Connection, wave_id: UUID, submission_id: UUID) -> list[AnyRow]:
    """The photos that a submission's answers name: attachment_id, question, state, problem, object_key."""
    return list(
        connection.execute(
            select(
                Attachment.attachment_id, Attachment.question, Attachment.state,
                Attachment.problem, Attachment.object_key,
            )
            .where(
                Attachment.submission_id == submission_id,
                Attachment.wave_id == wave_id,
                Attachment.named,
            )
            .order_by(Attachment.created_at, Attachment.id)
        )
    )  # fmt: skip


def standings(connection: Connection, submission_id: UUID) -> dict[str, Standing]:
    """How the photos of a submission stand, by the client's ids for them, also before it is handed in."""
    rows = connection.execute(
        select(Attachment.attachment_id, Attachment.state, Attachment.problem).where(
            Attachment.submission_id == submission_id
        )
    )
    return {str(row.attachment_id): Standing(row.state, row.problem or "") for row in rows}


def inspect_one(engine: Engine, store: ObjectStore, inner_id: UUID, clock: Clock) -> None:
    """Fetch, verify, redraw; no connection is held while the store and the picture take their time.

    Bytes that are not there yet leave the photo `expected`: the client says so again when they are.
    """
    with engine.connect() as connection:
        row = connection.execute(
            select(*Attachment.__table__.columns).where(Attachment.id == inner_id)
        ).one_or_none()
    if row is None or row.state == "verified":
        return
    try:
        facts = _inspect(store, row)
    except ObjectMissing:
        log.info("photo_not_there_yet", attachment=str(inner_id))
        return
    except PhotoRefused as refused:
        values: dict[str, Any] = {"state": "refused", "problem": refused.code}
    else:
        store.put(row.object_key + SMALL, facts.small, "image/jpeg")
        store.put(row.object_key + LARGE, facts.large, "image/jpeg")
        values = {"state": "verified", "problem": None, "width": facts.width, "height": facts.height}
    with engine.begin() as connection:
        connection.execute(
            update(Attachment).where(Attachment.id == inner_id).values(verified_at=clock.now(), **values)
        )


def _note(connection: Connection, new: Promise, now: datetime) -> AnyRow:
    if new.media_type not in PHOTO_TYPES:
        raise Refusal("wrong_content_type")
    if not 0 < new.size <= LARGEST_PHOTO:
        raise Refusal("too_large")
    connection.execute(
        insert_or_skip(Attachment)
        .values(
            id=new_id(),
            submission_id=new.place.submission_id,
            attachment_id=new.attachment_id,
            wave_id=new.place.wave_id,
            question=new.place.question,
            object_key=new_object_key(PREFIX),
            media_type=new.media_type,
            size=new.size,
            sha256=new.sha256,
            state="expected",
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["submission_id", "attachment_id"])
    )
    row = connection.execute(
        select(*Attachment.__table__.columns).where(
            Attachment.submission_id == new.place.submission_id, Attachment.attachment_id == new.attachment_id
        )
    ).one()
    known = (row.sha256, row.size, row.media_type, row.question, row.wave_id)
    if known != (new.sha256, new.size, new.media_type, new.place.question, new.place.wave_id):
        raise Refusal("conflict")
    return row


def _inspect(store: ObjectStore, row: AnyRow) -> PhotoFacts:
    try:
        data = store.get(row.object_key, LARGEST_PHOTO)
    except ObjectTooLarge:
        raise PhotoRefused("too_large") from None
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise PhotoRefused("other_bytes")
    return inspect_in_child(data)
