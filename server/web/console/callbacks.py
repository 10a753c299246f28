"""The call-back desk: the queue, one case, and what an agent does about it. For a phone, script or not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server import catalogue
from server.catalogue import ZONE
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.waves.plans import organisation_names
from server.followup.callbacks import attributing, cases, reading, recording
from server.followup.callbacks.attributing import Said
from server.followup.callbacks.cases import Agent, Call, Customer, Ending
from server.followup.callbacks.reading import Answers, Asked, CaseFile
from server.forms import CompiledForm, PageView, check, display_text, page_answers, shown, view
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("callbacks", __name__)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The form that notes a call, drawn with the answers so far."""

    title: str
    views: tuple[PageView, ...]


@blueprint.get("/console/callbacks")
@requires("callbacks.read")
def index() -> Response:
    who, now = identity(), services().clock.now()
    asked = Asked(
        view=request.args.get("view", "todo"),
        severity=request.args.get("severity", ""),
        unit=request.args.get("unit", "").strip(),
        page=request.args.get("page", 1, type=int),
    )
    found = reading.queue_of(connection(), who.scope, asked, agent().account_id, now)
    units = reading.units_to_name(connection(), who.scope)
    return page("console/callbacks.html", asked=asked, queue=found, now=now, held=_held, units=units)


@blueprint.get("/console/callbacks/<uuid:case_id>")
@requires("callbacks.read")
def show(case_id: UUID) -> Response:
    return case_page(case_id)


@blueprint.post("/console/callbacks/<uuid:case_id>/take")
@requires("callbacks.work")
def take(case_id: UUID) -> Response:
    return act(
        case_id,
        lambda changing: cases.take(changing, case_id, agent(), identity().scope, now=services().clock.now()),
    )


@blueprint.post("/console/callbacks/<uuid:case_id>/leave")
@requires("callbacks.work")
def leave(case_id: UUID) -> Response:
    return act(
        case_id,
        lambda changing: cases.give_back(
            changing, case_id, agent(), identity().scope, now=services().clock.now()
        ),
        lambda _: redirect(url_for("console.callbacks.index"), 303),
    )


@blueprint.post("/console/callbacks/<uuid:case_id>/number")
@requires("callbacks.work")
def number(case_id: UUID) -> Response:
    """Shown in the answer to the tap and in no address: going back to the page hides it again."""
    given = services()
    try:
        with transaction() as open_connection:
            customer = cases.reveal(
                open_connection, case_id, agent(), identity().scope, given.keys, now=given.clock.now()
            )
    except Refusal as refusal:
        return refused_page(case_id, refusal)
    return case_page(case_id, customer=customer)


@blueprint.post("/console/callbacks/<uuid:case_id>/attempt")
@requires("callbacks.work")
def attempt(case_id: UUID) -> Response:
    form = request.form
    call = Call(
        reach=form.get("reach", ""),
        note=form.get("note", ""),
        ring_at=_moment(form.get("ring_at", "")) if form.get("reach") == "ring_later" else None,
        stop=form.get("stop") == "yes",
    )
    return act(
        case_id,
        lambda changing: cases.attempt(
            changing, case_id, call, agent(), identity().scope, now=services().clock.now()
        ),
    )


@blueprint.post("/console/callbacks/<uuid:case_id>/record")
@requires("callbacks.work")
def record(case_id: UUID) -> Response:
    """Without script: what the answers brought up is shown with the page that says what is missing."""
    given, who = services(), identity()
    file = reading.find_case(connection(), case_id, who.scope, given.keys)
    found = recording.record_of(connection(), file.case, given.forms, given.clock.now())
    if found is None:
        raise Refusal("not_found")
    form = found.shelved.form
    answers: dict[str, Any] = {}
    for index in range(len(form.pages)):
        answers |= page_answers(form, index, request.form)
    answers = {name: value for name, value in answers.items() if value is not None}
    if request.form.get("go") == "draw":
        return case_page(case_id, typed=answers)
    try:
        with transaction() as open_connection:
            reach = (who.scope, given.forms)
            wrong = recording.hand_in(
                open_connection, case_id, answers, agent(), reach, now=given.clock.now()
            )
    except Refusal as refusal:
        return refused_page(case_id, refusal)
    return case_page(case_id, typed=answers, check_record=True, status=422) if wrong else _back(case_id)


@blueprint.post("/console/callbacks/<uuid:case_id>/close")
@requires("callbacks.work")
def close(case_id: UUID) -> Response:
    form = request.form
    ending = Ending(form.get("outcome", ""), form.get("note", ""), form.get("passed_to", ""))
    return act(
        case_id,
        lambda changing: recording.close_recorded(
            changing,
            case_id,
            ending,
            agent(),
            (identity().scope, services().forms),
            now=services().clock.now(),
        ),
    )


@blueprint.post("/console/callbacks/<uuid:case_id>/propose")
@requires("callbacks.work")
def propose(case_id: UUID) -> Response:
    return take_step(case_id, said("proposed"), _back)


