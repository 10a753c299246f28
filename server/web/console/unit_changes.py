"""Changing a unit by hand: a form, what it would change, and doing exactly that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.organisation import finding
from server.fieldwork.organisation.changing import DEEDS, change_unit
from server.fieldwork.organisation.columns import LEVELS
from server.fieldwork.organisation.opening_hours import write_hours
from server.fieldwork.organisation.unit_import import Order, Settlement
from server.http.access import identity, requires
from server.services import services
from server.web.console.importing import text_finder
from server.web.presenting import page

blueprint = Blueprint("unit_changes", __name__)

DATUMS = ("WGS-84", "GCJ-02", "BD-09")


class _Overtaken(Exception):
    """Doing it would change something else than what was shown."""


@blueprint.get("/console/units/<uuid:unit_id>/<any(correct, move, close, reopen):deed>")
@requires("units.import")
def form(unit_id: UUID, deed: str) -> Response:
    unit = finding.find_unit(connection(), identity().scope, unit_id)
    return _form(unit, deed, {**_values(unit), "closed_on": str(_order().today)})


@blueprint.post("/console/units/<uuid:unit_id>/<any(correct, move, close, reopen):deed>")
@requires("units.import")
def post(unit_id: UUID, deed: str) -> Response:
    """Shows what would change; with the fingerprint of what was shown, does it."""
    unit = finding.find_unit(connection(), identity().scope, unit_id)
    shown = request.form.get("fingerprint", "")
    try:
        if not shown:
            return _form(unit, deed, request.form, settlement=_change(unit, deed, dry_run=True))
        with transaction():
            settlement = _change(unit, deed, dry_run=False)
            if settlement.fingerprint != shown:
                raise _Overtaken
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _form(unit, deed, request.form, refusal=refusal)
    except _Overtaken:
        again = _change(unit, deed, dry_run=True)
        return _form(unit, deed, request.form, settlement=again, overtaken=True)
    return redirect(url_for("console.organisation.show", unit_id=unit_id), code=303)


def _change(unit: AnyRow, deed: str, *, dry_run: bool) -> Settlement:
    cells = {name: request.form[name].strip() for name in DEEDS[deed] if name in request.form}
    order = replace(_order(), day=_day(deed), reason=request.form.get("reason", "").strip()[:500] or None)
    with_below = bool(request.form.get("with_below"))
    return change_unit(
        connection(), unit.id, deed, cells, replace(order, dry_run=dry_run), with_below=with_below
    )


def _order() -> Order:
    return Order(identity().actor, services().clock.now(), identity().scope)


def _day(deed: str) -> date | None:
    """From which day it holds; a closing says it in a field of its own.

    Raises:
        Refusal: invalid_fields.
    """
    text = "" if deed == "close" else request.form.get("day", "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refusal("invalid_fields", details=[Detail("field_date", "/day")]) from None


def _form(
    unit: AnyRow,
    deed: str,
    values: Mapping[str, Any],
    *,
    settlement: Settlement | None = None,
    refusal: Refusal | None = None,
    overtaken: bool = False,
) -> Response:
    details = refusal.details if refusal else ()
    finder = text_finder("organisation", {})
    return page(
        "console/unit_change.html",
        status=refusal.status if refusal else 200,
        unit=unit,
        deed=deed,
        values={name: values.get(name, "") for name in (*DEEDS[deed], "day", "reason", "with_below")},
        errors={detail.pointer.removeprefix("/"): detail for detail in details},
        changes=settlement.log.kept if settlement else None,
        fingerprint=settlement.fingerprint if settlement else "",
        overtaken=overtaken,
        levels=LEVELS,
        datums=DATUMS,
        today=_order().today,
        **finder,
    )


def _values(unit: AnyRow) -> dict[str, str]:
    """The unit as the form of a correction shows it."""
    attributes: Mapping[str, Any] = unit.attributes
    plain = ("name", "name_en", "level", "address", "datum", "opened_on")
    values = {name: getattr(unit, name) for name in plain}
    values |= {name: attributes.get(name) for name in ("kind", "area", "counters")}
    degrees = {name: getattr(unit, name) for name in ("longitude", "latitude")}
    values |= {name: None if value is None else f"{value.normalize():f}" for name, value in degrees.items()}
    values["tags"] = "、".join(attributes.get("tags", []))
    values["opening_hours"] = (
        write_hours(attributes["opening_hours"]) if "opening_hours" in attributes else ""
    )
    return {name: "" if value is None else str(value) for name, value in values.items()}
