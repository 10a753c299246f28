"""Parts of a photo covered by hand, on record, and uncovered while the original is there."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import DBAPIError

from server.errors import Refusal
from server.intake.photos.redacting import covered, redact_photo, uncover_photo
from server.intake.uploads import LARGE, SMALL
from server.models.audit import AuditLine
from server.models.submissions import Attachment, Redaction
from server.storage.memory import MemoryStore
from server.storage.photos import Box
from server.storage.protocol import StoreUnavailable
from tests.builders import NOW
from tests.intake.sending import jpeg, stored_promise, verified

BY = "account:reviewer"
LEFT, RIGHT = Box(0.0, 0.0, 0.25, 1.0), Box(0.75, 0.0, 1.0, 1.0)


def cover(engine: Engine, store: MemoryStore, row: Any, *boxes: Box) -> None:
    with engine.begin() as connection:
        redact_photo(connection, store, row.id, boxes, by=BY, now=NOW)


def uncover(engine: Engine, store: MemoryStore, row: Any) -> None:
    with engine.begin() as connection:
        uncover_photo(connection, store, row.id, by=BY, now=NOW)


def shades(store: MemoryStore, row: Any) -> list[tuple[int, int, int]]:
    """How bright the left, middle and right of the two pictures are."""
    found = []
    for size in (LARGE, SMALL):
        with Image.open(BytesIO(store.get(row.object_key + size, 1_000_000))) as image:
            grey = image.convert("L")
            at = [grey.getpixel((round(grey.width * x), grey.height // 2)) for x in (0.1, 0.5, 0.9)]
        found.append(tuple(round(shade / 255) for shade in at))
    return found


def test_covered_parts_add_up_and_all_are_uncovered_at_once(engine: Engine) -> None:
    store = MemoryStore()
    row = verified(engine, store, jpeg("white"))
    cover(engine, store, row, LEFT)
    cover(engine, store, row, RIGHT)
    assert shades(store, row) == [(0, 1, 0)] * 2
    with engine.connect() as connection:
        assert covered(connection, row.id) == (LEFT, RIGHT)
    uncover(engine, store, row)
    assert shades(store, row) == [(1, 1, 1)] * 2
    cover(engine, store, row, RIGHT)
    with engine.connect() as connection:
        assert covered(connection, row.id) == (RIGHT,)
        lines = connection.execute(
            select(AuditLine.actor, AuditLine.action, AuditLine.subject).where(
                AuditLine.action.startswith("photo_")
            )
        ).all()
    assert {(line.actor, line.subject) for line in lines} == {(BY, f"submission:{row.submission_id}")}
    assert sorted(line.action for line in lines) == ["photo_redacted"] * 3 + ["photo_uncovered"]


@pytest.mark.parametrize(
    "boxes",
    [
        (),
        (LEFT,) * 51,
        (Box(-0.1, 0, 1, 1),),
        (Box(0, 0, 1.1, 1),),
        (Box(0.5, 0, 0.5, 1),),
        (Box(0, 0.9, 1, 0.1),),
        (Box(float("nan"), 0, 1, 1),),
        (LEFT, Box(0, 0, 2, 2)),
    ],
)
def test_boxes_that_make_no_sense_cover_nothing(engine: Engine, boxes: tuple[Box, ...]) -> None:
    store = MemoryStore()
    row = verified(engine, store, jpeg("white"))
    with pytest.raises(Refusal, match="box_outside"):
        cover(engine, store, row, *boxes)
    assert shades(store, row) == [(1, 1, 1)] * 2


def test_only_what_was_verified_is_covered(engine: Engine) -> None:
    store = MemoryStore()
    row = stored_promise(engine, store)
    with pytest.raises(Refusal, match="wrong_state"):
        cover(engine, store, row, LEFT)
    with engine.begin() as connection:
        connection.execute(update(Attachment).values(state="verified", media_type="video/mp4"))
    with pytest.raises(Refusal, match="wrong_state"):
        cover(engine, store, row, LEFT)


def test_nothing_is_uncovered_without_the_original(engine: Engine) -> None:
    store = MemoryStore()
    row = verified(engine, store, jpeg("white"))
    cover(engine, store, row, LEFT)
    for other in (b"other bytes", None):
        if other is None:
            store.delete(row.object_key)
        else:
            store.put(row.object_key, other, "image/jpeg")
        with pytest.raises(Refusal, match="original_gone"):
            uncover(engine, store, row)
    assert shades(store, row) == [(0, 1, 1)] * 2
    with engine.connect() as connection:
        assert covered(connection, row.id) == (LEFT,)


def test_a_store_that_is_away_leaves_nothing_on_record(engine: Engine) -> None:
    store = MemoryStore()
    row = verified(engine, store, jpeg("white"))
    store.available = False
    with pytest.raises(StoreUnavailable):
        cover(engine, store, row, LEFT)
    with engine.connect() as connection:
        assert covered(connection, row.id) == ()


@pytest.mark.parametrize("change", ["UPDATE redaction SET boxes = '[]'", "DELETE FROM redaction"])
def test_what_was_covered_stays_on_record(engine: Engine, change: str) -> None:
    store = MemoryStore()
    row = verified(engine, store)
    cover(engine, store, row, LEFT)
    with pytest.raises(DBAPIError, match="stays on record"), engine.begin() as connection:
        connection.execute(text(change))
    with engine.connect() as connection:
        assert connection.scalar(select(Redaction.redacted_by)) == BY
