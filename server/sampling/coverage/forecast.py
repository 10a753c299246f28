"""The year's end as it looks now: what is covered, certain and expected, and until when it can wait.

Expected means: each later wave uses its capacity, first for re-checks at the known rate, then for outlets
that nobody has visited this year. Certain means: even if everybody visited had to be visited again each time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from server.sampling.coverage.inputs import LaterWave, Outlet, Statement, Wave, percent, state
from server.sampling.coverage.outlook import Outlook, Stage, outlook_of
from server.sampling.coverage.planning import CoveragePlan

CERTAINLY = Fraction(1)

Week = tuple[int, int]  # ISO year and week
Span = tuple[date, date, int | None]  # first day, last day, room for new outlets (None = any number)


@dataclass(frozen=True, slots=True)
class WaveNeed:
    """What a later wave must be able to make, the others as they are; None: it alone cannot save the year."""

    wave: str
    visits: int | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The year's end. All counts are of outlets that count then (`Year.counts`).

    Attributes:
        target: what the year's share asks for.
        covered: so far, before this plan.
        planned: new ones in this plan.
        certain, expected: covered at the year's end.
        stages: the later waves, as expected.
        level: the same capacity for each later wave that would be enough; None when none would.
        last_week: begin to visit new outlets in this week, and the target can still be reached; None when it
            is reached already, or cannot be reached at all.
        last_wave: the wave of that week, "" for this one.
        opening, closing: outlets that open for a later wave, and that close before the year does.
        without_plan: there is no feasible plan, so this wave is taken to make no visit.
    """

    total: int
    target: int
    covered: int
    planned: int
    certain: int
    expected: int
    stages: tuple[Stage, ...]
    needs: tuple[WaveNeed, ...]
    level: int | None
    last_week: Week | None
    last_wave: str | None
    opening: int
    closing: int
    without_plan: bool

    @property
    def reached(self) -> bool:
        """Whether the target is expected to be reached."""
        return self.expected >= self.target

    def share(self, count: int) -> Fraction:
        """Of all outlets that count; everything of nothing is 1."""
        return Fraction(count, self.total) if self.total else Fraction(1)

    def statements(self) -> tuple[Statement, ...]:
        """What to say about the year; the sentences stand in `coverage.json`."""
        return tuple(_said(self))


def forecast(wave: Wave, plan: CoveragePlan) -> Forecast:
    """The year's end under a plan; without a feasible one this wave is taken to make no visit."""
    outlook = outlook_of(wave)
    visits = len(plan.chosen)
    stages = outlook.stages(plan.new, visits)
    chance = _last_chance(wave, plan, outlook, stages)
    return Forecast(
        total=outlook.total,
        target=outlook.target,
        covered=outlook.covered,
        planned=plan.new,
        certain=outlook.at_the_end(plan.new, visits, CERTAINLY),
        expected=outlook.at_the_end(plan.new, visits),
        stages=tuple(stages),
        needs=tuple(_needs(outlook, plan.new, visits)),
        level=_level(outlook, plan.new, visits),
        last_week=chance[0] if chance else None,
        last_wave=chance[1] if chance else None,
        opening=sum(
            outlet.opened is not None and outlet.opened > wave.year.starts for outlet in _counting(wave)
        ),
        closing=sum(
            outlet.is_open(wave.year.starts) and not outlet.is_open(wave.year.closes)
            for outlet in wave.outlets
        ),
        without_plan=not plan.feasibility.feasible,
    )


def last_week(spans: Sequence[Span], needed: int) -> Week | None:
    """The last ISO week to begin in, if so many visits must still be made in the spans' rooms.

    The room of a span is spread evenly over its days; whole visits count. None when nothing is needed, or
    more than there is room for.
    """
    if needed <= 0:
        return None
    made = Fraction(0)
    for week, room in _weeks_backwards(spans):
        if room is None:
            return week
        made += room
        if int(made) >= needed:
            return week
    return None


def _weeks_backwards(spans: Sequence[Span]) -> Iterator[tuple[Week, Fraction | None]]:
    for starts, ends, room in reversed(spans):
        days = (ends - starts).days + 1
        last = ends
        while last >= starts:
            monday = max(starts, last - timedelta(days=last.weekday()))
            part = None if room is None else Fraction(room * ((last - monday).days + 1), days)
            year, week, _ = last.isocalendar()
            yield (year, week), part
            last = monday - timedelta(days=1)


def _last_chance(
    wave: Wave, plan: CoveragePlan, outlook: Outlook, stages: Sequence[Stage]
) -> tuple[Week, str] | None:
    year = wave.year
    spans: list[Span] = [(year.starts, year.ends, _room_now(wave, plan))]
    for stage in stages:
        most = stage.wave.visits
        room = None if most is None else max(0, most - stage.rechecks)
        spans.append((stage.wave.starts, stage.wave.ends, room))
    week = last_week(spans, outlook.target - outlook.covered)
    if week is None:
        return None
    names = [("", year.starts, year.ends), *((later.name, later.starts, later.ends) for later in year.later)]
    day = date.fromisocalendar(*week, 7)
    return week, max((starts, name) for name, starts, _ in names if starts <= day)[1]


def _room_now(wave: Wave, plan: CoveragePlan) -> int | None:
    """Visits of this wave that could go to new outlets."""
    most = wave.capacity.visits
    if most is None and wave.in_money:
        most = len(plan.chosen)
    return None if most is None else max(0, most - (len(plan.chosen) - plan.new))


def _needs(outlook: Outlook, new: int, visits: int) -> Iterator[WaveNeed]:
    later = outlook.year.later
    for place, wave in enumerate(later):

        def with_room(room: int, place: int = place) -> list[LaterWave]:
            return [replace(one, visits=room) if at == place else one for at, one in enumerate(later)]

        yield WaveNeed(wave.name, _least_room(outlook, new, visits, with_room))


def _level(outlook: Outlook, new: int, visits: int) -> int | None:
    later = outlook.year.later
    return _least_room(outlook, new, visits, lambda room: [replace(one, visits=room) for one in later])


def _least_room(
    outlook: Outlook, new: int, visits: int, waves: Callable[[int], list[LaterWave]]
) -> int | None:
    """The least room with which the target is expected to be reached; more never makes it worse."""
    most = visits + sum(outlets for outlets, _ in outlook.sizes)
    low, high = -1, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        if outlook.at_the_end(new, visits, waves=waves(middle)) >= outlook.target:
            high = middle
        else:
            low = middle
    return None if high > most else high


def _counting(wave: Wave) -> list[Outlet]:
    return [outlet for outlet in wave.outlets if wave.year.counts(outlet)]


def _said(seen: Forecast) -> Iterator[Statement]:
    if seen.without_plan:
        yield state("year_without_plan")
    code = "year_reached" if seen.reached else "year_missed"
    yield state(
        code,
        expected=seen.expected,
        outlets=seen.total,
        share=percent(seen.share(seen.expected)),
        target=seen.target,
        missing=max(0, seen.target - seen.expected),
    )
    yield state("year_certain", certain=seen.certain, share=percent(seen.share(seen.certain)))
    if seen.last_week:
        yield state("year_last_week", year=seen.last_week[0], week=seen.last_week[1])
    elif seen.covered >= seen.target:
        yield state("year_done", covered=seen.covered)
    else:
        yield state("year_too_late", target=seen.target)
    if not seen.reached and seen.level is not None:
        yield state("year_level", visits=seen.level)
    for stage in seen.stages:
        if stage.short:
            yield state("wave_short", wave=stage.wave.name, visits=stage.visits, short=stage.short)
