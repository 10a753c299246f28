"""What a phone sends about a prepared visit: how things stand, drafts, the report, or why there is none.

Each may come any number of times. A report is made from what the phone sends alone, not from a draft that
another device may have changed: the same report again gets the same receipt.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork import drafts, responding
from server.fieldwork.carrying import PageAnswers
from server.fieldwork.responding import Task
from server.fieldwork.visiting import reporting, telling
from server.fieldwork.visiting.telling import Declaration, Event, Fix, Told
from server.followup.returning import reading as returning
from server.followup.returning.answering import Corrected, answer_return
from server.forms import AnswerError, CompiledForm
from server.http.locale import locale
from server.http.problems import detail_body
from server.intake import uploads
from server.intake.prepare import Rejected
from server.intake.record import Receipt
from server.services import services
from server.web import filling
from server.web.filling import Filling
from server.web.phone.knowing import THE_VISIT, answer, done, told, visit_of_key
from server.web.phone.schemas import AttemptSchema, DraftSchema, RecordSchema, ReportSchema

MOST_FIELDS = 20_000


def install(blueprint: Blueprint) -> None:
    blueprint.get("/sent/<ref>")(THE_VISIT(standing))
    blueprint.put("/sent/<ref>/record")(THE_VISIT(record))
    blueprint.put("/sent/<ref>/draft")(THE_VISIT(draft))
    blueprint.post("/sent/<ref>/report")(THE_VISIT(report))
    blueprint.post("/sent/<ref>/attempt")(THE_VISIT(attempt))


def standing(ref: str) -> Response:
    """What has arrived: the report, and each photo."""
    task = visit_of_key(ref)
    received_at = responding.received_at(connection(), task)
    photos = uploads.standings(connection(), task.submission_id)
    return answer(
        {
            "received": received_at.isoformat() if received_at else "",
            "open": reporting.may_report(connection(), task, now=services().clock.now()),
            "photos": {name: {"state": each.state, "problem": each.problem} for name, each in photos.items()},
        }
    )


def record(ref: str) -> Response:
    task, body = visit_of_key(ref), told(RecordSchema())
    with transaction() as open_connection:
        telling.tell(open_connection, task, _told(body), now=services().clock.now())
    return done()


def draft(ref: str) -> Response:
    """409 with `draft_changed` and the revision that stands, when another device has saved meanwhile."""
    task, body = visit_of_key(ref), told(DraftSchema())
    now = services().clock.now()
    if task.completed_at is not None:
        raise Refusal("link_finished")
    try:
        with transaction() as open_connection:
            page = _page(open_connection, task, body)
            base = None if body["base"] < 0 else body["base"]
            saved = drafts.save_draft(open_connection, task, page, services().forms, now=now, base=base)
    except drafts.DraftChanged as changed:
        return answer({"code": "draft_changed", "revision": changed.revision}, 409)
    except drafts.HandedIn:
        raise Refusal("link_finished") from None
    return answer({"revision": saved.revision})


def report(ref: str) -> Response:
    """201 stored, 200 the same again, 409 another report was first, 422 everything wrong with it."""
    task, body = visit_of_key(ref), told(ReportSchema())
    now = services().clock.now()
    with transaction() as open_connection:
        task = _still_open(open_connection, task, body)
        asked = responding.as_answered(open_connection, task)
        form = _filled(open_connection, asked, body)
        if form is None:
            return _form_changed(open_connection, task, body)
        if body["back"]:
            return _answered(open_connection, task, form, body)
        outcome = filling.hand_in(open_connection, form)
        if isinstance(outcome, Receipt) and outcome.outcome == "created":
            telling.declare(open_connection, task, _declaration(body), now=now)
            reporting.witness(open_connection, task, now=now)
    return _refused(form, outcome) if isinstance(outcome, tuple) else _receipt(outcome)


def _still_open(open_connection: Connection, task: Task, body: dict[str, Any]) -> Task:
    """The visit as it stands now, locked, with what the phone tells besides its answers kept.

    Raises:
        Refusal: link_expired.
    """
    now = services().clock.now()
    reporting.lock(open_connection, task)
    current = responding.find_assignment(open_connection, task.id)
    if not reporting.may_report(open_connection, current, now=now):
        raise Refusal("link_expired")
    telling.tell(open_connection, current, _told(body["record"]), now=now)
    return current


def _answered(open_connection: Connection, task: Task, form: Filling, body: dict[str, Any]) -> Response:
    """The answer to a report that was sent back: 200 whether it came late or again."""
    if form.checked.errors:
        return _refused(form, form.checked.errors)
    returned = returning.find_return(open_connection, task.id, body["back"])
    corrected = Corrected(returned, form.whole(), by=task.actor)
    found = answer_return(open_connection, services().forms, corrected, now=services().clock.now())
    if isinstance(found, Rejected):
        raise Refusal("invalid_answers", details=found.errors)
    telling.declare(open_connection, task, _declaration(body), now=services().clock.now())
    return answer(
        {
            "id": str(found.submission_id),
            "received": found.answered_at.isoformat(),
            "missing_attachments": [str(each) for each in found.missing_attachments],
        }
    )


def _refused(form: Filling, wrong: Sequence[AnswerError]) -> Response:
    """Everything that is wrong, each with its question and the page on which that stands."""
    errors = [
        Detail(each.code, f"/answers{each.pointer}", each.params, question=form.shown_at(each.question))
        for each in wrong
    ]
    listed = [{**detail_body(each), "page": _page_of(form.shelved.form, each.question)} for each in errors]
    return answer({"code": "invalid_answers", "errors": listed}, 422)


def attempt(ref: str) -> Response:
    task, body = visit_of_key(ref), told(AttemptSchema())
    now = services().clock.now()
    with transaction() as open_connection:
        task = _still_open(open_connection, task, body)
        telling.report_attempt(
            open_connection, task, body["outcome"], body["note"], _declaration(body), now=now
        )
    return done()


def _form_changed(open_connection: Connection, task: Task, body: dict[str, Any]) -> Response:
    """The wave has another version: the answers are carried over as a draft, for somebody to look at."""
    page = _page(open_connection, task, body)
    saved = drafts.save_draft(open_connection, task, page, services().forms, now=services().clock.now())
    return answer({"code": "form_changed", "revision": saved.revision}, 409)


def _receipt(receipt: Receipt) -> Response:
    if receipt.outcome == "conflict":
        body: dict[str, Any] = {"code": "submission_differs", "received": receipt.received_at.isoformat()}
        return answer(body, 409)
    return answer(
        {
            "id": str(receipt.submission_id),
            "received": receipt.received_at.isoformat(),
            "missing_attachments": [str(each) for each in receipt.missing_attachments],
        },
        201 if receipt.outcome == "created" else 200,
    )


def _filled(open_connection: Connection, task: Task, body: dict[str, Any]) -> Filling | None:
    """The form with what the phone says and nothing else; None when it was drawn from another version."""
    shelved = services().forms.get(open_connection, task.form_version_id)
    if shelved.version != body["version"]:
        return None
    photos = uploads.standings(open_connection, task.submission_id) if shelved.form.photographed else {}
    said = _said(Filling(task, shelved, {}, locale(), photos), body)
    return Filling(task, shelved, dict(said.answers), locale(), photos)


def _page(open_connection: Connection, task: Task, body: dict[str, Any]) -> PageAnswers:
    """What a draft says, as one page of the version that the task has now."""
    shelved = services().forms.get(open_connection, task.form_version_id)
    drawn = shelved
    if shelved.version != body["version"]:
        drawn = services().forms.find(open_connection, shelved.key, body["version"]) or shelved
    said = _said(Filling(task, drawn, {}, locale(), {}), body)
    return filling.moved_page(drawn, shelved, said, now=services().clock.now())


def _said(blank: Filling, body: dict[str, Any]) -> PageAnswers:
    """All pages of the form as one."""
    pairs = parse_qsl(body["answers"], keep_blank_values=True, max_num_fields=MOST_FIELDS)
    posted = MultiDict(pairs)
    answers: dict[str, Any] = {}
    cleared: set[str] = set()
    for index in range(len(blank.shelved.form.pages)):
        page = filling.posted_page(blank.shelved.form, index, posted)
        answers |= page.answers
        cleared |= page.cleared
    return PageAnswers(0, answers, frozenset(cleared))


def _page_of(form: CompiledForm, question: str | None) -> int:
    found = form.questions.get(question or "")
    return found.page if found else 0


def _told(body: dict[str, Any]) -> Told:
    return Told(
        sent_at=body["sent_at"],
        events=[_event(each) for each in body.get("events", ())],
        notes=[
            {"id": str(each["id"]), "text": each["text"], "at": each["at"].isoformat()}
            for each in body.get("notes", ())
        ],
        tray=body.get("tray", ()),
        consented_at=body.get("consented_at"),
        identified_at=body.get("identified_at"),
    )


def _event(body: dict[str, Any]) -> Event:
    fix = body.get("fix")
    detail = {name: _plain(value) for name, value in body.get("detail", {}).items()}
    return Event(body["id"], body["kind"], body["at"], Fix(**fix) if fix else None, detail)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int) else str(value)


def _declaration(body: dict[str, Any]) -> Declaration:
    return Declaration(body["declaration"]["name"], body["declaration"]["at"])
