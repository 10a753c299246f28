"""Three ways to check the same answers to the same form: ours, marshmallow's, survey-core's."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from marshmallow import ValidationError

from bench import chained
from bench.handwritten import Survey
from bench.load import Sample
from bench.packages import node_modules, program
from server.forms import check, compile_form

Answers = dict[str, Any]
# {"errors": names of the questions with an error, "values": what would be stored}.
Verdict = dict[str, Any]

HERE = Path(__file__).resolve().parent
ORACLE = HERE.parent / "tests" / "oracle"
TODAY = date(2026, 5, 1)


class Checker(Protocol):
    """Verdicts on answers, and how long they take."""

    def verdicts(self, answers: Sequence[Answers]) -> list[Verdict]:
        """One for each, to be compared with another checker's."""

    def run(self, seconds: float) -> Sample:
        """Check one after the other what `answers` has given, again from the start where it ends."""


class InProcess:
    """A checker that is a Python function."""

    def __init__(self, verdict: Callable[[Answers], Verdict], timed: Sequence[Callable[[], object]]) -> None:
        self._verdict = verdict
        self._timed = timed

    def verdicts(self, answers: Sequence[Answers]) -> list[Verdict]:
        return [self._verdict(each) for each in answers]

    def run(self, seconds: float) -> Sample:
        return in_turn(self._timed, seconds)


def in_turn(operations: Sequence[Callable[[], object]], seconds: float) -> Sample:
    """Each operation after the other, from the first again after the last; the time that each took."""
    latencies: list[float] = []
    started = begun = time.perf_counter()
    while begun - started < seconds:
        for operation in operations:
            operation()
            now = time.perf_counter()
            latencies.append(now - begun)
            begun = now
    return Sample(tuple(latencies), begun - started)


def ours(answers: Sequence[Answers]) -> InProcess:
    form = compile_form(chained.definition())

    def verdict(said: Answers) -> Verdict:
        checked = check(form, said, variables={}, today=TODAY)
        return _verdict({error.question for error in checked.errors}, checked.values)

    def timed(said: Answers) -> Callable[[], object]:
        return lambda: check(form, said, variables={}, today=TODAY)

    return InProcess(verdict, [timed(each) for each in answers])


def by_hand(answers: Sequence[Answers]) -> InProcess:
    schema = Survey()

    def load(said: Answers) -> object:
        try:
            return schema.load(said)
        except ValidationError as error:
            return error

    def verdict(said: Answers) -> Verdict:
        loaded = load(said)
        if isinstance(loaded, ValidationError):
            return _verdict(set(loaded.messages_dict), {})
        return {"errors": [], "values": loaded}

    def timed(said: Answers) -> Callable[[], object]:
        return lambda: load(said)

    return InProcess(verdict, [timed(each) for each in answers])


class SurveyCore:
    """survey-core under Node, in a process of its own that measures itself. A context manager.

    Raises:
        bench.packages.Missing: Node or the package is not there.
    """

    def __init__(self, answers: Sequence[Answers]) -> None:
        self._answers = answers
        self._process = subprocess.Popen(
            (program("node"), str(HERE / "survey_core.js")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "NODE_PATH": str(node_modules(ORACLE)), "TZ": "UTC"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def verdicts(self, answers: Sequence[Answers]) -> list[Verdict]:
        found = self._ask({"form": chained.definition(), "answers": answers})
        # What is timed comes last, since the process goes on with the answers it was given last.
        self._ask({"form": chained.definition(), "answers": self._answers})
        return [_verdict(set(each["errors"]), each["values"]) for each in found]

    def run(self, seconds: float) -> Sample:
        latencies = self._ask(seconds)
        return Sample(tuple(latencies), sum(latencies))

    def _ask(self, question: object) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        self._process.stdin.write(json.dumps(question, ensure_ascii=False) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("survey_core.js ended; what it said stands above")
        return json.loads(answer)


def _verdict(wrong: set[str], values: Any) -> Verdict:
    """With errors nothing would be stored, and what a checker keeps of wrong answers is its own affair."""
    return {"errors": sorted(wrong), "values": None if wrong else values}
