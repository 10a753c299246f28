from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from PIL import Image
from sqlalchemy import Connection, Engine, select, text

from server.errors import Refusal
from server.intake.photos.looking import quarantined
from server.intake.uploads import (
    LARGE,
    LARGEST_PHOTO,
    SMALL,
    Standing,
    accept,
    promise,
    sent,
    standings,
)
from server.models.submissions import Attachment
from server.photo_rules import PhotoRules
from server.storage.memory import MemoryStore
from server.storage.objects import S3Store
from server.storage.photos import PhotoRefused
from server.storage.resemblance import distance
from tests import builders
from tests.builders import NOW
from tests.intake.sending import PHOTO, inspected, jpeg, promised, rows, stored_promise, wave


def jobs(connection: Connection) -> list[str]:
    found = "SELECT args->>'attachment_id' FROM procrastinate_jobs WHERE task_name = 'inspect_attachment'"
    return list(connection.scalars(text(found)))


def test_the_same_promise_again_is_for_the_same_object(connection: Connection) -> None:
    store, new = MemoryStore(), promised(wave(connection))
    first = promise(connection, store, new, now=NOW)
    again = promise(connection, store, new, now=NOW)
    [row] = rows(connection)
    assert row.state == "expected"
    assert first.fields == again.fields


@pytest.mark.parametrize("other", [{"sha256": "b" * 64}, {"size": 7}, {"media_type": "image/png"}])
def test_other_bytes_under_a_promised_id_conflict(connection: Connection, other: dict[str, Any]) -> None:
    new = promised(wave(connection))
    promise(connection, MemoryStore(), new, now=NOW)
    with pytest.raises(Refusal, match="conflict"):
        promise(connection, MemoryStore(), replace(new, **other), now=NOW)


def test_another_waves_promise_under_the_same_ids_conflicts(connection: Connection) -> None:
    new = promised(wave(connection))
    promise(connection, MemoryStore(), new, now=NOW)
    other = builders.create_wave(connection, code="OTHER", instrument="visit")
    with pytest.raises(Refusal, match="conflict"):
        promise(connection, MemoryStore(), replace(new, place=replace(new.place, wave_id=other)), now=NOW)


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"media_type": "image/svg+xml"}, "wrong_content_type", 415),
        ({"media_type": "text/html"}, "wrong_content_type", 415),
        ({"size": LARGEST_PHOTO + 1}, "too_large", 413),
        ({"size": 0}, "too_large", 413),
    ],
)
def test_what_is_no_photo_is_not_promised(
    connection: Connection, changes: dict[str, Any], code: str, status: int
) -> None:
    new = promised(wave(connection), **changes)
    with pytest.raises(Refusal) as refusal:
        promise(connection, MemoryStore(), new, now=NOW)
    assert (refusal.value.code, refusal.value.status) == (code, status)
    assert rows(connection) == []


def test_only_the_submissions_own_photos_can_be_called_sent(connection: Connection) -> None:
    new = promised(wave(connection))
    promise(connection, MemoryStore(), new, now=NOW)
    for submission_id, attachment_id in (
        (uuid4(), new.attachment_id),
        (new.place.submission_id, uuid4()),
    ):
        with pytest.raises(Refusal, match="not_found"):
            sent(connection, submission_id, attachment_id)
    assert jobs(connection) == []
    sent(connection, new.place.submission_id, new.attachment_id)
    assert jobs(connection) == [str(rows(connection)[0].id)]


def test_a_photo_in_a_plain_form_is_stored_and_named(connection: Connection) -> None:
    store, place = MemoryStore(), promised(wave(connection)).place
    reference = accept(connection, store, place, PHOTO, now=NOW)
    [row] = rows(connection)
    assert reference == {
        "id": str(row.attachment_id), "sha256": row.sha256, "size": len(PHOTO), "type": "image/jpeg",
    }  # fmt: skip
    assert store.get(row.object_key, LARGEST_PHOTO) == PHOTO
    assert jobs(connection) == [str(row.id)]
    assert list(
        connection.scalars(select(Attachment.state).where(Attachment.submission_id == place.submission_id))
    ) == ["expected"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"not a photo", "not_an_image"),
        (b"%PDF-1.7", "type_not_allowed"),
        (PHOTO + bytes(LARGEST_PHOTO), "too_large"),
    ],
)
def test_a_plain_form_takes_nothing_but_photos(connection: Connection, data: bytes, code: str) -> None:
    store, place = MemoryStore(), promised(wave(connection)).place
    with pytest.raises(PhotoRefused) as refused:
        accept(connection, store, place, data, now=NOW)
    assert refused.value.code == code
    assert rows(connection) == []


def test_what_a_photo_is_is_found_out(connection: Connection) -> None:
    stream = BytesIO()
    Image.new("RGB", (64, 48)).save(stream, "PNG")
    place = promised(wave(connection)).place
    assert accept(connection, MemoryStore(), place, stream.getvalue(), now=NOW)["type"] == "image/png"


def test_how_photos_stand_is_told_for_one_submission(engine: Engine) -> None:
    store = MemoryStore()
    row = stored_promise(engine, store)
    store.put(row.object_key, jpeg("red"), "image/jpeg")
    with engine.connect() as connection:
        told = {str(row.attachment_id): Standing("expected", "")}
        assert standings(connection, row.submission_id) == told
        assert standings(connection, uuid4()) == {}
    inspected(engine, store, row)
    with engine.connect() as connection:
        told = {str(row.attachment_id): Standing("refused", "other_bytes")}
        assert standings(connection, row.submission_id) == told


