"""Entries of a timetable before they are rows: what a wave brings, and what a programme's year brings.

The same input gives the same entries under the same keys, so planning again moves what moved and leaves the
rest alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.scoring.calendar import Calendar
from server.scoring.calendar.days import WorkingDays
from server.scoring.programmes.definition import Programme, Text
from server.scoring.timetabling.recurrence import day_over, last_day, moment, moved
from server.scoring.timetabling.settings import Steps

COORDINATOR = "coordinator"
# kind -> who gets the notice. Where a firm collects, it is told of its deadlines as well.
ROLES: Mapping[str, tuple[str, ...]] = {
    "open": (COORDINATOR,),
    "reminder": (COORDINATOR, "firm"),
    "field_deadline": (COORDINATOR, "firm"),
    "submission_deadline": (COORDINATOR, "firm"),
    "bulletin": (COORDINATOR,),
    "review": ("reviewer",),
    "facts_check": ("branch_manager", "evaluated_body"),
    "publication": ("owner", COORDINATOR),
    "feedback": (COORDINATOR,),
    "delivery": (COORDINATOR,),
    "delivery_reminder": (COORDINATOR,),
    "pre_assessment": (COORDINATOR, "owner"),
    "period_end": (COORDINATOR,),
    "settlement": (COORDINATOR, "owner"),
    "own": (COORDINATOR,),
}
KINDS = tuple(ROLES)
# Over when the wave closes: nobody needs to be reminded of it any more.
UNTIL_CLOSED = ("open", "reminder", "field_deadline", "bulletin")
# How long before a date of the calendar one is reminded: of what comes each month not a week before.
REMIND_EACH: Mapping[str, tuple[int, ...]] = {"month": (1,), "quarter": (3, 1), "": (7, 3, 1)}
PERIODS_SETTLED = ("month", "quarter", "half", "phase", "year")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Planned:
    """One entry; exactly one of `at` and `cron` is set.

    Attributes:
        key: its own within the wave, or within the programme's year.
        due: the first moment after the deadline that it is about.
        details: what its sentence names: days before, a period, a date of the calendar.
        title: of its own, by language; empty where the kind says it.
    """

    key: str
    kind: str
    at: datetime | None = None
    cron: str = ""
    free_days: str = "keep"
    starts: datetime | None = None
    ends: datetime | None = None
    due: datetime | None = None
    roles: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    title: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window:
    """A wave's time: `closes` is the first moment after it."""

    opens: datetime
    closes: datetime
    zone: ZoneInfo
    firm: bool = False


def wave_entries(window: Window, steps: Steps, working: WorkingDays) -> tuple[Planned, ...]:
    """What a wave brings, in the order of time."""
    found = [
        Planned("open", "open", at=window.opens, due=window.closes),
        *_reminders(window, steps, working),
        *_deadlines(window, steps),
        *_bulletins(window, steps),
        *_aftermath(window, steps, working),
    ]
    return tuple(sorted((_addressed(each, window) for each in found), key=_order))


def _addressed(entry: Planned, window: Window) -> Planned:
    return replace(entry, roles=tuple(role for role in ROLES[entry.kind] if role != "firm" or window.firm))


def _order(entry: Planned) -> tuple[float, str]:
    begins = entry.at or entry.starts
    return (begins.timestamp() if begins else 0.0, entry.key)


def _reminders(window: Window, steps: Steps, working: WorkingDays) -> Iterator[Planned]:
    """Before a free day rather than after it. Where two would come at once, the last one comes."""
    last, nearest = last_day(window.closes, window.zone), {}
    for days in steps.remind:
        at = moment(moved(last - _DAY * days, "previous", working), steps.remind_at, window.zone)
        if at > window.opens:
            nearest[at] = days
    for at, days in nearest.items():
        yield Planned(f"reminder-{days}", "reminder", at=at, due=window.closes, details={"days": days})


def _deadlines(window: Window, steps: Steps) -> Iterator[Planned]:
    """前含本日 (reading A33): the last day counts whole, so a deadline is the first moment after it."""
    ready = day_over(last_day(window.closes, window.zone) - _DAY * steps.field_days, window.zone)
    if steps.field_days and ready > window.opens:
        yield Planned("field_deadline", "field_deadline", at=ready, due=ready)
    yield Planned("submission_deadline", "submission_deadline", at=window.closes, due=window.closes)


def _bulletins(window: Window, steps: Steps) -> Iterator[Planned]:
    """None on the first day: there is nothing to tell yet."""
    if steps.bulletin:
        yield Planned(
            "bulletin",
            "bulletin",
            cron=steps.bulletin,
            free_days="next",
            starts=window.opens + _DAY,
            ends=window.closes,
            due=window.closes,
        )


