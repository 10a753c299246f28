"""Measurements of the definition language: compiling the shipped forms, checking one person's 30 answers."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import chained
from bench.checkers import Answers, Checker, SurveyCore, by_hand, in_turn, ours
from bench.load import Sample
from bench.measurements import AtMost, Measurement
from bench.packages import Missing
from server.fieldwork.definitions.shipping import shipped
from server.forms import compile_form

DIFFERENT_ANSWERS = 64
COMPARED_ANSWERS = 300
CHECK_SECONDS = 100e-6
COMPILE = "compile"
OURS = "check"


class Disagreement(Exception):
    """Two checkers judge the same answers differently: their times would mean nothing."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What there is to measure, and why something is not."""

    measurements: Sequence[Measurement]
    missing: Sequence[str]


@contextmanager
def checks() -> Iterator[Checks]:
    """Start every checker and compare their verdicts.

    Raises:
        Disagreement: they differ.
    """
    chance = random.Random(1)
    timed = [chained.answers(chance) for _ in range(DIFFERENT_ANSWERS)]
    compared = [*timed, *(chained.shorter_answers(chance) for _ in range(COMPARED_ANSWERS))]
    mine = ours(timed)
    checkers: dict[str, Checker] = {"marshmallow": by_hand(timed)}
    missing = []
    with ExitStack() as stack:
        try:
            checkers["survey-core"] = stack.enter_context(SurveyCore(timed))
        except Missing as problem:
            missing.append(f"survey-core: {problem}")
        for name, checker in checkers.items():
            _compare(name, mine, checker, compared)
        rivals = (Measurement(name, f"the same by {name}", each.run) for name, each in checkers.items())
        yield Checks(
            (
                Measurement(COMPILE, "shipped form compiled", _compiling()),
                Measurement(OURS, "30 answers checked", mine.run, AtMost(CHECK_SECONDS)),
                *rivals,
            ),
            missing,
        )


def _compare(name: str, mine: Checker, other: Checker, compared: Sequence[Answers]) -> None:
    pairs = zip(compared, mine.verdicts(compared), other.verdicts(compared), strict=True)
    for answers, verdict, theirs in pairs:
        if verdict != theirs:
            raise Disagreement(f"on {answers} we say {verdict} and {name} {theirs}")


def _compiling() -> Callable[[float], Sample]:
    contents = [file.content for file in shipped("forms")]
    operations = [lambda content=content: compile_form(content) for content in contents]
    return lambda seconds: in_turn(operations, seconds)