def test_from_the_promise_to_the_thumbnails_in_the_real_store(engine: Engine, store: S3Store) -> None:
    new = promised(UUID(int=0))
    with engine.begin() as connection:
        new = replace(new, place=replace(new.place, wave_id=wave(connection)))
        target = promise(connection, store, new, now=NOW)
    answer = requests.post(target.url, data=target.fields, files={"file": PHOTO}, timeout=30)
    assert answer.status_code in {200, 201, 204}
    with engine.connect() as connection:
        [row] = rows(connection)
    after = inspected(engine, store, row)
    assert (after.state, after.problem, after.width, after.height) == ("verified", None, 640, 480)
    assert after.verified_at == NOW
    for size, longest in ((SMALL, 320), (LARGE, 640)):
        with Image.open(BytesIO(store.get(row.object_key + size, LARGEST_PHOTO))) as picture:
            assert max(picture.size) == longest


@pytest.mark.parametrize(
    ("arrived", "problem"), [(jpeg("red"), "other_bytes"), (b"<svg onload=alert(1)>", "other_bytes")]
)
def test_bytes_that_were_not_promised_are_refused(engine: Engine, arrived: bytes, problem: str) -> None:
    store = MemoryStore()
    row = stored_promise(engine, store)
    store.put(row.object_key, arrived, "image/jpeg")
    after = inspected(engine, store, row)
    assert (after.state, after.problem, after.quarantined_at) == ("refused", problem, NOW)
    assert store.all_keys() == [quarantined(row.object_key)]
    assert store.get(quarantined(row.object_key), 10_000) == arrived


def test_after_a_refusal_the_same_photo_may_come_again(engine: Engine) -> None:
    store = MemoryStore()
    row = stored_promise(engine, store)
    store.put(row.object_key, PHOTO[:-7], "image/jpeg")
    assert inspected(engine, store, row).problem == "other_bytes"
    assert inspected(engine, store, row).state == "refused"
    store.put(row.object_key, PHOTO, "image/jpeg")
    after = inspected(engine, store, row)
    assert (after.state, after.problem) == ("verified", None)


def test_promised_rubbish_is_no_photo(engine: Engine) -> None:
    store, rubbish = MemoryStore(), b"\xff\xd8\xff" + b"not a photo"
    row = stored_promise(engine, store, rubbish)
    store.put(row.object_key, rubbish, "image/jpeg")
    assert inspected(engine, store, row).state == "refused"


def test_what_a_photo_tells_is_kept(engine: Engine) -> None:
    exif = Image.Exif()
    exif[0x0110] = "a camera whose name is nobody's business"
    exif.get_ifd(0x8769)[0x9003] = "2026:05:04 10:20:30"
    stream = BytesIO()
    Image.linear_gradient("L").save(stream, "JPEG", exif=exif)
    store, data = MemoryStore(), stream.getvalue()
    row = stored_promise(engine, store, data)
    store.put(row.object_key, data, "image/jpeg")
    after = inspected(engine, store, row)
    assert (after.taken, after.taken_at) == (
        "2026:05:04 10:20:30",
        datetime.fromisoformat("2026-05-04 10:20:30"),
    )
    assert len(after.difference_hash) == len(after.middle_hash) == 64
    assert after.detail == 32
    apart = text("SELECT bit_count(difference_hash # middle_hash) FROM attachment")
    with engine.connect() as connection:
        assert connection.scalar(apart) == distance(after.difference_hash, after.middle_hash)


@pytest.mark.parametrize("media_type", ["image/heic", "image/heif"])
def test_a_photo_of_an_iphone_is_taken(engine: Engine, media_type: str) -> None:
    stream = BytesIO()
    Image.new("RGB", (64, 48), "navy").save(stream, "HEIF")
    store, data = MemoryStore(), stream.getvalue()
    row = stored_promise(engine, store, data, media_type=media_type)
    store.put(row.object_key, data, media_type)
    assert inspected(engine, store, row).state == "verified"


def test_one_photo_backs_several_items_and_the_tray_names_none(connection: Connection) -> None:
    store, wave_id = MemoryStore(), wave(connection)
    tray = promised(wave_id)
    tray = replace(tray, place=replace(tray.place, question=""))
    for question in ("", "OUT-01-photo", "OUT-02-photo", ""):
        promise(connection, store, replace(tray, place=replace(tray.place, question=question)), now=NOW)
    [row] = rows(connection)
    assert row.question == "OUT-01-photo"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (PhotoRules(submission_photos=2), "too_many_photos"),
        (PhotoRules(submission_bytes=3 * len(PHOTO) - 1), "too_many_bytes"),
    ],
)
def test_a_submission_has_room_for_so_much(connection: Connection, rules: PhotoRules, code: str) -> None:
    store, first = MemoryStore(), promised(wave(connection))
    second, third = (replace(first, attachment_id=uuid4()) for _ in range(2))
    for new in (first, second, second, first):
        promise(connection, store, new, now=NOW, rules=rules)
    with pytest.raises(Refusal) as refusal:
        promise(connection, store, third, now=NOW, rules=rules)
    assert (refusal.value.code, refusal.value.status) == (code, 413)
    with pytest.raises(PhotoRefused, match=code):
        accept(connection, store, first.place, PHOTO, now=NOW, rules=rules)
    other = replace(third, place=replace(third.place, submission_id=uuid4()))
    promise(connection, store, other, now=NOW, rules=rules)


def test_bytes_that_are_not_there_yet_may_still_come(engine: Engine) -> None:
    store = MemoryStore()
    row = stored_promise(engine, store)
    assert inspected(engine, store, row).state == "expected"
    store.put(row.object_key, PHOTO, "image/jpeg")
    assert inspected(engine, store, row).state == "verified"
    assert inspected(engine, store, row).state == "verified"
