"""`/s/<token>`: the manager of an outlet reads what an overt round found, and signs it or says why not.

GET writes nothing. A link that never was, is over, or was replaced by a newer one gets the same answer.
"""

from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.followup.spot import signing
from server.followup.spot.signing import FORM, SIGNATURE, Asked
from server.forms import check, page_answers, shown, view
from server.http.access import open_to_all
from server.http.locale import locale
from server.services import services
from server.web import respond
from server.web.page_parts import parts_of
from server.web.presenting import render_respondent
from server.web.sessions import with_language

THE_LINK = "the link itself is the key"

blueprint = Blueprint("countersigning", __name__)


@blueprint.get("/s/<token>")
@open_to_all(THE_LINK)
def show(token: str) -> AnyResponse:
    asked = signing.find_signature(connection(), token, now=services().clock.now())
    return respond.unknown_link() if asked is None else _page(asked)


@blueprint.post("/s/<token>")
@open_to_all(THE_LINK)
def answer(token: str) -> AnyResponse:
    """Sign, or decline with a reason; the same link does either once."""
    given, now = services(), services().clock.now()
    asked = signing.find_signature(connection(), token, now=now)
    if asked is None:
        return respond.unknown_link()
    if asked.standing != "asked":
        return _page(asked)
    try:
        with transaction() as open_connection:
            if request.form.get("go") == "refuse":
                signing.refuse(open_connection, asked, request.form.get("reason", ""), now=now)
            else:
                answers = page_answers(FORM, 0, request.form)
                checked = check(FORM, answers, variables={}, today=now.date())
                if checked.errors:
                    return _page(asked, answers, check_it=True)
                signing.sign(open_connection, asked, str(checked.values[SIGNATURE]), given.keys, now=now)
    except Refusal as refusal:
        if refusal.code not in ("invalid_fields", "link_finished"):
            raise
        if refusal.code == "invalid_fields":
            return _page(asked, notices=refusal.details)
    again = signing.find_signature(connection(), token, now=now)
    return respond.unknown_link() if again is None else _page(again)


def _page(
    asked: Asked,
    answers: dict[str, Any] | None = None,
    *,
    check_it: bool = False,
    notices: tuple[Detail, ...] = (),
) -> AnyResponse:
    """The findings with the question for a signature; whoever has signed sees only that."""
    typed = answers or {}
    state = shown(check(FORM, typed, variables={}, today=services().clock.now().date()), typed)
    # Nobody is told that a signature is missing before they have pressed the button.
    drawn = view(FORM, 0, state if check_it else replace(state, errors=()), locale=locale(), variables={})
    waits = asked.standing == "asked"
    return render_respondent(
        "respond/sign.html",
        None,
        status=422 if check_it or notices else 200,
        asked=asked,
        unit=asked.unit_name_en if locale() == "en" else asked.unit_name,
        found=signing.findings_to_sign(connection(), services().forms, asked, locale()) if waits else (),
        view=drawn,
        parts=parts_of(drawn, {}, locale(), customer=False),
        notices=notices,
        reason=request.form.get("reason", ""),
        action=with_language(request.path),
    )
