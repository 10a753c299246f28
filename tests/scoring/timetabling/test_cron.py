"""Cron rules: as crontab reads them, on clocks that are set forward and back."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.cron import parse_cron

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("0 9 * * 1", ["2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25"]),
        ("0 9 * * mon", ["2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25"]),
        ("0 9 5 * *", ["2026-05-05"]),
        ("0 9 5,10 * *", ["2026-05-05", "2026-05-10"]),
        ("0 9 29-31 * *", ["2026-05-29", "2026-05-30", "2026-05-31"]),
        ("0 9 */10 * *", ["2026-05-01", "2026-05-11", "2026-05-21", "2026-05-31"]),
        ("0 9 28/2 * *", ["2026-05-28", "2026-05-30"]),
        ("0 9 L * *", ["2026-05-31"]),
        ("0 9 15,l * *", ["2026-05-15", "2026-05-31"]),
        ("0 9 * jun *", []),
        ("0 9 * 4-6 sun", ["2026-05-03", "2026-05-10", "2026-05-17", "2026-05-24", "2026-05-31"]),
        # Either the day or the weekday, where both are named.
        ("0 9 5 * 5", ["2026-05-01", "2026-05-05", "2026-05-08", "2026-05-15", "2026-05-22", "2026-05-29"]),
        ("0 9 31 4,5 *", ["2026-05-31"]),
    ],
)
def test_days_of_may_2026(rule: str, days: list[str]) -> None:
    month = [date(2026, 5, 1) + timedelta(days=count) for count in range(31)]
    assert [day.isoformat() for day in month if parse_cron(rule).falls_on(day)] == days


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("", "cron_fields"),
        ("0 9 * *", "cron_fields"),
        ("0 9 * * * *", "cron_fields"),
        ("60 9 * * *", "cron_field"),
        ("0 24 * * *", "cron_field"),
        ("0 9 0 * *", "cron_field"),
        ("0 9 32 * *", "cron_field"),
        ("0 9 * 13 *", "cron_field"),
        ("0 9 * * 8", "cron_field"),
        ("0 9 * * foo", "cron_field"),
        ("0 9 5-1 * *", "cron_field"),
        ("*/0 9 * * *", "cron_field"),
        ("*-5 9 * * *", "cron_field"),
        ("٣ 9 * * *", "cron_field"),
        ("-1 9 * * *", "cron_field"),
        ("0 9 * * */2", "cron_weekday_steps"),
        ("0 9 30 2 *", "cron_never"),
        ("0 9 31 4,6 *", "cron_never"),
    ],
)
def test_what_is_no_rule(rule: str, code: str) -> None:
    with pytest.raises(TimingWrong) as wrong:
        parse_cron(rule)
    assert wrong.value.code == code


@pytest.mark.parametrize(
    ("rule", "day", "hours"),
    [
        ("30 2 * * *", date(2026, 3, 28), ["01:30"]),
        # 2:30 does not exist, and comes an hour later by the clock on the wall.
        ("30 2 * * *", date(2026, 3, 29), ["01:30"]),
        ("30 2 * * *", date(2026, 10, 25), ["00:30"]),
        ("30 * * * *", date(2026, 10, 25), [f"{hour:02}:30" for hour in (22, 23, *range(23))]),
        ("30 * * * *", date(2026, 3, 29), [f"{hour:02}:30" for hour in (23, *range(22))]),
    ],
)
def test_moments_where_clocks_are_changed(rule: str, day: date, hours: list[str]) -> None:
    assert [f"{at:%H:%M}" for at in parse_cron(rule).moments(day, BERLIN)] == hours


numbers = st.integers
fields = st.tuples(
    st.one_of(st.just("*"), numbers(0, 59).map(str), numbers(1, 30).map(lambda step: f"*/{step}")),
    st.one_of(st.just("*"), numbers(0, 23).map(str), st.just("8-18"), st.just("9,17")),
    st.one_of(st.just("*"), numbers(1, 28).map(str), st.just("1-7")),
    st.one_of(st.just("*"), numbers(1, 12).map(str), st.just("1,4,7,10")),
)


@given(fields, st.integers(0, 730 * 24 * 60))
def test_the_same_as_another_reader_of_crontab(rule: tuple[str, ...], minutes: int) -> None:
    """APScheduler reads days and months as everybody does; weekdays it counts from Monday."""
    text, zone = " ".join([*rule, "*"]), ZoneInfo("Asia/Shanghai")
    after = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    expected = CronTrigger.from_crontab(text, timezone=zone).get_next_fire_time(None, after)
    cron = parse_cron(text)
    days = (after.astimezone(zone).date() + timedelta(days=count) for count in range(800))
    found = (at for day in days if cron.falls_on(day) for at in cron.moments(day, zone) if at >= after)
    assert next(found, None) == expected
