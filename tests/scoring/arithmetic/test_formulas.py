"""Formulas of programmes: what each operator and function answers, what is refused, what is read."""

from fractions import Fraction

import pytest

from server.forms.expressions import ExpressionError
from server.scoring.arithmetic import FUNCTIONS, Value, compile_formula
from tests.scoring.arithmetic.scopes_for_tests import NAMES, Facts, formula, value_of


def exact(text: str) -> Fraction:
    return Fraction(text)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("100" + " - 0.2" * 10, "98"),
        ("0.1 + 0.2", "0.3"),
        ("{score} + {target}", "182.5"),
        ("{text} * 2", "25"),
        ("'1' + '2'", "3"),
        ("1 / 3 * 3", "1"),
        ("-7 % 3", "-1"),
        ("7 % -3", "1"),
        ("7.5 % 2", "1.5"),
        ("2 ^ 10", "1024"),
        ("2 ^ -2", "0.25"),
        ("0 ^ 0", "1"),
        ("2 ^ 3 ^ 2", "64"),
        ("10 - 4 - 3", "3"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("{m[-1]} + 1", "3"),
        ("1" + "+1" * 249, "250"),
        ("(42+28+37+32+43+43) / 48 / 6 * 100", "78.125"),
    ],
)
def test_arithmetic_is_exact(source: str, expected: str) -> None:
    assert value_of(source) == exact(expected)


@pytest.mark.parametrize(
    "source",
    [
        "{missing} + 1",
        "1 - {missing}",
        "{missing} * 0",
        "{code} + 1",
        "1 + 'a'",
        "'1' + 'a'",
        "{yes} + 1",
        "{items} + 1",
        "1 / 0",
        "0 / 0",
        "1 % 0",
        "0 ^ -1",
        "2 ^ 0.5",
        "2 ^ 65",
        "2 ^ -65",
        "10 ^ 64 ^ 64",
        "9" * 400,
        "(2 ^ 64) ^ 32",
        "1 / 3 ^ 64 / 3 ^ 64 / 7 ^ 64 / 7 ^ 64 / 11 ^ 64 / 13 ^ 64 / 17 ^ 64 / 19 ^ 64 / 23 ^ 64 / 29 ^ 64",
        "({m} + 1) * 2",
    ],
)
def test_what_has_no_number_is_null(source: str) -> None:
    """`{missing} * 0` is null too: a part without a score leaves the whole without one (law 4)."""
    assert value_of(source) is None


def test_a_number_may_fill_its_bound_and_no_more() -> None:
    assert value_of("(2 ^ 64) ^ 31 * 2 ^ 63") == 2**2047
    assert value_of("(2 ^ 64) ^ 31 * 2 ^ 64") is None
    assert value_of("{score} ^ 2", score=Fraction(2**1024)) is None


