"""The fake's addresses: Twilio's own, `/control/…` for tests and scripts, and a page at `/`."""

import base64
import binascii
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from server.embedded.fake_twilio.callbacks import Callbacks
from server.embedded.fake_twilio.scenario import (
    HELD,
    MAGIC_FROM,
    MAGIC_TO,
    Rule,
    Scenario,
    ScenarioWrong,
    scenario_of,
)
from server.embedded.fake_twilio.state import State

MESSAGES = "/2010-04-01/Accounts/<account>/Messages"
LONGEST_BODY = 1600
PAGE_SIZE = 50
SHOWN = 200
TEXTS = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21211: "Invalid 'To' Phone Number",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit",
}
CODE_OF_STATUS = {429: 20429, 500: 20500, 503: 20503}


@dataclass(frozen=True, slots=True)
class Account:
    """Who may use the fake, and where its replies go."""

    sid: str
    token: str
    number: str
    inbound_url: str | None = None


def create_fake(account: Account, scenario: Scenario | None = None) -> Flask:
    """The fake as an application; `app.extensions["fake"]` is its `Fake`."""
    app = Flask(__name__)
    app.extensions["fake"] = fake = Fake(account, scenario or Scenario())
    for method, path, view in (
        ("POST", f"{MESSAGES}.json", fake.create),
        ("GET", f"{MESSAGES}.json", fake.listed),
        ("GET", f"{MESSAGES}/<sid>.json", fake.fetch),
        ("GET", "/healthz", lambda: "ok"),
        ("PUT", "/control/scenario", fake.play),
        ("GET", "/control/messages", fake.held),
        ("DELETE", "/control/messages", fake.forget),
        ("POST", "/control/reply", fake.reply),
        ("POST", "/reply", fake.reply_from_page),
        ("GET", "/", fake.show),
    ):
        app.add_url_rule(path, f"{method} {path}", view, methods=[method])
    return app


class Fake:
    """What is behind the addresses."""

    def __init__(self, account: Account, scenario: Scenario) -> None:
        self.account = account
        self.state = State(scenario)
        self.callbacks = Callbacks(account.sid, account.token)

    def create(self, account: str) -> ResponseReturnValue:
        if not _may(self.account, account):
            return _error(401, 20003)
        form = request.form
        sender, to = form.get("MessagingServiceSid") or form.get("From", ""), form.get("To", "")
        body = form.get("Body", "")
        if code := _slip(sender, to, body):
            return _error(400, code)
        rule = self.state.rule_for(sender, to, body)
        # As it was before anything is told: callbacks may overtake the answer.
        shown = None
        if rule.takes:
            held = self.state.take(sender, to, body, form.get("StatusCallback"))
            shown = held.as_json(account)
            self.callbacks.play(held, rule)
        time.sleep(HELD if rule.silent else rule.answer_after)
        return _refused(rule) if shown is None or rule.status != 201 else (jsonify(shown), 201)

    def fetch(self, account: str, sid: str) -> ResponseReturnValue:
        if not _may(self.account, account):
            return _error(401, 20003)
        held = self.state.find(sid)
        return _error(404, 20404) if held is None else jsonify(held.as_json(account))

    def listed(self, account: str) -> ResponseReturnValue:
        if not _may(self.account, account):
            return _error(401, 20003)
        asked = request.args
        found = self.state.listed(asked.get("To"), _since(asked.get("DateSent>")))
        size, page = asked.get("PageSize", PAGE_SIZE, type=int), asked.get("Page", 0, type=int)
        shown = [each.as_json(account) for each in found[page * size : (page + 1) * size]]
        further = {**asked, "PageSize": str(size), "Page": str(page + 1)}
        more = f"{request.path}?{urlencode(further)}" if len(found) > (page + 1) * size else None
        return jsonify({"messages": shown, "page": page, "page_size": size, "next_page_uri": more})

    def play(self) -> ResponseReturnValue:
        """Take another scenario."""
        try:
            self.state.scenario = scenario_of(request.get_json(force=True, silent=True))
        except ScenarioWrong as wrong:
            return jsonify({"problem": str(wrong)}), 422
        return "", 204

    def held(self) -> ResponseReturnValue:
        """Everything, lists lagging or not, and how often each text was handed over for a number."""
        held = [{**each.as_json(self.account.sid), "told": each.told} for each in self.state.all()]
        counts = [{"to": to, "body": body, "count": n} for (to, body), n in self.state.counts.items()]
        return jsonify({"messages": held, "counts": counts})

    def forget(self) -> ResponseReturnValue:
        self.state.clear()
        return "", 204

    def reply(self) -> ResponseReturnValue:
        """As a phone: `from`, `body`, and `sid` to send the same one again."""
        answered = self._reply(request.form.get("sid"))
        return jsonify({"answered": answered}), 502 if answered is None else 200

    def reply_from_page(self) -> ResponseReturnValue:
        return redirect(f"/?answered={self._reply(None) or 'nobody'}", 303)

    def show(self) -> ResponseReturnValue:
        counts = self.state.counts.values()
        return render_template(
            "phone.html",
            messages=self.state.all()[:SHOWN],
            number=self.account.number,
            magic=sorted(MAGIC_TO.items()) + sorted(MAGIC_FROM.items()),
            answered=request.args.get("answered", ""),
            total=sum(counts),
            repeated=sum(1 for count in counts if count > 1),
        )

    def _reply(self, sid: str | None) -> int | None:
        form, url = request.form, self.account.inbound_url
        new = sid or f"SM{secrets.token_hex(16)}"
        said = (form.get("from", ""), self.account.number, form.get("body", ""))
        return None if url is None else self.callbacks.reply(url, new, *said)


def _may(account: Account, named: str) -> bool:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        sid, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    same = hmac.compare_digest(token.encode(), account.token.encode())
    return scheme.lower() == "basic" and same and sid == named == account.sid


def _slip(sender: str, to: str, body: str) -> int | None:
    """What Twilio would not even look at."""
    if not sender:
        return 21603
    if not (to.startswith("+") and to[1:].isdecimal() and to.isascii() and 8 <= len(to) <= 16):
        return 21211
    if not body:
        return 21602
    return 21617 if len(body) > LONGEST_BODY else None


def _refused(rule: Rule) -> ResponseReturnValue:
    if rule.silent:
        return "", 504
    return _error(rule.status, rule.code or CODE_OF_STATUS.get(rule.status, 20001))


def _error(status: int, code: int) -> ResponseReturnValue:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": TEXTS.get(code, "Refused"), "more_info": more, "status": status}
    answer: Response = jsonify(body)
    answer.status_code = status
    return answer


def _since(text: str | None) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
