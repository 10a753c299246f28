"""Photos of a prepared visit: announced by the phone's own ids, sent to the store, or through us."""

from typing import Final
from uuid import UUID

from flask import Blueprint, Response, request

from server.db import transaction
from server.errors import Refusal
from server.fieldwork.responding import Task
from server.intake import uploads
from server.services import services
from server.storage.photos import PhotoRefused
from server.storage.protocol import StoreUnavailable
from server.web.phone.knowing import THE_VISIT, answer, done, told, visit_of_key
from server.web.phone.schemas import PhotoSchema

TOO_LARGE: Final = uploads.LARGEST_PHOTO + 1


def install(blueprint: Blueprint) -> None:
    blueprint.post("/sent/<ref>/photos")(THE_VISIT(announce))
    blueprint.post("/sent/<ref>/photos/<uuid:photo_id>/sent")(THE_VISIT(sent))
    blueprint.put("/sent/<ref>/photos/<uuid:photo_id>")(THE_VISIT(passed_through))


def announce(ref: str) -> Response:
    """Answers with `url` and `fields`: where the bytes go. Announced again, there is a fresh target."""
    task, body = visit_of_key(ref), told(PhotoSchema())
    photo = uploads.Promise(
        _place(task, body["question"]), body["id"], body["type"], body["size"], body["sha256"]
    )
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
    with transaction() as connection:
        try:
            uploads.pass_through(connection, services().store, task.submission_id, photo_id, data)
        except PhotoRefused:
            # Other bytes than were announced: the phone announces them again.
            raise Refusal("conflict") from None
        except StoreUnavailable:
            raise Refusal("store_unavailable") from None
    return done()


def _place(task: Task, question: str) -> uploads.Place:
    return uploads.Place(task.submission_id, task.wave_id, question)
