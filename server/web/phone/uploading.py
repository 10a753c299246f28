"""Photos and videos of a prepared visit: announced by the phone's own ids, sent to the store, or through us.

A video comes in parts. Whoever announces it again is told which are missing, so a phone that was switched off
goes on where it was.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from server.db import transaction
from server.errors import Refusal
from server.fieldwork.responding import Task
from server.intake import uploads
from server.intake.photos import films
from server.services import services
from server.storage.photos import PhotoRefused
from server.storage.protocol import PART_BYTES, StoreUnavailable
from server.web.phone.knowing import THE_VISIT, answer, done, told, visit_of_key
from server.web.phone.schemas import PhotoSchema, VideoSchema

TOO_LARGE: Final = uploads.LARGEST_PHOTO + 1


def install(blueprint: Blueprint) -> None:
    blueprint.post("/sent/<ref>/photos")(THE_VISIT(announce))
    blueprint.post("/sent/<ref>/photos/<uuid:photo_id>/sent")(THE_VISIT(sent))
    blueprint.put("/sent/<ref>/photos/<uuid:photo_id>")(THE_VISIT(passed_through))
    blueprint.post("/sent/<ref>/videos")(THE_VISIT(announce_video))
    blueprint.post("/sent/<ref>/videos/<uuid:video_id>/parts/<int:number>")(THE_VISIT(part))
    blueprint.put("/sent/<ref>/videos/<uuid:video_id>/parts/<int:number>")(THE_VISIT(part_passed_through))
    blueprint.post("/sent/<ref>/videos/<uuid:video_id>/sent")(THE_VISIT(video_sent))


def announce(ref: str) -> Response:
    """Answers with `url` and `fields`: where the bytes go. Announced again, there is a fresh target."""
    photo = _promised(visit_of_key(ref), told(PhotoSchema()))
    with transaction() as connection:
        given = services()
        rules, now = given.settings.photos, given.clock.now()
        target = uploads.promise(connection, given.store, photo, rules=rules, now=now)
    return answer({"url": target.url, "fields": dict(target.fields)}, 201)


def sent(ref: str, photo_id: UUID) -> Response:
    """The phone says that the bytes are there; what counts is what the worker finds."""
    task = visit_of_key(ref)
    with transaction() as connection:
        uploads.sent(connection, task.submission_id, photo_id)
    return done()


def passed_through(ref: str, photo_id: UUID) -> Response:
    """The bytes themselves, from a phone that does not reach the store."""
    task = visit_of_key(ref)
    request.max_content_length = TOO_LARGE
    data = request.get_data(cache=False)
    with _of_store() as connection:
        try:
            uploads.pass_through(connection, services().store, task.submission_id, photo_id, data)
        except PhotoRefused:
            # Other bytes than were announced: the phone announces them again.
            raise Refusal("conflict") from None
    return done()


def announce_video(ref: str) -> Response:
    """Answers with the numbers of the parts that are `missing`, counted from 1."""
    video = _promised(visit_of_key(ref), told(VideoSchema()))
    given = services()
    rules, now = given.settings.photos, given.clock.now()
    with _of_store() as connection:
        missing = films.begin_video(connection, given.store, video, now=now, rules=rules)
    return answer({"missing": list(missing)}, 201)


def part(ref: str, video_id: UUID, number: int) -> Response:
    """Answers with `url`: where this part is PUT."""
    task = visit_of_key(ref)
    with _of_store() as connection:
        url = films.part_target(connection, services().store, task.submission_id, video_id, number)
    return answer({"url": url}, 201)


def part_passed_through(ref: str, video_id: UUID, number: int) -> Response:
    """The bytes of a part, from a phone that does not reach the store."""
    task = visit_of_key(ref)
    request.max_content_length = PART_BYTES + 1
    data = request.get_data(cache=False)
    with _of_store() as connection:
        films.pass_part(connection, services().store, task.submission_id, video_id, number, data)
    return done()


def video_sent(ref: str, video_id: UUID) -> Response:
    """The phone says that every part is there."""
    task = visit_of_key(ref)
    with _of_store() as connection:
        films.complete_video(connection, services().store, task.submission_id, video_id)
    return done()


@contextmanager
def _of_store() -> Iterator[Connection]:
    """A transaction that needs the store. Raises: Refusal: store_unavailable: the phone tries again."""
    with transaction() as connection:
        try:
            yield connection
        except StoreUnavailable:
            raise Refusal("store_unavailable") from None


def _promised(task: Task, body: Mapping[str, Any]) -> uploads.Promise:
    place = uploads.Place(task.submission_id, task.wave_id, body["question"])
    return uploads.Promise(place, body["id"], body["type"], body["size"], body["sha256"])
