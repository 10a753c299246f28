"""A prepared visit: one document, kept by the phone, with its form and all that is needed inside."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from server import catalogue
from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork import responding
from server.fieldwork.visiting import authority, deciding
from server.fieldwork.visiting.mine import Mine, visit_of
from server.fieldwork.visiting.telling import FAILED, MOMENTS
from server.forms import CompiledForm
from server.http import headers
from server.http.locale import locale
from server.intake.uploads import PHOTO_TYPES
from server.services import services
from server.web import filling
from server.web.filling import Filling
from server.web.page_photos import taken_by
from server.web.phone import shell
from server.web.phone.knowing import THE_DEVICE, answer, holder
from server.web.phone.lists import mark_of, shown, worded
from server.web.phone.spot import has_spot, spot_shown
from server.web.phone.whole import photos_known, whole
from server.web.presenting import inlined

# What somebody may still write into, or look at.
OPENED: Final = frozenset({"accepted", "started", "late", "returned", "early"})
# Input types that take a moment of the visit, when the question has its name.
TIMED: Final = frozenset({"time", "datetime-local"})
PHRASES: Final = ("unseen", "long_queue", "few_counters", "smiled", "unguided", "machine_down", "untidy")


def install(blueprint: Blueprint) -> None:
    blueprint.get("/v/<uuid:assignment_id>")(THE_DEVICE(document))
    blueprint.post("/visits/<uuid:assignment_id>/prepare")(THE_DEVICE(prepare))


def document(assignment_id: UUID) -> Response:
    """The visit's page. It holds no key: what is sent from it takes the one that preparing gave out."""
    try:
        who = holder()
    except Refusal:
        return redirect(url_for("phone.home"), 303)
    visit = _open_visit(who.person_id, assignment_id)
    form = _filling(visit)
    headers.allow_store()
    headers.allow("img-src", "blob:")
    drawn = whole(form)
    html = render_template(
        "phone/visit.html",
        task=form.task,
        visit=shown(visit),
        whole=drawn,
        view=drawn,
        facts=_facts(visit, form),
        files=shell.files(),
        name=shell.name(),
        photo_standings=form.photos,
        film_bytes=services().settings.photos.video_bytes,
        moments=MOMENTS,
        phrases=[catalogue.text(f"phone.phrase.{each}", locale()) for each in PHRASES],
        outcomes=FAILED,
    )
    return inlined(html)


def prepare(assignment_id: UUID) -> Response:
    """What the phone keeps beside the document: a new key, the letter, how things stand."""
    who, given = holder(), services()
    now = given.clock.now()
    with transaction() as open_connection:
        visit = _open_visit(who.person_id, assignment_id)
        task = responding.find_assignment(open_connection, assignment_id)
        session = responding.open_session(open_connection, task, locale=locale(), now=now)
        form = _filling(visit)
        code = authority.letter_code(open_connection, visit, given.keys, now=now)
        deciding.note_prepared(open_connection, assignment_id, now=now)
    return answer(
        {
            "visit": shown(visit),
            "ref": session.ref,
            "key": session.secret,
            "letter": _letter(visit, code),
            "spot": spot_shown(visit) if has_spot(visit.rules) else None,
            "facts": {
                "mark": mark_of(visit),
                "version": form.shelved.version,
                "base": visit.row.revision or 0,
            },
            "files": [*shell.files().values(), *_scripts(visit, form), *_pictures(form)],
        }
    )


def _filling(visit: Mine) -> Filling:
    """The form with the answers so far: of the draft, or of the report that came back."""
    task = responding.find_assignment(connection(), visit.row.id)
    if visit.back is None:
        form, _ = filling.load(connection(), task, locale())
        return form
    return filling.report_of(connection(), task, locale())


def _open_visit(person_id: UUID, assignment_id: UUID) -> Mine:
    """Raises: Refusal: not_found, or wrong_state before it is accepted and after it is over."""
    visit = visit_of(connection(), person_id, assignment_id, now=services().clock.now())
    if visit.state not in OPENED:
        raise Refusal("wrong_state", state=visit.state, needed="accepted")
    return visit


def _standing(visit: Mine, form: Filling) -> dict[str, Any]:
    """What the document was drawn from."""
    return {
        "mark": mark_of(visit),
        "version": form.shelved.version,
        "base": visit.row.revision or 0,
    }


def _facts(visit: Mine, form: Filling) -> dict[str, Any]:
    """What the page's script goes by."""
    return {
        **_standing(visit, form),
        "id": str(visit.row.id),
        "timezone": visit.row.timezone,
        "location": visit.rules.location,
        "side": visit.rules.photo_side,
        "moments": _moment_fields(form.shelved.form),
        "photos": photos_known(form),
        "back": shown(visit)["back"],
        "spot": has_spot(visit.rules),
        "film": services().settings.photos.video_bytes if _is_filmed(form) else 0,
    }


def _is_filmed(form: Filling) -> bool:
    """Whether any question takes a video."""
    return any(not PHOTO_TYPES.issuperset(taken_by(each)) for each in form.shelved.form.questions.values())


def _moment_fields(form: CompiledForm) -> dict[str, str]:
    """Moments that a question of their name asks for, with the type of its field."""
    found = {}
    for name in MOMENTS:
        question = form.questions.get(name)
        if question is not None:
            kind = str(question.behaviour.control.attributes.get("type", ""))
            if question.type == "moment" or kind in TIMED:
                found[name] = kind if kind in TIMED else "moment"
    return found


def _scripts(visit: Mine, form: Filling) -> list[str]:
    """Scripts that this visit needs without a network, beyond those of every visit."""
    pay = visit.rules.pay
    needed = {
        "claiming": pay is not None and pay.expenses,
        "films": _is_filmed(form),
        "spot": has_spot(visit.rules),
    }
    return shell.later(*(name for name, holds in needed.items() if holds))


def _pictures(form: Filling) -> list[str]:
    """Pictures of the form that come from us, so that a phone can keep them."""
    sources = (
        str(question.behaviour.control.attributes.get("src", ""))
        for question in form.shelved.form.questions.values()
        if question.type == "image"
    )
    return [source for source in sources if source.startswith("/")]


def _letter(visit: Mine, code: str) -> dict[str, str] | None:
    if not code:
        return None
    return {
        "text": worded(visit.rules.letter),
        "organisation": worded(visit.row.settings["organisation"]),
        "code": code,
        "page": f"{services().settings.public_url}/t/letter",
    }
