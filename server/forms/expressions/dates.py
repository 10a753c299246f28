"""Dates of expressions. SurveyJS's Date objects are naive datetimes here: wall time, no zone.

Texts are dates when they are ISO 8601, as our date questions store them; JavaScript guesses at other texts,
differently in each browser.
"""

import math
import re
from datetime import date, datetime, time, timedelta

_ISO = re.compile(
    r"\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?)?", re.ASCII
)
SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}
UNITS = ("days", "months", "years", *SECONDS)


def moment_of(value: object) -> datetime | None:
    """A date, or the moment an ISO text names, as wall time; None for anything else."""
    moment = _read(value)
    return moment.replace(tzinfo=None) if moment else None


def _read(value: object) -> datetime | None:
    """As `moment_of`, with the offset where the text has one."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(f"{value}-01" if len(value) == 7 else value)
    except ValueError:
        return None


def date_text(moment: date) -> str:
    """ISO text: the day alone at midnight, minutes, or seconds where there are any."""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    if moment.time() == time.min:
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


def difference(start: object, end: object, unit: str) -> float | None:
    """Days, hours, minutes and seconds without sign, months and years with it; None for no dates or unit."""
    first, last = moment_of(start), moment_of(end)
    if first is None or last is None:
        return None
    if unit == "days":
        return float(abs((last.date() - first.date()).days))
    if unit in SECONDS:
        return float(math.ceil(_seconds(start, end) / SECONDS[unit]))
    months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
    return {"months": float(months), "years": float(math.trunc(months / 12))}.get(unit)


def _seconds(start: object, end: object) -> float:
    """Between two moments; offsets count when both have one, else both are taken as wall time."""
    first, last = _read(start), _read(end)
    if first is None or last is None:
        return 0.0
    if first.tzinfo is None or last.tzinfo is None:
        first, last = first.replace(tzinfo=None), last.replace(tzinfo=None)
    return abs((last - first).total_seconds())


def shifted(moment: datetime, amount: float, unit: str) -> datetime | None:
    """The moment `amount` units later. The 31st of January plus one month runs over, as in JavaScript."""
    count = math.trunc(amount)
    try:
        if unit in SECONDS:
            return moment + timedelta(seconds=count * SECONDS[unit])
        if unit == "days":
            return moment + timedelta(days=count)
        months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "years" else 1)
        first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
        return first + timedelta(days=moment.day - 1)
    except (OverflowError, ValueError):
        return None


def comparable(left: object, right: object) -> tuple[datetime | None, datetime | None]:
    """Two operands, one of them a date, as SurveyJS compares them; None for what is no date.

    Beside a date at midnight the time of a text does not count. A date on the left loses the parts that a
    text on the right does not have.
    """
    first, last = moment_of(left), moment_of(right)
    if first is None or last is None:
        return first, last
    if isinstance(right, str):
        first = _as_precise_as(first, right)
        return first, _beside(last, first)
    if isinstance(left, str):
        return _beside(first, last), last
    return first, last


def _as_precise_as(moment: datetime, text: str) -> datetime:
    if len(text) < 11:
        return datetime.combine(moment.date(), time.min)
    if len(text) < 17:
        return moment.replace(second=0, microsecond=0)
    return moment.replace(microsecond=0)


def _beside(moment: datetime, other: datetime) -> datetime:
    at_midnight = other.replace(microsecond=0).time() == time.min
    return datetime.combine(moment.date(), time.min) if at_midnight else moment
