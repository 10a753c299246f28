"""The measurements. A new row of the table is a new entry of `measurements`."""

import itertools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from bench import form, load
from bench.commits import Committers
from bench.load import Sample
from bench.serving import Served

CLIENTS = 8
DIFFERENT_ANSWERS = 64


@dataclass(frozen=True, slots=True)
class Budget:
    """At least `share` of the rate of the measurement `of` (design.md, Budgets)."""

    share: float
    of: str


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
            Budget(0.6, "insert"),
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
