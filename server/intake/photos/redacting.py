"""Parts of a photo covered by hand: faces, screens, names on the counter.

Both pictures that others see are drawn again with the parts painted over. The original stays sealed, and
as long as it is kept everything can be uncovered again by redrawing from it; afterwards what is covered is
gone. Who covered what, and when, is on record either way.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server import audit
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.intake.photos.looking import write_and_read
from server.intake.uploads import LARGE, LARGEST_PHOTO, SMALL
from server.models.submissions import Attachment, Redaction
from server.storage.inspection import inspect_in_child, redact_in_child
from server.storage.photos import Box, PhotoRefused
from server.storage.protocol import ObjectMissing, ObjectStore, ObjectTooLarge

MOST_BOXES: Final = 50


def redact_photo(
    connection: Connection,
    store: ObjectStore,
    inner_id: UUID,
    boxes: Sequence[Box],
    *,
    by: str,
    now: datetime,
) -> None:
    """Paint over parts of a verified photo in both pictures that others see. The caller commits.

    Args:
        inner_id: the photo's own id, found within the scope of whoever covers it.
        by: who does it, as audit lines name people.

    Raises:
        Refusal: not_found, wrong_state for what was not verified or is a video, box_outside.
        StoreUnavailable: nothing is on record then; do it again.
    """
    row = _locked(connection, inner_id)
    if not boxes or len(boxes) > MOST_BOXES or not all(map(_makes_sense, boxes)):
        raise Refusal("box_outside")
    redrawn = redact_in_child(store.get(row.object_key + LARGE, LARGEST_PHOTO), boxes)
    _record(connection, row, boxes, by=by, now=now)
    _replace(store, row, redrawn.small, redrawn.large)


def uncover_photo(
    connection: Connection, store: ObjectStore, inner_id: UUID, *, by: str, now: datetime
) -> None:
    """Draw both pictures anew from the sealed original, without anything covered. The caller commits.

    Raises:
        Refusal: not_found, wrong_state, or original_gone when the original was removed or is not what it was.
        StoreUnavailable: nothing is on record then; do it again.
    """
    row = _locked(connection, inner_id)
    try:
        original = store.get(row.object_key, LARGEST_PHOTO)
        if row.original_removed_at is not None or hashlib.sha256(original).hexdigest() != row.sha256:
            raise Refusal("original_gone")
        facts = inspect_in_child(original)
    except (ObjectMissing, ObjectTooLarge, PhotoRefused):
        raise Refusal("original_gone") from None
    _record(connection, row, (), by=by, now=now)
    _replace(store, row, facts.small, facts.large)


def covered(connection: Connection, inner_id: UUID) -> tuple[Box, ...]:
    """What is covered now, in the order it was covered."""
    rows = connection.execute(
        select(Redaction.boxes)
        .where(Redaction.attachment_pk == inner_id)
        .order_by(Redaction.redacted_at, Redaction.id)
    )
    found: list[Box] = []
    for row in rows:
        found = [*found, *(Box(*box) for box in row.boxes)] if row.boxes else []
    return tuple(found)


def _makes_sense(box: Box) -> bool:
    # Written so that a NaN, which compares with nothing, makes no sense either.
    return 0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1


def _locked(connection: Connection, inner_id: UUID) -> AnyRow:
    """One at a time: who draws over a picture that another one is covering would uncover it again."""
    row = connection.execute(
        select(*Attachment.__table__.columns).where(Attachment.id == inner_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise Refusal("not_found")
    if row.state != "verified" or not row.media_type.startswith("image/"):
        raise Refusal("wrong_state")
    return row


def _record(connection: Connection, row: AnyRow, boxes: Sequence[Box], *, by: str, now: datetime) -> None:
    connection.execute(
        insert(Redaction).values(
            id=new_id(),
            attachment_pk=row.id,
            boxes=[list(astuple(box)) for box in boxes],
            redacted_by=by,
            redacted_at=now,
        )
    )
    action = "photo_redacted" if boxes else "photo_uncovered"
    detail = {"photo": str(row.attachment_id), "boxes": len(boxes)}
    audit.record(connection, [audit.Entry(by, action, f"submission:{row.submission_id}", detail)], at=now)


def _replace(store: ObjectStore, row: AnyRow, small: bytes, large: bytes) -> None:
    """The large one first: as long as it is not replaced, nobody believes that anything was."""
    write_and_read(store, row.object_key + LARGE, large)
    write_and_read(store, row.object_key + SMALL, small)
