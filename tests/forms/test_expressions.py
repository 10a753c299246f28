"""Expressions: SurveyJS's answers, refused slips with their column, and totality on anything."""

import json
import math
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms.expressions import (
    DISPLAY,
    Expression,
    ExpressionError,
    Names,
    compile_expression,
    constants_compared,
    paths_in,
)
from server.forms.expressions.functions import FUNCTIONS
from server.forms.expressions.operations import BINARY, MAX_TEXT, UNARY
from server.forms.expressions.tree import DISPLAY_FUNCTION
from server.wire import canonical

TODAY = date(2026, 5, 1)
# What survey-core 3.1.1 answers to the same expression and values.
VECTORS = json.loads(Path(__file__).with_name("expression_vectors.json").read_text("utf-8"))


def evaluate(source: str, values: dict[str, object]) -> object:
    return compile_expression(source, Names((*values, *"abcdmpz"))).value(values, TODAY)


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
        ("currentDate()", {}, "2026-05-01"),
        ("dateAdd({a}, 0)", {"a": "2026-05-01"}, "2026-05-01"),
        ("dateAdd({a}, 1, 'seconds')", {"a": "2026-05-01"}, "2026-05-01T00:00:01"),
        ("[today(), 1.0]", {}, ["2026-05-01", 1]),
        ("year({a})", {}, None),
        ("year({a})", {"a": 5}, None),
        ("round({a}, 2)", {}, None),
        ("trunc({a}, 2)", {"a": 0.00000012}, 0),
        ("today() > 5", {}, False),
        ("dateDiff({a}, {b}, 'minutes')", {"a": "2026-05-01T10:00:30+08:00", "b": "2026-05-01T02:00:00Z"}, 1),
        ("day({a})", {"a": "2026-05-02T00:30:00+08:00"}, 2),
        ("month({a})", {"a": "2026-05"}, 5),
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
        ("{q} = 1", "expression_unknown_name", 1),
        ("{} = 1", "expression_name", 1),
        ("summ(1)", "expression_unknown_function", 1),
        ("1 + iif({a})", "expression_operands", 5),
        ("{a} = 1 and iif({a}, 1, 2, 3) = 1", "expression_operands", 13),
        ("-{a}", "expression_minus", 1),
        ("{a} = 1 2", "expression_unexpected", 9),
        ("1 # 2", "expression_character", 3),
        ("1.5.2", "expression_character", 1),
        ("{a} = 1 。", "expression_character", 9),
        ("（{a} = 1)", "expression_sign", 1),
        ("{a} = 1）", "expression_sign", 8),
        ("{a} = “x”", "expression_sign", 7),
        ("{a} = 'x’", "expression_sign", 9),
        ("{a｝ = 1", "expression_sign", 3),
        ("(" * 30 + "1" + ")" * 30, "expression_too_deep", 21),
        ("1+" * 300 + "1", "expression_too_long", 501),
        ("__import__('os')", "expression_unknown_function", 1),
        ("1 + sum(1, NaN)", "expression_bare_word", 12),
        ("2 * Infinity", "expression_bare_word", 5),
        ("007 = {a}", "expression_character", 1),
        ("{a} and {#b} = 1", "expression_prefix", 9),
        ("{$self.title} = 'x'", "expression_prefix", 1),
        ("{a} = 1 and isContainerReady('p')", "expression_function_unsupported", 13),
        ("1 + displayValue({a})", "expression_quoted_name", 18),
        ("1 + displayValue('q')", "expression_unknown_name", 18),
        ("sumInArray({p}, 'x', sumInArray({p}, 'x', {y} > 1) > 1)", "expression_too_deep", 22),
        ("countInArray({p}, 'x', '{y} > ')", "expression_incomplete", 31),
        ("countInArray({p}, 'x', '{y} # 1')", "expression_character", 29),
        ("5 >= ''", "expression_empty_comparison", 6),
        ("{b} = 1 and '' <= 5", "expression_empty_comparison", 13),
        ("{a} > null", "expression_empty_comparison", 7),
        ("dateDiff({a}, {b}, 'weeks') > 1", "expression_unit", 20),
        ("age({a}, '') > 1", "expression_unit", 10),
    ],
)
def test_refuses_with_code_and_column(source: str, code: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})
    assert (caught.value.code, caught.value.column) == (code, column)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("（", "("),
        ("）", ")"),
        ("，", ","),
        ("、", ","),
        ("｛", "{"),
        ("“", "'"),
        ("‘", "'"),
        ("＂", "'"),
        ("＝", "="),
        ("＞", ">"),
        ("！", "!"),
        ("≥", ">="),
        ("≠", "!="),
        ("×", "*"),
        ("－", "-"),
        ("−", "-"),
        ("５", "5"),
        ("［", "["),
    ],
)
def test_signs_of_a_chinese_keyboard_come_with_those_to_write(written: str, instead: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(f"{{a}} = 1 {written} 2", {})
    assert caught.value.params == {"character": written, "instead": instead}
    assert evaluate(f"'{written}'", {}) == written


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


PARTS = {"m": ("Row 1", "1.5"), "p": ("x", "y"), "a": ()}


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("{m.row 1} = 1", ("Row 1",)),
        ("{m.1.5} = 1", ("1.5",)),
        ("{p[0].X} = 1", (0, "x")),
        ("{p[-1].y} = 1", (-1, "y")),
        ("{p.length} = 1", ("length",)),
        ("{a.length} = 1", ("length",)),
        ("{free.what.ever} = 1", ("what", "ever")),
    ],
)
def test_known_parts_are_the_forms_spelling(source: str, path: tuple[str | int, ...]) -> None:
    names = Names((*PARTS, "free"), PARTS)
    (found,) = paths_in(compile_expression(source, names).node)
    assert found[1] == path


