"""Photos apart from answers: promised by a client, sent straight to the store, verified by the worker.

Nothing counts before the worker has fetched the bytes and looked at them: upload targets only keep rubbish
out, and other stores have been known to accept what they should refuse. Until then a photo is `expected`
(`server.intake.photos.looking`).
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import queue
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.forms.types.files import ALL_TYPES, IMAGE_TYPES, MAX_SIZE
from server.models.submissions import Attachment
from server.photo_rules import DEFAULT_PHOTO_RULES, MEGABYTE, PhotoRules
from server.storage.photos import PhotoRefused
from server.storage.protocol import ObjectStore, UploadTarget, new_object_key
from server.storage.videos import media_type_of_file

TARGET_LIFETIME = timedelta(hours=1)
LARGEST_PHOTO = MAX_SIZE
# One list for all doors: what may be answered may be uploaded.
PHOTO_TYPES = frozenset(IMAGE_TYPES)
# A video that is no larger than a photo may be can come like one; larger ones come in parts, from the app.
FILE_TYPES = frozenset(ALL_TYPES)
PREFIX = "photos"
# Refused bytes lie below it under their own keys.
QUARANTINE = "quarantine/"
SMALL, LARGE = "-320.jpg", "-1600.jpg"
# What people get of a video: all but what it says about itself.
SHOWN = "-shown"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo belongs.

    Attributes:
        question: empty while the photo only lies in the tray.
        takes: the media types of what may be put there.
    """

    submission_id: UUID
    wave_id: UUID
    question: str
    takes: Collection[str] = PHOTO_TYPES


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


def promise(
    connection: Connection,
    store: ObjectStore,
    new: Promise,
    *,
    now: datetime,
    rules: PhotoRules = DEFAULT_PHOTO_RULES,
) -> UploadTarget:
    """Note the photo and say where its bytes go. Promising again gives a fresh target for the same key.

    One photo may back up several items: promised again for another question, it stays the photo it is.

    Raises:
        Refusal: wrong_content_type, too_large, too_many_photos, too_many_bytes, or conflict when the id was
            promised with other bytes.
    """
    row = note(connection, new, new.place.takes, LARGEST_PHOTO, rules=rules, now=now)
    return store.upload_target(
        row.object_key,
        media_type=row.media_type,
        size=row.size,
        expires_in=TARGET_LIFETIME,
        sha256=row.sha256,
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
    connection: Connection,
    store: ObjectStore,
    place: Place,
    data: bytes,
    *,
    now: datetime,
    rules: PhotoRules = DEFAULT_PHOTO_RULES,
) -> dict[str, Any]:
    """A photo that came through the server, in a plain form; returns the reference for the answers.

    Raises:
        PhotoRefused: not_an_image, not_a_video, type_not_allowed, too_large, too_many_photos or
            too_many_bytes; nothing was written then.
        StoreUnavailable: after the photo was noted; it stays `expected`.
    """
    if len(data) > LARGEST_PHOTO:
        raise PhotoRefused("too_large")
    media_type = media_type_of_file(data)
    if media_type not in place.takes:
        raise PhotoRefused(_wanted(place.takes))
    new = Promise(place, uuid4(), media_type, len(data), hashlib.sha256(data).hexdigest())
    try:
        row = note(connection, new, place.takes, LARGEST_PHOTO, rules=rules, now=now)
    except Refusal as refusal:
        raise PhotoRefused(refusal.code) from None
    store.put(row.object_key, data, media_type)
    queue.defer(connection, "inspect_attachment", attachment_id=str(row.id))
    return {"id": str(new.attachment_id), "sha256": new.sha256, "size": new.size, "type": new.media_type}


def pass_through(
    connection: Connection,
    store: ObjectStore,
    submission_id: UUID,
    attachment_id: UUID,
    data: bytes,
) -> None:
    """The bytes of a promised photo, from a client that does not reach the store.

    Raises:
        Refusal: not_found when it was not promised.
        PhotoRefused: other_bytes when they are not those that were promised.
        StoreUnavailable: the photo stays `expected`.
    """
    row = connection.execute(
        select(Attachment.id, Attachment.object_key, Attachment.media_type, Attachment.sha256).where(
            Attachment.submission_id == submission_id, Attachment.attachment_id == attachment_id
        )
    ).first()
    if row is None:
        raise Refusal("not_found")
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise PhotoRefused("other_bytes")
    store.put(row.object_key, data, row.media_type)
    queue.defer(connection, "inspect_attachment", attachment_id=str(row.id))


def named_photos(connection: Connection, wave_id: UUID, submission_id: UUID) -> list[AnyRow]:
    """What a submission's answers name: id, attachment_id, question, state, problem, object_key, media_type,
    duration_ms."""
    return list(
        connection.execute(
            select(
                Attachment.id, Attachment.attachment_id, Attachment.question, Attachment.state,
                Attachment.problem, Attachment.object_key, Attachment.media_type, Attachment.duration_ms,
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


def note(
    connection: Connection,
    new: Promise,
    types: Collection[str],
    most_bytes: int,
    *,
    rules: PhotoRules,
    now: datetime,
) -> AnyRow:
    """The row of what is promised, written when it was not promised before.

    Raises:
        Refusal: wrong_content_type, too_large, too_many_photos, too_many_bytes, conflict.
    """
    if new.media_type not in types:
        raise Refusal("wrong_content_type")
    if not 0 < new.size <= most_bytes:
        raise Refusal("too_large")
    _refuse_too_much(connection, new, rules)
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
        # What lay in the tray is called by the first question that it is taken for.
        update(Attachment)
        .where(_is(new))
        .values(question=case((Attachment.question == "", new.place.question), else_=Attachment.question))
        .returning(*Attachment.__table__.columns)
    ).one()
    # Of a video that was looked at, the type is what was found out, not what was claimed.
    claimed = row.media_type if row.state == "verified" else new.media_type
    known = (row.sha256, row.size, row.media_type, row.wave_id)
    if known != (new.sha256, new.size, claimed, new.place.wave_id):
        raise Refusal("conflict")
    return row


def _wanted(types: Collection[str]) -> str:
    """What is wrong with a file of another kind than these."""
    if PHOTO_TYPES.isdisjoint(types):
        return "not_a_video"
    return "type_not_allowed" if PHOTO_TYPES.issuperset(types) else "not_an_image"


def _is(new: Promise) -> ColumnElement[bool]:
    return and_(
        Attachment.submission_id == new.place.submission_id, Attachment.attachment_id == new.attachment_id
    )


def _refuse_too_much(connection: Connection, new: Promise, rules: PhotoRules) -> None:
    """Limits against a phone gone wild, so a few too many of parallel promises are no matter."""
    others = connection.execute(
        select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(
            Attachment.submission_id == new.place.submission_id, ~_is(new)
        )
    ).one()
    if others[0] >= rules.submission_photos:
        raise Refusal("too_many_photos", limit=rules.submission_photos)
    if others[1] + new.size > rules.submission_bytes:
        raise Refusal("too_many_bytes", limit_mb=rules.submission_bytes // MEGABYTE)
