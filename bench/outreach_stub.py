"""A provider that counts: whom it reached, and under which reference of ours, over HTTP on this machine.

It has bad hours of its own: answers late, takes a message and says nothing, fails before it takes one.
"""

import json
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOO_LATE_SECONDS = 0.6
# What happens to a message -> how often.
BAD_HOURS = {
    "taken": 88.0,
    "slow": 4.0,
    "taken_silently": 3.0,
    "fails": 2.5,
    "throttles": 0.1,
    "no_such_number": 0.9,
    "taken_and_dropped": 1.5,
}


class Stub(ThreadingHTTPServer):
    """Counts under a lock; `by_reference` holds when each message was taken, by this machine's clock."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *, polite: bool, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.polite = polite
        self.asked = threading.Condition()
        self.requests = 0
        self.by_recipient: Counter[str] = Counter()
        self.by_reference: dict[str, list[float]] = {}
        self._chance = random.Random(seed)

    def decide(self) -> str:
        with self.asked:
            self.requests += 1
            self.asked.notify_all()
            if self.polite:
                return "taken"
            return self._chance.choices(list(BAD_HOURS), list(BAD_HOURS.values()))[0]

    def take(self, message: dict[str, str]) -> None:
        with self.asked:
            self.by_recipient[message["recipient"]] += 1
            self.by_reference.setdefault(message["reference"], []).append(time.monotonic())

    def has(self, reference: str) -> bool | None:
        """Whether a message was taken; sometimes it cannot tell."""
        with self.asked:
            if not self.polite and self._chance.random() < 0.05:
                return None
            return reference in self.by_reference

    def wait_for(self, requests: int, seconds: float) -> None:
        """Until so many messages have been brought, or the time is over."""
        with self.asked:
            self.asked.wait_for(lambda: self.requests >= requests, seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that is killed drops its connection: no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Stub

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        happens = self.server.decide()
        if happens in {"taken", "slow", "taken_silently", "taken_and_dropped"}:
            self.server.take(message)
        if happens == "slow":
            time.sleep(TOO_LATE_SECONDS / 10)
        if happens == "taken_silently":
            time.sleep(TOO_LATE_SECONDS)
        if happens in {"taken_silently", "taken_and_dropped"}:
            self.close_connection = True
            return
        status = {"fails": 500, "throttles": 429, "no_such_number": 400}.get(happens, 201)
        self._answer(status, {"id": f"P-{message['reference']}"})

    def do_GET(self) -> None:
        reference = self.path.rpartition("/")[2]
        there = self.server.has(reference)
        self._answer(503 if there is None else 200 if there else 404, {"id": f"P-{reference}"})

    def _answer(self, status: int, said: dict[str, str]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: twenty thousand lines say nothing."""