@pytest.mark.parametrize(
    ("source", "part", "column"),
    [
        ("{m.rwo} = 1", "rwo", 1),
        ("{p[0].z} = 1", "z", 1),
        ("1 + {a.x} = 1", "x", 5),
        ("{panel.q} = 1", "q", 1),
    ],
)
def test_an_unknown_part_is_refused(source: str, part: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, Names(PARTS, PARTS).inside("panel", ("x",)))
    assert (caught.value.code, caught.value.params["part"]) == ("expression_unknown_part", part)
    assert caught.value.column == column


def test_a_filter_reads_the_row_first_and_then_the_form() -> None:
    expression = compile_expression(
        "sumInArray({p}, 'x', {Y} > {a})", Names(("a", "p", "y"), {"p": ("x", "y")})
    )
    assert expression.names == {"a", "p"}
    assert expression.to_json()[-1] == [">", ["name", "[]", ["y"]], ["name", "a", []]]
    assert expression.value({"a": 1, "p": [{"x": 5, "y": 1}, {"x": 7, "y": 2}]}, TODAY) == 7


def test_a_constant_takes_the_place_of_a_name() -> None:
    expression = compile_expression("{seen} contains {item}", Names(("seen",)).inside("item"))
    assert expression.with_value("item", "x").holds({"seen": ["x"]}, TODAY)
    assert not expression.with_value("item", "y").holds({"seen": ["x"]}, TODAY)


def test_without_names_they_are_missing() -> None:
    expression = compile_expression("{a} = 1 or displayValue('b') notempty", Names("ab"))
    assert expression.without(["c"]) is expression
    assert not expression.without(["a", "b"]).holds({"a": 1, "b": 2}, TODAY)


@pytest.mark.parametrize("source", ["{a} > 1", "{a} = 1 and {b} empty", "{a}", "iif({a} = 1, true, false)"])
@pytest.mark.parametrize("value", [None, 0, 2, True, False, "x", [1]])
def test_negated_holds_where_the_expression_does_not(source: str, value: object) -> None:
    expression = compile_expression(source, Names("ab"))
    assert expression.negated().holds({"a": value}, TODAY) is not expression.holds({"a": value}, TODAY)