def test_texts_join_where_neither_is_a_number() -> None:
    assert value_of("{code} + '/' + {m.grade}") == "LOB-08/优"
    assert value_of("{code} + {code}", code="x" * 6000) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{score} < {target}", True),
        ("{score} >= 90.5", True),
        ("{text} < 13", True),
        ("'9' < '10'", True),
        ("{missing} < 1", None),
        ("{missing} >= {missing}", None),
        ("1 <= {missing}", None),
        ("{code} > 1", None),
        ("'a' < 'b'", None),
        ("{yes} > 0", None),
        ("{m} > 0", None),
        ("{visited} <= '2026-04-30'", True),
        ("{visited} < '2026-05'", True),
        ("{visited} < '2026-02-30'", None),
        ("{visited} > 2026", None),
        ("1 < 2 < 3", None),
        ("{code} = 'lob-08'", True),
        ("{text} = 12.50", True),
        ("{text} = '12.50'", False),
        ("'1.1' = '1.10'", False),
        ("'007' = 7", False),
        ("{missing} = null", True),
        ("{missing} = {missing}", None),
        ("{missing} = ''", None),
        ("{missing} = 0", None),
        ("{missing} != 0", None),
        ("{missing} != null", False),
        ("{yes} = true", True),
        ("{yes} = 'TRUE'", True),
        ("{yes} = 1", False),
        ("{yes} = 'yes'", False),
        ("false = null", False),
        ("1 = 1.0", True),
        ("{m} = [1, 2]", True),
        ("{m} = [1, 2, 3]", False),
        ("{m} = 1", False),
        ("{m.grade} = '优'", True),
        ("{score} != {target}", True),
    ],
)
def test_comparisons(source: str, expected: bool | None) -> None:
    assert value_of(source) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{yes} and 1 < 2", True),
        ("{yes} and 1", False),
        ("1 or 'true'", False),
        ("{missing} or {yes}", True),
        ("!{yes}", False),
        ("!{missing}", True),
        ("!({missing} = 'x')", None),
        ("{missing} = 'x' and !{yes}", False),
        ("!{yes} and {missing} = 'x'", False),
        ("{missing} = 'x' and {yes}", None),
        ("{missing} = 'x' or {yes}", True),
        ("{missing} = 'x' or !{yes}", None),
        ("!1", True),
        ("{missing} empty", True),
        ("'' empty", True),
        ("{empty_list} empty", True),
        ("0 empty", False),
        ("false notempty", True),
        ("{m} notempty", True),
        ("{missing} notempty", False),
        ("{items} contains 'lob-08'", True),
        ("{items} contains 4.5", True),
        ("{items} contains '3'", True),
        ("{items} contains ['note', 3]", True),
        ("{items} contains ['note', 5]", False),
        ("{items} contains true", True),
        ("{items} contains 'True'", True),
        ("{items} contains false", False),
        ("{items} contains {missing}", None),
        ("{items} contains []", False),
        ("{items} notcontains 'x'", True),
        ("{missing} contains 'x'", None),
        ("{missing} notcontains 'x'", None),
        ("{code} contains 'ob-'", True),
        ("{code} contains ['lob', 'x']", False),
        ("{code} contains ''", False),
        ("{code} contains {yes}", False),
        ("{score} contains '.5'", True),
        ("{code} anyof ['LOB-07', 'LOB-08']", True),
        ("{items} anyof ['x', 'NOTE']", True),
        ("{items} noneof ['x', 'y']", True),
        ("{missing} anyof ['x']", None),
        ("{items} anyof {empty_list}", False),
        ("{items} allof ['note', '4.5', 3]", True),
        ("{items} allof ['note', 'x']", False),
        ("{items} allof {empty_list}", False),
        ("{yes} anyof ['true']", True),
        ("'true' anyof [{yes}]", True),
    ],
)
def test_conditions_and_membership(source: str, expected: bool | None) -> None:
    assert value_of(source) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("iif({score} < {target}, 'below', 'met')", "below"),
        ("iif(1, 'a', 'b')", "b"),
        ("iif({missing} > 1, 1)", None),
        ("sum({items})", exact("7.5")),
        ("sum({items}, {m}, 1)", exact("11.5")),
        ("sum({missing})", None),
        ("sum({code})", None),
        ("sum([])", None),
        ("avg({m})", exact("1.5")),
        ("avg({items})", exact("3.75")),
        ("avg({empty_list})", None),
        ("min({m}, {text})", exact("1")),
        ("max({m}, {text}, 'x')", exact("12.5")),
        ("min('2026-05-01', {visited})", "2026-04-30"),
        ("max('2026-05-01', {visited}, 'x')", "2026-05-01"),
        ("max({missing}, {code})", None),
        ("count({items})", exact("5")),
        ("count({missing})", exact("0")),
        ("count({m}, {missing}, 'x')", exact("3")),
        ("round(46.125, 2)", exact("46.13")),
        ("round(0 - 46.125, 2)", exact("-46.13")),
        ("round(2.5)", exact("3")),
        ("round({text})", exact("13")),
        ("round(1 / 3, 8)", exact("0.33333333")),
        ("round(1, 9)", None),
        ("round(1, 0 - 1)", None),
        ("round(1, 0.5)", None),
        ("round({missing}, 2)", None),
        ("round(1, {missing})", None),
        ("ceil(1.01)", exact("2")),
        ("ceil(0 - 1.01)", exact("-1")),
        ("floor(1.99)", exact("1")),
        ("floor(0 - 1.01)", exact("-2")),
        ("trunc(0 - 1.99)", exact("-1")),
        ("abs(0 - 1.5)", exact("1.5")),
        ("abs({missing})", None),
        ("ceil({code})", None),
        ("year({visited})", exact("2026")),
        ("month({visited})", exact("4")),
        ("day({visited})", exact("30")),
        ("weekday({visited})", exact("4")),
        ("weekday('2026-10-04')", exact("0")),
        ("year('2026-02-30')", None),
        ("month({missing})", None),
        ("day({score})", None),
        ("dateDiff({visited}, '2026-05-02')", exact("2")),
        ("dateDiff('2026-01-31', '2026-03-30', 'months')", exact("1")),
        ("dateDiff('2026-05-01', '2026-01-01', 'months')", exact("-4")),
        ("dateDiff('2024-02-29', '2026-02-28', 'years')", exact("1")),
        ("dateDiff({visited}, '2026-05-02', {missing})", exact("2")),
        ("dateDiff({visited}, '2026-05-02', {items})", None),
        ("dateDiff({visited}, '2026-05-02', {code})", None),
        ("dateDiff({visited}, {missing})", None),
    ],
)
def test_functions(source: str, expected: Value) -> None:
    assert value_of(source) == expected


