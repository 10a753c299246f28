"""Names to functions: what the worker does. Every job may run twice, and takes ids, never contents."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from flask import Flask
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.jobs import Job

from server import audit, queue
from server.db import connection, db, transaction
from server.fieldwork.definitions import trials
from server.fieldwork.waves import launching
from server.fieldwork.waves import planning as waves
from server.intake import following, uploads
from server.notify.delivery import deliver_due, follow_accepted
from server.notify.outbox import reconcile
from server.services import services

CONCURRENCY = 4
POLLING_SECONDS = 1.0
SEND_LIMIT = 200
STALLED_SECONDS = 60
KEEP_FAILED_HOURS = 72
RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)

log = structlog.get_logger()


def send_messages() -> None:
    """Send what is due; then again at once while there is more."""
    given = services()
    with transaction() as open_connection:
        reconcile(open_connection, given.clock.now())
    count = deliver_due(db.engine, given.gateway, given.keys, given.clock, SEND_LIMIT)
    if count.claimed == SEND_LIMIT:
        with transaction() as open_connection:
            queue.defer(open_connection, "send_messages")


def follow_messages() -> None:
    """Ask the gateway what became of the messages it accepted."""
    given = services()
    follow_accepted(db.engine, given.gateway, given.clock, SEND_LIMIT)


def launch_invitations(wave_id: str) -> None:
    """A batch a transaction, so that a killed worker loses at most one and repeats none."""
    given = services()
    invited = launching.BATCH
    while invited == launching.BATCH:
        with transaction() as open_connection:
            invited = launching.invite_batch(
                open_connection,
                UUID(wave_id),
                given.keys,
                public_url=given.settings.public_url,
                now=given.clock.now(),
            )
            queue.defer_unless_waiting(open_connection, "send_messages")
    log.info("wave_invited", wave_id=wave_id)


def inspect_attachment(attachment_id: str) -> None:
    uploads.inspect_one(db.engine, services().store, UUID(attachment_id), services().clock)


def follow_submissions() -> None:
    with transaction() as open_connection:
        following.follow_batch(open_connection)


def close_waves() -> None:
    with transaction() as open_connection:
        waves.close_due(open_connection, now=services().clock.now())


def sweep_trials() -> None:
    with transaction() as open_connection:
        trials.sweep(open_connection, now=services().clock.now())


def seal_audit() -> None:
    sealed = audit.SEAL_BATCH
    while sealed == audit.SEAL_BATCH:
        with transaction() as open_connection:
            sealed = audit.seal(open_connection, at=services().clock.now())


def anchor_audit() -> None:
    """Copy the head outside: whoever cuts the tail in the database cannot cut it there."""
    given, now = services(), services().clock.now()
    position, head = audit.head(connection())
    place = f"audit/heads/{position:012d}"
    given.store.put(place, head.hex().encode(), "text/plain")
    given.store.put(audit.NEWEST_HEAD, f"{position} {head.hex()}".encode(), "text/plain")
    with transaction() as open_connection:
        audit.anchored(open_connection, position=position, value=head, place=place, at=now)


FUNCTIONS: dict[str, Callable[..., None]] = {
    "send_messages": send_messages,
    "follow_messages": follow_messages,
    "launch_invitations": launch_invitations,
    "inspect_attachment": inspect_attachment,
    "follow_submissions": follow_submissions,
    "close_waves": close_waves,
    "sweep_trials": sweep_trials,
    "seal_audit": seal_audit,
    "anchor_audit": anchor_audit,
}


# The clock defers them again in seconds; a retry on top would only make two of them wait.
RECURRING = frozenset(
    {"send_messages", "follow_messages", "follow_submissions", "seal_audit", "close_waves", "sweep_trials"}
)


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
