"""Names to functions: what the worker does. Every job may run twice, and takes ids, never contents."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from server import audit, queue
from server.db import connection, db, transaction
from server.errors import Refusal
from server.fieldwork.contacts.imports import runs as import_runs
from server.fieldwork.contacts.rolling import drawing as rolling
from server.fieldwork.contacts.rolling import inviting as rolling_invitations
from server.fieldwork.definitions import trials
from server.fieldwork.duties import files as duty_files
from server.fieldwork.duties import forms as duty_forms
from server.fieldwork.duties import generating
from server.fieldwork.outreach import alerts, inviting, reminders, watching
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.policy import sending_policy
from server.fieldwork.outreach.portions import take_portion
from server.fieldwork.people import leaving
from server.fieldwork.timetable import firing
from server.fieldwork.timetable import planning as timetables
from server.fieldwork.visits import assigning
from server.fieldwork.waves import drawing, launching, previews, reserves
from server.fieldwork.waves import states as waves
from server.followup import critical
from server.followup.callbacks import bulletins, opening, overdue
from server.followup.doubts import sweeping as positions
from server.followup.doubts import weighing
from server.followup.pay import proposing
from server.intake import following, tallying
from server.intake.photos import keeping, looking
from server.notify.outbox import sweeping as old_messages
from server.notify.outbox.again import try_again
from server.notify.outbox.delivery import deliver_due, follow_accepted
from server.notify.outbox.settling import reconcile
from server.notify.outbox.unknown import look_up_unknown
from server.notify.protocol import Collecting
from server.notify.respect.rules import read_rules
from server.scope import EVERYTHING
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


def preview_draw(wave_id: str, choices: str) -> None:
    with transaction() as open_connection:
        previews.work_preview(open_connection, UUID(wave_id), choices, now=services().clock.now())


def draw_wave(wave_id: str, by: str) -> None:
    """A wave that cannot be drawn any more is let go; its page says what is wrong with its choices."""
    try:
        with transaction() as open_connection:
            drawing.draw_wave(open_connection, UUID(wave_id), EVERYTHING, by=by, now=services().clock.now())
    except Refusal as refusal:
        log.warning("draw_refused", wave_id=wave_id, code=refusal.code)
    with transaction() as open_connection:
        drawing.end_draw(open_connection, UUID(wave_id))


def inspect_attachment(attachment_id: str) -> None:
    looking.inspect_one(db.engine, services().store, UUID(attachment_id), services().clock)
    with transaction() as open_connection:
        weighing.weigh_when_complete(open_connection, UUID(attachment_id))


def weigh_visit(submission_pk: str) -> None:
    given = services()
    with transaction() as open_connection:
        weighing.weigh_visit(open_connection, given.forms, UUID(submission_pk), now=given.clock.now())


def empty_positions() -> None:
    given, emptied = services(), positions.BATCH
    while emptied == positions.BATCH:
        with transaction() as open_connection:
            emptied = positions.empty_positions(
                open_connection, given.settings.trail_days, now=given.clock.now()
            )


def sweep_photos() -> None:
    """Originals, refused bytes and photos that nobody named, when their time is over."""
    given = services()
    keeping.sweep_all(db.engine, given.store, given.settings.photos, given.clock)


def follow_submissions() -> None:
    with transaction() as open_connection:
        following.follow_batch(open_connection)
    folded = tallying.BATCH
    while folded == tallying.BATCH:
        with transaction() as open_connection:
            folded = tallying.fold_batch(open_connection)


def open_call_back(submissions: Sequence[str] = (), inbound_id: str | None = None) -> None:
    """A transaction each: an answer that cannot be understood must not keep the next customer waiting."""
    now = services().clock.now()
    for submission_pk in submissions:
        with transaction() as open_connection:
            opening.open_for_submission(open_connection, UUID(submission_pk), now)
    if inbound_id is not None:
        with transaction() as open_connection:
            opening.open_for_message(open_connection, UUID(inbound_id), now)


def raise_critical(submissions: Sequence[str] = (), waves: Sequence[str] = ()) -> None:
    """For submissions that arrived or were revised, and for waves of visits that have closed."""
    given, now = services(), services().clock.now()
    with transaction() as open_connection:
        found = [UUID(each) for each in submissions]
        critical.raise_critical(open_connection, given.forms, found, now=now)
        critical.tell_managers(open_connection, [UUID(each) for each in waves], now=now)


def propose_pay(assignments: Sequence[str] = ()) -> None:
    """For visits that were just handed in; without any, for all that have no line yet."""
    now = services().clock.now()
    with transaction() as open_connection:
        found = [UUID(each) for each in assignments]
        proposing.propose_for(
            open_connection, found or proposing.visits_to_pay(open_connection, now=now), now=now
        )


def make_bulletins() -> None:
    """Last week's, on the city's clocks; those that were made already stay as they are."""
    given = services()
    week = bulletins.last_week(given.clock.now())
    with transaction() as open_connection:
        bulletins.make_all(open_connection, week, given.keys, now=given.clock.now())


def count_again() -> None:
    with transaction() as open_connection:
        wrong = tallying.count_again(open_connection)
    if wrong:
        log.warning("counts_were_wrong", counts=wrong)


def close_waves() -> None:
    with transaction() as open_connection:
        waves.close_due(open_connection, now=services().clock.now())


def plan_timetables() -> None:
    """A transaction a wave: planning locks it, and nobody should wait for all of them."""
    now, years = services().clock.now(), set[tuple[str, int]]()
    for wave_id in timetables.waves_to_plan(connection(), now=now):
        with transaction() as open_connection:
            years |= timetables.plan_wave(open_connection, wave_id, now=now)[1]
    for programme, year in sorted(years):
        with transaction() as open_connection:
            timetables.plan_year(open_connection, programme, year, now=now)


def fire_entry(entry_id: str, occurs_at: str) -> None:
    with transaction() as open_connection:
        firing.fire_entry(
            open_connection, UUID(entry_id), datetime.fromisoformat(occurs_at), now=services().clock.now()
        )


def release_reserves() -> None:
    with transaction() as open_connection:
        reserves.release_reserves(open_connection, now=services().clock.now())


def sweep_trials() -> None:
    with transaction() as open_connection:
        trials.sweep(open_connection, now=services().clock.now())


def keep_duties() -> None:
    """A stretch of days a transaction, so that a clock that was down for long catches up in order."""
    waiting = True
    while waiting:
        with transaction() as open_connection:
            waiting = generating.keep_next(open_connection, now=services().clock.now())


def follow_duty_forms() -> None:
    with transaction() as open_connection:
        duty_forms.follow_forms(open_connection, now=services().clock.now())


def inspect_duty_file(file_id: str) -> None:
    duty_files.inspect_file(db.engine, services().store, UUID(file_id), services().clock)


def import_rows(run_id: str) -> None:
    import_runs.work_run(db.engine, services().keys, services().clock, UUID(run_id))


def draw_rolling_waves() -> None:
    """A transaction for each wave's draw and for each batch of its invitations."""
    given, now = services(), services().clock.now()
    for wave_id in rolling.rolling_waves(connection(), now=now):
        with transaction() as open_connection:
            rolling.draw_night(open_connection, wave_id, now=now)
        invited = inviting.BATCH
        while invited == inviting.BATCH:
            with transaction() as open_connection:
                invited = rolling_invitations.invite_drawn(
                    open_connection, wave_id, given.keys, public_url=given.settings.public_url, now=now
                )


