"""What is done with a person: set-up links, phones, deputies, leaving and coming back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server.catalogue import ZONE
from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.people import closing, deputies, set_up, signed_in
from server.fieldwork.people.managing import Managed, find_managed
from server.http.access import identity, requires
from server.services import services
from server.web.console.fields import Fields
from server.web.console.people import person_page
from server.web.presenting import page

blueprint = Blueprint("people_acts", __name__)


@blueprint.post("/console/people/<uuid:person_id>/link")
@requires("people.manage")
def send_link(person_id: UUID) -> Response:
    now = _now()
    sending = set_up.Sending(services().keys, services().settings.public_url, now)
    try:
        with _managing(person_id, now) as (open_connection, managed):
            set_up.send_link(open_connection, managed, identity(), sending)
    except Refusal as refusal:
        return person_page(person_id, refusal=refusal)
    return _to(person_id, "sent")


@blueprint.post("/console/people/<uuid:person_id>/link/void")
@requires("people.manage")
def void_link(person_id: UUID) -> Response:
    now = _now()
    with _managing(person_id, now) as (open_connection, managed):
        set_up.void(open_connection, managed, identity(), now=now)
    return _to(person_id, "voided")


@blueprint.post("/console/people/<uuid:person_id>/phones/link")
@requires("people.manage")
def send_phone_link(person_id: UUID) -> Response:
    now = _now()
    sending = set_up.Sending(services().keys, services().settings.public_url, now)
    try:
        with _managing(person_id, now) as (open_connection, managed):
            signed_in.send_link(open_connection, managed, identity(), sending)
    except Refusal as refusal:
        return person_page(person_id, refusal=refusal)
    return _to(person_id, "sent")


@blueprint.post("/console/people/<uuid:person_id>/phones/end")
@requires("people.manage")
def end_phones(person_id: UUID) -> Response:
    now = _now()
    with _managing(person_id, now) as (open_connection, managed):
        signed_in.sign_out_everywhere(open_connection, managed, identity(), now=now)
    return _to(person_id, "signed_out")


@blueprint.post("/console/people/<uuid:person_id>/phones/<uuid:device_id>/end")
@requires("people.manage")
def end_phone(person_id: UUID, device_id: UUID) -> Response:
    now = _now()
    with _managing(person_id, now) as (open_connection, managed):
        signed_in.sign_out(open_connection, managed, device_id, identity(), now=now)
    return _to(person_id, "signed_out")


@blueprint.post("/console/people/<uuid:person_id>/deputies")
@requires("people.manage")
def add_deputy(person_id: UUID) -> Response:
    now = _now()
    try:
        wanted = read_deputy()
        with _managing(person_id, now) as (open_connection, managed):
            deputies.add_deputy(open_connection, managed, wanted, by=identity().actor, now=now)
    except Refusal as refusal:
        return person_page(person_id, refusal=refusal)
    return _to(person_id, "saved")


@blueprint.post("/console/people/<uuid:person_id>/deputies/<uuid:deputy_id>/end")
@requires("people.manage")
def end_deputy(person_id: UUID, deputy_id: UUID) -> Response:
    now = _now()
    with _managing(person_id, now) as (open_connection, managed):
        deputies.end_deputy(open_connection, managed, deputy_id, by=identity().actor, now=now)
    return _to(person_id, "saved")


@blueprint.get("/console/people/<uuid:person_id>/leave")
@requires("people.manage")
def ask_leave(person_id: UUID) -> Response:
    """What ends is shown before anything does."""
    return _leave_page(person_id)


@blueprint.post("/console/people/<uuid:person_id>/leave")
@requires("people.manage")
def leave(person_id: UUID) -> Response:
    fields = Fields(request.form)
    left_on = fields.day("left_on")
    try:
        fields.refuse()
        with transaction() as open_connection:
            wanted = closing.Leave(left_on, fields.text("reason"))
            closing.close_person(open_connection, person_id, wanted, identity(), now=_now())
    except Refusal as refusal:
        return _leave_page(person_id, refusal)
    return _to(person_id, "left")


@blueprint.post("/console/people/<uuid:person_id>/return")
@requires("people.administer")
def come_back(person_id: UUID) -> Response:
    reason = request.form.get("reason", "")
    try:
        with transaction() as open_connection:
            closing.reopen_person(open_connection, person_id, reason, identity(), now=_now())
    except Refusal as refusal:
        return person_page(person_id, refusal=refusal)
    return _to(person_id, "saved")


@contextmanager
def _managing(person_id: UUID, now: datetime) -> Iterator[tuple[Connection, Managed]]:
    """A transaction about somebody whom the reader manages."""
    with transaction() as open_connection:
        yield open_connection, find_managed(open_connection, person_id, identity(), now=now)


def read_deputy() -> deputies.NewDeputy:
    """What the form of a deputy says.

    Raises:
        Refusal: invalid_fields for days that cannot be read.
    """
    fields = Fields(request.form)
    wanted = deputies.NewDeputy(
        deputy=fields.text("deputy"),
        first_day=fields.day("first_day"),
        last_day=fields.day("last_day"),
        reason=fields.text("reason"),
    )
    fields.refuse()
    return wanted


def _leave_page(person_id: UUID, refusal: Refusal | None = None) -> Response:
    if refusal is not None and refusal.code != "invalid_fields":
        raise refusal
    now = _now()
    managed = find_managed(connection(), person_id, identity(), now=now)
    return page(
        "console/person_leave.html",
        status=200 if refusal is None else refusal.status,
        person=managed,
        ends=closing.what_ends(connection(), managed, now=now),
        left_on=request.form.get("left_on") or managed.left_on or now.astimezone(ZoneInfo(ZONE)).date(),
        reason=request.form.get("reason", ""),
        errors={each.pointer.removeprefix("/"): each for each in (refusal.details if refusal else ())},
    )


def _to(person_id: UUID, done: str) -> Response:
    return redirect(url_for("console.people.show", person_id=person_id, done=done), 303)


def _now() -> datetime:
    return services().clock.now()
