"""Videos in parts: begun, broken off, taken up again, completed twice, given up."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import Connection, Engine

from server.clock import SetClock
from server.errors import Refusal
from server.forms.types.files import MAX_VIDEO_SIZE
from server.forms.types.files import VIDEO_TYPES as ASKED_FOR
from server.intake.photos import films
from server.intake.photos.films import (
    begin_video,
    complete_video,
    part_target,
    pass_part,
)
from server.intake.uploads import SHOWN, Promise
from server.photo_rules import MEGABYTE, MOST_VIDEO_MB, PhotoRules
from server.storage.memory import MemoryStore
from server.storage.objects import S3Store
from server.storage.protocol import PART_BYTES
from server.storage.videos import VIDEO_TYPES, inspect_video
from tests.builders import NOW
from tests.intake.sending import inspected, promised, rows, wave
from tests.storage.making_videos import box, ftyp, moov, mp4, mvhd, track

FILM = mp4(media=bytes(PART_BYTES + 1000))


def filmed(wave_id: UUID, data: bytes = FILM, **changes: Any) -> Promise:
    return replace(promised(wave_id, data, media_type="video/mp4"), **changes)


def begun(connection: Connection, store: Any, new: Promise | None = None) -> Promise:
    new = new or filmed(wave(connection))
    begin_video(connection, store, new, now=NOW)
    return new


def names(new: Promise) -> tuple[UUID, UUID]:
    return new.place.submission_id, new.attachment_id


def test_a_video_that_broke_off_is_taken_up_where_it_was(engine: Engine, store: S3Store) -> None:
    with engine.begin() as connection:
        new = filmed(wave(connection))
        assert begin_video(connection, store, new, now=NOW) == (1, 2)
    with engine.connect() as connection:
        first, second = (part_target(connection, store, *names(new), number) for number in (1, 2))
        assert requests.put(second, FILM[PART_BYTES:], timeout=30).status_code == 200
        assert requests.put(first, b"other size", timeout=30).status_code == 403
        with pytest.raises(Refusal, match="parts_missing"):
            complete_video(connection, store, *names(new))
    with engine.begin() as connection:
        assert begin_video(connection, store, new, now=NOW) == (1,)
        assert requests.put(first, FILM[:PART_BYTES], timeout=30).status_code == 200
        complete_video(connection, store, *names(new))
    # The answer was lost, so the phone asks what is missing, and says again that nothing is.
    with engine.begin() as connection:
        assert begin_video(connection, store, new, now=NOW) == ()
        complete_video(connection, store, *names(new))
        [row] = rows(connection)
    after = inspected(engine, store, row)
    assert (after.state, after.media_type, after.duration_ms) == ("verified", "video/mp4", 2500)
    with engine.begin() as connection:
        assert begin_video(connection, store, new, now=NOW) == ()
        complete_video(connection, store, *names(new))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"media_type": "image/jpeg"}, "wrong_content_type"),
        ({"media_type": "video/x-matroska"}, "wrong_content_type"),
        ({"size": 200 * 1024 * 1024 + 1}, "too_large"),
        ({"size": 0}, "too_large"),
    ],
)
def test_what_is_no_video_is_not_begun(connection: Connection, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        begin_video(connection, MemoryStore(), filmed(wave(connection), **changes), now=NOW)


def test_forms_name_the_kinds_that_the_worker_knows() -> None:
    assert frozenset(ASKED_FOR) == VIDEO_TYPES
    assert MAX_VIDEO_SIZE == MOST_VIDEO_MB * MEGABYTE < 2**31


def test_the_deployment_says_how_long_a_video_may_be(connection: Connection) -> None:
    rules = PhotoRules(video_bytes=len(FILM) - 1)
    with pytest.raises(Refusal, match="too_large"):
        begin_video(connection, MemoryStore(), filmed(wave(connection)), now=NOW, rules=rules)


def test_other_bytes_under_a_promised_id_conflict(connection: Connection) -> None:
    store = MemoryStore()
    new = begun(connection, store)
    with pytest.raises(Refusal, match="conflict"):
        begin_video(connection, store, replace(new, sha256="b" * 64), now=NOW)


def test_only_parts_that_there_are_have_targets(connection: Connection) -> None:
    store = MemoryStore()
    new = begun(connection, store)
    for number in (0, 3):
        with pytest.raises(Refusal, match="not_found"):
            part_target(connection, store, *names(new), number)
        with pytest.raises(Refusal, match="not_found"):
            pass_part(connection, store, *names(new), number, b"")
    with pytest.raises(Refusal, match="not_found"):
        part_target(connection, store, new.place.submission_id, uuid4(), 1)


def test_a_part_of_another_size_does_not_count(connection: Connection) -> None:
    store = MemoryStore()
    new = begun(connection, store)
    [row] = rows(connection)
    store.put_part(row.object_key, row.upload, 1, b"short")
    assert begin_video(connection, store, new, now=NOW) == (1, 2)


def test_a_part_may_come_through_us(engine: Engine, store: S3Store) -> None:
    with engine.begin() as connection:
        new = begun(connection, store)
        for data in (b"short", FILM):
            with pytest.raises(Refusal, match="conflict"):
                pass_part(connection, store, *names(new), 1, data)
        pass_part(connection, store, *names(new), 1, FILM[:PART_BYTES])
        pass_part(connection, store, *names(new), 2, FILM[PART_BYTES:])
        complete_video(connection, store, *names(new))
        [row] = rows(connection)
        with pytest.raises(Refusal, match="wrong_state"):
            pass_part(connection, store, *names(new), 2, FILM[PART_BYTES:])
    assert inspected(engine, store, row).state == "verified"


def test_what_others_get_says_nothing_of_places_times_and_devices(engine: Engine, store: S3Store) -> None:
    told = box(b"udta", box(b"\xa9xyz", b"+39.9042+116.4074/") + box(b"\xa9mak", b"Phone of Mr Zhou"))
    data = ftyp() + moov(mvhd(), track(), told) + box(b"mdat", bytes(4000))
    with engine.begin() as connection:
        begun(connection, store, filmed(wave(connection), data))
        [row] = rows(connection)
    store.put(row.object_key, data, "video/mp4")
    after = inspected(engine, store, row)
    shown = store.get(row.object_key + SHOWN, len(data))
    assert (after.state, len(shown)) == ("verified", len(data))
    assert b"Zhou" in store.get(row.object_key, len(data))
    assert not any(word in shown for word in (b"Zhou", b"116.4", b"udta"))
    assert inspect_video(BytesIO(shown)).milliseconds == 2500


def test_what_nobody_went_on_with_is_given_up(engine: Engine) -> None:
    store = MemoryStore()
    with engine.begin() as connection:
        new = begun(connection, store)
    late = SetClock(NOW + films.STALE + timedelta(seconds=1))
    assert [films.abort_stale(engine, store, clock) for clock in (SetClock(NOW), late, late)] == [0, 1, 0]
    with engine.connect() as connection:
        for call in (
            lambda: complete_video(connection, store, *names(new)),
            lambda: part_target(connection, store, *names(new), 1),
        ):
            with pytest.raises(Refusal, match="wrong_state"):
                call()
        assert begin_video(connection, store, new, now=NOW) == (1, 2)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (mp4()[:-1], "broken"),
        (mp4() + b"<script>", "broken"),
        (mp4(media=b"<script>alert(1)</script>"), "something_hidden"),
        (b"MZ" + bytes(500), "not_a_video"),
    ],
)
def test_a_hostile_video_is_put_away(engine: Engine, data: bytes, problem: str) -> None:
    store = MemoryStore()
    with engine.begin() as connection:
        begun(connection, store, filmed(wave(connection), data))
        [row] = rows(connection)
    store.put(row.object_key, data, "video/mp4")
    after = inspected(engine, store, row)
    assert (after.state, after.problem) == ("refused", problem)
    assert store.all_keys() == [f"quarantine/{row.object_key}"]


def test_a_video_of_other_bytes_is_refused(engine: Engine) -> None:
    store = MemoryStore()
    with engine.begin() as connection:
        begun(connection, store, filmed(wave(connection), sha256=hashlib.sha256(b"").hexdigest()))
        [row] = rows(connection)
    for arrived in (FILM, FILM + b"more"):
        store.put(row.object_key, arrived, "video/mp4")
        assert inspected(engine, store, row).problem == "other_bytes"
