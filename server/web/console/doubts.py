"""Visits with doubts: the queue, and one visit with the grounds of each, to be dismissed or upheld."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server import catalogue
from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.followup.doubts import deciding, reading
from server.followup.doubts.deciding import Verdict
from server.followup.doubts.reading import DoubtedVisit
from server.http import headers
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.web.console.moments import marks_of
from server.web.console.pictures import Picture, picture_of
from server.web.presenting import page

blueprint = Blueprint("doubts", __name__)

HOURS: Final = 120
DAYS: Final = 48 * 60


@dataclass(frozen=True, slots=True)
class ShownPhoto:
    """A photo or a video; `visit` is the other visit's row, None for this one's."""

    picture: Picture
    visit: AnyRow | None


@dataclass(frozen=True, slots=True)
class ShownDoubt:
    """A doubt in words.

    Attributes:
        photos: of this visit, and of the other one where the reader may see it.
        points: whether another visit is meant; `other` is its row where the reader may see it.
    """

    row: AnyRow
    sentence: str
    photos: Sequence[ShownPhoto]
    points: bool
    other: AnyRow | None


@blueprint.get("/console/doubts")
@requires("doubts.read")
def index() -> Response:
    asked = request.args.get("view", "")
    view = asked if asked in reading.VIEWS else reading.VIEWS[0]
    found = reading.list_doubted(connection(), identity().scope, view, after=_edge())
    return page("console/doubts.html", view=view, views=reading.VIEWS, found=found)


@blueprint.get("/console/doubts/<uuid:pk>")
@requires("doubts.read")
def show(pk: UUID) -> Response:
    return _visit_page(pk)


@blueprint.post("/console/doubts/<uuid:pk>/<uuid:doubt_id>")
@requires("doubts.decide")
def decide(pk: UUID, doubt_id: UUID) -> Response:
    who = identity()
    verdict = Verdict(request.form.get("state", ""), request.form.get("note", ""))
    try:
        with transaction() as open_connection:
            deciding.decide(
                open_connection, doubt_id, verdict, who.scope, by=who.actor, now=services().clock.now()
            )
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _visit_page(pk, wrong=doubt_id, errors=refusal.details, status=refusal.status)
    return redirect(url_for("console.doubts.show", pk=pk), 303)


def _visit_page(
    pk: UUID, *, wrong: UUID | None = None, errors: Sequence[Detail] = (), status: int = 200
) -> Response:
    found = reading.find_doubted(connection(), pk, identity().scope)
    headers.allow_store()
    return page(
        "console/doubt.html",
        status=status,
        visit=found.visit,
        doubts=list(_shown(found)),
        marks=marks_of(found.moments, ZoneInfo(found.visit.timezone or catalogue.ZONE)),
        wrong=wrong,
        error=errors[0] if errors else None,
        typed=request.form.get("note", ""),
    )


def _edge() -> UUID | None:
    try:
        return UUID(request.args["after"]) if "after" in request.args else None
    except ValueError:
        raise Refusal("not_found") from None


def _shown(found: DoubtedVisit) -> Iterator[ShownDoubt]:
    titles = titles_asked(found.visit)
    for row in found.doubts:
        visit = row.params.get("visit") or row.about.get("visit")
        other = found.others.get(visit or "")
        params = {**row.params, **row.about}
        params["question"] = titles.get(row.about.get("question", ""), "…")
        yield ShownDoubt(
            row, sentence(row.code, params), list(_photos(found, row, other)), visit is not None, other
        )


def _photos(found: DoubtedVisit, row: AnyRow, other: AnyRow | None) -> Iterator[ShownPhoto]:
    store = services().store
    for name, visit in ((row.about.get("photo"), None), (row.params.get("other"), other)):
        photo = found.photos.get(name or "")
        if photo is not None:
            yield ShownPhoto(picture_of(store, photo), visit)


def titles_asked(report: AnyRow) -> dict[str, str]:
    """Question -> its title, without what is piped in. A note is called by the item that it is about."""
    form = services().forms.get(connection(), report.form_version_id).form
    named = {
        name: form.questions[question.companion.parent] if question.companion else question
        for name, question in form.questions.items()
    }
    return {name: question.title.render(locale(), lambda _name: "…") for name, question in named.items()}


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """What is doubted, in the reader's words: stretches of time and moments by their names."""
    told = dict(params)
    if "minutes" in told:
        told["lasting"] = lasting(told["minutes"])
    for name in ("first", "second"):
        if name in told:
            told[name] = catalogue.text(f"doubts.moment.{told[name]}", locale())
    return catalogue.text(f"doubts.said.{code}", locale(), **told)


def lasting(minutes: int) -> str:
    """A stretch of time in the largest unit of which there are two."""
    if minutes < HOURS:
        return catalogue.text("doubts.lasting.minutes", locale(), n=minutes)
    if minutes < DAYS:
        return catalogue.text("doubts.lasting.hours", locale(), n=round(minutes / 60))
    return catalogue.text("doubts.lasting.days", locale(), n=round(minutes / 60 / 24))
