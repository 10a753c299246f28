from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, func, select

from server.fieldwork.responding import Task, find_by_token, redeem
from server.fieldwork.returning import choose_language, chosen_language, decline, has_declined
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.contacts import ContactPrivate, OptOut
from server.models.tasks import Invitation
from server.notify.respect.opt_outs import opt_out
from tests import builders
from tests.builders import DAY, NOW

SECOND = timedelta(seconds=1)


def invited(connection: Connection, keys: KeyRing) -> list[Task]:
    created = builders.create_invitations(connection, keys)
    tasks = [find_by_token(connection, each.token, "invitation", now=NOW) for each in created]
    return [task for task in tasks if task is not None]


def say_stop(connection: Connection, task: Task, source: str) -> None:
    """The number behind an invitation says stop in another way than by its link."""
    phone = (
        select(ContactPrivate.phone_hash)
        .join(Invitation, Invitation.contact_id == ContactPrivate.contact_id)
        .where(Invitation.id == task.id)
    )
    opt_out(connection, [connection.execute(phone).scalar_one()], source, NOW)


def test_what_was_said_last_counts(connection: Connection, keys: KeyRing) -> None:
    task, other, *_ = invited(connection, keys)
    heard = [has_declined(connection, task)]
    for turn in range(2):
        decline(connection, task, now=NOW + 2 * turn * DAY)
        heard.append(has_declined(connection, task))
        redeem(connection, task, locale="zh", now=NOW + (2 * turn + 1) * DAY)
        heard.append(has_declined(connection, task))
    assert heard == [False, True, False, True, False]
    assert not has_declined(connection, other)
    # Answering after all is no wish for messages.
    assert connection.scalar(select(func.count()).select_from(OptOut)) == 1


def test_declining_again_changes_nothing(connection: Connection, keys: KeyRing) -> None:
    task, *_ = invited(connection, keys)
    decline(connection, task, now=NOW)
    decline(connection, task, now=NOW + DAY)
    assert connection.execute(select(OptOut.at)).scalars().all() == [NOW]
    lines = select(func.count()).where(AuditLine.action == "opted_out")
    assert connection.scalar(lines) == 1


def test_five_presses_are_one(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        task, *_ = invited(connection, keys)

    def press(_turn: int) -> None:
        with engine.begin() as connection:
            decline(connection, task, now=NOW)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(press, range(5)))
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(AuditLine.action == "opted_out")) == 1


@pytest.mark.parametrize(
    ("source", "declined"), [("reply", True), ("coordinator", True), ("provider", False)]
)
def test_a_number_stopped_elsewhere(
    connection: Connection, keys: KeyRing, source: str, declined: bool
) -> None:
    task, *_ = invited(connection, keys)
    say_stop(connection, task, source)
    assert has_declined(connection, task) is declined
    decline(connection, task, now=NOW + DAY)
    assert has_declined(connection, task)


def test_a_shopper_never_declined(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    task = find_by_token(connection, builders.create_visit(connection, keys).token, "assignment", now=NOW)
    assert task is not None
    assert not has_declined(connection, task)
    redeem(connection, task, locale="en", now=NOW)
    assert chosen_language(connection, task) == "en"


def test_the_language_is_that_of_the_last_device(connection: Connection, keys: KeyRing) -> None:
    task, other, *_ = invited(connection, keys)
    assert chosen_language(connection, task) is None
    redeem(connection, task, locale="en", now=NOW + SECOND)
    redeem(connection, task, locale="zh", now=NOW)
    redeem(connection, other, locale="zh", now=NOW + DAY)
    assert chosen_language(connection, task) == "en"
    choose_language(connection, task, "zh")
    assert chosen_language(connection, task) == "zh"
