"""The worker process: runs the jobs of `server/jobs.py` by their names."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.jobs import Job

from server import queue
from server.jobs import FUNCTIONS, RECURRING
from server.services import services

CONCURRENCY = 4
POLLING_SECONDS = 1.0
STALLED_SECONDS = 60
KEEP_FAILED_HOURS = 72
RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)

log = structlog.get_logger()


def worker_app(app: Flask) -> App:
    """The Procrastinate application whose tasks run inside `app`'s context."""
    procrastinate = App(connector=PsycopgConnector(conninfo=services().settings.database_url))
    for name, function in FUNCTIONS.items():
        procrastinate.task(name=name, retry=False if name in RECURRING else RETRY)(_in_context(app, function))
    procrastinate.task(name="retry_stalled")(_retry_stalled(procrastinate))
    return procrastinate


def run_worker(app: Flask) -> None:
    """Work until told to stop; jobs under way are finished first."""

    async def work() -> None:
        procrastinate = worker_app(app)
        async with procrastinate.open_async():
            await _retry_stalled(procrastinate)()
            await procrastinate.run_worker_async(
                queues=[queue.QUEUE],
                concurrency=CONCURRENCY,
                # The insert-NOTIFY trigger is dropped: it would cost submissions two thirds of their rate.
                listen_notify=False,
                fetch_job_polling_interval=POLLING_SECONDS,
                delete_jobs="successful",
            )

    asyncio.run(work())


def _in_context(app: Flask, function: Callable[..., None]) -> Callable[..., None]:
    def run(**arguments: Any) -> None:
        with app.app_context():
            function(**arguments)

    return run


def _retry_stalled(procrastinate: App) -> Callable[[], Any]:
    async def retry_stalled() -> None:
        """A killed worker leaves its jobs `doing` for ever; nobody else would touch them."""
        stalled = await procrastinate.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS)
        for job in stalled:
            await procrastinate.job_manager.retry_job(job)
            log.info("stalled_job", retried=_job_name(job))
        # A failed job is kept for a while, for whoever looks for the reason.
        await procrastinate.job_manager.delete_old_jobs(KEEP_FAILED_HOURS, include_failed=True)

    return retry_stalled


def _job_name(job: Job) -> str:
    return f"{job.task_name}:{job.id}"
