"""What the fake holds: messages as they came, and how often each text was handed over for a number."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from server.embedded.fake_twilio.scenario import Rule, Scenario


@dataclass(slots=True)
class Held:
    """One message. `status` moves as its callbacks are told."""

    sid: str
    to: str
    sender: str
    body: str
    callback: str | None
    status: str
    created: float
    error_code: int | None = None
    told: list[str] = field(default_factory=list)

    def as_json(self, account: str) -> dict[str, object]:
        """As the API shows it."""
        at = format_datetime(datetime.fromtimestamp(self.created, UTC))
        return {
            "sid": self.sid,
            "account_sid": account,
            "to": self.to,
            "from": None if self.sender.startswith("MG") else self.sender,
            "messaging_service_sid": self.sender if self.sender.startswith("MG") else None,
            "body": self.body,
            "status": self.status,
            "error_code": self.error_code,
            "error_message": None,
            "num_segments": "0" if self.sender.startswith("MG") else "1",
            "num_media": "0",
            "direction": "outbound-api",
            "date_created": at,
            "date_updated": at,
            "date_sent": at,
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{self.sid}.json",
            "subresource_uris": {},
        }


class State:
    """Everything the fake knows; safe for many threads."""

    def __init__(self, scenario: Scenario, clock: Callable[[], float] = time.time) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._messages: list[Held] = []
        self.scenario = scenario
        self.counts: Counter[tuple[str, str]] = Counter()

    def rule_for(self, sender: str, to: str, body: str) -> Rule:
        """What to do with a message; a rule that holds for some messages only is used up by this."""
        with self._lock:
            rule = self.scenario.rule_for(sender, to, body)
            self.scenario = self.scenario.after(rule)
            return rule

    def take(self, sender: str, to: str, body: str, callback: str | None) -> Held:
        with self._lock:
            status = "accepted" if sender.startswith("MG") else "queued"
            sid = f"SM{secrets.token_hex(16)}"
            held = Held(sid, to, sender, body, callback, status, self._clock())
            self._messages.append(held)
            self.counts[to, body] += 1
            return held

    def find(self, sid: str) -> Held | None:
        with self._lock:
            return next((each for each in self._messages if each.sid == sid), None)

    def listed(self, to: str | None, since: float | None) -> list[Held]:
        """The newest first, without those that are too new for Twilio's lists."""
        with self._lock:
            latest = self._clock() - self.scenario.list_lag
            return [
                each
                for each in reversed(self._messages)
                if each.created <= latest and to in {None, each.to} and each.created >= (since or 0)
            ]

    def all(self) -> list[Held]:
        """Everything, the newest first, lists lagging or not."""
        with self._lock:
            return list(reversed(self._messages))

    def clear(self) -> None:
        with self._lock:
            self._messages.clear()
            self.counts.clear()
