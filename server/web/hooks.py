"""The doors of SMS providers: receipts and replies, on the public surface.

Who calls is proven before anything else is done: a forgery costs a hash or two and no statement. The address
that Twilio signs is built on PUBLIC_URL, never on what the request says about itself. Whatever a proven call
holds is answered without an error: providers repeat what failed, and a gap in one field helps nobody.
"""

import re
from typing import Final

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from server import phones
from server.config import TwilioSettings
from server.db import transaction
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.portions import take_portion
from server.http.access import open_to_all
from server.http.visitor import visitor_address
from server.notify.gateways.declarative.gateway import HttpGateway
from server.notify.gateways.declarative.pushed import Knock, Unproven, What
from server.notify.gateways.declarative.trees import NotReadable
from server.notify.gateways.twilio import NAME as TWILIO
from server.notify.gateways.twilio import is_signed, state_report
from server.notify.protocol import AlreadyTaken, Collected, Inbound, Receipt
from server.services import services

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")

LARGEST_FORM: Final = 64 * 1024
# A bank's gateway brings its receipts by the thousand.
LARGEST_PUSH: Final = 1024 * 1024
FORM: Final = "application/x-www-form-urlencoded"
TWIML: Final = "<Response/>"
# Ids as providers make them; what is none finds no message and is kept nowhere.
PROVIDER_ID: Final = re.compile(r"[!-~]{1,128}")
OPT_OUT_TYPES: Final[dict[str, AlreadyTaken]] = {"STOP": "stop", "START": "start", "HELP": "help"}
PROVEN = open_to_all("a provider signs what it brings, and a forged call is answered before anything is done")

log = structlog.get_logger()


@blueprint.post("/twilio/status")
@PROVEN
def twilio_status() -> Response:
    """What became of a message, told by Twilio."""
    if not _from_twilio():
        return Response(status=403)
    form = request.form
    provider_id = form.get("MessageSid") or form.get("SmsSid") or ""
    status, code = form.get("MessageStatus") or form.get("SmsStatus") or "", form.get("ErrorCode") or None
    report = state_report(provider_id, status, code)
    if report is not None and PROVIDER_ID.fullmatch(provider_id) and _plain(code):
        _take(Collected(receipts=[Receipt(request.args.get("reference"), report)]), TWILIO)
    return Response(status=204)


@blueprint.post("/twilio/inbound")
@PROVEN
def twilio_inbound() -> Response:
    """A reply, told by Twilio. A wish to stop holds before this is answered."""
    if not _from_twilio():
        return Response(status=403)
    form = request.form
    provider_id, sender = form.get("MessageSid") or form.get("SmsSid") or "", form.get("From") or ""
    if PROVIDER_ID.fullmatch(provider_id) and sender:
        meaning, now = OPT_OUT_TYPES.get(form.get("OptOutType") or ""), services().clock.now()
        reply = Inbound(provider_id, phones.as_sender(sender), form.get("Body") or "", now, meaning)
        _take(Collected(replies=[reply]), TWILIO)
    return Response(TWIML, mimetype="text/xml")


@blueprint.route("/sms/receipts", methods=["GET", "POST"])
@PROVEN
def receipts() -> Response:
    """Receipts of a bank's own gateway, in the format that its description gives."""
    return _pushed("receipts")


@blueprint.route("/sms/replies", methods=["GET", "POST"])
@PROVEN
def replies() -> Response:
    """Replies by way of a bank's own gateway."""
    return _pushed("replies")


def _from_twilio() -> bool:
    settings = services().settings
    request.max_content_length = LARGEST_FORM
    signature = request.headers.get("X-Twilio-Signature", "")
    if settings.twilio is None or not signature or request.mimetype != FORM:
        return False
    return _is_signed(settings.twilio, settings.public_url, signature)


def _is_signed(settings: TwilioSettings, public_url: str, signature: str) -> bool:
    query = request.query_string.decode("latin-1")
    url = f"{public_url}{request.path}{'?' if query else ''}{query}"
    return is_signed(settings, url, request.form, signature)


def _pushed(what: What) -> Response:
    gateway = services().gateway
    push = gateway.push(what) if isinstance(gateway, HttpGateway) else None
    if push is None or request.method != push.method:
        return Response(status=404)
    request.max_content_length = LARGEST_PUSH
    try:
        knock = Knock(
            request.get_data(cache=False),
            request.query_string,
            dict(request.headers),
            visitor_address(),
        )
        portion = push.read(knock, services().clock.now())
    except Unproven:
        return Response(status=403)
    except NotReadable:
        log.warning("push_unreadable", what=what)
        return Response(status=400)
    except RequestEntityTooLarge:
        return Response(status=413)
    if portion.lost:
        log.warning("push_incomplete", what=what, lost=portion.lost)
    _take(Collected(portion.receipts, portion.replies), gateway.name)
    return Response(push.answer, content_type=push.answer_type)


def _take(portion: Collected, gateway: str) -> None:
    given = services()
    sender = Sender(given.keys, given.settings.public_url)
    with transaction() as connection:
        unknown = take_portion(
            connection, gateway, portion, sender=sender, forms=given.forms, now=given.clock.now()
        )
    if unknown:
        log.info("receipts_without_message", gateway=gateway, count=unknown)


def _plain(code: str | None) -> bool:
    return code is None or PROVIDER_ID.fullmatch(code) is not None
