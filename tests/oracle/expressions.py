"""Random expressions and values, most of them as people write them and some as nobody should."""

import random
from typing import Any

Values = dict[str, Any]

_TEXTS = [
    "x",
    "yes",
    "no",
    "Yes",
    "b c",
    "abc",
    "中文",
    "5",
    "12",
    "1.5",
    "1,5",
    "007",
    "0x1f",
    " 3 ",
    "1e3",
    "-2",
]
_TEXTS += ["true", "FALSE", "a-b", "3abc", "10:30", "it is"]
_DATES = ["2024-02-29", "2026-05-01", "2025-12-31", "2026-05-01T10:30", "2026-05-02T00:00:05", "1999-01-31"]
_NUMBERS = [0, 1, 2, 3, 5, -1, -2.5, 0.1, 0.2, 0.7, 1.005, 10, 99.99, 1234567, 1e21, 1e-7, 2.5, 100, 7]
_SCALARS = [*_TEXTS, *_DATES, *_NUMBERS, True, False, "", None]
_ITEMS = ["a", "b", "c", 1, 2, 3]
_COMPARISONS = ["=", "<>", "<", "<=", ">", ">=", "!=", "==", "equal", "less"]
_MEMBERSHIP = ["contains", "notcontains", "anyof", "noneof", "allof"]
_ARITHMETIC = ["+", "-", "*", "/", "%", "^"]
_AGGREGATES = ["sumInArray", "minInArray", "maxInArray", "countInArray", "avgInArray"]
_UNITS = ["days", "months", "years", "hours", "minutes", "seconds"]
_PATHS = [
    "a",
    "b",
    "c",
    "d",
    "A",
    "m.row 1",
    "m.R2",
    "p[0].x",
    "p[1].y",
    "p[-1].x",
    "c.length",
    "m.r2.k",
    "z",
]
NAMES = ("a", "b", "c", "d", "m", "p", "z")


def values(rng: random.Random) -> Values:
    """Answers: scalars in a, b and d, a list in c, a matrix in m, panels in p; each may be missing."""
    found: Values = {
        "a": rng.choice(_SCALARS),
        "b": rng.choice(_SCALARS),
        "c": rng.sample(_ITEMS, rng.randrange(0, 4)),
        "d": rng.choice(_DATES),
        "m": {"row 1": rng.choice(_SCALARS), "r2": rng.choice([*_ITEMS, {"k": rng.choice(_SCALARS)}])},
        "p": [_panel(rng) for _ in range(rng.randrange(0, 4))],
    }
    return {name: value for name, value in found.items() if value is not None and rng.random() < 0.85}


def _panel(rng: random.Random) -> Values:
    panel = {"x": rng.choice(_SCALARS), "y": rng.choice(_NUMBERS), "k": rng.choice(_TEXTS)}
    return {name: value for name, value in panel.items() if value is not None and rng.random() < 0.8}


def expression(rng: random.Random, depth: int = 3) -> str:
    """One expression; a condition, a number or anything at all."""
    return rng.choice([_condition, _condition, _number, _anything])(rng, depth)


def _condition(rng: random.Random, depth: int) -> str:
    if depth <= 0:
        return f"{_name(rng)} {rng.choice(_COMPARISONS)} {_constant(rng)}"
    return rng.choice([
        lambda: f"{_bracketed(rng, depth)} {rng.choice(['and', 'or', '&&', '||'])} {_bracketed(rng, depth)}",
        lambda: f"!{_bracketed(rng, depth)}",
        lambda: f"{_name(rng)} {rng.choice(['empty', 'notempty'])}",
        lambda: f"{_anything(rng, depth - 1)} {rng.choice(_COMPARISONS)} {_anything(rng, depth - 1)}",
        lambda: f"{_name(rng)} {rng.choice(_COMPARISONS)} {_constant(rng)}",
        lambda: f"{_name(rng)} {rng.choice(_MEMBERSHIP)} {_list_or_constant(rng)}",
        lambda: f"{_atom(rng)} {rng.choice(_MEMBERSHIP)} {_atom(rng)}",
    ])()  # fmt: skip


