"""Videos in parts: begun, broken off, taken up again, completed twice, given up."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import Connection, Engine

from server.clock import SetClock
from server.errors import Refusal
from server.intake.photos import films
from server.intake.photos.films import (
    Sending,
    abort_video,
    begin_video,
    complete_video,
    part_targets,
    progress,
)
from server.intake.uploads import Promise
from server.photo_rules import PhotoRules
from server.storage.memory import MemoryStore
from server.storage.objects import S3Store
from server.storage.protocol import PART_BYTES
from tests.builders import NOW
from tests.intake.sending import inspected, promised, rows, wave
from tests.storage.making_videos import mp4

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
        assert begin_video(connection, store, new, now=NOW) == Sending(PART_BYTES, 2, (1, 2))
    with engine.connect() as connection:
        targets = part_targets(connection, store, *names(new), (1, 2))
        assert requests.put(targets[2], FILM[PART_BYTES:], timeout=30).status_code == 200
        assert requests.put(targets[1], b"other size", timeout=30).status_code == 403
        assert progress(connection, store, *names(new)).missing == (1,)
        with pytest.raises(Refusal, match="parts_missing"):
            complete_video(connection, store, *names(new))
    with engine.begin() as connection:
        assert begin_video(connection, store, new, now=NOW).missing == (1,)
        assert requests.put(targets[1], FILM[:PART_BYTES], timeout=30).status_code == 200
        complete_video(connection, store, *names(new))
    # The answer was lost, so the phone says it again.
    with engine.begin() as connection:
        complete_video(connection, store, *names(new))
        [row] = rows(connection)
    after = inspected(engine, store, row)
    assert (after.state, after.media_type, after.duration_ms) == ("verified", "video/mp4", 2500)
    with engine.begin() as connection:
        assert begin_video(connection, store, new, now=NOW).missing == ()
        assert progress(connection, store, *names(new)).missing == ()
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
    for numbers in ((0,), (3,), (1, 99)):
        with pytest.raises(Refusal, match="not_found"):
            part_targets(connection, store, *names(new), numbers)
    with pytest.raises(Refusal, match="not_found"):
        part_targets(connection, store, new.place.submission_id, uuid4(), (1,))


def test_a_part_of_another_size_does_not_count(connection: Connection) -> None:
    store = MemoryStore()
    new = begun(connection, store)
    [row] = rows(connection)
    store.put_part(row.object_key, row.upload, 1, b"short")
    assert progress(connection, store, *names(new)).missing == (1, 2)


def test_a_video_given_up_can_begin_anew(connection: Connection) -> None:
    store = MemoryStore()
    new = begun(connection, store)
    abort_video(connection, store, *names(new))
    abort_video(connection, store, *names(new))
    for call in (
        lambda: progress(connection, store, *names(new)),
        lambda: complete_video(connection, store, *names(new)),
        lambda: part_targets(connection, store, *names(new), (1,)),
    ):
        with pytest.raises(Refusal, match="wrong_state"):
            call()
    assert begin_video(connection, store, new, now=NOW).missing == (1, 2)


def test_what_nobody_went_on_with_is_given_up(engine: Engine) -> None:
    store = MemoryStore()
    with engine.begin() as connection:
        begun(connection, store)
    late = SetClock(NOW + films.STALE + timedelta(seconds=1))
    assert [films.abort_stale(engine, store, clock) for clock in (SetClock(NOW), late, late)] == [0, 1, 0]
    with engine.connect() as connection:
        assert rows(connection)[0].upload is None


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
