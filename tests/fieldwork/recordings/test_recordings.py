"""Every post's recording is asked for, delivered or not, and nobody learns who checks."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, select

from server.errors import Refusal
from server.fieldwork.recordings.deciding import (
    Settled,
    Window,
    is_overdue,
    post_problems,
    settling_problems,
    uncovered,
    window_problems,
)
from server.fieldwork.recordings.requests import (
    ask_for,
    count_open,
    overdue_requests,
    posts_missing,
    recordings_of,
    requests_of,
    settle,
)
from server.keys import KeyRing
from server.models.recordings import RecordingRequest
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY, NOW
from tests.followup.visits_for_tests import VISITS, Visit, create_visit, create_wave
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

HOUR = timedelta(hours=1)
WINDOW = Window(NOW - DAY, NOW - DAY + HOUR, NOW + 2 * DAY)
THERE, ELSEWHERE = Scope(unit_paths=("C01/D1/B101/",)), Scope(unit_paths=("C01/D1/B102/",))


@pytest.mark.parametrize(
    ("from_at", "until_at", "due_at", "codes"),
    [
        (NOW - DAY, NOW - HOUR, NOW + DAY, []),
        (NOW + DAY, NOW + DAY + HOUR, NOW + 2 * DAY, []),
        (NOW - DAY, NOW - DAY, NOW + DAY, ["recording_window"]),
        (NOW - DAY, NOW - 2 * DAY, NOW + DAY, ["recording_window"]),
        (NOW - 8 * DAY, NOW - HOUR, NOW + DAY, ["recording_window"]),
        (NOW - DAY, NOW - HOUR, NOW, ["recording_due"]),
        (NOW + DAY, NOW + DAY + HOUR, NOW + DAY, ["recording_due"]),
    ],
)
def test_a_window_has_an_end_and_time_to_be_found(
    from_at: datetime, until_at: datetime, due_at: datetime, codes: list[str]
) -> None:
    found = window_problems(Window(from_at, until_at, due_at), now=NOW)
    assert [each.code for each in found] == codes


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        (Settled("delivered", "盘 3"), []),
        (Settled("delivered"), ["field_required"]),
        (Settled("refused", note="涉密"), []),
        (Settled("refused", "盘 3"), ["field_required"]),
        (Settled("missing", note="x" * 501), ["text_too_long"]),
        (Settled("asked"), ["recording_state"]),
    ],
)
def test_what_a_unit_says_is_whole(said: Settled, codes: list[str]) -> None:
    assert [each.code for each in settling_problems(said)] == codes


def test_posts_are_the_programmes() -> None:
    assert [each.code for each in post_problems(["a", "x"], {"a"})] == ["recording_post_unknown"]
    assert [each.code for each in post_problems([], {})] == ["recording_no_posts"]
    assert uncovered(["high", "low", "guard"], {"low"}) == ["high", "guard"]
    assert is_overdue("asked", NOW, now=NOW)
    assert not is_overdue("missing", NOW, now=NOW)


@pytest.fixture
def check(engine: Engine, keys: KeyRing) -> Visit:
    with engine.begin() as connection:
        return create_visit(connection, keys, create_wave(connection, VISITS, kind="video"))


def test_every_post_is_asked_for_once(connection: Connection, check: Visit) -> None:
    assert list(posts_missing(connection, check.id)) == ["counter", "lobby"]
    assert ask_for(connection, check.id, WINDOW, ["lobby"], by=BY, now=NOW) == ["lobby"]
    assert list(posts_missing(connection, check.id)) == ["counter"]
    assert ask_for(connection, check.id, WINDOW, by=BY, now=NOW) == ["counter"]
    assert ask_for(connection, check.id, WINDOW, by=BY, now=NOW) == []
    assert posts_missing(connection, check.id) == {}
    for assignment_id, posts, code in ((uuid4(), (), "not_found"), (check.id, ("x",), "invalid_fields")):
        with pytest.raises(Refusal) as refused:
            ask_for(connection, assignment_id, WINDOW, posts, by=BY, now=NOW)
        assert refused.value.code == code


def test_a_unit_sees_its_own_requests_and_says_how_they_stand(connection: Connection, check: Visit) -> None:
    ask_for(connection, check.id, WINDOW, by=BY, now=NOW)
    assert requests_of(connection, ELSEWHERE, now=NOW) == []
    counter, lobby = sorted(requests_of(connection, THERE, now=NOW), key=lambda each: each.post)
    with pytest.raises(Refusal) as foreign:
        settle(connection, counter.id, Settled("missing", note="x"), ELSEWHERE, by=BY, now=NOW)
    assert foreign.value.code == "not_found"
    settle(connection, counter.id, Settled("missing", note="硬盘坏了"), THERE, by=BY, now=NOW)
    settle(connection, counter.id, Settled("delivered", " 盘 3 "), THERE, by=BY, now=NOW)
    late = WINDOW.due_at
    assert [each.id for each in overdue_requests(connection, EVERYTHING, now=late)] == [lobby.id]
    assert count_open(connection, THERE, now=NOW) == (1, 0, WINDOW.due_at)
    assert count_open(connection, THERE, now=late) == (1, 1, WINDOW.due_at)
    seen = [(each.post, each.state, each.kept_where) for each in recordings_of(connection, check.id, now=NOW)]
    assert seen == [("counter", "delivered", "盘 3"), ("lobby", "asked", "")]


def test_the_managers_page_tells_nothing_of_who_checks(app: Flask, engine: Engine, check: Visit) -> None:
    overdue = Window(WINDOW.from_at, WINDOW.until_at, NOW)
    with engine.begin() as connection:
        ask_for(connection, check.id, overdue, by=BY, now=NOW - HOUR)
        request_id: UUID = connection.scalars(select(RecordingRequest.id)).first() or uuid4()
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    desk = Desk(*signed_in(app, engine, "coordinator"))
    shown = manager.get("/console/recordings")
    assert "高柜" in shown
    assert "小周" not in shown
    assert "V1" not in shown
    assert "2 段录像过了期限" in manager.get("/console")
    assert "2 段录像逾期未交" in desk.get("/console")
    assert "高柜" in desk.get("/console/recordings/overdue")
    address = f"/console/recordings/{request_id}"
    assert manager.post(address, state="delivered", kept_where="", note="").status_code == 422
    assert manager.post(address, state="delivered", kept_where="盘 3", note="").status_code == 303
    assert "盘 3" in manager.get("/console/recordings")
