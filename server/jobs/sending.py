"""What the worker does about messages: out, back, and whom nobody hears from."""

from uuid import UUID

import structlog

from server import queue
from server.db import connection, db, transaction
from server.fieldwork.outreach import alerts, inviting, reminders, watching
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.policy import sending_policy
from server.fieldwork.outreach.portions import take_portion
from server.fieldwork.visits import assigning
from server.fieldwork.waves import launching
from server.followup import announcing
from server.followup.callbacks import overdue
from server.notify.outbox import sweeping as old_messages
from server.notify.outbox.again import try_again
from server.notify.outbox.delivery import deliver_due, follow_accepted
from server.notify.outbox.settling import reconcile
from server.notify.outbox.unknown import look_up_unknown
from server.notify.protocol import Collecting
from server.notify.respect.rules import read_rules
from server.services import services

SEND_LIMIT = 200
LOOK_UP_LIMIT = 50

log = structlog.get_logger()


def send_messages() -> None:
    """Send what is due; then again at once while there is more. Without rules that can be read, nothing."""
    given = services()
    with transaction() as open_connection:
        reconcile(open_connection, given.clock.now())
        policy = sending_policy(open_connection)
    count = deliver_due(db.engine, given.carriers, policy, given.clock, SEND_LIMIT)
    if count.claimed == SEND_LIMIT:
        with transaction() as open_connection:
            queue.defer(open_connection, "send_messages")


def follow_messages() -> None:
    """Ask the gateways what became of the messages they accepted, or may have."""
    given = services()
    follow_accepted(db.engine, given.carriers, given.clock, SEND_LIMIT)
    look_up_unknown(db.engine, given.carriers, given.clock, LOOK_UP_LIMIT)


def send_reminders() -> None:
    """A transaction for each batch of people."""
    given, now = services(), services().clock.now()
    sender = Sender(given.keys, given.settings.public_url)
    for wave_id in reminders.reminding_waves(connection(), now=now):
        reminded = inviting.BATCH
        while reminded == inviting.BATCH:
            with transaction() as open_connection:
                reminded = reminders.remind_batch(open_connection, wave_id, sender, now=now)
    with transaction() as open_connection:
        try_again(open_connection, now, SEND_LIMIT)


def watch_sending() -> None:
    with transaction() as open_connection:
        rules = read_rules(open_connection)
        watching.watch_sending(open_connection, rules, now=services().clock.now())


def sweep_messages() -> None:
    swept = old_messages.BATCH
    while swept == old_messages.BATCH:
        with transaction() as open_connection:
            months = read_rules(open_connection).kept_months
            swept = old_messages.sweep_batch(open_connection, months, now=services().clock.now())


def fetch_replies() -> None:
    """A transaction for each portion, which the gateway may forget once it is committed."""
    given = services()
    if not isinstance(given.gateway, Collecting):
        return
    for portion in given.gateway.collect():
        with transaction() as open_connection:
            take_portion(
                open_connection,
                given.gateway.name,
                portion,
                sender=Sender(given.keys, given.settings.public_url),
                forms=given.forms,
                now=given.clock.now(),
            )
        portion.done()


def send_alerts() -> None:
    """Tell people of new notices by message, a portion a transaction; some are only raised here."""
    given, told = services(), alerts.PORTION
    while told == alerts.PORTION:
        with transaction() as open_connection:
            alerts.raise_stops(open_connection, now=given.clock.now())
            overdue.raise_overdue(open_connection, now=given.clock.now())
            announcing.announce_due(open_connection, now=given.clock.now())
            told = alerts.tell(open_connection, given.keys, given.settings.public_url, now=given.clock.now())


def launch_invitations(wave_id: str) -> None:
    """A batch a transaction, so that a killed worker loses at most one and repeats none."""
    given = services()
    # A wave has invitations or assignments: the other of the two finds nobody to write to.
    for write, batch in ((launching.invite_batch, inviting.BATCH), (assigning.tell_batch, assigning.BATCH)):
        written = batch
        while written == batch:
            with transaction() as open_connection:
                written = write(
                    open_connection,
                    UUID(wave_id),
                    given.keys,
                    public_url=given.settings.public_url,
                    now=given.clock.now(),
                )
                queue.defer_unless_waiting(open_connection, "send_messages")
    log.info("wave_invited", wave_id=wave_id)
