"""The inbox: what the embedded gateway received, as phones would show it, and how a phone answers.

Deliveries can be played, of one message or of all that come: delivered, undelivered with a code, or never
heard of. A reply goes the way that every gateway's replies go.
"""

import secrets
from operator import attrgetter
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server import phones
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.portions import take_portion
from server.http.access import requires
from server.notify.gateways.inbox import (
    NAME,
    STATES,
    Play,
    list_messages,
    list_replies,
    play_from_now_on,
    play_one,
    plays,
)
from server.notify.outbox.settling import REPLACES, kept_state
from server.notify.protocol import Collected, Inbound, Receipt
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("inbox", __name__)

LIMIT = 100
LONGEST_REPLY = 1_000
# What carriers say most often; others can be typed.
CODES = ("UNDELIV", "MK:0001", "MBBLACK", "REJECTD", "EXPIRED")


@blueprint.get("/inbox")
@requires("inbox.read")
def show() -> Response:
    _require_inbox()
    recipient = request.args.get("to") or None
    received = list_messages(connection(), services().keys, LIMIT, recipient=recipient)
    sent = list_replies(connection(), services().keys, LIMIT, sender=recipient)
    kept = request.args.get("kept", "")
    return page(
        "console/inbox.html",
        # Of one moment, the reply came after what it answers.
        messages=sorted([*sent, *received], key=attrgetter("received_at"), reverse=True)[:LIMIT],
        kept=kept if kept in REPLACES else "",
        recipient=recipient or "",
        states=tuple(STATES),
        codes=CODES,
        playing=plays(connection()),
        replied=bool(request.args.get("replied")),
    )


@blueprint.post("/inbox/play")
@requires("inbox.read")
def play() -> Response:
    """Play the delivery of one message, or choose what becomes of those that come.

    What a message keeps, whatever is told of it, the phone goes on showing, and the page says so.
    """
    _require_inbox()
    reference, wanted = request.form.get("reference", ""), _play()
    with transaction() as open_connection:
        if not reference:
            play_from_now_on(open_connection, wanted)
        elif kept := _kept(open_connection, reference, wanted):
            return _back(kept=kept)
        elif report := play_one(open_connection, reference, wanted):
            given = services()
            told = Collected(receipts=[Receipt(reference, report)])
            take_portion(
                open_connection, NAME, told, sender=_sender(), forms=given.forms, now=given.clock.now()
            )
    return _back()


@blueprint.post("/inbox/reply")
@requires("inbox.read")
def reply() -> Response:
    """Send an SMS from one of the phones."""
    _require_inbox()
    text = request.form.get("text", "")
    try:
        sender = phones.normalise(request.form.get("from", ""))
    except phones.PhoneError as problem:
        raise Refusal("invalid_fields", details=[Detail(problem.code, "/from")]) from None
    if len(text) > LONGEST_REPLY:
        too_long = Detail("text_too_long", "/text", {"limit": LONGEST_REPLY})
        raise Refusal("invalid_fields", details=[too_long])
    given, now = services(), services().clock.now()
    inbound = Inbound(f"{NAME}-{secrets.token_hex(12)}", sender, text, now)
    with transaction() as open_connection:
        told = Collected(replies=[inbound])
        take_portion(open_connection, NAME, told, sender=_sender(), forms=given.forms, now=now)
    return _back(replied="1")


def _sender() -> Sender:
    return Sender(services().keys, services().settings.public_url)


def _require_inbox() -> None:
    if services().settings.gateway != NAME:
        raise Refusal("not_found")


def _play() -> Play:
    state, code = request.form.get("state", ""), request.form.get("code", "").strip()
    if state not in STATES or len(code) > 40 or not code.isprintable():
        raise Refusal("invalid_fields", details=[Detail("field_invalid", "/state")])
    return Play(state, (code or CODES[0]) if state == "undelivered" else None)


def _kept(open_connection: Connection, reference: str, wanted: Play) -> str | None:
    try:
        return kept_state(open_connection, UUID(reference), STATES[wanted.state])
    except ValueError:
        return None


def _back(*, replied: str | None = None, kept: str | None = None) -> Response:
    """To the list as it was looked at."""
    recipient = request.form.get("to") or None
    return redirect(url_for("inbox.show", to=recipient, replied=replied, kept=kept), 303)