@pytest.mark.parametrize(
    ("reading", "gap"),
    [("linear", "1.5"), (None, "1.5"), ("ceil", "2"), ("floor", "1")],
)
def test_the_gap_of_a_target_follows_reading_a3(reading: str | None, gap: str) -> None:
    assert value_of("shortfall({target}, {score})", A3=reading) == exact(gap)


def test_there_is_no_gap_above_the_target_and_none_without_a_score() -> None:
    assert value_of("shortfall(95, 95)") == 0
    assert value_of("shortfall(95, 96.5)", A3="ceil") == 0
    assert value_of("shortfall({missing}, 90)") is None
    assert value_of("shortfall(95, {missing})") is None


def test_the_phase_penalty_of_the_worked_examples() -> None:
    source = "iif({score} < {target}, 1000 + shortfall({target}, {score}) * 200, 0)"
    assert [value_of(source, A3=reading) for reading in ("linear", "ceil", "floor")] == [1300, 1400, 1200]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{nobody} + 1", "expression_unknown_name"),
        ("today()", "expression_unknown_function"),
        ("sumInArray({m}, 'x')", "expression_unknown_function"),
        ("displayValue('m')", "expression_unknown_function"),
        ("getComment('m')", "expression_unknown_function"),
        ("{score} < ''", "expression_empty_comparison"),
        ("{score} >= null", "expression_empty_comparison"),
        ("dateDiff({visited}, {visited}, 'weeks')", "expression_unit"),
        ("sum()", "expression_operands"),
        ("year()", "expression_operands"),
        ("shortfall({target})", "expression_operands"),
        ("1 +", "expression_incomplete"),
        ("-{score}", "expression_minus"),
        ("1" + "+1" * 250, "expression_too_long"),
        ("(" * 20 + "1" + ")" * 20, "expression_too_deep"),
    ],
)
def test_what_is_refused(source: str, code: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_formula(source, NAMES)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("source", "holds"), [("{yes}", True), ("1", False), ("'true'", False), ("{missing}", False)]
)
def test_only_true_holds(source: str, holds: bool) -> None:
    assert formula(source).holds(Facts()) is holds


def test_a_formula_names_all_that_it_reads() -> None:
    read = formula("{m.grade} = 'x' or {m[-1]} + {SCORE} > shortfall({target}, 1)")
    assert read.names == {("m", ("grade",)), ("m", (-1,)), ("score", ()), ("target", ()), ("A3", ())}
    assert read.source.startswith("{m.grade}")


def test_the_branch_that_is_not_taken_is_not_read() -> None:
    facts = Facts()
    formula("iif({yes}, {score}, {target}) > 1 and !{yes} and {m}").value(facts)
    assert facts.asked == ["yes", "score", "yes"]


def test_all_functions_of_the_contract_exist() -> None:
    numbers = "iif sum avg min max count round ceil floor trunc abs positive shortfall"
    dates = "year month day weekday dateDiff"
    assert set(FUNCTIONS) == {*numbers.split(), *dates.split()}


def test_equal_formulas_are_equal() -> None:
    assert formula("{score} + 1") == formula("{score} + 1")
    assert formula("{score} + 1") != formula("{score} + 2")
