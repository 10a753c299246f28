"""People: the list, one person with everything around them, changing them by hand, importing many."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server.accounts.authority import FIRM_ROLES, GIVEN_ROLES
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.people import managing, reading, signed_in
from server.fieldwork.people.columns import COLUMNS, KINDS, REQUIRED, WHOLE
from server.fieldwork.people.deciding import Certificate, Known, Role
from server.fieldwork.people.deputies import deputies_around
from server.fieldwork.people.known import known_people
from server.fieldwork.people.leaving import open_assignments, waiting_for_others
from server.fieldwork.people.people_import import Order, file_values, import_people, settle_by_hand
from server.fieldwork.people.set_up import newest_link
from server.http.access import identity, requires
from server.services import services
from server.web.console.importing import Importer, apply_import, show_import
from server.web.presenting import page

blueprint = Blueprint("people", __name__)

IMPORT_COLUMNS = tuple((name, name in REQUIRED) for name in COLUMNS)
# What the form of a person asks for, in its order.
FORM_FIELDS = (
    "name", "kind", "title", "unit_code", "firm_code", "locale", "languages", "territories", "weekdays",
    "absences", "per_day", "total", "conflicts", "conflict_reason", "identified", "rating",
)  # fmt: skip
STATES = ("present", "leaving", "left", "unset", "all")
CERTIFICATE_FIELDS = ("certificate", "certificate_level", "certificate_score", "passed_on", "expires_on")


@blueprint.get("/console/people")
@requires("people.read")
def index() -> Response:
    asked = request.args
    filters = reading.Filters(
        q=asked.get("q", "").strip(),
        role=asked.get("role", ""),
        unit=asked.get("unit", "").strip(),
        firm=asked.get("firm", "").strip(),
        state=asked.get("state", "present"),
        after=_uuid(asked.get("after", "")),
    )
    found = reading.list_people(connection(), identity().scope, filters, now=services().clock.now())
    return page(
        "console/people.html",
        found=found,
        wanted=filters,
        states=STATES,
        roles=(*GIVEN_ROLES, *(kind for kind in KINDS if kind != "staff")),
        kinds=KINDS,
        columns=IMPORT_COLUMNS,
    )


@blueprint.post("/console/people")
@requires("people.manage")
def post_people() -> Response:
    return show_import(_IMPORTER)


@blueprint.post("/console/people/import/<uuid:kept_id>")
@requires("people.manage")
def apply(kept_id: UUID) -> Response:
    return apply_import(_IMPORTER, kept_id)


@blueprint.get("/console/people/new")
@requires("people.manage")
def new() -> Response:
    return _form({"kind": "staff", "locale": "zh"}, None)


@blueprint.post("/console/people/new")
@requires("people.manage")
def create() -> Response:
    cells = _typed()
    try:
        _need_code(cells)
        with transaction() as open_connection:
            managing.refuse_taken(open_connection, cells["code"])
            settle_by_hand(open_connection, [cells], _order())
    except Refusal as refusal:
        return _form(cells, None, refusal)
    found = known_people(connection(), [cells["code"]], now=services().clock.now())
    return _to(found[cells["code"]].id)


@blueprint.get("/console/people/<uuid:person_id>")
@requires("people.read")
def show(person_id: UUID) -> Response:
    return person_page(person_id)


@blueprint.get("/console/people/<uuid:person_id>/edit")
@requires("people.manage")
def edit(person_id: UUID) -> Response:
    now = services().clock.now()
    managed = managing.find_managed(connection(), person_id, identity(), now=now)
    values: Mapping[str, str] = {"name": managed.name, "kind": managed.kind, "locale": managed.locale}
    if managed.code is not None:
        values = file_values(_known(connection(), managed.code).values)
    return _form({**values, "code": managed.code or ""}, managed)


@blueprint.post("/console/people/<uuid:person_id>/edit")
@requires("people.manage")
def save(person_id: UUID) -> Response:
    cells = _typed()
    managed = managing.find_managed(connection(), person_id, identity(), now=services().clock.now())
    if not cells["phone"]:
        del cells["phone"]  # the number is not shown, so an empty field keeps it
    try:
        with transaction() as open_connection:
            cells["code"] = managed.code or cells["code"]
            _need_code(cells)
            managing.give_code(open_connection, managed, cells["code"])
            rows = [cells]
            settle_by_hand(open_connection, rows, _order())
    except Refusal as refusal:
        return _form(cells, managed, refusal)
    return _to(person_id)


@blueprint.post("/console/people/<uuid:person_id>/roles")
@requires("people.manage")
def change_roles(person_id: UUID) -> Response:
    """Give a role, or take the one that `take` names."""
    wanted = Role(request.form.get("role", ""), request.form.get("role_scope", "").strip())

    def rows(known: Known) -> list[dict[str, str]]:
        kept = [each for each in known.values["roles"] if each != wanted]
        return [_role_cells(each) for each in (kept if "take" in request.form else (*kept, wanted))]

    return _settled(person_id, rows, {"role": "", "role_scope": ""})


@blueprint.post("/console/people/<uuid:person_id>/certificates")
@requires("people.manage")
def change_certificates(person_id: UUID) -> Response:
    """Add a certificate, or write one of the same name anew; take the one that `take` names."""
    cells = {name: request.form.get(name, "").strip() for name in CERTIFICATE_FIELDS}
    if not cells["certificate"]:
        refusal = Refusal("invalid_fields", details=[Detail("field_required", "/certificate")])
        return person_page(person_id, refusal=refusal)

    def rows(known: Known) -> list[dict[str, str]]:
        kept = [_certificate_cells(each) for each in known.values["certificates"]]
        others = [each for each in kept if each["certificate"] != cells["certificate"]]
        return others if "take" in request.form else [*others, cells]

    return _settled(person_id, rows, dict.fromkeys(CERTIFICATE_FIELDS, ""))


def person_page(person_id: UUID, *, refusal: Refusal | None = None, done: str = "") -> Response:
    """A person's page, with what was refused at its place."""
    if refusal is not None and refusal.code != "invalid_fields":
        raise refusal
    who, now, scope = identity(), services().clock.now(), identity().scope
    person = reading.find_person(connection(), person_id, scope)
    account, manages = person.account_id, who.may("people.manage")
    return page(
        "console/person.html",
        status=200 if refusal is None else refusal.status,
        person=person,
        around=reading.around(connection(), person_id, scope),
        deputies=deputies_around(connection(), account) if account else (),
        link=newest_link(connection(), account) if account else None,
        phones=signed_in.phones_of(connection(), person_id, now=now) if manages else (),
        phone_link=signed_in.open_link(connection(), person_id, now=now) if manages else None,
        work=open_assignments(connection(), person_id, now=now),
        waiting=waiting_for_others(connection(), person_id) if person.left_at else (),
        lines=reading.history(connection(), person_id, scope),
        roles=sorted(FIRM_ROLES)
        if person.firm_id
        else [each for each in GIVEN_ROLES if each not in FIRM_ROLES],
        manages=manages,
        whole=WHOLE,
        now=now,
        done=done or request.args.get("done", ""),
        errors={each.pointer.removeprefix("/"): each for each in (refusal.details if refusal else ())},
    )


