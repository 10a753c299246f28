"""Orders to put things right: a branch's own list, one paper with what was wrong beside what was done, orders
by hand; the paper to print."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server import catalogue
from server.accounts.actors import selves_in
from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.programmes import published_programmes
from server.fieldwork.waves.reading import find_wave
from server.followup.orders import acting, issuing, reading
from server.followup.orders.acting import Act
from server.followup.orders.deciding import MOVES, WAYS, Standing, Wish, problems_of
from server.followup.orders.issuing import NewItem
from server.followup.publishing.reading import find_report
from server.http import headers
from server.http.access import identity, requires
from server.reports import sheets
from server.reports.trail.naming import Names, subject_names
from server.scope import EVERYTHING
from server.services import services
from server.storage.photos import PhotoRefused
from server.web.console.afterwards.scorecards import places_of
from server.web.console.fields import Fields, photos_sent
from server.web.console.pictures import Picture, picture_of
from server.web.console.trail_lines import actor_words
from server.web.presenting import page

blueprint = Blueprint("orders", __name__)

# Which permission lets somebody do what.
PERMITTED: Final = {
    "fix": "orders.answer",
    "close": "orders.verify",
    "return": "orders.verify",
    "extend": "orders.issue",
    "withdraw": "orders.issue",
}


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item with the photos of what was wrong, those of what was done, and what happened.

    Attributes:
        wrong: places of the report's photos on its scorecard.
        acts: what the reader may press.
        steps: each with who did it, in words.
    """

    row: AnyRow
    wrong: Sequence[int]
    proofs: Sequence[Picture]
    steps: Sequence[tuple[AnyRow, str]]
    acts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was refused, and at which item; empty for the whole paper."""

    details: Sequence[Detail]
    item: str = ""


@blueprint.get("/console/orders")
@requires("orders.read")
def index() -> Response:
    who, now = identity(), services().clock.now()
    asked = request.args.get("view", "")
    view = asked if asked in reading.VIEWS else reading.VIEWS[0]
    return page(
        "console/orders.html",
        view=view,
        views=reading.VIEWS,
        counts=reading.count_orders(connection(), who.scope, now=now),
        orders=reading.list_orders(connection(), who.scope, view, now=now),
        now=now,
    )


@blueprint.get("/console/orders/new")
@requires("orders.issue")
def new() -> Response:
    return _new_page(request.args)


@blueprint.post("/console/orders/new")
@requires("orders.issue")
def issue() -> Response:
    who, given = identity(), services()
    try:
        item = _asked()
        with transaction() as open_connection:
            order_id = issuing.issue(
                open_connection, given.forms, item, who.scope, by=who.actor, now=given.clock.now()
            )
    except Refusal as refusal:
        if refusal.code == "not_found":
            unknown = Detail("unknown_unit", "/subject", {"unit": request.form.get("subject", "")})
            return _new_page(request.form, [unknown])
        if refusal.code != "invalid_fields":
            raise
        return _new_page(request.form, refusal.details)
    return redirect(url_for("console.orders.show", order_id=order_id), 303)


@blueprint.get("/console/orders/<uuid:order_id>")
@requires("orders.read")
def show(order_id: UUID) -> Response:
    return _order_page(order_id)


@blueprint.post("/console/orders/<uuid:order_id>")
@requires("orders.answer")
def sign(order_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        with transaction() as open_connection:
            name = request.form.get("name", "")
            acting.sign(open_connection, order_id, name, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        return _refused(order_id, refusal)
    return redirect(url_for("console.orders.show", order_id=order_id), 303)


@blueprint.post("/console/orders/<uuid:order_id>/items/<uuid:item_id>/fix")
@requires("orders.answer")
def fix(order_id: UUID, item_id: UUID) -> Response:
    """Say that something was put right, with photos of it."""
    who, given = identity(), services()
    now, pictures = given.clock.now(), photos_sent()
    try:
        with transaction() as open_connection:
            done = Act(item_id, "fix", who.actor, request.form.get("note", ""))
            acting.do(open_connection, done, who.scope, now=now)
            for data in pictures:
                acting.add_proof(
                    open_connection, given.store, item_id, data, rules=given.settings.photos, now=now
                )
    except PhotoRefused as refused:
        return _order_page(order_id, Wrong([Detail(refused.code)], str(item_id)))
    except Refusal as refusal:
        return _refused(order_id, refusal, str(item_id))
    return _to_item(order_id, item_id)


@blueprint.post("/console/orders/<uuid:order_id>/items/<uuid:item_id>/verdict")
@requires("orders.verify")
def verify(order_id: UUID, item_id: UUID) -> Response:
    """Close it, having made sure at the desk or on site; or give it back."""
    return _act(order_id, item_id, ("close", "return"))


@blueprint.post("/console/orders/<uuid:order_id>/items/<uuid:item_id>/deadline")
@requires("orders.issue")
def change(order_id: UUID, item_id: UUID) -> Response:
    """Move the deadline, or take the item back."""
    return _act(order_id, item_id, ("extend", "withdraw"))


def _act(order_id: UUID, item_id: UUID, allowed: Sequence[str]) -> Response:
    who, now, wanted = identity(), services().clock.now(), request.form.get("act", "")
    try:
        if wanted not in allowed:
            raise Refusal("invalid_fields", details=[Detail("order_act", "/act")])
        paper = reading.find_order(connection(), order_id, who.scope)
        way = request.form.get("way", "") if wanted == "close" else ""
        due_at = _due_at(paper.row) if wanted in ("extend", "return") else None
        done = Act(item_id, wanted, who.actor, request.form.get("note", ""), way, due_at)
        with transaction() as open_connection:
            acting.do(open_connection, done, who.scope, now=now)
    except Refusal as refusal:
        return _refused(order_id, refusal, str(item_id))
    return _to_item(order_id, item_id)


def _to_item(order_id: UUID, item_id: UUID) -> Response:
    return redirect(url_for("console.orders.show", order_id=order_id, _anchor=f"item-{item_id}"), 303)


def _due_at(row: AnyRow) -> datetime | None:
    fields = Fields(request.form)
    day = fields.optional_day("due")
    fields.refuse()
    return None if day is None else _end(day, row.timezone)


def _end(day: date, timezone: str | None) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(timezone or catalogue.ZONE))


def _refused(order_id: UUID, refusal: Refusal, item: str = "") -> Response:
    if refusal.code != "invalid_fields":
        raise refusal
    return _order_page(order_id, Wrong(refusal.details, item))


def _asked() -> NewItem:
    """What was typed; about a report, it is asked of whoever the report is about."""
    who, fields = identity(), Fields(request.form)
    due, said, urgent = fields.optional_day("due"), fields.text("said"), fields.ticked("urgent")
    fields.refuse()
    ref = request.form.get("ref", "")
    if ref:
        report = find_report(connection(), ref, who.scope, now=services().clock.now())
        wave = find_wave(connection(), report.wave_id, who.scope)
        submission = sheets.find_revision(connection(), report.revision_id, who.scope)
        item = request.form.get("item") or None
        return NewItem(
            wave.programme_version_id, submission.subject, said, due, urgent, report.submission_pk, item
        )
    chosen = {str(row.id): row.id for row in published_programmes(connection(), who.scope)}.get(
        request.form.get("programme", "")
    )
    if chosen is None:
        raise Refusal("invalid_fields", details=[Detail("field_required", "/programme")])
    return NewItem(chosen, fields.text("subject"), said, due, urgent)


def _new_page(values: Any, errors: Sequence[Detail] = ()) -> Response:
    ref, who, report = values.get("ref", ""), identity(), None
    if ref:
        found = find_report(connection(), ref, who.scope, now=services().clock.now())
        report = sheets.find_revision(connection(), found.revision_id, who.scope)
    return page(
        "console/order_new.html",
        status=422 if errors else 200,
        programmes=published_programmes(connection(), who.scope),
        report=report,
        values=values,
        errors=errors,
    )


def _order_page(order_id: UUID, wrong: Wrong | None = None) -> Response:
    who, now = identity(), services().clock.now()
    paper = reading.find_order(connection(), order_id, who.scope)
    steps = [step for item in paper.items for step in item.steps]
    actors = [step.actor for step in steps] + ([paper.row.signed_by] if paper.row.signed_by else [])
    names = _names(actors)
    headers.allow_store()
    return page(
        "console/order.html",
        status=422 if wrong else 200,
        order=paper.row,
        items=[_shown(item, paper.row, names, now) for item in paper.items],
        signer=actor_words(paper.row.signed_by, names) if paper.row.signed_by else "",
        ways=WAYS,
        wrong=wrong,
        values=request.form,
        now=now,
    )


def _names(actors: Iterable[str]) -> Names:
    """Everybody on an order reads who did what about it, wherever those people work."""
    alone = [each for actor in actors for each in actor.replace(" for ", ",").split(",")]
    return subject_names(connection(), alone, EVERYTHING)


def _shown(item: reading.Item, order: AnyRow, names: Names, now: datetime) -> ShownItem:
    store = services().store
    return ShownItem(
        row=item.row,
        wrong=places_of(item.row.ref, item.row.item) if item.row.ref and item.row.item else (),
        proofs=[picture_of(store, each) for each in item.photos],
        steps=[(step, actor_words(step.actor, names)) for step in item.steps],
        acts=[act for act in MOVES if _may(act, item.row, order, now)],
    )


def _may(act: str, row: AnyRow, order: AnyRow, now: datetime) -> bool:
    """What would be refused whatever is written beside it is not offered."""
    who = identity()
    if not who.may(PERMITTED[act]):
        return False
    standing = Standing(row.state, row.fixed_by, order.signed_at is not None)
    due_at = now + timedelta(days=1) if act == "extend" else None
    wish = Wish(act, selves_in(who.actor), note="…", way=WAYS[-1], due_at=due_at)
    return not any(problems_of(standing, wish, now))