def close_leavers() -> None:
    with transaction() as open_connection:
        leaving.close_leavers(open_connection, now=services().clock.now())


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
    "fetch_replies": fetch_replies,
    "send_reminders": send_reminders,
    "watch_sending": watch_sending,
    "sweep_messages": sweep_messages,
    "launch_invitations": launch_invitations,
    "send_alerts": send_alerts,
    "preview_draw": preview_draw,
    "draw_wave": draw_wave,
    "inspect_attachment": inspect_attachment,
    "sweep_photos": sweep_photos,
    "follow_submissions": follow_submissions,
    "open_call_back": open_call_back,
    "raise_critical": raise_critical,
    "weigh_visit": weigh_visit,
    "empty_positions": empty_positions,
    "propose_pay": propose_pay,
    "make_bulletins": make_bulletins,
    "count_again": count_again,
    "release_reserves": release_reserves,
    "close_waves": close_waves,
    "sweep_trials": sweep_trials,
    "plan_timetables": plan_timetables,
    "fire_entry": fire_entry,
    "keep_duties": keep_duties,
    "follow_duty_forms": follow_duty_forms,
    "inspect_duty_file": inspect_duty_file,
    "import_rows": import_rows,
    "draw_rolling_waves": draw_rolling_waves,
    "close_leavers": close_leavers,
    "seal_audit": seal_audit,
    "anchor_audit": anchor_audit,
}


# The clock defers them again in seconds; a retry on top would only make two of them wait.
RECURRING = frozenset(
    {
        "send_messages",
        "follow_messages",
        "send_reminders",
        "watch_sending",
        "sweep_messages",
        "fetch_replies",
        "send_alerts",
        "follow_submissions",
        "sweep_photos",
        "seal_audit",
        "close_waves",
        "sweep_trials",
        "plan_timetables",
        "keep_duties",
        "follow_duty_forms",
        "empty_positions",
        "close_leavers",
        "propose_pay",
        "release_reserves",
    }
)
