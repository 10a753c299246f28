"""Whatever is written and whatever the facts hold: exact, total, bounded."""

import math
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.forms.expressions import ExpressionError
from server.scoring.arithmetic import FUNCTIONS, Value, number_in
from server.scoring.arithmetic.membership import all_of, any_of, equal
from server.scoring.exact import rounded
from tests.scoring.arithmetic.scopes_for_tests import NAMES, Facts, formula, value_of

NUMBERS = st.decimals(min_value=0, max_value=10**6, places=3).map(lambda number: format(number, "f"))
Exact = tuple[str, Fraction | None]


def _joined(parts: tuple[Exact, str, Exact]) -> Exact:
    (left, first), sign, (right, last) = parts
    text = f"({left} {sign} {right})"
    if first is None or last is None:
        return text, None
    match sign:
        case "+":
            return text, first + last
        case "-":
            return text, first - last
        case "*":
            return text, first * last
        case "/":
            return text, first / last if last else None
        case _:
            return text, Fraction(math.fmod(first, last)) if last else None


ARITHMETIC = st.recursive(
    NUMBERS.map(lambda text: (text, Fraction(text))),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(_joined),
    max_leaves=12,
)


@given(ARITHMETIC)
def test_arithmetic_is_that_of_fractions(written: Exact) -> None:
    source, expected = written
    assert value_of(source) == expected


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_the_remainder_has_the_sign_of_the_left_operand(left: int, right: int) -> None:
    expected = math.fmod(left, right) if right else None
    assert value_of("{score} % {target}", score=Fraction(left), target=Fraction(right)) == expected


@given(st.lists(st.fractions(max_denominator=10**4), min_size=1, max_size=30), st.integers(0, 8))
def test_figures_of_a_list_are_exact_and_rounded_once(numbers: list[Fraction], places: int) -> None:
    items: list[Value] = [*numbers]
    mean = sum(numbers, Fraction(0)) / len(numbers)
    assert value_of("sum({items})", items=items) == sum(numbers)
    assert value_of("avg({items})", items=items) == mean
    assert value_of("min({items})", items=items) == min(numbers)
    assert value_of(f"round(avg({{items}}), {places})", items=items) == rounded(mean, places)


def test_a_sum_of_many_denominators_is_null_before_it_grows() -> None:
    primes = [n for n in range(2, 3000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    assert value_of("sum({items})", items=[Fraction(1, prime) for prime in primes]) is None
    assert value_of("avg({items})", items=[Fraction(1, n) for n in range(1, 400)]) is not None


TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", "A", " a ", "true", "False", "1", "1.0", "01", "-0", "2026-05-01", "2026-13", "优"]
    ),
    st.text(max_size=4),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.fractions(min_value=-3, max_value=3, max_denominator=4),
    st.fractions(),
    st.sampled_from([Fraction(2**2040), Fraction(1, 3**1200)]),
    TEXTS,
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=8)

ATOMS = st.one_of(
    st.sampled_from([f"{{{name}}}" for name in NAMES]),
    st.sampled_from(
        [
            "{m[0]}",
            "{m.grade}",
            "{m} notempty",
            "!{yes}",
            "true",
            "false",
            "null",
            "''",
            "'a'",
            "'2026-05-01'",
            "'months'",
        ]
    ),
    NUMBERS,
    st.integers(-70, 70).map(str),
)
OPERATORS = ["+", "-", "*", "/", "%", "^", "<", "<=", ">", ">=", "=", "!=", "and", "or"]
OPERATORS += ["contains", "notcontains", "anyof", "noneof", "allof"]


OPERANDS = {
    "iif": 3,
    "sum": 2,
    "avg": 2,
    "min": 2,
    "max": 2,
    "count": 2,
    "round": 2,
    "shortfall": 2,
    "dateDiff": 2,
}


def _call(name: str, inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    count = OPERANDS.get(name, 1)
    return st.lists(inner, min_size=count, max_size=count).map(
        lambda operands: f"{name}({', '.join(operands)})"
    )


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sign = st.one_of(st.sampled_from(OPERATORS[:6]), st.sampled_from(OPERATORS))
    pair = st.tuples(inner, sign, inner).map(" ".join)
    return st.one_of(
        pair,
        pair.map(lambda one: f"({one})"),
        st.sampled_from(FUNCTIONS).flatmap(lambda name: _call(name, inner)),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    )


SOURCES = st.recursive(ATOMS, _deeper, max_leaves=14)


@settings(max_examples=200)
@given(SOURCES, st.dictionaries(st.sampled_from([*NAMES, "m[0]", "m.grade"]), VALUES))
def test_every_formula_that_compiles_has_a_bounded_value(source: str, values: dict[str, Value]) -> None:
    try:
        compiled = formula(source)
    except ExpressionError:
        return
    facts = Facts({**values})
    result = compiled.value(facts)
    assert compiled.holds(facts) is (result is True)
    assert compiled.value(facts) == result
    if isinstance(result, Fraction):
        assert number_in(result) == result


HUGE = Fraction(10**5000, 3)
OF_HUGE = [f"{{m}} {sign} {{m}}" for sign in OPERATORS]
OF_HUGE += [f"{name}({{m}})" for name in FUNCTIONS if name not in ("iif", "shortfall", "dateDiff")]
OF_HUGE += [
    "iif({m}, 1, {m})",
    "shortfall({m}, 1)",
    "dateDiff({m}, {m})",
    "round({m}, {m})",
    "!{m}",
    "[{m}] = [{m}]",
]


@pytest.mark.parametrize("source", OF_HUGE)
def test_a_number_beyond_the_bound_is_survived(source: str) -> None:
    """A scope should not give one; a number of 5,000 digits cannot even be written in an error message."""
    result = value_of(source, m=HUGE)
    assert result is None or isinstance(result, bool) or result in (Fraction(0), Fraction(1), HUGE)


@given(st.text(max_size=60))
def test_every_text_compiles_or_is_refused(source: str) -> None:
    with suppress(ExpressionError):
        formula(source).value(Facts())


@given(SCALARS, SCALARS)
def test_equality_has_two_sides(left: Value, right: Value) -> None:
    assert equal(left, left)
    assert equal(left, right) is equal(right, left)


@given(st.lists(SCALARS, max_size=8), st.lists(SCALARS, max_size=4))
def test_lists_hold_what_equals_one_of_their_items(left: list[Value], right: list[Value]) -> None:
    wanted = [item for item in right if item is not None]
    held = [any(equal(item, one) for item in left) for one in wanted]
    assert any_of(left, right) is any(held)
    assert all_of(left, right) is (bool(held) and all(held))


@pytest.mark.parametrize("name", ["<", "<=", ">", ">=", "="])
@given(st.fractions(), st.fractions())
def test_comparisons_are_those_of_fractions(name: str, left: Fraction, right: Fraction) -> None:
    expected = {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "=": left == right,
    }
    assert value_of(f"{{score}} {name} {{target}}", score=left, target=right) is expected[name]


def test_brackets_on_every_level_of_precedence_leave_the_stack_alone() -> None:
    source = "1"
    for sign in ("+", "*", "^", "=", "and", "or") * 3:
        source = f"1 {sign} ({source})"
    assert formula(source).value(Facts()) is not None
