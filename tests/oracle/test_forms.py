"""Random forms and answers: what is seen, required, calculated, refused and kept, as survey-core has it."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.forms import CompiledForm, FormInvalid, compile_form
from tests.oracle.forms import VARIABLES, Json, Maker, for_survey_core
from tests.oracle.outcomes import DELIBERATE, Situation, kept, our_outcome, their_outcome, unexplained
from tests.oracle.process import ask

FORMS = 200
PEOPLE = 4
WALKS = 100
DOCS = (Path(__file__).parents[2] / "docs" / "forms.md").read_text("utf-8")
# What the generator may write by chance; any other refusal is a mistake of the generator or the linter.
BY_CHANCE = {"dependency_cycle", "default_invalid"}

Drawn = tuple[Json, CompiledForm, list[Json]]


def drawn(rng: random.Random, draw: Callable[[Maker], Json] = Maker.form, people: int = PEOPLE) -> Drawn:
    """A form that compiles, with the answers of some people."""
    while True:
        maker = Maker(rng)
        form = draw(maker)
        try:
            return form, compile_form(form), [maker.answers() for _ in range(people)]
        except FormInvalid as invalid:
            codes = {problem.code for problem in invalid.problems if problem.severity == "error"}
            if not codes <= BY_CHANCE:
                raise


def asked(cases: list[Drawn]) -> list[Any]:
    """survey-core's outcomes, a list for each form."""
    return ask(
        {"kind": "form", "form": for_survey_core(form), "answers": answers, "variables": VARIABLES}
        for form, _, answers in cases
    )


def test_random_forms_agree_with_survey_core(seed: int) -> None:
    rng = random.Random(seed)
    cases = [drawn(rng) for _ in range(FORMS)]
    wrong = []
    for (form, compiled, people), outcomes in zip(cases, asked(cases), strict=True):
        for answers, theirs in zip(people, outcomes, strict=True):
            assert theirs["settled"], form
            assert theirs["unread"] == [], form
            ours, refused = our_outcome(compiled, answers, VARIABLES)
            found = unexplained(Situation(form, answers, ours, their_outcome(theirs), refused))
            if found:
                wrong.append((found, form, answers))
    assert wrong == []


def test_leaving_early_agrees_with_survey_core(seed: int) -> None:
    """A `complete` trigger: the pages somebody sees on the way, and what is kept in the end."""
    rng = random.Random(seed)
    cases = [drawn(rng, Maker.with_end, people=1) for _ in range(WALKS)]
    ways = ask(
        {"kind": "walk", "form": for_survey_core(form), "answers": answers, "variables": VARIABLES}
        for form, _, (answers,) in cases
    )
    wrong = []
    for (form, compiled, (answers,)), way in zip(cases, ways, strict=True):
        ours, _ = our_outcome(compiled, answers, VARIABLES)
        # Nobody comes past a page with a wrong answer, or answers what is disabled.
        if not {*ours.errors, *ours.disabled} & answers.keys() and (ours.pages, ours.values) != (
            tuple(way["pages"]),
            kept(way["values"]),
        ):
            wrong.append((ours, way, form, answers))
    assert wrong == []


@pytest.mark.parametrize("reason", DELIBERATE)
def test_each_deliberate_difference_is_documented(reason: str) -> None:
    assert reason in DOCS.replace("\n", " ")
