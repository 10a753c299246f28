"""Spreads visits over the days of a wave, evenly, and those of one sub-branch over different weeks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from server.sampling.frame import SamplingError
from server.sampling.random_numbers import check_key, derived_key, prn

EVERY_DAY = frozenset(range(7))


def visit_days(
    starts: date, ends: date, weekdays: Collection[int] = EVERY_DAY, closed: Collection[date] = frozenset()
) -> list[date]:
    """The days from `starts` to `ends`, both included, on these weekdays (Monday is 0) and not closed."""
    span = (starts + timedelta(days=number) for number in range((ends - starts).days + 1))
    return [day for day in span if day.weekday() in weekdays and day not in closed]


def spread(
    parents: Mapping[str, str], days: Sequence[date], wave_key: bytes, per_day: int | None = None
) -> dict[str, date]:
    """A day for each outlet; the same in whatever order outlets and days come.

    No day gets more than one visit more than another. Outlets of one sub-branch get different days, and as
    far as there are weeks, different weeks.

    Args:
        parents: outlet to sub-branch.
        per_day: visits that one day can take.

    Raises:
        SamplingError: `coverage_days_too_few`, `wave_key_too_short`.
    """
    check_key(wave_key)
    cycle = _across_weeks(sorted(set(days)))
    room = len(cycle) * (len(parents) if per_day is None else per_day)
    if len(parents) > room:
        raise SamplingError("coverage_days_too_few", outlets=len(parents), room=room)
    key = derived_key(wave_key, "coverage days")
    ordered = sorted(
        parents,
        key=lambda outlet: (
            prn(key, f"parent {parents[outlet]}"),
            parents[outlet],
            prn(key, f"outlet {outlet}"),
            outlet,
        ),
    )
    return {outlet: cycle[place % len(cycle)] for place, outlet in enumerate(ordered)}


def _across_weeks(days: Sequence[date]) -> list[date]:
    """The days so that neighbours fall in different weeks and on different weekdays where they can."""
    weeks: dict[tuple[int, int], list[date]] = {}
    for day in days:
        year, week, _ = day.isocalendar()
        weeks.setdefault((year, week), []).append(day)
    longest = max(map(len, weeks.values()), default=0)
    return [
        week[(turn + place) % len(week)]
        for turn in range(longest)
        for place, week in enumerate(weeks.values())
        if turn < len(week)
    ]
