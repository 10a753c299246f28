"""The values of a formula: null, true and false, exact numbers, texts, and lists of these.

Numbers are bounded: one whose numerator or denominator needs more than `MOST_BITS` bits is null, so that no
formula can grow its way through memory by squaring. 2,048 bits are 616 digits; money needs 15.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from server.forms.expressions.dates import moment_of
from server.scoring.exact import ZERO, exact_text

Value: TypeAlias = bool | Fraction | str | list["Value"] | None

MOST_BITS = 2_048
MOST_TEXT = 10_000
# Deeper JSON is nothing that a scheme can mean; following it would end in a recursion error.
_MOST_DEPTH = 20
# Decimal("1e999999") is short to write and takes a million digits as a fraction.
_MOST_PLACES = 640
# "007" is a code and no number, as in the form language.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,639})(?:\.[0-9]{1,640})?", re.ASCII)


def kept(number: Fraction) -> Fraction | None:
    """The number, None where it outgrew its bound."""
    if number.numerator.bit_length() > MOST_BITS or number.denominator.bit_length() > MOST_BITS:
        return None
    return number


def exact_value(raw: object) -> Value:
    """A JSON value as a formula reads it.

    A float counts as its shortest decimal text: 92.3 is what was typed. Text stays text, also "12.5". What is
    no value (a map, NaN, a number beyond the bound, a list nested more than 20 deep) is null.
    """
    return _exact(raw, _MOST_DEPTH)


def _exact(raw: object, depth: int) -> Value:
    match raw:
        case bool() | str():
            return raw
        case int() | Fraction():
            return kept(Fraction(raw))
        case float():
            return _from_decimal(Decimal(repr(raw)))
        case Decimal():
            return _from_decimal(raw)
        case list() | tuple() if depth:
            return [_exact(item, depth - 1) for item in raw]
        case _:
            return None


def _from_decimal(number: Decimal) -> Fraction | None:
    if not number:
        return ZERO
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MOST_PLACES or number.adjusted() > _MOST_PLACES:
        return None
    return kept(Fraction(number))


def number_in(value: Value) -> Fraction | None:
    """The number a value stands for: a number, or a text that is an exact decimal number ("12.5").

    None for everything else: "007", "1,5", "1e3", true.
    """
    if isinstance(value, Fraction):
        return kept(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return kept(Fraction(value))
    return None


def is_date(value: Value) -> bool:
    """Whether it is the ISO text of a day, a month or a moment."""
    return isinstance(value, str) and moment_of(value) is not None


def text_in(value: Value) -> str | None:
    """The text in which parts are looked for: a text, or a number as it is written; None for all else."""
    if isinstance(value, Fraction):
        bounded = kept(value)
        return None if bounded is None else exact_text(bounded)
    return value if isinstance(value, str) else None


def items_of(values: Iterable[Value]) -> list[Value]:
    """All items of nested lists in one row, without what is missing."""
    found: list[Value] = []
    pending = [iter(values)]
    while pending:
        for value in pending[-1]:
            if isinstance(value, list):
                pending.append(iter(value))
                break
            if value is not None:
                found.append(value)
        else:
            pending.pop()
    return found
