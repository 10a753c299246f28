"""Entries as coordinators ask for them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.scoring.calendar.days import WorkingDays
from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.cron import parse_cron
from server.scoring.timetabling.own import EVERY, WEEK, Ground, Timing, read_rule, timing

SHANGHAI = ZoneInfo("Asia/Shanghai")
LABOUR_DAY = WorkingDays([date(2026, 5, 1) + timedelta(days=count) for count in range(5)], [date(2026, 5, 9)])
# Until Tuesday 12 May, the whole day.
WAVE = Ground(SHANGHAI, LABOUR_DAY, datetime(2026, 5, 12, 16, tzinfo=UTC))
UNIT = Ground(SHANGHAI, LABOUR_DAY, None)


def once(text: str) -> Timing:
    return Timing(at=datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"every": "week", "weekday": "mon", "time": "09:00"}, Timing(cron="0 9 * * 1")),
        ({"every": "week", "weekday": "sun", "time": "18:30"}, Timing(cron="30 18 * * 0")),
        ({"every": "day", "time": "08:05"}, Timing(cron="5 8 * * *")),
        ({"every": "month", "day": "5", "time": "09:00"}, Timing(cron="0 9 5 * *")),
        ({"every": "month", "day": "L", "time": "17:00"}, Timing(cron="0 17 L * *")),
        ({"every": "cron", "cron": " 0  9 * * mon "}, Timing(cron="0 9 * * mon")),
        ({"every": "once", "on": "2026-05-08", "time": "10:00"}, once("2026-05-08T10:00")),
        ({"every": "once", "on": "2026-05-02", "time": "10:00"}, once("2026-05-02T10:00")),
        (
            {"every": "once", "on": "2026-05-02", "time": "10:00", "free_days": "next"},
            once("2026-05-06T10:00"),
        ),
        (
            {"every": "once", "on": "2026-05-02", "time": "10:00", "free_days": "previous"},
            once("2026-04-30T10:00"),
        ),
        # Counting back over a worked Saturday and over the holidays.
        ({"every": "before", "count": "0", "time": "09:00"}, once("2026-05-12T09:00")),
        ({"every": "before", "count": "2", "time": "09:00"}, once("2026-05-09T09:00")),
        ({"every": "before", "count": "6", "time": "09:00"}, once("2026-04-30T09:00")),
    ],
)
def test_what_a_rule_means(given: Mapping[str, str], meant: Timing) -> None:
    rule = read_rule(given)
    assert timing(rule, WAVE) == meant
    assert read_rule(rule) == rule


def test_a_rule_keeps_no_more_than_it_needs() -> None:
    posted = {"every": "week", "weekday": "fri", "time": "09:00", "on": "2026-05-01", "csrf": "x", "day": "5"}
    assert read_rule(posted) == {"every": "week", "free_days": "keep", "weekday": "fri", "time": "09:00"}


@pytest.mark.parametrize("weekday", WEEK)
def test_a_weekday_is_the_same_day_in_cron(weekday: str) -> None:
    cron = timing(read_rule({"every": "week", "weekday": weekday, "time": "09:00"}), UNIT).cron
    monday = date(2026, 5, 4)
    assert parse_cron(cron).falls_on(monday + timedelta(days=WEEK.index(weekday)))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "rule_unknown"),
        ({"every": "fortnight"}, "rule_unknown"),
        ({"every": "week", "weekday": "monday", "time": "09:00"}, "rule_unknown"),
        ({"every": "day", "time": "09:00", "free_days": "sometimes"}, "rule_unknown"),
        ({"every": "day", "time": "9:00"}, "rule_time"),
        ({"every": "day", "time": "24:00"}, "rule_time"),
        ({"every": "day"}, "rule_time"),
        ({"every": "once", "on": "2026-02-30", "time": "09:00"}, "rule_date"),
        ({"every": "month", "day": "31", "time": "09:00"}, "rule_day"),
        ({"every": "month", "day": "0", "time": "09:00"}, "rule_day"),
        ({"every": "month", "day": "٥", "time": "09:00"}, "rule_day"),
        ({"every": "before", "count": "-1", "time": "09:00"}, "rule_count"),
        ({"every": "before", "count": "91", "time": "09:00"}, "rule_count"),
        ({"every": "cron", "cron": "0 9 * *"}, "cron_fields"),
    ],
)
def test_what_means_no_time(given: Mapping[str, str], code: str) -> None:
    with pytest.raises(TimingWrong) as wrong:
        read_rule(given)
    assert wrong.value.code == code


def test_only_a_wave_has_an_end_to_count_back_from() -> None:
    rule = read_rule({"every": "before", "count": "3", "time": "09:00"})
    with pytest.raises(TimingWrong, match="rule_needs_wave"):
        timing(rule, UNIT)


def test_every_choice_has_a_meaning() -> None:
    samples = {"weekday": "mon", "day": "5", "count": "1", "on": "2026-05-08", "cron": "0 9 * * *"}
    for every in EVERY:
        assert timing(read_rule({**samples, "every": every, "time": "09:00"}), WAVE) != Timing()
