"""Visits on a database: gathered, weighed, stored once, and found again among earlier ones."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select, text, update

from server.followup.doubts.opening import open_on
from server.followup.doubts.sweeping import empty_positions
from server.followup.doubts.weighing import weigh_visit, weigh_when_complete
from server.intake.shelf import FormShelf
from server.models.audit import AuditLine
from server.models.doubts import VisitDoubt
from server.models.organisation import Unit
from server.models.submissions import Attachment
from server.models.visits import VisitEvent
from server.models.waves import Wave
from server.scoring.timetabling.holidays import DayTable
from tests import builders
from tests.builders import DAY
from tests.followup.doubts.visits_for_tests import (
    CAME,
    HASH,
    MINUTE,
    MOMENTS,
    Made,
    confidence_of,
    doubts_of,
    ground,
    photographed,
    shopper,
    tell,
    visited,
)

ZONE = ZoneInfo("Asia/Shanghai")
HOURS: Mapping[str, Any] = {
    **{day: [["09:00", "12:00"], ["13:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "sat": [["10:00", "16:00"]],
    "sun": [],
}
FREE = DayTable(holidays=frozenset({date(2026, 5, 1)}), workdays=frozenset({date(2026, 5, 9)}))


def hours(day: int, start: int, end: int) -> tuple[datetime, datetime]:
    first = datetime(2026, 5, day, tzinfo=ZONE)
    return first + timedelta(hours=start), first + timedelta(hours=end)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (4, (hours(4, 9, 12), hours(4, 13, 24))),
        (16, (hours(16, 10, 16),)),
        (10, ()),
        (9, (hours(9, 9, 12), hours(9, 13, 24))),  # a Saturday that is worked
        (1, None),  # a public holiday, of which nobody said anything
    ],
)
def test_when_an_outlet_is_open(day: int, expected: Any) -> None:
    assert open_on(HOURS, date(2026, 5, day), FREE, ZONE) == expected
    assert open_on(None, date(2026, 5, day), FREE, ZONE) is None


def weighed(connection: Connection, visit: Made) -> list[str]:
    """Weighed twice, as every job may run."""
    for _ in range(2):
        weigh_visit(connection, FormShelf(), visit.pk, now=CAME)
    return doubts_of(connection, visit)


def test_an_honest_visit_is_worth_all(connection: Connection) -> None:
    wave_id = ground(connection)
    visit = visited(connection, wave_id, shopper(connection))
    photographed(connection, visit, bits=HASH, taken_at=datetime.fromisoformat("2026-05-04T10:05"))
    assert weighed(connection, visit) == []
    row = confidence_of(connection, visit)
    assert (row.confidence, row.review, row.open_doubts) == (100, 80, 0)


def test_what_is_no_visit_is_not_weighed(connection: Connection) -> None:
    wave_id = ground(connection)
    pk = builders.create_scored(connection, wave_id, "B101", ["80"])[0]
    assert weigh_visit(connection, FormShelf(), pk, now=CAME) is None
    assert weigh_visit(connection, FormShelf(), UUID(int=1), now=CAME) is None


def test_closed_far_and_short(connection: Connection) -> None:
    wave_id = ground(connection)
    # The fourth of May is a public holiday.
    closed = {"opening_hours": {**HOURS, "holidays": [["14:00", "17:00"]]}}
    connection.execute(update(Unit).where(Unit.code == "B101").values(attributes=closed))
    far = {"longitude": 121.55, "latitude": 31.23, "datum": "WGS-84", "accuracy": 20, "distance": 7600}
    short = {"entered": 0, "left": 4}
    visit = visited(connection, wave_id, shopper(connection), moments=short, **far)
    assert weighed(connection, visit) == ["far_away", "outside_hours", "stay_short"]
    row = confidence_of(connection, visit)
    assert (row.confidence, row.open_doubts) == (Decimal("31.5"), 3)


@pytest.mark.parametrize(
    ("bits", "changes", "expected"),
    [
        (HASH, {}, ["photo_alike"]),
        (HASH ^ 0b1_0000_0010_0000_0100_0001_0001, {}, ["photo_alike"]),
        (HASH ^ 0x8000_0000_0000_0000, {}, ["photo_alike"]),
        (HASH ^ 0b11_1111, {}, []),
        (HASH, {"detail": 3}, []),
        (HASH, {"named": False}, []),
        (HASH, {"created_at": CAME + DAY}, []),
        (HASH, {"created_at": CAME - 200 * DAY}, []),
        (None, {"sha256": "same"}, ["photo_reused"]),
    ],
)
def test_pictures_of_anybody(
    connection: Connection, bits: int | None, changes: dict[str, Any], expected: list[str]
) -> None:
    wave_id = ground(connection)
    other = visited(connection, wave_id, shopper(connection), "B201", came=CAME - DAY)
    photographed(connection, other, bits=bits, **changes)
    visit = visited(connection, wave_id, shopper(connection, "小李"))
    mine = photographed(connection, visit, bits=HASH, sha256="same")
    assert weighed(connection, visit) == expected
    for row in connection.execute(select(VisitDoubt.about, VisitDoubt.params)):
        assert (row.about, row.params["visit"]) == ({"photo": str(mine)}, str(other.pk))


@pytest.mark.parametrize(("days", "expected"), [(2, ["photo_suspect"]), (40, [])])
def test_suspect_pictures_are_the_persons_own(connection: Connection, days: int, expected: list[str]) -> None:
    wave_id, person_id = ground(connection), shopper(connection)
    other = visited(connection, wave_id, person_id, "B201", came=CAME - 2 * DAY)
    photographed(connection, other, bits=HASH ^ 0xFF, created_at=CAME - days * DAY)
    visit = visited(connection, wave_id, person_id)
    photographed(connection, visit, bits=HASH)
    assert weighed(connection, visit) == expected


def test_another_try_of_the_same_visit_is_no_reuse(connection: Connection) -> None:
    wave_id, person_id = ground(connection), shopper(connection)
    photographed(connection, visited(connection, wave_id, person_id, came=CAME - DAY), sha256="same")
    visit = visited(connection, wave_id, person_id)
    photographed(connection, visit, sha256="same")
    photographed(connection, visit, sha256="same")
    assert weighed(connection, visit) == []


def test_two_places_at_once(connection: Connection) -> None:
    wave_id, person_id = ground(connection), shopper(connection)
    other = visited(connection, wave_id, person_id, "B102", came=CAME - 21 * MINUTE)
    assert weighed(connection, other) == []
    visit = visited(connection, wave_id, person_id)
    assert weighed(connection, visit) == ["travel_impossible"]
    stranger = visited(connection, wave_id, shopper(connection, "小李"))
    assert weighed(connection, stranger) == []


def test_words_of_last_month(connection: Connection) -> None:
    wave_id, person_id = ground(connection), shopper(connection)
    said = "大堂经理主动迎接并询问办理什么业务，随后引导到取号机前，等候期间送了一杯水。"
    note = a_note(connection, wave_id)
    visited(connection, wave_id, person_id, "B201", came=CAME - 30 * DAY, texts={note: said})
    visit = visited(connection, wave_id, person_id, texts={note: said + "！", "signature": said})
    assert weighed(connection, visit) == ["narrative_copied"]


def a_note(connection: Connection, wave_id: UUID) -> str:
    """A note of the wave's form."""
    version = connection.scalars(select(Wave.form_version_id).where(Wave.id == wave_id)).one()
    form = FormShelf().get(connection, version).form
    return next(
        name
        for name, question in form.questions.items()
        if question.companion is not None and question.companion.role == "note"
    )