@pytest.mark.parametrize(
    ("value", "holds"), [(True, True), ("true", True), (1, False), ("yes", False), ([1], False)]
)
def test_only_true_holds(value: object, holds: bool) -> None:
    assert compile_expression("{a}", Names("a")).holds({"a": value}, TODAY) is holds


def test_labels_come_from_the_scope() -> None:
    scope: dict[str, object] = {"a": 1, DISPLAY: lambda name, value: f"{name} is {value}"}
    assert evaluate("displayValue('A')", scope) == "a is 1"
    assert evaluate("displayValue('a', 2)", scope) == "a is 2.0"
    assert evaluate("displayValue('b') empty", scope) is True


@pytest.mark.parametrize(
    "source",
    [
        "{a} = {b}",
        "{a} <= {b}",
        "{a} >= {b}",
        "{a} anyof {b}",
        "{m.x} = {a}",
        "{c} = 1 and {a} = {b}",
        "{a} empty and {a} = {b}",
        "{a} notempty or {a} = {b}",
        "{c} notempty and {a} = {b}",
        "{a} = iif({b} empty, {c}, 1)",
        "iif({a} empty, {a} = {b}, true)",
        "!({a} = {b})",
        "{a} != 'x' and {a} = {b}",
        "({a} notempty or {c} = 1) and {a} = {b}",
    ],
)
def test_a_comparison_of_two_missing_answers_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, Names("abcm"), certain=())
    assert caught.value.code == "expression_both_missing"
    assert source[caught.value.column - 1 :].startswith(str(caught.value.params["operator"]))
    assert compile_expression(source, Names("abcm"), certain=("a", "b"))


@pytest.mark.parametrize(
    "source",
    [
        "{a} notempty and {a} = {b}",
        "{a} = {b} and {b} notempty and {c} = 1",
        "({c} = 1 and {b} notempty) and {a} >= {b}",
        "{a} = 'x' and {a} = {b}",
        "{a} > 0 and {a} <= {b}",
        "{a} contains 'x' and {a} anyof {b}",
        "!({a} empty) and {a} = {b}",
        "!({a} empty or {c} = 1) and {a} = {b}",
        "{a} empty or {a} = {b}",
        "iif({a} empty, true, {a} = {b})",
        "iif({a} notempty, {a}, {c}) = {b} and {b} notempty",
        "{a} = iif({b} notempty, {b}, 1)",
        "{a} = {v}",
        "{a} < {b}",
        "{a} != {b}",
        "{a} contains {b}",
        "{a} = {b} + 0",
        "{a} = ''",
        "{a.length} >= {b.length}",
        "({a} = 1 or {a} = 2) and {a} = {b}",
    ],
)
def test_a_guarded_comparison_is_accepted(source: str) -> None:
    assert compile_expression(source, Names("abcv"), certain=("v",))


def test_constants_that_names_are_compared_with() -> None:
    source = "{a} = 'yse' or 2 <> {m.row} or {b} anyof ['x', {a}, 3] or {a} = '' or {a} > 5"
    found = constants_compared(compile_expression(source, Names("abm")).node)
    assert [(one.name, one.path, one.constant, one.column) for one in found] == [
        ("a", (), "yse", 7),
        ("m", ("row",), 2.0, 16),
        ("b", (), "x", 43),
        ("b", (), 3.0, 53),
    ]


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
    calls = st.sampled_from(
        sorted(
            name for name, row in FUNCTIONS.items() if row.least <= 2 <= row.most and name != DISPLAY_FUNCTION
        )
    )
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
    """None for what is too long, too deep or a trap; these trees have no other fault."""
    refused = refusal_of(source)
    if refused is None:
        return compile_expression(source, Names("abmp"))
    assert refused.code in (
        "expression_too_long",
        "expression_too_deep",
        "expression_empty_comparison",
        "expression_unit",
    )
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
    assert canonical(result) is not None
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
