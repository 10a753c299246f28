from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, text, update

from server.db import Base
from server.errors import Refusal
from server.fieldwork import drafts
from server.fieldwork.carrying import PageAnswers
from server.fieldwork.drafts import SavedDraft
from server.fieldwork.responding import (
    READABLE_AFTERWARDS,
    Kind,
    Task,
    change_language,
    decline,
    find_by_session,
    find_by_token,
    received_at,
    redeem,
)
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.contacts import OptOut
from server.models.messages import Message
from server.models.tasks import Invitation
from tests import builders
from tests.blocking import wait_for_blocked
from tests.builders import DAY, NOW

FORMS = FormShelf()


def load_draft(connection: Connection, task: Task) -> SavedDraft | None:
    return drafts.load_draft(connection, task, FORMS, now=NOW)


def save_draft(
    connection: Connection, task: Task, answers: dict[str, Any], page: int = 0, *cleared: str
) -> SavedDraft:
    said = PageAnswers(page, answers, frozenset(cleared))
    return drafts.save_draft(connection, task, said, FORMS, now=NOW)


def invited(connection: Connection, keys: KeyRing) -> tuple[Task, str]:
    created = builders.create_invitation(connection, keys)
    task = find_by_token(connection, created.token, "invitation", now=NOW)
    assert task is not None
    assert task.id == created.id
    return task, created.token


def visiting(connection: Connection, keys: KeyRing, **changes: Any) -> tuple[Task, str]:
    builders.create_units(connection)
    created = builders.create_visit(connection, keys, **changes)
    task = find_by_token(connection, created.token, "assignment", now=NOW)
    assert task is not None
    return task, created.token


