"""A campaign whose workers are killed, and how fast messages are handed over.

Kills fall anywhere between a claim and its outcome while people say stop. Afterwards everything is looked up
until nothing moves; what the provider counted is held against what we say of each message.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import Engine, event, func, select

from bench.outreach_stub import Stub
from bench.outreach_worker import POLICY, SharedClock, StubGateway
from server import migrations
from server.config import Secret
from server.db import engine_for
from server.embedded.services import EmbeddedServices
from server.keys import KeyRing
from server.models.messages import Message, Spending
from server.notify.outbox.delivery import Carriers, deliver_due
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.outbox.settling import reconcile
from server.notify.outbox.unknown import look_up_unknown
from server.notify.respect.opt_outs import opt_out

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]
SEED = 1
BATCH = 2_000
LIMIT = 200
BETWEEN_KILLS = timedelta(seconds=20)
LOOKED_UP_AT_ONCE = 5_000
QUIET_ROUNDS = 40
# A wish to stop holds within the second: what was permitted before it is on its way.
ON_ITS_WAY_SECONDS = 1.0
THERE = {"accepted", "delivered"}
NOT_THERE = {"skipped", "cancelled", "failed", "expired"}


@dataclass(slots=True)
class Endured:
    """What a campaign with kills ended in. `broken` lists each promise that was not kept."""

    messages: int
    kills: int
    seconds: float
    opt_outs: int
    states: dict[str, int] = field(default_factory=dict)
    on_their_way: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Handed:
    """So many messages handed over by so many workers; `statements` a message."""

    workers: int
    messages: int
    seconds: float
    statements: float


class Campaign:
    """Messages of one database, the stub that counts them, and workers as processes of their own."""

    def __init__(self, database_url: str, engine: Engine, folder: Path, *, polite: bool, limit: int) -> None:
        self.engine = engine
        self.limit = limit
        self.keys = KeyRing([key := Secret(Fernet.generate_key().decode())])
        self.clock = SharedClock.at(folder / "clock", START)
        self.stub = Stub(polite=polite, seed=SEED)
        threading.Thread(target=self.stub.serve_forever, daemon=True).start()
        self.port = self.stub.server_address[1]
        named = [database_url, key.reveal(), str(self.port), str(folder / "clock"), str(limit)]
        command = [sys.executable, "-m", "bench.outreach_worker", *named]
        self._gateway = StubGateway(self.port)
        self.carriers = Carriers({"sms": self._gateway}, self.keys)
        self._nursery = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT
        )

    def queue(self, count: int) -> None:
        for first in range(0, count, BATCH):
            messages = [
                NewMessage(
                    f"n{n}", "invitation", number(n), "【江城银行】请评价", START, START + timedelta(days=9)
                )
                for n in range(first, min(first + BATCH, count))
            ]
            with self.engine.begin() as connection:
                enqueue(connection, messages, self.keys, START)

    def start(self) -> str:
        return self._order("start")

    def kill(self, worker: str) -> None:
        self._order(f"kill {worker}")

    def deliver(self) -> int:
        """One round in this process."""
        return deliver_due(self.engine, self.carriers, POLICY, self.clock, self.limit).claimed

    def close(self) -> None:
        self._nursery.communicate()
        self._gateway.close()
        self.stub.shutdown()
        self.stub.server_close()

    def _order(self, order: str) -> str:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        print(order, file=self._nursery.stdin, flush=True)
        return self._nursery.stdout.readline().strip()


def number(n: int) -> str:
    return f"+86138{n:08}"


@contextmanager
def campaign(database_url: str, *, polite: bool, limit: int = LIMIT) -> Iterator[Campaign]:
    """Start the stub and the process that forks workers; both end with the block."""
    folder = Path(tempfile.mkdtemp(prefix="anfang-outreach-"))
    engine = engine_for(database_url)
    try:
        running = Campaign(database_url, engine, folder, polite=polite, limit=limit)
        try:
            yield running
        finally:
            running.close()
    finally:
        engine.dispose()
        shutil.rmtree(folder)


def endure(running: Campaign, *, messages: int, kills: int, longest_life: float = 2.0) -> Endured:
    """Send a campaign with two workers of which one is killed again and again."""
    chance = random.Random(SEED)
    began = time.monotonic()
    running.queue(messages)
    stopped: dict[int, float] = {}
    workers = [running.start(), running.start()]
    for kill in range(kills):
        brought = messages * (kill + 1) // (kills + 2) + chance.randrange(max(messages // kills, 1))
        running.stub.wait_for(brought, longest_life)
        time.sleep(chance.random() / 100)
        running.kill(workers.pop(chance.randrange(len(workers))))
        _stop_some(running, chance, messages, stopped)
        running.clock.advance(BETWEEN_KILLS)
        with running.engine.begin() as connection:
            reconcile(connection, running.clock.now())
        workers.append(running.start())
    for worker in workers:
        running.kill(worker)
    _until_quiet(running)
    endured = Endured(messages, kills, time.monotonic() - began, len(stopped))
    _judge(running, stopped, endured)
    return endured


def _stop_some(running: Campaign, chance: random.Random, messages: int, stopped: dict[int, float]) -> None:
    for n in chance.sample(range(messages), 3):
        if n not in stopped:
            with running.engine.begin() as connection:
                opt_out(connection, running.keys.lookup_hashes(number(n)), "reply", running.clock.now())
            stopped[n] = time.monotonic()


def _until_quiet(running: Campaign) -> None:
    """What a deployment's jobs do in the hours after, with an hour's clock moved by hand."""
    for _ in range(QUIET_ROUNDS):
        running.clock.advance(timedelta(minutes=11))
        with running.engine.begin() as connection:
            found = reconcile(connection, running.clock.now())
        found += look_up_unknown(running.engine, running.carriers, running.clock, LOOKED_UP_AT_ONCE)
        while claimed := running.deliver():
            found += claimed
        if not found:
            return


def _judge(running: Campaign, stopped: dict[int, float], endured: Endured) -> None:
    """Hold what the provider counted against what we say."""
    stub, broken = running.stub, endured.broken
    broken += [f"{who}: {times} times" for who, times in stub.by_recipient.items() if times > 1]
    with running.engine.connect() as connection:
        rows = connection.execute(
            select(Message.id, Message.dedupe_key, Message.state, Message.reason, Message.cost)
        ).all()
        spent = connection.scalar(select(func.sum(Spending.spent)))
    for row in rows:
        there = str(row.id) in stub.by_reference
        lost = row.state not in {*THERE, *NOT_THERE, "unknown"}
        if (
            lost
            or (row.state in THERE and not there)
            or (row.state in NOT_THERE and (there or not row.reason))
        ):
            broken.append(f"{row.dedupe_key}: {row.state}, {row.reason}, at the provider: {there}")
        said = stopped.get(int(row.dedupe_key[1:]))
        late = (
            [] if said is None else [at - said for at in stub.by_reference.get(str(row.id), []) if at > said]
        )
        endured.on_their_way += len(late)
        broken += [f"{row.dedupe_key}: {each:.2f} s after stop" for each in late if each > ON_ITS_WAY_SECONDS]
    if len(rows) != endured.messages:
        broken.append(f"{len(rows)} rows")
    if spent != sum(row.cost or 0 for row in rows):
        broken.append(f"spent {spent}")
    endured.states = dict(Counter(f"{row.state} {row.reason or ''}".strip() for row in rows))


def hand_over(running: Campaign, *, workers: int, messages: int) -> Handed:
    """How fast a polite provider gets messages from workers in processes of their own."""
    running.queue(messages)
    before = running.stub.requests
    began = time.monotonic()
    started = [running.start() for _ in range(workers)]
    running.stub.wait_for(before + messages, 600.0)
    seconds = time.monotonic() - began
    for worker in started:
        running.kill(worker)
    return Handed(workers, running.stub.requests - before, seconds, 0.0)


def statements(running: Campaign) -> float:
    """How many statements the database is asked for a message, the claim's share among them."""
    counted = Counter[str]()
    running.queue(LIMIT)

    def listen(*_: object) -> None:
        counted.update(["statement"])

    event.listen(running.engine, "before_cursor_execute", listen)
    sent = running.deliver()
    event.remove(running.engine, "before_cursor_execute", listen)
    return counted["statement"] / sent


