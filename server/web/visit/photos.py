"""Photos of a visit: announced to us, sent straight to the store, looked at by the worker."""

from uuid import UUID, uuid4

from flask import Blueprint, Response
from marshmallow import fields, validate

from server import catalogue
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.http.access import open_to_all
from server.http.locale import locale
from server.http.problems import json_response
from server.intake import uploads
from server.services import services
from server.web.bodies import FileSchema, loaded
from server.web.page_photos import taken_by
from server.web.sessions import THE_SESSION, task_of_session

blueprint = Blueprint("visit_photos", __name__)


class AnnouncementSchema(FileSchema):
    """A photo, or a short video, that the page is about to send."""

    type = fields.String(required=True, validate=validate.OneOf(sorted(uploads.FILE_TYPES)))


@blueprint.post("/a/<ref>/photos")
@open_to_all(THE_SESSION)
def announce(ref: str) -> Response:
    """Answers with `id`, `url` and `fields`: where the page posts the bytes, and how it names them."""
    task = task_of_session(ref)
    if task.standing(services().clock.now()) not in {"started", "finished"}:
        raise Refusal("link_expired")
    announced = loaded(AnnouncementSchema())
    shelved = services().forms.get(connection(), task.form_version_id)
    question = shelved.form.questions.get(announced["question"])
    if question is None:
        named = {"name": announced["question"], "suggestion": ""}
        raise Refusal("invalid_fields", details=[Detail("unknown_question", "/question", named)])
    photo = uploads.Promise(
        uploads.Place(task.submission_id, task.wave_id, question.name, taken_by(question)),
        uuid4(),
        announced["type"],
        announced["size"],
        announced["sha256"],
    )
    with transaction() as open_connection:
        target = uploads.promise(
            open_connection,
            services().store,
            photo,
            now=services().clock.now(),
            rules=services().settings.photos,
        )
    return json_response(
        {"id": str(photo.attachment_id), "url": target.url, "fields": dict(target.fields)}, 201
    )


@blueprint.post("/a/<ref>/photos/<uuid:attachment_id>/sent")
@open_to_all(THE_SESSION)
def sent(ref: str, attachment_id: UUID) -> Response:
    task = task_of_session(ref)
    with transaction() as open_connection:
        uploads.sent(open_connection, task.submission_id, attachment_id)
    return Response(status=204)


@blueprint.get("/a/<ref>/photos/<uuid:attachment_id>")
@open_to_all(THE_SESSION)
def standing(ref: str, attachment_id: UUID) -> Response:
    """Answers with `state` and `says`: what became of a photo, for the page that sent it."""
    task = task_of_session(ref)
    found = uploads.standings(connection(), task.submission_id).get(str(attachment_id))
    if found is None:
        raise Refusal("not_found")
    says = (
        catalogue.sentence(found.problem, locale())
        if found.problem
        else catalogue.text(f"visit.photo_{found.state}", locale())
    )
    return json_response({"state": found.state, "says": says})
