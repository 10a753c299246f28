"""What the worker does about what was handed in: photos, doubts, reviews, pay, counts, call-backs."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from server.db import db, transaction
from server.followup import critical
from server.followup.callbacks import bulletins, opening
from server.followup.doubts import sweeping as positions
from server.followup.doubts import weighing
from server.followup.orders import issuing, reminding
from server.followup.pay import proposing
from server.followup.reviewing import opening as reviews
from server.intake import following, tallying
from server.intake.photos import keeping, looking
from server.services import services

log = structlog.get_logger()


def inspect_attachment(attachment_id: str) -> None:
    looking.inspect_one(db.engine, services().store, UUID(attachment_id), services().clock)
    with transaction() as open_connection:
        weighing.weigh_when_complete(open_connection, UUID(attachment_id))


def weigh_visit(submission_pk: str) -> None:
    given = services()
    with transaction() as open_connection:
        now = given.clock.now()
        weighing.weigh_visit(open_connection, given.forms, UUID(submission_pk), now=now)
        reviews.open_reviews(open_connection, [UUID(submission_pk)], now=now)


def open_reviews(submissions: Sequence[str] = ()) -> None:
    with transaction() as open_connection:
        reviews.open_reviews(open_connection, map(UUID, submissions), now=services().clock.now())


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


def keep_orders() -> None:
    """Orders first, so that whoever gets one hears of it."""
    given, now = services(), services().clock.now()
    with transaction() as open_connection:
        issuing.issue_due(open_connection, given.forms, now=now)
    with transaction() as open_connection:
        reminding.remind(open_connection, now=now)


def count_again() -> None:
    with transaction() as open_connection:
        wrong = tallying.count_again(open_connection)
    if wrong:
        log.warning("counts_were_wrong", counts=wrong)
