"""What this PostgreSQL commits in a second, asked by bare processes with one connection each.

The ceiling of every handler that writes, with neither HTTP nor SQLAlchemy in between.
"""

import multiprocessing
import time
import uuid
from multiprocessing.pool import Pool
from types import TracebackType
from typing import Self

import psycopg

from bench.load import Sample

START_TOGETHER_SECONDS = 0.2
INSERT = "INSERT INTO bench_row (id, body, received_at) VALUES (%s, %s, now())"

_connection: psycopg.Connection


class Committers:
    """Processes that hold their connections over all rounds. A context manager."""

    def __init__(self, database_url: str, count: int) -> None:
        self._count = count
        # Not forked: the child would share the parent's threads' locks and open sockets.
        context = multiprocessing.get_context("spawn")
        self._pool: Pool = context.Pool(count, _connect, [database_url])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.terminate()
        self._pool.join()

    def run(self, seconds: float) -> Sample:
        """One row and one commit after the other, on every connection at once."""
        start = time.monotonic() + START_TOGETHER_SECONDS
        # A chunk each: whoever has taken one waits for `start`, so every process gets exactly one.
        found = self._pool.map(_commit_until, [(start, start + seconds)] * self._count, chunksize=1)
        return Sample(tuple(latency for each in found for latency in each), seconds)


def _connect(database_url: str) -> None:
    global _connection
    _connection = psycopg.connect(database_url)


def _commit_until(span: tuple[float, float]) -> list[float]:
    start, end = span
    time.sleep(max(0.0, start - time.monotonic()))
    latencies = []
    while (begun := time.monotonic()) < end:
        _connection.execute(INSERT, [uuid.uuid4(), "{}"])
        _connection.commit()
        latencies.append(time.monotonic() - begun)
    return latencies