def _settled(
    person_id: UUID, rows_of: Callable[[Known], list[dict[str, str]]], empty: Mapping[str, str]
) -> Response:
    """Write all roles, or all certificates, of somebody anew, with one added or taken."""
    managed = managing.find_managed(connection(), person_id, identity(), now=services().clock.now())
    if managed.code is None:
        refusal = Refusal("invalid_fields", details=[Detail("person_without_code", "/code")])
        return person_page(person_id, refusal=refusal)
    try:
        with transaction() as open_connection:
            rows = rows_of(_known(open_connection, managed.code)) or [dict(empty)]
            settle_by_hand(open_connection, [{**each, "code": managed.code} for each in rows], _order())
    except Refusal as refusal:
        return person_page(person_id, refusal=refusal)
    return _to(person_id)


def _known(open_connection: Connection, code: str) -> Known:
    return known_people(open_connection, [code], now=services().clock.now())[code]


def _role_cells(role: Role) -> dict[str, str]:
    return {"role": role.role, "role_scope": role.scope}


def _certificate_cells(each: Certificate) -> dict[str, str]:
    values = (each.name, each.level, each.score, each.passed_on, each.expires_on)
    return {
        name: "" if value is None else str(value)
        for name, value in zip(CERTIFICATE_FIELDS, values, strict=True)
    }


def _form(
    values: Mapping[str, str], managed: managing.Managed | None, refusal: Refusal | None = None
) -> Response:
    if refusal is not None and refusal.code != "invalid_fields":
        raise refusal
    return page(
        "console/person_form.html",
        status=200 if refusal is None else refusal.status,
        person=managed,
        values=values,
        kinds=KINDS,
        errors={each.pointer.removeprefix("/"): each for each in (refusal.details if refusal else ())},
    )


def _typed() -> dict[str, str]:
    cells = {name: request.form.get(name, "").strip() for name in ("code", "phone", *FORM_FIELDS)}
    if request.form.get("judged"):
        cells["judged"] = "yes"
    return cells


def _need_code(cells: Mapping[str, str]) -> None:
    if not cells["code"]:
        raise Refusal("invalid_fields", details=[Detail("field_required", "/code")])


def _order() -> Order:
    return Order(identity(), services().keys, services().clock.now())


def _to(person_id: UUID) -> Response:
    return redirect(url_for("console.people.show", person_id=person_id, done="saved"), 303)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _run(open_connection: Connection, sent: SentFile, dry_run: bool) -> ImportReport:
    order = Order(identity(), services().keys, services().clock.now(), dry_run)
    return import_people(open_connection, sent, order)


_IMPORTER = Importer("people", "people", "console.people.index", "console.people.apply", _run)
