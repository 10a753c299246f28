"""Opening hours as people write them, as they are stored, and as they are printed.

Stored: `{"mon": [["09:00", "12:00"], ["13:30", "17:00"]], …, "sun": [], "holidays": []}`. All seven weekdays
are there, closed ones with an empty list; `holidays` (public holidays) is missing where nothing was said of
them. An end is the first moment after, up to "24:00". A unit that is open past midnight has two days to say.

Written: `周一至周五 9:00-17:00；周六 9:00-12:00,13:30-16:00；节假日休息`, or `Mon-Fri 09:00-17:00; PH off`.
Printed in the short form that maps use (`Mo-Fr 09:00-17:00; PH off`), which reads back the same.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import groupby

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS = "holidays"
DAYS = (*WEEKDAYS, HOLIDAYS)
SHORT = dict(zip(DAYS, ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH"), strict=True))

Span = list[str]
Hours = Mapping[str, list[Span]]

CHINESE = dict(zip("一二三四五六日天", (*WEEKDAYS, "sun"), strict=True))
ENGLISH = {
    name: day
    for day, long in zip(
        WEEKDAYS,
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        strict=True,
    )
    for name in (long, long[:3], long[:2])
}
GROUPS: dict[str, tuple[str, ...]] = {
    "每天": WEEKDAYS, "每日": WEEKDAYS, "daily": WEEKDAYS,
    "工作日": WEEKDAYS[:5], "weekdays": WEEKDAYS[:5],
    "周末": WEEKDAYS[5:], "双休日": WEEKDAYS[5:], "weekend": WEEKDAYS[5:],
    "法定节假日": (HOLIDAYS,), "节假日": (HOLIDAYS,), "holidays": (HOLIDAYS,), "ph": (HOLIDAYS,),
}  # fmt: skip
CLOSED = ("不营业", "休息", "除外", "closed", "off")
ALL_DAY = ("24小时", "全天", "24h")


def _any_of(words: Mapping[str, object] | tuple[str, ...]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


TOKEN = re.compile(
    rf"""
    (?P<all_day>{_any_of(ALL_DAY)})
    | (?P<time>\d{{1,2}}(?::\d{{2}}|[点时](?:\d{{2}}分?|半)?))
    | (?P<group>{_any_of(GROUPS)})
    | (?:周|星期|礼拜)(?P<chinese>[一二三四五六日天]+)
    | (?P<bare>[一二三四五六日天])
    | (?P<english>{_any_of(ENGLISH)})(?![a-z])
    | (?P<closed>{_any_of(CLOSED)})
    | (?P<to>[-–—~至到]|to(?![a-z]))
    | (?P<gap>[\s,、和及:]+)
    """,
    re.VERBOSE,
)
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
LONGEST = 500


class NotHours(ValueError):
    """A text that says no opening hours."""


@lru_cache(maxsize=1_000)
def read_hours(text: str) -> dict[str, list[Span]]:
    """The hours that a text says; what a later part says of a day counts. Hundreds of outlets say the same.

    Raises:
        NotHours: it says none, or something that is none.
    """
    if len(text) > LONGEST:
        raise NotHours(text)
    found: dict[str, list[Span]] = {}
    for part in re.split(r"[;\n。]", unicodedata.normalize("NFKC", text).lower()):
        if part.strip():
            days, spans = _part(list(_tokens(part)))
            found.update(dict.fromkeys(days, spans))
    if not found:
        raise NotHours(text)
    return {day: found.get(day, []) for day in DAYS if day in found or day != HOLIDAYS}


def write_hours(hours: Hours) -> str:
    """Stored hours in the short form; days that are closed all week are left out."""
    parts = []
    weekdays = [(SHORT[day], _spans(hours.get(day, []))) for day in WEEKDAYS]
    for spans, group in groupby(weekdays, key=lambda pair: pair[1]):
        names = [name for name, _ in group]
        if spans:
            parts.append(f"{names[0]}-{names[-1]} {spans}" if len(names) > 1 else f"{names[0]} {spans}")
    if HOLIDAYS in hours:
        parts.append(f"{SHORT[HOLIDAYS]} {_spans(hours[HOLIDAYS]) or 'off'}")
    return "; ".join(parts or ["Mo-Su off"])


def right_spans(spans: list[Span]) -> bool:
    """Whether spans of one day are times in order that do not overlap."""
    if not all(isinstance(span, list) and len(span) == 2 for span in spans):
        return False
    times = [time for span in spans for time in span]
    return (
        all(isinstance(time, str) and TIME.fullmatch(time) for time in times)
        and all(start < end for start, end in zip(times[::2], times[1::2], strict=True))
        and all(end <= start for end, start in zip(times[1::2], times[2::2], strict=False))
    )


def _spans(spans: list[Span]) -> str:
    return ",".join("-".join(span) for span in spans)


def _tokens(part: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each piece but the gaps."""
    place = 0
    while place < len(part):
        found = TOKEN.match(part, place)
        if found is None or found.lastgroup is None:
            raise NotHours(part)
        place = found.end()
        if found.lastgroup != "gap":
            yield found.lastgroup, found[found.lastgroup]


def _part(tokens: list[tuple[str, str]]) -> tuple[list[str], list[Span]]:
    """One part: days (every day where none is named), then times."""
    start = next((at for at, (kind, _) in enumerate(tokens) if kind in {"time", "all_day", "closed"}), None)
    if start is None:
        raise NotHours
    days = _days(tokens[:start]) if start else list(WEEKDAYS)
    spans = sorted(_times(tokens[start:]))
    if not right_spans(spans):
        raise NotHours
    return days, spans


def _days(tokens: list[tuple[str, str]]) -> list[str]:
    days: list[str] = []
    through = False
    for kind, text in tokens:
        if kind == "to":
            if through or not days:
                raise NotHours
            through = True
            continue
        named = _named_days(kind, text, after_to=through)
        days += _between(days[-1], named[0]) if through else []
        days += named
        through = False
    if through:
        raise NotHours
    return days


def _named_days(kind: str, text: str, *, after_to: bool) -> tuple[str, ...]:
    if kind == "group" and not after_to:
        return GROUPS[text]
    if kind == "chinese" or (kind == "bare" and after_to):
        return tuple(CHINESE[each] for each in text)
    if kind == "english":
        return (ENGLISH[text],)
    raise NotHours(text)


def _between(first: str, last: str) -> list[str]:
    """The days between two, over the weekend where need be."""
    if first == HOLIDAYS:
        raise NotHours
    start, length = WEEKDAYS.index(first), (WEEKDAYS.index(last) - WEEKDAYS.index(first)) % 7
    return [WEEKDAYS[(start + step) % 7] for step in range(1, length)]


def _times(tokens: list[tuple[str, str]]) -> list[Span]:
    kinds = [kind for kind, _ in tokens]
    if kinds == ["closed"]:
        return []
    if kinds == ["all_day"]:
        return [["00:00", "24:00"]]
    if len(tokens) % 3 or kinds != ["time", "to", "time"] * (len(tokens) // 3):
        raise NotHours
    return [[_time(tokens[at][1]), _time(tokens[at + 2][1])] for at in range(0, len(tokens), 3)]


def _time(text: str) -> str:
    """`9:00`, `9点`, `9点半`, `9点05分` as `09:05`."""
    hours, _, minutes = re.sub("[点时:]", ":", text).partition(":")
    minutes = "30" if minutes == "半" else minutes.removesuffix("分") or "00"
    return f"{int(hours):02}:{minutes}"
