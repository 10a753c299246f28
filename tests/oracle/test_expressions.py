"""Random expressions on random values: survey-core's answer, or a difference that we have written down."""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from server.forms.expressions import Expression, ExpressionError, Names, compile_expression
from tests.oracle import expressions
from tests.oracle.comparing import same
from tests.oracle.differences import DELIBERATE, explained
from tests.oracle.process import ask

TODAY = date(2026, 5, 1)
CASES = 4_000
DOCS = (Path(__file__).parents[2] / "docs" / "forms.md").read_text("utf-8")


class Sample(NamedTuple):
    expression: Expression
    values: expressions.Values


def samples(rng: random.Random) -> Iterator[Sample]:
    """Random expressions that the linter lets through."""
    names = Names(expressions.NAMES)
    while True:
        values, source = expressions.values(rng), expressions.expression(rng)
        try:
            yield Sample(compile_expression(source, names), values)
        except ExpressionError as refused:
            # Everything else the generator writes is meant to be read by both.
            if refused.code not in ("expression_empty_comparison", "expression_too_long"):
                raise AssertionError(source) from refused


def test_random_expressions_agree_with_survey_core(seed: int) -> None:
    chosen = [sample for sample, _ in zip(samples(random.Random(seed)), range(CASES), strict=False)]
    answers = ask(
        {"kind": "expression", "expression": expression.source, "values": values}
        for expression, values in chosen
    )
    unexplained = []
    for (expression, values), answer in zip(chosen, answers, strict=True):
        assert "invalid" not in answer, expression.source
        ours = expression.value(values, TODAY)
        # What survey-core answers with an exception has an answer here.
        if "thrown" in answer or same(ours, answer["value"]):
            continue
        if not explained(expression.node, values, TODAY):
            unexplained.append((expression.source, values, f"ours {ours!r}", f"theirs {answer['value']!r}"))
    assert unexplained == []


@pytest.mark.parametrize("reason", DELIBERATE)
def test_each_deliberate_difference_is_documented(reason: str) -> None:
    assert reason in DOCS.replace("\n", " ")
