"""How far apart the steps of a wave are: defaults for each kind of instrument, which a wave may change.

A wave's own numbers stand in its settings under `timetable`, with the names used here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.cron import parse_cron

MOST_DAYS = 90
MOST_REMINDERS = 5


@dataclass(frozen=True, slots=True)
class Steps:
    """What a wave's timetable has. A number of 0 or an empty rule means: no such step.

    Attributes:
        remind: days before the last day on which a reminder comes.
        remind_at: when on that day, and when the work of a step begins.
        field_days: days between the last one in the field and the last one for handing in.
        review: working days after the close by which answers are reviewed.
        facts_check: working days after the close by which those visited have checked the facts.
        publication: working days after the close by which results are published.
        feedback: working days after the publication by which those judged have answered.
        bulletin: cron rule of the interim bulletins while the wave is open.
    """

    remind: tuple[int, ...] = (7, 3, 1)
    remind_at: time = time(9)
    field_days: int = 0
    review: int = 0
    facts_check: int = 0
    publication: int = 5
    feedback: int = 0
    bulletin: str = ""


WEEKLY = "0 9 * * 1"
VISITS = Steps(field_days=2, review=5, facts_check=8, publication=10, feedback=10, bulletin=WEEKLY)
# Panels and ballots have no bulletin: who hears how others rate rates otherwise.
DEFAULTS: Mapping[str, Steps] = {
    "visit": VISITS,
    "video": replace(VISITS, field_days=0, review=3, facts_check=6, publication=8),
    "survey": Steps(bulletin=WEEKLY),
    "self_check": Steps(remind=(3, 1)),
    "panel": Steps(remind=(3, 1)),
    "ballot": Steps(remind=(3, 1)),
    "log": Steps(remind=(1,), bulletin=WEEKLY),
}


def steps_of(instrument: str, changes: Mapping[str, object]) -> Steps:
    """The defaults of an instrument with a wave's changes: `{"remind": [5, 2], "review": 3, "bulletin": ""}`.

    Raises:
        TimingWrong: timetable_setting for a name that is none or a value that means nothing.
    """
    steps = DEFAULTS.get(instrument, Steps())
    for name, value in changes.items():
        try:
            steps = _CHANGES[name](steps, name, value)
        except (KeyError, TypeError, ValueError):
            raise TimingWrong("timetable_setting", name=name, value=str(value)) from None
    return steps


def _days(steps: Steps, name: str, value: object) -> Steps:
    change: dict[str, Any] = {name: _whole(value)}
    return replace(steps, **change)


def _remind(steps: Steps, name: str, value: object) -> Steps:
    if not isinstance(value, list | tuple) or len(value) > MOST_REMINDERS:
        raise ValueError(name)
    return replace(steps, remind=tuple(sorted({_whole(each) for each in value}, reverse=True)))


def _remind_at(steps: Steps, name: str, value: object) -> Steps:
    return replace(steps, remind_at=read_time(value))


def _bulletin(steps: Steps, name: str, value: object) -> Steps:
    if not isinstance(value, str):
        raise TypeError(name)
    if value:
        parse_cron(value)
    return replace(steps, bulletin=value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_DAYS:
        raise ValueError(value)
    return value


def read_time(value: object) -> time:
    """`09:00`, to the minute.

    Raises:
        TimingWrong: rule_time.
    """
    try:
        read = time.fromisoformat(value) if isinstance(value, str) and len(value) == len("09:00") else None
    except ValueError:
        read = None
    if read is None:
        raise TimingWrong("rule_time")
    return read


_CHANGES: Mapping[str, Callable[[Steps, str, object], Steps]] = {
    "remind": _remind,
    "remind_at": _remind_at,
    "bulletin": _bulletin,
    **dict.fromkeys(("field_days", "review", "facts_check", "publication", "feedback"), _days),
}
