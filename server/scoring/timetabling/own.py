"""Entries that coordinators add, as they ask for them: every Monday, the 5th, two days before the end.

A rule is kept as it was asked for. What hangs on a wave's deadline is counted again when the deadline moves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from server.scoring.calendar.days import WorkingDays
from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.cron import LAST, WEEKDAYS, parse_cron
from server.scoring.timetabling.recurrence import FREE_DAYS, last_day, moment, moved
from server.scoring.timetabling.settings import MOST_DAYS, read_time

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LATEST_DAY = 28
EVERY = ("once", "day", "week", "month", "before", "cron")


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a rule is counted: a zone, its working days, and the wave's end where there is a wave."""

    zone: ZoneInfo
    working: WorkingDays
    closes: datetime | None


@dataclass(frozen=True, slots=True)
class Timing:
    """What a rule means; exactly one of the two is set."""

    at: datetime | None = None
    cron: str = ""


def read_rule(given: Mapping[str, str]) -> dict[str, str]:
    """A rule with no more than it needs: `{"every": "week", "weekday": "mon", "time": "09:00", …}`.

    `every` is `once` (`on`, `time`), `day`, `week` (`weekday`), `month` (`day`: 1 to 28 or `L`), `before`
    (`count` working days before the wave's last day) or `cron` (`cron`); `free_days` is one of `FREE_DAYS`.

    Raises:
        TimingWrong: for whatever means no time.
    """
    every = given.get("every", "")
    if every not in _READERS or given.get("free_days", "keep") not in FREE_DAYS:
        raise TimingWrong("rule_unknown")
    return {"every": every, "free_days": given.get("free_days", "keep"), **_READERS[every](given)}


def timing(rule: Mapping[str, str], ground: Ground) -> Timing:
    """What a rule that `read_rule` gave means on the ground of a unit or a wave.

    Raises:
        TimingWrong: rule_needs_wave.
    """
    return _TIMINGS[rule["every"]](rule, ground)


def _once(given: Mapping[str, str]) -> dict[str, str]:
    try:
        day = date.fromisoformat(given.get("on", ""))
    except ValueError:
        raise TimingWrong("rule_date") from None
    return {"on": day.isoformat(), **_time(given)}


def _day(given: Mapping[str, str]) -> dict[str, str]:
    return _time(given)


def _week(given: Mapping[str, str]) -> dict[str, str]:
    if given.get("weekday") not in WEEK:
        raise TimingWrong("rule_unknown")
    return {"weekday": given["weekday"], **_time(given)}


def _month(given: Mapping[str, str]) -> dict[str, str]:
    """The 29th to 31st are missing in some months: whoever means the end of the month says so."""
    day = given.get("day", "")
    if day != LAST and not (day.isdecimal() and day.isascii() and 1 <= int(day) <= LATEST_DAY):
        raise TimingWrong("rule_day", limit=LATEST_DAY)
    return {"day": day if day == LAST else str(int(day)), **_time(given)}


def _before(given: Mapping[str, str]) -> dict[str, str]:
    count = given.get("count", "")
    if not (count.isdecimal() and count.isascii() and len(count) <= 3 and int(count) <= MOST_DAYS):
        raise TimingWrong("rule_count", limit=MOST_DAYS)
    return {"count": str(int(count)), **_time(given)}


def _cron(given: Mapping[str, str]) -> dict[str, str]:
    text = " ".join(given.get("cron", "").split())
    parse_cron(text)
    return {"cron": text}


def _time(given: Mapping[str, str]) -> dict[str, str]:
    return {"time": read_time(given.get("time", "")).isoformat("minutes")}


_READERS: Mapping[str, Callable[[Mapping[str, str]], dict[str, str]]] = {
    "once": _once,
    "day": _day,
    "week": _week,
    "month": _month,
    "before": _before,
    "cron": _cron,
}


def _timing_once(rule: Mapping[str, str], ground: Ground) -> Timing:
    day = moved(date.fromisoformat(rule["on"]), rule["free_days"], ground.working)
    return Timing(at=moment(day, _clock(rule), ground.zone))


def _timing_before(rule: Mapping[str, str], ground: Ground) -> Timing:
    if ground.closes is None:
        raise TimingWrong("rule_needs_wave")
    # None of them before the last day is the last day itself, free or not.
    day = ground.working.earlier(last_day(ground.closes, ground.zone), int(rule["count"]))
    return Timing(at=moment(day, _clock(rule), ground.zone))


def _recurring(days: str, weekdays: str) -> Callable[[Mapping[str, str], Ground], Timing]:
    def recurring(rule: Mapping[str, str], ground: Ground) -> Timing:
        at = _clock(rule)
        weekday = str(WEEKDAYS.index(rule[weekdays])) if weekdays else "*"
        return Timing(cron=f"{at.minute} {at.hour} {rule[days] if days else '*'} * {weekday}")

    return recurring


def _timing_cron(rule: Mapping[str, str], ground: Ground) -> Timing:
    return Timing(cron=rule["cron"])


def _clock(rule: Mapping[str, str]) -> time:
    return time.fromisoformat(rule["time"])


_TIMINGS: Mapping[str, Callable[[Mapping[str, str], Ground], Timing]] = {
    "once": _timing_once,
    "day": _recurring("", ""),
    "week": _recurring("", "weekday"),
    "month": _recurring("day", ""),
    "before": _timing_before,
    "cron": _timing_cron,
}