def test_weighing_again_keeps_what_was_decided_and_forgets_what_is_mended(connection: Connection) -> None:
    wave_id = ground(connection)
    visit = visited(connection, wave_id, shopper(connection), moments={"entered": 0, "left": 4})
    early = tell_page(connection, visit)
    assert weighed(connection, visit) == ["clock_apart", "stay_short"]
    decided = {"state": "dismissed", "decided_by": "account:1", "decided_at": CAME, "note": "排队的人少"}
    connection.execute(update(VisitDoubt).where(VisitDoubt.code == "stay_short").values(**decided))
    connection.execute(update(VisitEvent).where(VisitEvent.kind == "page").values(asked_at=early))
    assert weighed(connection, visit) == ["stay_short"]
    row = confidence_of(connection, visit)
    assert (row.confidence, row.open_doubts) == (100, 0), "what was dismissed does not count"


def tell_page(connection: Connection, visit: Made) -> datetime:
    """A page left by a clock that was wrong; returns what a right one would have said."""
    at = CAME + 60 * MINUTE
    tell(connection, visit.submission_id, kind="page", at=at, asked_at=at, received_at=at + 20 * MINUTE)
    return at + 20 * MINUTE


def test_positions_are_emptied_on_schedule_and_distances_stay(connection: Connection) -> None:
    wave_id = ground(connection)
    fix = {"longitude": 121.4712345, "latitude": 31.2312345, "datum": "WGS-84", "accuracy": 20}
    visit = visited(connection, wave_id, shopper(connection), distance=180, **fix)
    assert weighed(connection, visit) == ["fixes_identical"]
    assert empty_positions(connection, 30, now=CAME + 29 * DAY) == 0
    assert empty_positions(connection, 30, now=CAME + 31 * DAY) == len(MOMENTS)
    assert empty_positions(connection, 30, now=CAME + 31 * DAY) == 0
    left = connection.execute(select(VisitEvent.longitude, VisitEvent.datum, VisitEvent.distance)).all()
    assert {tuple(row) for row in left} == {(None, None, 180)}
    lines = select(AuditLine.detail).where(AuditLine.action == "positions_emptied")
    assert connection.scalars(lines).all() == [{"count": len(MOMENTS), "days": 30}]
    assert weighed(connection, visit) == ["fixes_identical"], "its grounds are gone, what was found is not"


def test_a_visit_is_weighed_again_when_its_last_photo_was_looked_at(connection: Connection) -> None:
    wave_id = ground(connection)
    visit = visited(connection, wave_id, shopper(connection))
    first = photographed(connection, visit)
    second = photographed(connection, visit, state="expected")
    assert not weigh_when_complete(connection, first)
    connection.execute(update(Attachment).where(Attachment.id == second).values(state="verified"))
    assert weigh_when_complete(connection, second)
    jobs = connection.execute(text("SELECT args FROM procrastinate_jobs WHERE task_name = 'weigh_visit'"))
    assert jobs.scalars().all() == [{"submission_pk": str(visit.pk)}]