def everything(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table as text."""
    return {
        table: sorted(connection.execute(text(f'SELECT "{table}"::text FROM "{table}"')).scalars())
        for table in Base.metadata.tables
    }


def test_looking_at_a_link_writes_nothing(connection: Connection, keys: KeyRing) -> None:
    task, token = invited(connection, keys)
    before = everything(connection)
    assert find_by_token(connection, token, "invitation", now=NOW) == task
    assert task.standing(NOW) == "open"
    assert load_draft(connection, task) is None
    assert received_at(connection, task) is None
    assert find_by_session(connection, "x" * 16, "y", now=NOW) is None
    assert everything(connection) == before


@pytest.mark.parametrize("kind", ["invitation", "assignment"])
@pytest.mark.parametrize("token", ["", "x", "x" * 65, "x" * 10_000, "\x00", "%", "é"])
def test_links_that_were_never_given_out(connection: Connection, kind: Kind, token: str) -> None:
    assert find_by_token(connection, token, kind, now=NOW) is None


def test_a_link_opens_only_its_own_door(connection: Connection, keys: KeyRing) -> None:
    _, token = invited(connection, keys)
    assert find_by_token(connection, token, "assignment", now=NOW) is None


def test_redeeming_starts_the_task_once(connection: Connection, keys: KeyRing) -> None:
    task, token = invited(connection, keys)
    first = redeem(connection, task, locale="en", now=NOW)
    second = redeem(connection, task, locale="zh", now=NOW + DAY)
    assert (first.ref, first.secret) != (second.ref, second.secret)
    assert token not in {first.ref, first.secret}
    started = find_by_token(connection, token, "invitation", now=NOW)
    assert started is not None
    assert started.started_at == NOW
    assert started.standing(NOW) == "started"
    lines = select(func.count()).where(AuditLine.action == "task_started")
    assert connection.scalar(lines) == 1


def test_a_session_needs_its_address_and_its_cookie(connection: Connection, keys: KeyRing) -> None:
    task, _ = invited(connection, keys)
    mine, other = (redeem(connection, task, locale=locale, now=NOW) for locale in ("zh", "en"))
    found = find_by_session(connection, mine.ref, mine.secret, now=NOW)
    assert found is not None
    assert (found[0].id, found[1]) == (task.id, "zh")
    for ref, secret in (
        (mine.ref, other.secret),
        (mine.ref, ""),
        ("", mine.secret),
        ("\x00" * 16, mine.secret),
        ("x" * 5000, mine.secret),
    ):
        assert find_by_session(connection, ref, secret, now=NOW) is None


def test_a_sessions_language_stays(connection: Connection, keys: KeyRing) -> None:
    task, _ = invited(connection, keys)
    session = redeem(connection, task, locale="zh", now=NOW)
    change_language(connection, session.ref, "en")
    found = find_by_session(connection, session.ref, session.secret, now=NOW)
    assert found is not None
    assert found[1] == "en"


def test_a_session_outlives_its_link_for_reading(connection: Connection, keys: KeyRing) -> None:
    task, _ = invited(connection, keys)
    session = redeem(connection, task, locale="zh", now=NOW)
    found = find_by_session(connection, session.ref, session.secret, now=task.expires_at)
    assert found is not None
    assert found[0].standing(task.expires_at) == "expired"
    over = task.expires_at + READABLE_AFTERWARDS
    assert find_by_session(connection, session.ref, session.secret, now=over) is None


@pytest.mark.parametrize(
    ("changes", "now", "standing"),
    [
        ({}, NOW, "open"),
        ({"started_at": NOW}, NOW, "started"),
        ({"completed_at": NOW, "wave_state": "closed"}, NOW + 99 * DAY, "finished"),
        ({}, NOW + 14 * DAY, "expired"),
        ({}, NOW + 14 * DAY - timedelta(seconds=1), "open"),
        ({"wave_state": "closed"}, NOW, "closed"),
        ({"wave_state": "drawn"}, NOW, "closed"),
        ({}, NOW - 2 * DAY, "early"),
        ({"wave_state": "closed"}, NOW + 14 * DAY, "expired"),
    ],
)
def test_how_a_link_stands(
    connection: Connection, keys: KeyRing, changes: dict[str, Any], now: datetime, standing: str
) -> None:
    task, _ = invited(connection, keys)
    assert replace(task, **changes).standing(now) == standing


def test_a_visit_has_a_window_of_its_own(connection: Connection, keys: KeyRing) -> None:
    task, _ = visiting(connection, keys, opens_at=NOW + DAY, expires_at=NOW + 2 * DAY)
    moments = [NOW, NOW + DAY, NOW + 2 * DAY]
    assert [task.standing(at) for at in moments] == ["early", "open", "expired"]
    assert (task.unit_name, task.unit_name_en, task.large_type) == ("青年路支行", "Youth Road", False)


def test_pages_are_merged_and_emptied_answers_go(connection: Connection, keys: KeyRing) -> None:
    task, _ = invited(connection, keys)
    save_draft(connection, task, {"overall": 5, "comment": "好"})
    saved = save_draft(connection, task, {"speed": 4}, 1, "comment")
    assert (saved.answers, saved.page, saved.revision) == ({"overall": 5, "speed": 4}, 1, 2)
    assert load_draft(connection, task) == saved


def test_a_page_that_comes_after_the_answers_were_handed_in(connection: Connection, keys: KeyRing) -> None:
    task, _ = invited(connection, keys)
    connection.execute(update(Invitation).where(Invitation.id == task.id).values(completed_at=NOW))
    with pytest.raises(Refusal, match="link_finished"):
        save_draft(connection, task, {"overall": 1})
    assert load_draft(connection, task) is None


@pytest.mark.parametrize("before", [{}, {"first": 0}])
def test_two_devices_at_once_lose_nothing(engine: Engine, keys: KeyRing, before: dict[str, int]) -> None:
    with engine.begin() as connection:
        task, _ = invited(connection, keys)
        if before:
            save_draft(connection, task, before)

    def save(connection: Connection, name: str) -> None:
        save_draft(connection, task, {name: 1}, 1)

    def tablet() -> None:
        with engine.begin() as connection:
            save(connection, "tablet")

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            save(connection, "phone")
            saving = pool.submit(tablet)
            wait_for_blocked(engine, 1)
        saving.result()
    with engine.connect() as connection:
        draft = load_draft(connection, task)
    assert draft is not None
    assert draft.answers == {**before, "phone": 1, "tablet": 1}
    assert draft.revision == len(draft.answers)


def test_declining_stops_every_message(connection: Connection, keys: KeyRing) -> None:
    task, _ = invited(connection, keys)
    decline(connection, task, now=NOW)
    decline(connection, task, now=NOW)
    assert connection.execute(select(OptOut.source)).all() == [("link",)]
    states = connection.execute(
        select(Message.state, Message.reason).where(Message.invitation_id == task.id)
    ).all()
    assert states == [("cancelled", "opt_out")]
    others = select(func.count()).where(Message.state == "queued")
    assert (
        connection.scalar(others)
        == (connection.scalar(select(func.count()).select_from(Invitation)) or 0) - 1
    )


def test_a_shopper_has_nothing_to_decline(connection: Connection, keys: KeyRing) -> None:
    task, _ = visiting(connection, keys)
    decline(connection, task, now=NOW)
    assert connection.scalar(select(func.count()).select_from(OptOut)) == 0
