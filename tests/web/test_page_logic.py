"""The interpreter of expressions that pages carry answers as the server does."""

import json
import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from server.forms.expressions import ExpressionError, Names, compile_expression
from server.forms.expressions.functions import FUNCTIONS
from server.forms.expressions.operations import BINARY, UNARY
from server.web.linking import linked, needed_by, rows_of
from tests.forms.test_expressions import VECTORS
from tests.oracle import conftest, expressions
from tests.oracle.comparing import same
from tests.oracle.process import ask

TODAY = date(2026, 5, 1)
seed = conftest.seed
RESULT = "return plainValue(evaluate(tree, getValue));"
NODE = Path(__file__).with_name("expressions_in_node.js")
# What survey-core has no answer to, or another one: ours is the server's.
OURS = [
    ("today()", {}),
    ("today(-7)", {}),
    ("{a} <= today()", {"a": "2026-05-01T23:00"}),
    ("{a} > today()", {"a": "2026-05-02"}),
    ("age({a})", {"a": "2000-05-02"}),
    ("age({a}, 'months')", {"a": "2000-05-02"}),
    ("dateAdd({a}, 1, 'seconds')", {"a": "2026-05-01"}),
    ("dateAdd({a}, 1, 'months')", {"a": "2026-01-31"}),
    ("dateAdd({a}, -1, 'years')", {"a": "2024-02-29T10:30"}),
    ("dateAdd({a}, 1, 'days')", {"a": "9999-12-31"}),
    ("dateDiff({a}, {b}, 'minutes')", {"a": "2026-05-01T10:00:30+08:00", "b": "2026-05-01T02:00:00Z"}),
    ("dateDiff({a}, {b}, 'minutes')", {"a": "2026-05-01T10:00:30", "b": "2026-05-01T02:00:00Z"}),
    ("dateDiff({a}, {b}, 'hours')", {"a": "2026-05-01", "b": "2026-05-01T02:00:01"}),
    ("diffDays({a}, {b})", {"a": "2026-05-01", "b": "2026-02-28"}),
    ("[today(), 1.0]", {}),
    ("year({a}) + month({a}) + day({a}) + weekday({a})", {"a": "2026-05-03T00:30:00+08:00"}),
    ("month({a})", {"a": "2026-05"}),
    ("month({a})", {"a": "2026-13"}),
    ("day({a})", {"a": "2026-02-30"}),
    ("getDate({a})", {"a": "2026-02-28T10:30"}),
    ("{a} = getDate({b})", {"a": "2026-02-28", "b": "2026-02-28T10:30"}),
    ("currentYear() - getYear({a})", {"a": "1951-10-05"}),
    ("2 ^ 99999", {}),
    ("{a} ^ 0.5", {"a": -1}),
    ("{a} % {b}", {"a": 5, "b": 0}),
    ("trunc({a}, 2)", {"a": 0.00000012}),
    ("round({a}, 2)", {"a": 1.005}),
    ("round({a}, {b})", {"a": 123.456, "b": True}),
    ("sumInArray({p}, 'x', {y} > 1)", {"p": [{"x": 1, "y": 2}, {"x": "4", "y": 0}, {"x": "z", "y": 5}]}),
    ("maxInArray({p}, 'x', 'y')", {"p": [{"x": 1, "y": "a"}, {"x": 7, "y": "b"}, {"y": "c"}]}),
    ("avgInArray({m}, 'x')", {"m": {"one": {"x": 1}, "two": {"x": 2}}}),
    ("countInArray({p}, 'constructor')", {"p": [{"x": 1}]}),
    ("{p[-1].x} + {p[0].x} + {p.length}", {"p": [{"x": 1}, {"x": "2"}]}),
    ("{m.1.5} + {m.ONE.x}", {"m": {"1.5": 3, "One": {"x": 4}}}),
    ("{m.toString} empty and {constructor} empty", {"m": {}}),
    ("{p.length}", {}),
    ("displayValue('a')", {"a": ["x", "y"]}),
    ("displayValue('a', 'z')", {"a": 1}),
    ("substring({a}, 3, 1) + substring({a}, -2)", {"a": "abcdef"}),
    ("{a} + {b}", {"a": "x" * 9_000, "b": "y" * 9_000}),
]


def in_the_page(pairs: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[Any, Any, str]]:
    """(the server's value, the page's, the expression); the page has no more than the expression needs."""
    compiled = [
        (compile_expression(source, Names((*values, *"abcdmpz", "constructor"))), values)
        for source, values in pairs
    ]
    cases = [
        {
            "code": linked({"evaluate", "plainValue", *rows_of(expression.to_json())}, RESULT),
            "tree": expression.to_json(),
            "values": values,
            "today": TODAY.isoformat(),
        }
        for expression, values in compiled
    ]
    return [
        (expression.value(values, TODAY), answer["value"], f"{expression.source} {json.dumps(values)}")
        for (expression, values), answer in zip(compiled, ask(cases, NODE), strict=True)
    ]


def differences(pairs: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[Any, Any, str]]:
    return [each for each in in_the_page(pairs) if not same(*each[:2])]


def test_the_page_passes_the_vectors_of_survey_core() -> None:
    assert differences((source, values) for source, values, _ in VECTORS) == []


def test_the_page_agrees_where_survey_core_is_no_measure() -> None:
    assert differences(OURS) == []


def test_the_page_agrees_on_random_expressions(seed: int) -> None:
    rng, pairs = random.Random(seed), []
    while len(pairs) < 1_000:
        values, source = expressions.values(rng), expressions.expression(rng, depth=3)
        try:
            compile_expression(source, Names((*values, *"abcdmpz")))
        except ExpressionError:
            continue
        pairs.append((source, values))
    assert differences(pairs) == []


@pytest.mark.parametrize("row", [*BINARY, *UNARY])
def test_every_operator_is_in_the_table(row: str) -> None:
    assert needed_by(rows_of([row, ["value", 1], ["value", 1]]))


@pytest.mark.parametrize("row", FUNCTIONS)
def test_every_function_is_in_the_table(row: str) -> None:
    assert needed_by(rows_of(["call", row]))
