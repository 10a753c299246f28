"""Units: the tree as it is and as it was, one unit with its history, and importing more of them."""

from datetime import date
from uuid import UUID

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from server.coordinates import Point, to_wgs84
from server.db import AnyRow, connection
from server.errors import Detail, Refusal
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation import finding, history
from server.fieldwork.organisation.columns import COLUMNS, LEVELS, NEEDED, REQUIRED
from server.fieldwork.organisation.opening_hours import DAYS
from server.fieldwork.organisation.unit_import import import_units
from server.http.access import identity, requires
from server.services import services
from server.web.console.importing import Importer, apply_import, show_import, text_finder
from server.web.presenting import page

blueprint = Blueprint("organisation", __name__)

IMPORT_COLUMNS = tuple((name, name in {*REQUIRED, *NEEDED}) for name in COLUMNS)


@blueprint.get("/console/units")
@requires("units.read")
def units() -> Response:
    scope, wanted, day = identity().scope, _filter(), _day()
    if day is None:
        found = finding.find_units(connection(), scope, wanted)
    else:
        found = finding.find_units_as_of(connection(), scope, wanted, day)
    return page(
        "console/units.html",
        found=found,
        wanted=wanted,
        day=day,
        known_since=history.known_since(connection(), scope),
        levels=LEVELS,
        columns=IMPORT_COLUMNS,
    )


@blueprint.post("/console/units")
@requires("units.import")
def post_units() -> Response:
    return show_import(_IMPORTER)


@blueprint.post("/console/units/import/<uuid:kept_id>")
@requires("units.import")
def apply(kept_id: UUID) -> Response:
    return apply_import(_IMPORTER, kept_id)


@blueprint.get("/console/units/<uuid:unit_id>")
@requires("units.read")
def show(unit_id: UUID) -> Response:
    scope = identity().scope
    unit = finding.find_unit(connection(), scope, unit_id)
    below = finding.children(connection(), scope, unit_id)
    return page(
        "console/unit.html",
        unit=unit,
        above=finding.above(connection(), scope, unit),
        below=below[: finding.MOST_CHILDREN],
        more_below=len(below) > finding.MOST_CHILDREN,
        satellite=_satellite(unit),
        days=DAYS,
        steps=history.unit_history(connection(), unit_id, scope),
        **text_finder("organisation", {}),
    )


def _satellite(unit: AnyRow) -> Point | None:
    """Where a phone would say the unit is, if a map of another datum gave the point."""
    if unit.longitude is None or unit.datum == "WGS-84":
        return None
    return to_wgs84(Point(float(unit.longitude), float(unit.latitude)), unit.datum)


def _filter() -> finding.UnitFilter:
    asked = {
        name: request.args.get(name, "").strip()[:2_000] for name in ("q", "level", "state", "below", "after")
    }
    asked = {name: "" if "\x00" in text else text for name, text in asked.items()}
    state = asked["state"] if asked["state"] in finding.STATES else "open"
    return finding.UnitFilter(asked["q"], asked["level"], state, asked["below"], asked["after"])


def _day() -> date | None:
    """`?day=`; nothing for today and later, whose tree is the one that stands.

    Raises:
        Refusal: invalid_fields.
    """
    text = request.args.get("day", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refusal("invalid_fields", details=[Detail("field_date", "/day")]) from None


def _run(open_connection: Connection, sent: SentFile, dry_run: bool) -> ImportReport:
    return import_units(open_connection, sent, now=services().clock.now(), dry_run=dry_run)


_IMPORTER = Importer(
    "units", "organisation", "console.organisation.units", "console.organisation.apply", _run
)