def said(step: str) -> Said:
    """What the form says."""
    form = request.form
    return Said(
        step,
        axis=form.get("axis", ""),
        person=form.get("person", ""),
        grave=form.get("grave") == "yes",
        reason=form.get("reason", ""),
    )


def take_step(case_id: UUID, step: Said, back: Callable[[UUID], Response]) -> Response:
    """Add a step to a case's attribution."""
    return act(
        case_id,
        lambda changing: attributing.take_step(
            changing, case_id, step, agent(), identity().scope, now=services().clock.now()
        ),
        back,
    )


def act(
    case_id: UUID, change: Callable[[Connection], object], back: Callable[[UUID], Response] | None = None
) -> Response:
    """Change a case and go `back`, to the case itself unless told otherwise.

    What was wrong is shown with the case.
    """
    try:
        with transaction() as changing:
            change(changing)
    except Refusal as refusal:
        return refused_page(case_id, refusal)
    return (back or _back)(case_id)


def agent() -> Agent:
    """Who is signed in.

    Raises:
        Refusal: forbidden for a system, which rings nobody.
    """
    who = identity()
    if who.account_id is None:
        raise Refusal("forbidden")
    return Agent(who.account_id, who.actor)


def by_field(notices: Sequence[Detail]) -> dict[str, Detail]:
    """What is wrong with each field of a form, by the field's name."""
    return {each.pointer.removeprefix("/"): each for each in notices}


def refused_page(case_id: UUID, refusal: Refusal) -> Response:
    """The case with what was wrong, and what was typed."""
    if refusal.code != "invalid_fields":
        raise refusal
    return case_page(case_id, notices=refusal.details, status=refusal.status)


def case_page(
    case_id: UUID,
    *,
    customer: Customer | None = None,
    typed: Mapping[str, Any] | None = None,
    check_record: bool = False,
    notices: tuple[Detail, ...] = (),
    status: int = 200,
) -> Response:
    """One case. `customer` is whom to ring, after a tap; `typed` are answers to the form of the record."""
    given, who, now = services(), identity(), services().clock.now()
    file = reading.find_case(connection(), case_id, who.scope, given.keys)
    held = cases.holder_of(file.case, now)
    record_page = _record_page(file, typed, check_record=check_record)
    return page(
        "console/callback.html",
        status=status,
        file=file,
        mine=held == who.account_id,
        held=held is not None,
        answers=_readable(file.answers),
        record=_readable(file.record),
        record_page=record_page,
        # The macros of questions look for the answers that stand in a title on this page.
        view=record_page.views[0] if record_page and record_page.views else None,
        spoken=any(each.reach == "reached" for each in file.attempts),
        script=_script(file),
        people=attributing.people_at(connection(), file.case.unit_id, who.scope),
        units=reading.units_to_name(connection(), who.scope),
        customer=customer,
        notices=notices,
        errors=by_field(notices),
        typed=request.form,
        now=now,
    )


def _record_page(file: CaseFile, typed: Mapping[str, Any] | None, *, check_record: bool) -> RecordPage | None:
    given = services()
    found = recording.record_of(connection(), file.case, given.forms, given.clock.now())
    if found is None or file.case.record_pk is not None or file.case.closed_at is not None:
        return None
    form = found.shelved.form
    if typed is None:
        typed = recording.carried(found, file.attempts)
    checked = check(form, typed, variables=found.variables, today=found.today, fill=True)
    now = shown(checked, typed, with_errors=check_record)
    views = tuple(
        view(form, index, now, locale=locale(), variables=found.variables, seed=str(file.case.id))
        for index in checked.pages
    )
    return RecordPage(views[0].form_title if views else "", views)


def _readable(answers: Answers | None) -> list[tuple[str, str]]:
    """Each answer as people read it, under the title that was shown."""
    if answers is None:
        return []
    shelved = services().forms.get(connection(), answers.form_version_id)
    compiled = shelved.form

    def said_of(name: str) -> str:
        value = answers.variables.get(name) if name in compiled.variables else answers.values.get(name)
        return display_text(compiled, name, value, locale())

    return [
        (_title(compiled, name, said_of), said_of(name))
        for name in compiled.questions
        if answers.values.get(name) not in (None, "", [])
    ]


def _title(form: CompiledForm, name: str, said_of: Any) -> str:
    return str(form.questions[name].title.render(locale(), said_of)) or name


def _script(file: CaseFile) -> str:
    """What to say, in the customer's language."""
    spoken = "en" if file.case.locale.startswith("en") else "zh"
    names = organisation_names(connection())
    unit = file.case.name_en or file.case.name if spoken == "en" else file.case.name
    key = "callbacks.script.asked" if file.case.asked else "callbacks.script.unhappy"
    return catalogue.text(key, spoken, organisation=names[spoken], unit=unit)


def _held(row: Any) -> bool:
    return cases.holder_of(row, services().clock.now()) is not None


def _moment(text: str) -> datetime | None:
    """A moment of a `datetime-local` field, on the city's clocks."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))
    except ValueError:
        return None


def _back(case_id: UUID) -> Response:
    return redirect(url_for("console.callbacks.show", case_id=case_id), 303)
