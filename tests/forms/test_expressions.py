"""Expressions: SurveyJS's answers, refused slips with their column, and totality on anything."""

import json
import math
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms.expressions import Expression, ExpressionError, Names, compile_expression
from server.forms.expressions.functions import FUNCTIONS
from server.forms.expressions.operations import BINARY, MAX_TEXT, UNARY
from server.wire import canonical

TODAY = date(2026, 5, 1)
# What survey-core 3.1.1 answers to the same expression and values.
VECTORS = json.loads(Path(__file__).with_name("expression_vectors.json").read_text("utf-8"))


def evaluate(source: str, values: dict[str, object]) -> object:
    return compile_expression(source, Names((*values, *"abcmp"))).value(values, TODAY)


@pytest.mark.parametrize(("source", "values", "expected"), VECTORS)
def test_agrees_with_survey_core(source: str, values: dict[str, object], expected: object) -> None:
    result = evaluate(source, values)
    assert result == expected
    assert isinstance(result, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("today()", {}, "2026-05-01"),
        ("today(-7)", {}, "2026-04-24"),
        ("{a} <= today()", {"a": "2026-05-01T23:00"}, True),
        ("{a} > today()", {"a": "2026-05-02"}, True),
        ("age({a})", {"a": "2000-05-02"}, 25),
        ("year()", {}, 2026),
        ("count({a}, {b})", {"a": [1, None, 2]}, 2),
        ("dateDiff({a}, '2023-01-01')", {"a": "yesterday"}, None),
        ("2 ^ 99999", {}, None),
        ("{a} ^ 0.5", {"a": -1}, None),
    ],
)
def test_dates_and_limits(source: str, values: dict[str, object], expected: object) -> None:
    assert evaluate(source, values) == expected


@pytest.mark.parametrize(
    ("source", "code", "column"),
    [
        ("", "expression_incomplete", 1),
        ("{a} =", "expression_incomplete", 6),
        ("not ({a} = 1)", "expression_not", 1),
        ("({a} = 1", "expression_unclosed", 1),
        ("{a", "expression_unclosed", 1),
        ("{a} = 'x", "expression_unclosed", 7),
        ("{a} = yes", "expression_bare_word", 7),
        ("{a} contians 1", "expression_bare_word", 5),
        ("{z} = 1", "expression_unknown_name", 1),
        ("{} = 1", "expression_name", 1),
        ("summ(1)", "expression_unknown_function", 1),
        ("iif({a}, 1)", "expression_operands", 1),
        ("-{a}", "expression_minus", 1),
        ("{a} = 1 2", "expression_unexpected", 9),
        ("1 # 2", "expression_character", 3),
        ("1.5.2", "expression_character", 1),
        ("(" * 30 + "1" + ")" * 30, "expression_too_deep", 21),
        ("1+" * 300 + "1", "expression_too_long", 501),
        ("__import__('os')", "expression_unknown_function", 1),
    ],
)
def test_refuses_with_code_and_column(source: str, code: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})
    assert (caught.value.code, caught.value.column) == (code, column)


def test_text_does_not_grow_without_bound() -> None:
    values: dict[str, object] = {"a": "x" * MAX_TEXT}
    assert len(str(evaluate("{a} + {a} + {a}", values))) == MAX_TEXT


def test_tree_names_are_the_forms_spelling() -> None:
    expression = compile_expression("{WAIT} > 5 and !{m.Row} empty", Names(("wait", "m")))
    assert expression.to_json() == [
        "and",
        [">", ["name", "wait", []], ["value", 5.0]],
        ["!", ["empty", ["name", "m", ["Row"]]]],
    ]
    assert expression.names == {"wait", "m"}


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("aZ01.-+eT:,é中\t", max_size=8),
    st.sampled_from(["2024-02-30", "2024-02-29", "10:05", "0x1f", "1e999", "007", "", " "]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xXyz"), inner, max_size=3),
    max_leaves=6,
)
_LEAVES = st.sampled_from(
    ["{a}", "{b}", "{m.x}", "{p[0].x}", "1", "0", "-2.5", "'x'", "''", "true", "null", "[]"]
)


def _composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from([*BINARY, "and", "or"])
    calls = st.sampled_from(sorted(name for name, row in FUNCTIONS.items() if row.least <= 2 <= row.most))
    return st.one_of(
        st.builds(lambda a, sign, b: f"({a} {sign} {b})", inner, operators, inner),
        st.builds(lambda a: f"!({a})", inner),
        st.builds(lambda name, a, b: f"{name}({a}, {b})", calls, inner, inner),
        st.builds(lambda a: f"iif({a}, {a}, [{a}])", inner),
    )


def refusal_of(source: str) -> ExpressionError | None:
    try:
        compile_expression(source, Names("abmp"))
    except ExpressionError as error:
        return error
    return None


def compiled_or_none(source: str) -> Expression | None:
    """None for what is only too long or too deep; these trees have no other fault."""
    refused = refusal_of(source)
    if refused is None:
        return compile_expression(source, Names("abmp"))
    assert refused.code in ("expression_too_long", "expression_too_deep")
    return None


@given(
    st.recursive(_LEAVES, _composed, max_leaves=8),
    st.fixed_dictionaries({}, optional=dict.fromkeys("abmp", _VALUES)),
)
def test_any_tree_on_any_values_is_total(source: str, values: dict[str, object]) -> None:
    expression = compiled_or_none(source)
    if expression is None:
        return
    result = expression.value(values, TODAY)
    assert not isinstance(result, float) or math.isfinite(result)
    assert canonical(result) is not None  # type: ignore[arg-type]  # that it is JSON is what is tested
    assert expression.holds(values, TODAY) in (True, False)


@given(st.text("{}ab()[]'\"\\ =<>!&|+-*/%^,.019notempty中", max_size=60))
def test_any_text_is_parsed_or_refused(source: str) -> None:
    outcome = refusal_of(source)
    assert outcome is None or 1 <= outcome.column <= len(source) + 1


def test_every_operator_is_total_on_odd_pairs() -> None:
    odd: list[object] = [None, "", "x", 0, -1, 1.5, 10**400, True, [], ["x", 1], {}, {"x": [1]}, TODAY]
    for operator in BINARY.values():
        for left in odd:
            for right in odd:
                operator(left, right)
    for unary in UNARY.values():
        for value in odd:
            unary(value)