def _aftermath(window: Window, steps: Steps, working: WorkingDays) -> Iterator[Planned]:
    """What follows the close. The work of a step begins on the working day after the step before it."""
    last = before = last_day(window.closes, window.zone)
    spans = [(kind, getattr(steps, kind)) for kind in ("review", "facts_check", "publication")]
    dues = [(kind, working.later(last, span)) for kind, span in spans if span]
    if steps.feedback and dues:
        dues.append(("feedback", working.later(dues[-1][1], steps.feedback)))
    for kind, day in dues:
        begins = moment(working.later(before, 1), steps.remind_at, window.zone)
        due = day_over(day, window.zone)
        yield Planned(kind, kind, at=min(begins, due - _DAY), due=due)
        before = day


def year_entries(
    programme: Programme, year: int, audience: Mapping[str, str], working: WorkingDays, steps: Steps
) -> tuple[Planned, ...]:
    """What a scheme year of a programme brings: its dates with their reminders, and the ends of its periods.

    Args:
        audience: date of the calendar -> the kind of subject that it is for.
        steps: `remind_at` is when reminders come and when the work of a period's end begins.
    """
    found = [
        *_dates(programme, year, audience, working, steps),
        *_period_ends(programme, year, working, steps),
    ]
    return tuple(sorted(found, key=_order))


def _dates(
    programme: Programme, year: int, audience: Mapping[str, str], working: WorkingDays, steps: Steps
) -> Iterator[Planned]:
    rules = {rule.name: rule for rule in programme.calendar.dates}
    for deadline in programme.calendar.deadlines(year):
        rule, name = rules[deadline.name], deadline.name
        due = date_over(programme, deadline.day)
        kind = "feedback" if rule.after else "delivery"
        details = {"date": name, "for": audience.get(name, "")}
        title, roles = programme.date_titles.get(name, {}), _told(kind, programme, audience.get(name, ""))
        key = f"{name}:{deadline.day.isoformat()}"
        yield Planned(key, kind, at=due, due=due, roles=roles, details=details, title=title)
        nearest = {}
        for days in REMIND_EACH[rule.each]:
            remind = moved(deadline.day - _DAY * days, "previous", working)
            nearest[moment(remind, steps.remind_at, programme.zone)] = days
        for at, days in nearest.items():
            more = {**details, "days": days}
            yield Planned(
                f"{key}:{days}", "delivery_reminder", at=at, due=due, roles=roles, details=more, title=title
            )


def date_over(programme: Programme, day: date) -> datetime:
    """When a date of the calendar has passed: 24:00 of the day, or before it begins (reading A33)."""
    through = programme.policies.get("A33") != "before"
    return day_over(day if through else day - _DAY, programme.zone)


def _told(kind: str, programme: Programme, audience: str) -> tuple[str, ...]:
    """The coordinator, who sees to it; and those who are graded or paid by the scheme, where it is theirs."""
    graded = any(measure.bands for measure in programme.measures.values() if measure.of == audience)
    paid = any(rule.direction for rule in programme.rules if rule.kind == audience)
    return (*ROLES[kind], "evaluated_body") if graded or paid else ROLES[kind]


def _period_ends(programme: Programme, year: int, working: WorkingDays, steps: Steps) -> Iterator[Planned]:
    for per in PERIODS_SETTLED:
        kind = _kind_of_end(programme, per)
        for period in programme.calendar.periods(per, year) if kind else ():
            at = moment(working.later(period.ends, 1), steps.remind_at, programme.zone)
            details = {"period": period.name}
            yield Planned(f"{kind}:{period.id}", kind, at=at, roles=ROLES[kind], details=details)


def _kind_of_end(programme: Programme, per: str) -> str:
    """What the end of such a period asks for; "" where no rule looks at it.

    Where rules only tell, and a longer period gives the grade, it is a trial for that (预考核).
    """
    rules = [rule for rule in programme.rules if rule.per == per]
    if not rules:
        return ""
    if per == "year" or any(rule.amount or rule.shortfall or rule.decided for rule in rules):
        return "settlement"
    longer = PERIODS_SETTLED[PERIODS_SETTLED.index(per) + 1 :]
    graded = any(measure.bands for measure in programme.measures.values() if measure.per in longer)
    return "pre_assessment" if graded else "period_end"


def years_of(calendar: Calendar, window: Window) -> Sequence[int]:
    """The scheme years that a wave's window touches."""
    first = calendar.year_of(window.opens.astimezone(window.zone).date())
    return range(first, calendar.year_of(last_day(window.closes, window.zone)) + 1)
