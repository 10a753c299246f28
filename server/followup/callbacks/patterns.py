"""What in the answers about a unit or an employee is worth a look, from counted facts. Pure.

Every rule is data (`patterns.json`) and says how many it saw of how many. None of them proves anything: a
branch may ask its customers to answer on the spot, and an old phone may hand messages over late.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

KINDS: Final = ("burst", "staff", "repeated", "quick", "unread", "out_of_hours")
DATA: Final = Path(__file__).with_name("patterns.json")


@dataclass(frozen=True, slots=True)
class Rules:
    """When something is worth a look.

    Attributes:
        days: how far back answers are looked at.
        burst_window: so long may the answers of a burst be apart.
        burst_least, burst_times: at least so many in it, and so many times what the own rate lets expect.
        open_hours: in so many hours of a day customers are served: what the own rate is spread over.
        quick: an answer that came so soon after the message was delivered.
        a_question: nobody reads and answers a question faster.
        repeated_least: so many answers by one number.
        staff_least: so many by numbers of the organisation's own people.
        from_hour, until_hour: when people answer messages.
        least, share: by kind, at least so many, and at least this share of all.
    """

    days: int
    burst_window: timedelta
    burst_least: int
    burst_times: int
    open_hours: int
    quick: timedelta
    a_question: timedelta
    repeated_least: int
    staff_least: int
    from_hour: int
    until_hour: int
    least: Mapping[str, int]
    share: Mapping[str, Fraction]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The rules as the file has them."""
        shares = {"quick": "quick", "unread": "unread", "out_of_hours": "outOfHours"}
        return cls(
            days=data["days"],
            burst_window=timedelta(minutes=data["burst"]["minutes"]),
            burst_least=data["burst"]["least"],
            burst_times=data["burst"]["times"],
            open_hours=data["burst"]["openHoursADay"],
            quick=timedelta(seconds=data["quick"]["seconds"]),
            a_question=timedelta(seconds=data["unread"]["secondsAQuestion"]),
            repeated_least=data["repeated"]["least"],
            staff_least=data["staff"]["least"],
            from_hour=data["outOfHours"]["from"],
            until_hour=data["outOfHours"]["until"],
            least={kind: data[name]["least"] for kind, name in shares.items()},
            share={kind: Fraction(data[name]["share"]) for kind, name in shares.items()},
        )


RULES: Final = Rules.from_json(json.loads(DATA.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one answer about a place or a person, without who gave it.

    Attributes:
        number: stands for the number that answered: the same for the same one.
        local: when it arrived, on the unit's clocks.
        waited: how long after the message was delivered; None where nobody knows.
        filled: how long from the first page to the end; None where nobody knows.
        questions: how many were answered.
        staff: the number belongs to somebody of the organisation.
        satisfied: None where the answer says nothing about it.
    """

    number: str
    local: datetime
    waited: timedelta | None = None
    filled: timedelta | None = None
    questions: int = 1
    staff: bool = False
    satisfied: bool | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something worth a look: `count` of `n` answers. `at` is when it began, where that means something."""

    kind: str
    count: int
    n: int
    at: datetime | None = None
    expected: Fraction | None = None
    satisfied: int | None = None


def patterns(answers: Sequence[Answer], rules: Rules = RULES) -> tuple[Pattern, ...]:
    """Everything worth a look in the answers about one place or person, in the order of `KINDS`."""
    found = [
        *_bursts(answers, rules),
        *_staff(answers, rules),
        *_repeated(answers, rules),
        *(each for kind in ("quick", "unread", "out_of_hours") for each in _shares(kind, answers, rules)),
    ]
    return tuple(found)


def _bursts(answers: Sequence[Answer], rules: Rules) -> Iterator[Pattern]:
    """Stretches with many answers, against the own rate of the same place: the widest first, none twice."""
    ordered = sorted(answers, key=lambda each: each.local)
    expected = expected_in_window(len(ordered), rules)
    start = 0
    while start < len(ordered):
        end = start
        while end + 1 < len(ordered) and ordered[end + 1].local - ordered[start].local <= rules.burst_window:
            end += 1
        count = end - start + 1
        if count >= rules.burst_least and count >= rules.burst_times * expected:
            happy = sum(1 for each in ordered[start : end + 1] if each.satisfied)
            yield Pattern("burst", count, len(ordered), ordered[start].local, expected, happy)
            start = end + 1
        else:
            start += 1


def expected_in_window(n: int, rules: Rules) -> Fraction:
    """How many of `n` answers fall into one window if they come evenly over the open hours."""
    open_time = timedelta(hours=rules.open_hours * rules.days)
    return Fraction(n) * Fraction(
        rules.burst_window // timedelta(seconds=1), open_time // timedelta(seconds=1)
    )


def _staff(answers: Sequence[Answer], rules: Rules) -> Iterator[Pattern]:
    count = sum(1 for each in answers if each.staff)
    if count >= rules.staff_least:
        yield Pattern("staff", count, len(answers))


def _repeated(answers: Sequence[Answer], rules: Rules) -> Iterator[Pattern]:
    """The numbers that answered most often; each counts once, however often it did."""
    often = [
        count for count in Counter(each.number for each in answers).values() if count >= rules.repeated_least
    ]
    if often:
        yield Pattern("repeated", sum(often), len(answers))


def _shares(kind: str, answers: Sequence[Answer], rules: Rules) -> Iterator[Pattern]:
    known = [each for each in answers if _known(kind, each)]
    count = sum(1 for each in known if _strange(kind, each, rules))
    if count >= rules.least[kind] and count >= rules.share[kind] * len(known):
        yield Pattern(kind, count, len(known))


def _known(kind: str, answer: Answer) -> bool:
    times = {"quick": answer.waited, "unread": answer.filled}
    return times.get(kind, timedelta()) is not None


def _strange(kind: str, answer: Answer, rules: Rules) -> bool:
    if kind == "quick":
        return answer.waited is not None and answer.waited < rules.quick
    if kind == "unread":
        return answer.filled is not None and answer.filled < answer.questions * rules.a_question
    return not rules.from_hour <= answer.local.hour < rules.until_hour
