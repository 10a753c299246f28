"""Deferring background work by name, in the caller's own transaction.

Lower layers know a job only by its name; `server/jobs.py` binds names to functions, and a test proves that
every name is bound. The job row is written on the caller's connection: it exists exactly when the data
exist. No `queueing_lock` and no defer inside a SAVEPOINT: a caught AlreadyEnqueued would lose the caller's
rows at commit without an error.
"""

from typing import Final

from procrastinate import App, SyncPsycopgConnector
from procrastinate.types import JSONValue
from sqlalchemy import Connection, text

# Job name -> what it does. Every task may run twice.
JOBS: Final[dict[str, str]] = {
    "send_messages": "hand queued messages to the SMS gateway",
    "follow_messages": "ask the gateway what became of the messages it accepted",
    "fetch_replies": "fetch the receipts and replies that the SMS gateway keeps for us",
    "send_reminders": "remind those who have not answered, and try bounced messages once more",
    "send_alerts": "tell people of notices by message, who asked for that",
    "watch_sending": "stop campaigns that are above a limit, and tell of it",
    "sweep_messages": "forget messages that were kept long enough",
    "inspect_attachment": "verify an uploaded photo and make its thumbnail",
    "sweep_photos": "remove originals, refused bytes and unnamed photos whose time is over",
    "follow_submissions": "take pending rows of new submissions, and changed counts, in batches",
    "open_call_back": "open cases for answers that are not satisfied, and for wishes to be rung",
    "propose_pay": "propose what visits that were handed in bring those who made them",
    "raise_critical": "raise notices of critical failures, and take back what a revision mended",
    "weigh_visit": "weigh what a visit's evidence is worth",
    "empty_positions": "empty positions that were kept long enough",
    "make_bulletins": "make the bulletins of last week for every unit",
    "open_reviews": "open the reviews of reports that came without a visit of ours",
    "keep_orders": "issue the orders that settlements ask for, and remind of those that are due",
    "count_again": "make sure that the counts of waves are what is there",
    "launch_invitations": "write the invitations and messages of a launched wave in batches",
    "preview_draw": "work out what a draw from a large frame would give",
    "draw_wave": "draw a wave's sample from a large frame",
    "release_reserves": "let reserves stand in for people who cannot be reached",
    "close_waves": "close waves whose time is over",
    "sweep_trials": "remove what people typed while they tried out drafts of forms",
    "plan_timetables": "bring the timetables of waves in line with their dates",
    "fire_entry": "tell people what a timetable says it is time for",
    "keep_duties": "generate what the ledgers of duties owe in the coming days",
    "follow_duty_forms": "take forms that were handed in as proofs of duties",
    "inspect_duty_file": "look at a photo or video that proves a duty",
    "import_rows": "pass over a long file of contacts or service events",
    "draw_rolling_waves": "draw from yesterday's service events, and ask about them",
    "close_leavers": "close everybody whose last day has come",
    "seal_audit": "chain unsealed audit lines",
    "anchor_audit": "copy the head of the audit chain to the object store",
    "retry_stalled": "put jobs of killed workers back into the queue",
}

QUEUE: Final = "anfang"
# Workers report every ten seconds.
WORKER_SILENCE: Final = 30

# Deferring needs no pool of its own: every insert runs on the connection it is handed.
_app = App(connector=SyncPsycopgConnector())


def defer(connection: Connection, job: str, **arguments: JSONValue) -> None:
    """Write a job on the caller's connection.

    Raises:
        KeyError: for a name that is not in `JOBS`, at the call and not in a worker at night.
    """
    if job not in JOBS:
        raise KeyError(job)
    if not connection.in_transaction():
        # The driver would begin one that SQLAlchemy knows nothing of, and `commit` would do nothing.
        connection.begin()
    driver = connection.connection.driver_connection
    _app.configure_task(job, queue=QUEUE, connection=driver).defer(**arguments)


def defer_unless_waiting(connection: Connection, job: str) -> bool:
    """Defer a chore unless it already waits: while no worker runs, a clock must not pile chores up."""
    waiting = text(
        "SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :job AND scheduled_at IS NULL"
        " LIMIT 1"
    )
    if connection.scalar(waiting, {"job": job}):
        return False
    defer(connection, job)
    return True


def has_worker(connection: Connection, *, within_seconds: int = WORKER_SILENCE) -> bool:
    """Whether a worker gave a sign of life lately."""
    alive = text(
        "SELECT EXISTS (SELECT FROM procrastinate_workers"
        " WHERE last_heartbeat > now() - make_interval(secs => :seconds))"
    )
    return bool(connection.scalar(alive, {"seconds": within_seconds}))


def failed(connection: Connection) -> int:
    """How many jobs were given up, and are kept for whoever looks for the reason."""
    query = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
    return int(connection.scalar(query) or 0)


def depth(connection: Connection) -> int:
    """How many jobs wait."""
    return int(connection.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")) or 0)
