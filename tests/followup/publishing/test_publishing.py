"""A wave on its way to being known: previewed, frozen, agreed to by another person, corrected by versions."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.exc import DBAPIError

from server import wire
from server.errors import Refusal
from server.fieldwork.waves.reading import find_wave
from server.followup.publishing.checking import check_of, open_check
from server.followup.publishing.publishing import (
    NewPublication,
    agree,
    correct,
    newest,
    preview,
    propose,
    withdraw,
)
from server.followup.publishing.snapshot import as_read, moved
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.publications import Publication, PublishedReport
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY, NOW
from tests.followup.publishing.waves_for_tests import Closed, create_closed, published, publisher
from tests.followup.reviewing.reviews_for_tests import act, create_report

FORMS = FormShelf()
EAST = Scope(("C01/D1/",))


@pytest.fixture
def closed(connection: Connection, keys: KeyRing) -> Closed:
    return create_closed(connection, keys)


def look(connection: Connection, closed: Closed, **changes: Any) -> Any:
    return preview(connection, FORMS, closed.wave_id, EVERYTHING, now=changes.get("now", NOW))


def proposed(connection: Connection, closed: Closed, **changes: Any) -> UUID:
    new = NewPublication(closed.wave_id, look(connection, closed).hash, **changes)
    return propose(connection, FORMS, new, publisher(closed.ann))


def codes_of(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [each.code for each in refused.value.details] or [refused.value.code]


def test_a_preview_tells_who_stands_where_and_who_pays(connection: Connection, closed: Closed) -> None:
    shown = look(connection, closed, now=NOW + 2 * DAY)
    rows = shown.gathered.snapshot["subjects"]
    table = [(row["subject"], row["n"], row["score"], row["rank"]) for row in rows]
    assert table == [("B102", 1, "100.00", 1), ("B201", 1, "100.00", 1), ("B101", 1, "50.00", 3)]
    assert [each.subject for each in shown.moved] == ["B102", "B201", "B101"]
    assert (shown.number, shown.problems) == (1, [])
    assert shown.gathered.snapshot["mean"] == "83.33"
    low, high = map(float, shown.gathered.snapshot["interval"])
    assert low < 83.33 < high
    assert [(each["subject"], each["item"]) for each in shown.gathered.snapshot["findings"]] == [
        ("B101", "greeting")
    ]
    assert shown.money.contrast is not None
    lines = [(line["subject"], line["amount"]) for line in shown.money.contrast.entries]
    assert lines == [("B101", "1800.00")]


def test_two_people_publish_what_was_frozen(connection: Connection, closed: Closed) -> None:
    publication_id = proposed(connection, closed)
    assert newest(connection, closed.wave_id) is None
    with pytest.raises(Refusal) as refused:
        agree(connection, FORMS, publication_id, publisher(closed.ann))
    assert codes_of(refused) == ["publication_other"]
    settled = agree(connection, FORMS, publication_id, publisher(closed.ben))
    row = newest(connection, closed.wave_id)
    assert row is not None
    assert (row.id, row.number, row.settlement_id) == (publication_id, 1, settled)
    assert settled is not None
    assert wire.fingerprint(row.snapshot) == row.snapshot_hash
    # Labour Day lasts until the 5th, Saturday the 9th is worked: the fifth working day is the 11th.
    assert row.appeals_until == datetime(2026, 5, 11, 16, tzinfo=UTC)
    with pytest.raises(Refusal) as refused:
        agree(connection, FORMS, publication_id, publisher(closed.ben))
    assert codes_of(refused) == ["wrong_state"]


def test_what_changed_since_it_was_proposed_is_proposed_again(connection: Connection, closed: Closed) -> None:
    publication_id = proposed(connection, closed)
    act(connection, closed.reports["B101"].pk, closed.ann, "reopen", note="录像到了")
    with pytest.raises(Refusal) as refused:
        agree(connection, FORMS, publication_id, publisher(closed.ben))
    assert codes_of(refused) == ["publication_changed"]
    withdraw(connection, publication_id, publisher(closed.ben))
    act(connection, closed.reports["B101"].pk, closed.ann, "approve")
    agree(connection, FORMS, proposed(connection, closed), publisher(closed.ben))
    assert [row.number for row in connection.execute(select(Publication.number))] == [1, 1]


def test_what_was_published_is_never_changed(connection: Connection, closed: Closed) -> None:
    publication_id = published(connection, closed)
    for statement in (
        update(Publication).values(number=7),
        text("DELETE FROM publication"),
        text("TRUNCATE publication CASCADE"),
    ):
        with pytest.raises(DBAPIError, match="never changed"), connection.begin_nested():
            connection.execute(statement)
    with pytest.raises(Refusal):
        withdraw(connection, publication_id, publisher(closed.ben))


def test_a_proposal_cannot_be_changed_under_its_hash(connection: Connection, closed: Closed) -> None:
    proposed(connection, closed)
    with pytest.raises(DBAPIError, match="never changed"):
        connection.execute(update(Publication).values(snapshot_hash="0"))


@pytest.mark.parametrize(
    ("rules", "before", "code"),
    [
        ({}, "open", "publication_open_reports"),
        ({}, "running", "publication_not_closed"),
        ({"publication": {"check": 2}}, "", "publication_unchecked"),
        ({"publication": {"check": 2}}, "checking", "publication_check_open"),
        ({}, "proposed", "publication_waits"),
        ({}, "published", "publication_same"),
    ],
)
def test_what_keeps_a_wave_from_being_published(
    connection: Connection, keys: KeyRing, rules: Mapping[str, Any], before: str, code: str
) -> None:
    closed = create_closed(connection, keys, **rules)
    match before:
        case "open":
            act(connection, closed.reports["B102"].pk, closed.ann, "reopen", note="x")
        case "running":
            connection.execute(update(Wave).values(state="launched"))
        case "checking":
            open_check(connection, closed.wave_id, EVERYTHING, by=BY, now=NOW)
        case "proposed":
            proposed(connection, closed)
        case "published":
            published(connection, closed)
    with pytest.raises(Refusal) as refused:
        proposed(connection, closed, reason="x")
    assert code in codes_of(refused)


def test_reports_that_nobody_looked_at_do_not_count(connection: Connection, closed: Closed) -> None:
    act(connection, closed.reports["B102"].pk, closed.ann, "reopen", note="x")
    rows = {row["subject"]: row["n"] for row in look(connection, closed).gathered.snapshot["subjects"]}
    assert rows == {"B101": 1, "B201": 1}


def test_one_person_publishes_alone_only_where_the_programme_lets_them(
    connection: Connection, keys: KeyRing
) -> None:
    closed = create_closed(connection, keys, publication={"alone": True})
    proposed(connection, closed, alone="县支行只有我一人")
    row = newest(connection, closed.wave_id)
    assert row is not None
    assert (row.alone, row.published_by) == ("县支行只有我一人", closed.ann.account_id)
    line = connection.execute(select(AuditLine.detail).where(AuditLine.action == "wave_published")).one()
    assert line.detail["alone"] == "县支行只有我一人"


def test_alone_is_refused_where_two_are_asked_for(connection: Connection, closed: Closed) -> None:
    with pytest.raises(Refusal) as refused:
        proposed(connection, closed, alone="赶时间")
    assert codes_of(refused) == ["review_alone"]


def test_who_sees_a_part_does_not_publish_the_whole(connection: Connection, closed: Closed) -> None:
    with pytest.raises(Refusal) as refused:
        preview(connection, FORMS, closed.wave_id, EAST, now=NOW)
    assert codes_of(refused) == ["forbidden"]


def test_a_page_that_was_read_before_a_change_publishes_nothing(
    connection: Connection, closed: Closed
) -> None:
    read = look(connection, closed).hash
    act(connection, closed.reports["B102"].pk, closed.ann, "reopen", note="x")
    act(connection, closed.reports["B102"].pk, closed.ann, "exclude", note="店庆")
    act(connection, closed.reports["B102"].pk, closed.ben, "exclude", note="同意")
    with pytest.raises(Refusal) as refused:
        propose(connection, FORMS, NewPublication(closed.wave_id, read), publisher(closed.ann))
    assert codes_of(refused) == ["conflict"]


def test_a_correction_is_the_next_version_and_says_who_moved(connection: Connection, closed: Closed) -> None:
    first = published(connection, closed)
    act(connection, closed.reports["B102"].pk, closed.ann, "reopen", note="复核")
    wave = find_wave(connection, closed.wave_id, EVERYTHING)
    second = correct(connection, FORMS, wave, "复核", publisher(closed.ben, now=NOW + DAY))
    row = newest(connection, closed.wave_id)
    assert row is not None
    assert (row.id, row.number, row.reason) == (second, 2, "复核")
    before = connection.execute(select(Publication.snapshot).where(Publication.id == first)).scalar_one()
    places = [
        (each.subject, each.before and each.before["rank"], each.after and each.after["rank"])
        for each in moved(before, row.snapshot)
    ]
    assert places == [("B101", 3, 2), ("B102", 1, None)]
    # Whoever was late for the first version is not given another window by the second.
    until = select(Publication.appeals_until).where(Publication.id == first)
    assert row.appeals_until == connection.scalar(until)


def test_an_embargo_counts_from_when_everybody_sees_it(connection: Connection, closed: Closed) -> None:
    published(connection, closed, visible_from=NOW + 10 * DAY)
    row = newest(connection, closed.wave_id)
    assert row is not None
    assert row.appeals_until - row.visible_from >= timedelta(days=5)


def test_a_window_for_facts_is_opened_once(connection: Connection, keys: KeyRing) -> None:
    closed = create_closed(connection, keys, publication={"check": 2})
    closes = open_check(connection, closed.wave_id, EVERYTHING, by=BY, now=NOW)
    assert check_of(connection, closed.wave_id).closes_at == closes
    with pytest.raises(Refusal) as refused:
        open_check(connection, closed.wave_id, EVERYTHING, by=BY, now=NOW)
    assert codes_of(refused) == ["check_twice"]
    assert look(connection, closed, now=closes).problems == []


def test_a_preview_reads_the_same_before_and_after_reports_get_their_names(
    connection: Connection, closed: Closed
) -> None:
    before = look(connection, closed).gathered.snapshot
    assert {each["ref"] for each in before["reports"]} == {""}
    published(connection, closed)
    after = look(connection, closed).gathered.snapshot
    assert len({each["ref"] for each in after["reports"]}) == 3
    assert as_read(before) == as_read(after)


@pytest.mark.parametrize("instrument", ["survey", "panel", "ballot"])
def test_what_few_people_said_is_not_published(
    connection: Connection, closed: Closed, instrument: str
) -> None:
    connection.execute(update(Wave).where(Wave.id == closed.wave_id).values(instrument=instrument))
    snapshot = look(connection, closed).gathered.snapshot
    shown = {(row["n"], row["raw"], row["score"], row["grade"], row["rank"]) for row in snapshot["subjects"]}
    assert shown == {(1, None, None, None, None)}
    assert (snapshot["n"], snapshot["mean"], snapshot["reports"], snapshot["findings"]) == (3, None, [], [])
    assert snapshot["interval"] is None, "it would tell the mean"
    published(connection, closed)
    assert connection.scalar(select(func.count()).select_from(PublishedReport)) == 0


def test_a_report_that_came_late_belongs_to_the_next_version(
    connection: Connection, closed: Closed, keys: KeyRing
) -> None:
    published(connection, closed)
    late = create_report(connection, keys, closed.wave_id, "B102", greeting="no")
    act(connection, late.pk, closed.ann, "approve")
    shown = look(connection, closed)
    assert shown.number == 2
    assert [(each.subject, each.after and each.after["n"]) for each in shown.moved] == [("B102", 2)]
