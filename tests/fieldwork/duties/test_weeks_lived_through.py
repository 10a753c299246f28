"""E4's week, E3's half months and E2's drills, day by day, from what is owed to what is settled."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, update

from server.clock import SetClock
from server.fieldwork.duties.correcting import excuse
from server.fieldwork.duties.doing import Deed, NewEntry, enter, mark_done, sign
from server.fieldwork.duties.owed import Doer
from server.followup.settlements import NewSettlement, make_settlement
from server.models.organisation import Unit
from server.models.settlements import Settlement
from server.scope import EVERYTHING
from tests.builders import BY
from tests.fieldwork.duties.halls_for_tests import (
    E4,
    Days,
    at,
    begin,
    create_halls,
    create_person,
    doer,
    rows,
    states,
)

Row = Mapping[str, Any]


@pytest.fixture
def halls(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        create_halls(connection)
        yield connection


def do(halls: Connection, who: Doer, days: Days, duty: str, signed: str = "", **about: str) -> None:
    """Do the first open one of a duty."""
    now = days.clock.now()
    owed = [row for row in rows(halls, duty) if row.opens_at <= now < row.closes_at and row.done_at is None]
    mine = [row for row in owed if row.subject == about.get("subject", "S1")]
    mark_done(halls, mine[0].id, Deed(note="已做", signed_by=signed), who, now=now)


def settled(halls: Connection, key: str, as_of: str, **facts: Any) -> Row:
    new = NewSettlement(key, date.fromisoformat(as_of), extra=facts)
    made = make_settlement(halls, new, EVERYTHING, by=BY, now=at(as_of[5:], "23:00"))
    result: Row = halls.execute(select(Settlement.result).where(Settlement.id == made.id)).scalar_one()
    return result


def number(result: Row, measure: str, subject: str, period: str) -> Row:
    return next(
        row
        for row in result["measures"]
        if (row["measure"], row["subject"], row["period"]) == (measure, subject, period)
    )


def published(result: Row, subject: str, period: str, *measures: str) -> dict[str, str]:
    return {name: number(result, name, subject, period)["published"] for name in measures}


def test_a_supervisors_week_with_a_holiday_and_a_clock_that_was_down(halls: Connection) -> None:
    """Labour Day leaves 6 to 9 May; the meeting of the 5th falls due within the holidays."""
    me = doer(halls, create_person(halls, "lin", "supervisor", "S1"))
    days = Days(halls, SetClock(at("04-30")))
    begin(halls, E4, "2026-05-01", days.clock.now())
    days.to("05-05", "15:00")
    do(halls, me, days, "manager_meeting", signed="两厅经理")
    days.to("05-06", "10:00")
    do(halls, me, days, "spot_check", signed="陈经理")
    do(halls, me, days, "one_to_one", signed="陈经理")
    # The clock is down for a day; what was generated before can be done all the same.
    days.to("05-07", "10:00", down=True)
    do(halls, me, days, "stage_check")
    days.to("05-08", "16:00")
    enter(halls, NewEntry(E4, "recheck", "S1", date(2026, 5, 12)), me, now=days.clock.now())
    do(halls, me, days, "one_to_one", signed="周经理")
    # The report is due on Saturday the 9th, which is worked, and has a day of grace.
    days.to("05-10", "20:00")
    do(halls, me, days, "weekly_report")
    days.to("05-11", "08:00")
    week = [
        line for line in states(halls, days.clock.now(), subject="S1") if "05-04" < line.split()[1] < "05-12"
    ]
    assert week == [
        "manager_meeting 05-05 done",
        "hall_order 05-09 missed",
        "spot_check 05-09 done",
        "stage_check 05-09 done",
        "weekly_report 05-09 done_late",
        "one_to_one 05-10 done",
        "one_to_one 05-10 done",
    ]
    missed = [line for line in states(halls, days.clock.now(), subject="S2") if line.endswith("missed")]
    assert missed == [
        "manager_meeting 05-05 missed",
        "hall_order 05-09 missed",
        "spot_check 05-09 missed",
        "stage_check 05-09 missed",
        "weekly_report 05-09 missed",
        "one_to_one 05-10 missed",
    ]
    stage = next(row for row in rows(halls, "stage_check", subject="S1") if row.done_at)
    result = settled(halls, E4, "2026-05-11")
    names = ("checks_due", "checks_done", "unsigned", "checks_rate")
    assert published(result, "S1", "2026-05", *names) == {
        "checks_due": "3", "checks_done": "1", "unsigned": "1", "checks_rate": "33.33",
    }  # fmt: skip
    sign(halls, stage.id, "陈经理", me, now=days.clock.now())
    result = settled(halls, E4, "2026-05-11")
    assert published(result, "S1", "2026-05", *names)["checks_rate"] == "66.67"
    # Done in time, both of them: the ledger is what was handed in.
    assert published(result, "S1", "2026-05", "meeting", "talks") == {
        "meeting": "on_time",
        "talks": "on_time",
    }
    assert published(result, "S2", "2026-05", "meeting", "talks") == {
        "meeting": "missing",
        "talks": "missing",
    }


def test_e4_settles_a_whole_month(halls: Connection) -> None:
    """Every duty of May done on its due day; one recheck was forgotten, one check excused."""
    me = doer(halls, create_person(halls, "lin", "supervisor", "S1"))
    days = Days(halls, SetClock(at("04-30")))
    begin(halls, E4, "2026-05-01", days.clock.now())
    for day in range(1, 32):
        now = days.to(f"05-{day:02}", "17:00")
        if day == 12:
            enter(halls, NewEntry(E4, "recheck", "S1", date(2026, 5, 15)), me, now=now)
        for row in rows(halls, subject="S1"):
            owed = row.due_on == date(2026, 5, day) and row.done_at is None and row.period[:5] != "event"
            if owed and row.duty == "spot_check" and day == 22:
                excuse(halls, row.id, "停电", EVERYTHING, by=BY, now=now)
            elif owed and row.duty != "walk_through":
                mark_done(halls, row.id, Deed(note="已做", signed_by="陈经理"), me, now=now)
    result = settled(halls, E4, "2026-05-31")
    wanted = ("checks_due", "checks_done", "checks_rate", "rechecks_due", "rechecks_done", "desk_rate")
    # Four weeks of three checks (by the 9th, 15th, 22nd, 29th), one excused; a monthly one, and the recheck.
    assert published(result, "S1", "2026-05", *wanted) == {
        "checks_due": "13",
        "checks_done": "12",
        "checks_rate": "92.31",
        "rechecks_due": "1",
        "rechecks_done": "0",
        # Four reports and five of six monthly papers: the walk-through is done by its form alone.
        "desk_rate": "90.00",
    }
    fired = {(row["rule"], row["subject"]) for row in result["actions"] if row["period"] == "2026-05"}
    assert ("late_recheck", "S1") in fired
    assert ("missed_talks", "S1") not in fired
    assert {("missed_talks", "S2"), ("missed_meeting", "S2")} <= fired


def test_e3s_half_months_feed_the_rates_of_the_sub_branch(halls: Connection) -> None:
    for level, kind in (("district", "department"), ("sub_branch", "sub_branch"), ("outlet", "outlet")):
        halls.execute(update(Unit).where(Unit.level == level).values(attributes={"kind": kind}))
    president = doer(halls, create_person(halls, "tang", "president", "S1"))
    deputy = doer(halls, create_person(halls, "song", "deputy_president", "S1"))
    days = Days(halls, SetClock(at("05-31")))
    begin(halls, "branch-service", "2026-06-01", days.clock.now())
    days.to("06-15", "23:30")
    for duty in ("deputy_meeting", "deputy_recording", "deputy_visit"):
        do(halls, deputy, days, duty)
    days.to("06-20")
    do(halls, president, days, "president_meeting")
    do(halls, deputy, days, "deputy_meeting")
    days.to("07-01", "00:00")
    deputies = ("deputy_meeting", "deputy_recording", "deputy_visit")
    june = [line for line in states(halls, days.clock.now(), *deputies, subject="S1") if " 06-" in line]
    assert june == [
        "deputy_meeting 06-15 done",
        "deputy_recording 06-15 done",
        "deputy_visit 06-15 done",
        "deputy_meeting 06-30 done",
        "deputy_recording 06-30 missed",
        "deputy_visit 06-30 missed",
    ]
    amounts = (
        "reward_top", "reward_excellent", "penalty_below", "penalty_far_below", "video_penalty_below",
        "video_penalty_far_below", "reward_hundred", "reward_thousand", "reward_model", "reward_person",
    )  # fmt: skip
    parameters = {**dict.fromkeys(amounts, "100"), "acceptance_rounds": "1"}
    result = settled(halls, "branch-service", "2026-06-30", parameters=parameters)
    assert number(result, "president_rate", "S1", "2026-06")["raw"] == "1"
    assert number(result, "deputy_rate", "S1", "2026-06")["raw"] == "2/3"
    assert number(result, "deputy_rate", "S1", "2026-06")["n"] == 6
    assert number(result, "deputy_rate", "S2", "2026-06")["raw"] == "0"


def test_e2s_drills_begin_in_april_and_give_a_rate(halls: Connection) -> None:
    kinds = (("district", "county"), ("sub_branch", "sub_branch"), ("outlet", "outlet"))
    for level, kind in kinds:
        halls.execute(update(Unit).where(Unit.level == level).values(attributes={"kind": kind}))
    manager = doer(halls, create_person(halls, "li", "branch_manager", "H11"))
    days = Days(halls, SetClock(at("03-30")))
    begin(halls, "postal-service-upgrade", "2026-03-30", days.clock.now())
    for day in range(1, 31):
        now = days.to(f"04-{day:02}", "08:15")
        owed = [
            row for row in rows(halls, "morning_drill", subject="H11") if row.opens_at <= now < row.closes_at
        ]
        if owed and day != 20:
            mark_done(halls, owed[0].id, Deed(), manager, now=now)
    april = [row for row in rows(halls, "morning_drill", subject="H11") if row.due_on.month == 4]
    # Twenty-two weekdays without Tomb-Sweeping Day (Monday the 6th); 1 April is the first.
    assert (len(april), april[0].due_on.day) == (21, 1)
    assert not [row for row in rows(halls, "morning_drill") if row.due_on.month == 3]
    assert [row.due_on.isoformat() for row in rows(halls, "etiquette_training", subject="H11")] == []
    result = settled(halls, "postal-service-upgrade", "2026-04-30", parameters={"missing_items": "100"})
    drill = number(result, "drill_rate", "H11", "2026-04")
    assert (drill["raw"], drill["n"], drill["published"]) == ("20/21", 21, "0.9524")