def _bracketed(rng: random.Random, depth: int) -> str:
    inner = _condition(rng, depth - 1)
    return f"({inner})" if rng.random() < 0.7 else inner


def _number(rng: random.Random, depth: int) -> str:
    if depth <= 0:
        return rng.choice([_name, _number_constant])(rng)
    return rng.choice([
        lambda: f"{_number(rng, depth - 1)} {rng.choice(_ARITHMETIC)} {_number(rng, depth - 1)}",
        lambda: f"({_number(rng, depth - 1)}) {rng.choice(_ARITHMETIC)} {_atom(rng)}",
        lambda: f"iif({_condition(rng, depth - 1)}, {_number(rng, depth - 1)}, {_anything(rng, depth - 1)})",
        lambda: _statistic(rng, depth),
        lambda: _over_rows(rng),
        lambda: _date_function(rng),
    ])()  # fmt: skip


def _anything(rng: random.Random, depth: int) -> str:
    if depth <= 0:
        return _atom(rng)
    return rng.choice([
        lambda: _atom(rng),
        lambda: f"({_number(rng, depth - 1)})",
        lambda: f"({_condition(rng, depth - 1)})",
        lambda: f"({_atom(rng)} + {_atom(rng)})",
        lambda: f"substring({_atom(rng)}, {rng.randrange(0, 4)}{rng.choice(['', ', 2', ', 5'])})",
        lambda: _date(rng),
        lambda: f"[{_atom(rng)}, {_atom(rng)}]",
    ])()  # fmt: skip


def _statistic(rng: random.Random, depth: int) -> str:
    name = rng.choice(["sum", "avg", "min", "max", "count", "round", "trunc"])
    if name in ("round", "trunc"):
        return f"{name}({_number(rng, depth - 1)}, {rng.randrange(0, 4)})"
    return f"{name}({', '.join(_number(rng, depth - 2) for _ in range(rng.randrange(1, 4)))})"


def _over_rows(rng: random.Random) -> str:
    operands = ["{p}", f"'{rng.choice('xyk')}'"]
    name = rng.choice(_AGGREGATES)
    if name in ("minInArray", "maxInArray") and rng.random() < 0.3:
        operands.append("'y'")
    if rng.random() < 0.5:
        operands.append(f"{{{rng.choice('xy')}}} {rng.choice(_COMPARISONS)} {_constant(rng)}")
    return f"{name}({', '.join(operands)})"


def _date(rng: random.Random) -> str:
    return rng.choice([
        lambda: "today()",
        lambda: f"today({rng.randrange(-40, 40)})",
        lambda: "currentDate()",
        lambda: f"getDate({_day(rng)})",
        lambda: f"dateAdd({_day(rng)}, {rng.choice([1, 2, -3, 13, 400])}, '{rng.choice(_UNITS)}')",
    ])()  # fmt: skip


def _date_function(rng: random.Random) -> str:
    name = rng.choice(["dateDiff", "age", "year", "month", "day", "weekday", "diffDays", "getYear"])
    if name == "dateDiff":
        return f"dateDiff({_day(rng)}, {_day(rng)}, '{rng.choice(_UNITS)}')"
    if name == "diffDays":
        return f"diffDays({_day(rng)}, {_day(rng)})"
    return f"{name}({_day(rng)})"


def _day(rng: random.Random) -> str:
    return rng.choice(["{d}", f"'{rng.choice(_DATES)}'"])


def _atom(rng: random.Random) -> str:
    return rng.choice([_name, _name, _constant])(rng)


def _name(rng: random.Random) -> str:
    return "{" + rng.choice(_PATHS) + "}"


def _number_constant(rng: random.Random) -> str:
    return rng.choice(["0", "1", "2", "3", "10", "0.1", "2.5", "-1", "100", "-0.5"])


def _constant(rng: random.Random) -> str:
    text = f"'{rng.choice([*_TEXTS, *_DATES, 'a', ''])}'"
    return rng.choice([text, text, _number_constant(rng), "true", "false"])


def _list_or_constant(rng: random.Random) -> str:
    items = ", ".join(repr(item) for item in rng.sample(_ITEMS, rng.randrange(0, 3)))
    return rng.choice([f"[{items}]", _constant(rng)])
