"""The rules of all sending, as a form."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.http.access import identity, requires
from server.notify.respect.rules import NUMBERS, SHARES, SendingRules, read_rules, write_rules
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("sending_rules", __name__)

WEEKDAYS = range(7)
TEXTS = ("price", "monthly_cap", "quiet_from", "quiet_until")


@blueprint.get("/console/outreach/rules")
@requires("messages.manage")
def rules() -> Response:
    kept = kept_rules()
    return _rules_page(kept.to_json() if kept else SendingRules().to_json())


@blueprint.post("/console/outreach/rules")
@requires("messages.manage")
def change_rules() -> Response:
    who, now = identity(), services().clock.now()
    given = _given_rules()
    try:
        with transaction() as open_connection:
            if not reaches_all(open_connection, who.scope):
                raise Refusal("forbidden")
            write_rules(open_connection, given, by=who.actor, now=now)
            audit.record(
                open_connection, [audit.Entry(who.actor, "sending_rules_changed", "sending", given)], at=now
            )
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _rules_page(given, refusal)
    return redirect(url_for("console.outreach.index"), 303)


def kept_rules() -> SendingRules | None:
    """The rules, or None when they cannot be read and nothing is sent."""
    try:
        return read_rules(connection())
    except ValueError:
        return None


def _rules_page(given: dict[str, Any], refused: Refusal | None = None) -> Response:
    return page(
        "console/sending_rules.html",
        status=refused.status if refused else 200,
        given=given,
        errors={each.pointer.removeprefix("/"): each for each in refused.details} if refused else {},
    )


def _given_rules() -> dict[str, Any]:
    """What the form says, as the rules are kept; what is no number stays as typed, and is refused."""
    form = request.form
    given: dict[str, Any] = {name: _number(form.get(name, "")) for name in NUMBERS}
    given |= {name: form.get(name, "").strip() for name in TEXTS}
    given |= {name: given[name] or None for name in ("monthly_cap", "quiet_from", "quiet_until")}
    given |= {name: _share(form.get(name, "")) for name in SHARES}
    given["countries"] = [code.strip().removeprefix("+") for code in form.get("countries", "").split()]
    given["weekdays"] = [day for day in WEEKDAYS if f"weekday-{day}" in form]
    given["holidays"] = "holidays" in form
    return given


def _number(text: str) -> int | str:
    return int(text) if text.strip().isascii() and text.strip().isdecimal() else text


def _share(text: str) -> str:
    """Per cent as typed, as a share."""
    typed = text.strip().removesuffix("%")
    whole, _, rest = typed.partition(".")
    if not (whole + rest).isascii() or not (whole + rest).isdecimal():
        return text
    digits = (whole or "0").zfill(3)
    return f"{digits[:-2]}.{digits[-2:]}{rest}"
