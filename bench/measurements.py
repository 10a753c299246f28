"""The measurements over HTTP. A new row of their table is a new entry of `measurements`."""

import itertools
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from bench import form, load
from bench.commits import Committers
from bench.load import Sample
from bench.serving import Served

CLIENTS = 8
DIFFERENT_ANSWERS = 64


class Budget(Protocol):
    """What a measurement must reach (design.md, Budgets)."""

    def least_rate(self, rates: Mapping[str, float]) -> float:
        """How many a second, given what every measurement reached."""


@dataclass(frozen=True, slots=True)
class Share:
    """At least `share` of the rate of the measurement `of`."""

    share: float
    of: str

    def least_rate(self, rates: Mapping[str, float]) -> float:
        return self.share * rates[self.of]


@dataclass(frozen=True, slots=True)
class AtMost:
    """No more than so many seconds each."""

    seconds: float

    def least_rate(self, _rates: Mapping[str, float]) -> float:
        return 1 / self.seconds


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row: `run` measures for so many seconds."""

    key: str
    title: str
    run: Callable[[float], Sample]
    budget: Budget | None = None


def measurements(served: Served, committers: Committers) -> Sequence[Measurement]:
    """In the order of the table, which is also the order within a round."""
    return (
        Measurement("empty", "empty JSON POST", _http(served, _posting("/bench/empty"), 200)),
        Measurement("insert", "handler that inserts one row", _http(served, _posting("/bench/insert"), 201)),
        Measurement(
            "submission",
            "acknowledged submission, 30 answers",
            _http(served, _submitting(served), 201),
            Share(0.6, "insert"),
        ),
        Measurement("commit", "bare commit of one row", committers.run),
    )


def _http(served: Served, request: load.Request, expect: int) -> Callable[[float], Sample]:
    def run(seconds: float) -> Sample:
        return load.run(served.port, request, clients=CLIENTS, seconds=seconds, expect=expect)

    return run


def _posting(path: str) -> load.Request:
    prepared = _message("POST", path, b"{}", {})
    return lambda: prepared


def _submitting(served: Served) -> load.Request:
    """A fresh id each time, so that every one is stored; the answers take turns."""
    world, chance = served.world, random.Random(1)
    bodies = itertools.cycle(
        json.dumps(
            {"wave": world.wave, "subject": world.subject, "answers": form.answers(chance)},
            ensure_ascii=False,
        ).encode()
        for _ in range(DIFFERENT_ANSWERS)
    )
    headers = {"Authorization": f"Bearer {world.firm_key}"}
    return lambda: _message("PUT", f"/api/v1/submissions/{uuid4()}", next(bodies), headers)


def _message(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
