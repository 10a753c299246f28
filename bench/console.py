"""Every page of the console over a million submissions: times at the server, warm, without the network."""

import gc
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Rule

from bench import million
from server import config
from server.accounts import sessions
from server.app import create_app
from server.clock import SystemClock
from server.db import db
from server.embedded.services import EmbeddedServices
from server.jobs import rounds

BUDGET_MS = 200.0
RUNS = 20
# Once is enough to know that a page like this misses its budget.
TOO_LONG_MS = 5_000.0


@dataclass(frozen=True, slots=True)
class Timed:
    """One page: its milliseconds, the size of its answer, and the most memory the process has had by then."""

    page: str
    status: int
    p50: float
    p95: float
    own: float
    bytes: int
    peak_mb: float


def measure() -> str:
    """Fill a database of its own, ask for every page, and say it as a Markdown table."""
    folder = Path(tempfile.mkdtemp(prefix="anfang-million-"))
    try:
        with EmbeddedServices(folder) as services:
            app = create_app(config.load(services.settings | {"ANFANG_HOME": str(folder)}))
            began = time.monotonic()
            with app.app_context():
                filled = million.fill(db.engine)
            seconds = time.monotonic() - began
            return table(list(ask_all(app, filled)), seconds)
    finally:
        shutil.rmtree(folder)


def ask_all(app: Flask, filled: million.Filled) -> Iterator[Timed]:
    client = signed_in(app)
    _preview(app, client, filled)
    for address in addresses(app, filled):
        yield _timed(client, address)


def _preview(app: Flask, client: FlaskClient, filled: million.Filled) -> None:
    """Ask for the planned survey's draw, and work it out as the worker would."""
    client.get(f"/console/waves/{filled.planned}")
    with app.app_context():
        with db.engine.connect() as connection:
            asked = connection.execute(text("SELECT wave_id::text, choices FROM draw_preview")).all()
        for wave_id, choices in asked:
            rounds.preview_draw(wave_id, choices)


def signed_in(app: Flask) -> FlaskClient:
    """A client with the session of somebody who may see everything."""
    now = SystemClock().now()
    with app.app_context(), db.engine.begin() as connection:
        new = sessions.sign_in(connection, million.LOGIN, million.PASSWORD, address="127.0.0.1", now=now)
    client = app.test_client()
    client.set_cookie("staff", new.secret)
    return client


def addresses(app: Flask, filled: million.Filled) -> list[str]:
    """Each GET of the console for which there is something to show, and what is asked of the long lists."""
    with app.app_context(), db.engine.connect() as connection:
        known = dict(connection.execute(text(_KNOWN), {"wave": filled.survey}).mappings().one())
    waves = {"survey": filled.survey, "visit": filled.visit, "planned": filled.planned}
    found: list[str] = []
    with app.test_request_context():
        rules = sorted(app.url_map.iter_rules(), key=str)
        for rule in (
            each for each in rules if str(each).startswith("/console") and "GET" in (each.methods or ())
        ):
            for wave_id in waves.values() if "wave_id" in rule.arguments else (None,):
                values = {"wave_id": wave_id, **known}
                if rule.arguments <= set(values):
                    found.append(_address(rule, values))
    survey = f"/console/waves/{filled.survey}/submissions"
    return [
        *found,
        f"{survey}?after={known['pk']}",
        "/console/contacts?unit=B0007",
        "/console/search?q=K0012345",
        "/console/search?q=第1",
    ]


_KNOWN = """
SELECT (SELECT id FROM unit WHERE code = 'B0007') AS unit_id,
    (SELECT id FROM submission WHERE wave_id = :wave ORDER BY received_at OFFSET 500 LIMIT 1) AS pk,
    (SELECT id FROM person LIMIT 1) AS person_id, (SELECT key FROM form ORDER BY key LIMIT 1) AS key,
    1 AS number, 'correct' AS deed
"""


def _address(rule: Rule, values: dict[str, Any]) -> str:
    built = rule.build({name: values[name] for name in rule.arguments})
    assert built is not None
    return built[1]


def _timed(client: FlaskClient, address: str) -> Timed:
    for _ in range(2):
        answer = client.get(address, buffered=True)
    times = []
    gc.collect()
    worked = time.process_time()
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = client.get(address, buffered=True)
        times.append((time.perf_counter() - began) * 1000)
        if times[0] > TOO_LONG_MS:
            break
    p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    own = (time.process_time() - worked) * 1000 / len(times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Timed(address, answer.status_code, statistics.median(times), p95, own, len(answer.data), peak)


def table(rows: list[Timed], seconds: float) -> str:
    lines = [
        f"{million.SUBMISSIONS:,} submissions; filled in {seconds:.0f} s; load {os.getloadavg()[0]:.1f}",
        "",
        "| page | status | p50 ms | p95 ms | of it Python | bytes | peak MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        p95 = f"{row.p95:.0f}{': missed' if row.p95 > BUDGET_MS else ''}"
        lines.append(
            f"| {row.page} | {row.status} | {row.p50:.0f} | {p95} | {row.own:.0f} | {row.bytes:,} |"
            f" {row.peak_mb:.0f} |"
        )
    return "\n".join(lines)