@contextmanager
def _database() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="anfang-outreach-"))
    try:
        with EmbeddedServices(home) as services:
            url = services.settings["DATABASE_URL"]
            engine = engine_for(url)
            migrations.upgrade(engine)
            engine.dispose()
            yield url
    finally:
        shutil.rmtree(home)


def measure_kills(kills: int, messages: int) -> Endured:
    """A database of its own, a campaign, so many kills."""
    with _database() as url, campaign(url, polite=False) as running:
        return endure(running, messages=messages, kills=kills)


def measure(messages: int = 2_000) -> list[Handed]:
    """With one worker and with two, each on a database of its own."""
    found = []
    for workers in (1, 2):
        with _database() as url, campaign(url, polite=True) as running:
            handed = hand_over(running, workers=workers, messages=messages)
            with running.engine.begin() as connection:
                connection.exec_driver_sql("DELETE FROM message")
            asked = statements(running)
            found.append(Handed(workers, handed.messages, handed.seconds, asked))
    return found


def markdown(handed: Sequence[Handed]) -> list[str]:
    return [
        "| messages handed to a stub | a second | statements a message |",
        "|---|--:|--:|",
        *(
            f"| {each.workers} worker{'s' if each.workers > 1 else ''} "
            f"| {each.messages / each.seconds:,.0f} | {each.statements:.1f} |"
            for each in handed
        ),
    ]


def sentence(endured: Endured) -> str:
    """The end of a campaign with kills."""
    states = ", ".join(f"{state} {count:,}" for state, count in sorted(endured.states.items()))
    told = [
        f"{endured.messages:,} messages, {endured.kills} kills, {endured.opt_outs} opt-outs",
        f"{endured.seconds:.0f} seconds",
        states,
        f"on their way when their number said stop: {endured.on_their_way}",
        f"promises broken: {len(endured.broken)}",
        *endured.broken[:20],
    ]
    return "\n".join(told)
