"""Workers to be killed: `python -m bench.outreach_worker DATABASE_URL KEY PORT CLOCK LIMIT`.

Reads lines: `start` forks a worker and answers its process id, `kill PID` kills it and answers `killed`.
Forking spares each worker the seconds of its imports; this process opens no connection of its own.
"""

import http.client
import json
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import server.models  # noqa: F401 - every table, so that keys between them are found
from server.config import Secret
from server.db import engine_for
from server.keys import KeyRing
from server.notify.outbox.claiming import Policy
from server.notify.outbox.delivery import Carriers, deliver_due
from server.notify.protocol import (
    Absent,
    Accepted,
    DeliveryReport,
    Found,
    OutgoingSms,
    SendRefused,
    SendUnknown,
)
from server.notify.respect.hours import DecentHours
from server.notify.respect.rules import SendingRules

POLICY = Policy(SendingRules(hours=DecentHours(None, None), monthly_cap=None, asked_per_day=100))
ANSWER_SECONDS = 0.3
IDLE_SECONDS = 0.01


class SharedClock:
    """A clock that all processes read from one file and that moves when it is told to."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 8)

    @classmethod
    def at(cls, path: Path, start: datetime) -> "SharedClock":
        path.write_bytes(struct.pack("d", start.timestamp()))
        return cls(path)

    def now(self) -> datetime:
        (seconds,) = struct.unpack("d", self._memory[:8])
        return datetime.fromtimestamp(seconds, UTC)

    def advance(self, by: timedelta) -> None:
        self._memory[:8] = struct.pack("d", (self.now() + by).timestamp())


class StubGateway:
    """Brings messages to the counting stub."""

    name = "stub"

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)

    def send(self, sms: OutgoingSms) -> Accepted:
        body = json.dumps({"reference": sms.reference, "recipient": sms.recipient})
        try:
            status, said = self._asked("POST", "/messages", body)
        except (OSError, http.client.HTTPException) as problem:
            self._connection.close()
            raise SendUnknown(type(problem).__name__) from None
        if status == http.HTTPStatus.TOO_MANY_REQUESTS:
            raise SendRefused("throttled", permanent=False, provider_code="429")
        if status == http.HTTPStatus.BAD_REQUEST:
            raise SendRefused("refused", permanent=True, provider_code="400")
        if status != http.HTTPStatus.CREATED:
            raise SendUnknown(f"status {status}")
        return Accepted(json.loads(said)["id"])

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        status, said = self._asked("GET", f"/messages/{sms.reference}", None)
        if status == http.HTTPStatus.NOT_FOUND:
            return Absent()
        return DeliveryReport(json.loads(said)["id"], "accepted") if status == http.HTTPStatus.OK else None

    def close(self) -> None:
        self._connection.close()

    def _asked(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def work(database_url: str, key: str, port: int, clock: SharedClock, limit: int) -> None:
    """Send what is due until killed, or until whoever forked us is gone."""
    parent = os.getppid()
    engine = engine_for(database_url)
    carriers = Carriers({"sms": StubGateway(port)}, KeyRing([Secret(key)]))
    while os.getppid() == parent:
        if not deliver_due(engine, carriers, POLICY, clock, limit).claimed:
            time.sleep(IDLE_SECONDS)


def main(database_url: str, key: str, port: str, clock: str, limit: str) -> None:
    for line in sys.stdin:
        order, _, named = line.strip().partition(" ")
        if order == "start":
            child = os.fork()
            if child == 0:
                work(database_url, key, int(port), SharedClock(Path(clock)), int(limit))
                os._exit(0)
            print(child, flush=True)
        else:
            os.kill(int(named), signal.SIGKILL)
            os.waitpid(int(named), 0)
            print("killed", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
