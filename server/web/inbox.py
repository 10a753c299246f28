"""The SMS inbox: what the embedded gateway received, as phones would show it."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from server.db import connection
from server.errors import Refusal
from server.http.access import requires
from server.notify.gateways.inbox import list_messages
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("inbox", __name__)

LIMIT = 100


@blueprint.get("/inbox")
@requires("inbox.read")
def show() -> Response:
    if services().settings.gateway != "inbox":
        raise Refusal("not_found")
    recipient = request.args.get("to") or None
    messages = list_messages(connection(), services().keys, LIMIT, recipient=recipient)
    return page("console/inbox.html", messages=messages, recipient=recipient or "")
