"""Exact numbers: read from text, kept as fractions, rounded once.

Decimal multiplication and addition round silently at 28 digits and division rounds always, so every number
that reaches a score is a `Fraction` inside the package. Text and `Decimal` come in and go out.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

# Bounded, so that no definition can make arithmetic slow; wide enough for money in fen and weights in ppm.
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,8})?", re.ASCII)

ZERO = Fraction(0)
ONE = Fraction(1)


def parse_exact(value: object) -> Fraction | None:
    """Read a number of a definition: text such as "2.5" or an int; None for anything else.

    Floats are refused: 0.1 in JSON is not the tenth its author wrote.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value) if abs(value) < 10**12 else None
    return _written(value) if isinstance(value, str) else None


# A year of visits says "0", "1" and "100" a million times.
@lru_cache(maxsize=4096)
def _written(text: str) -> Fraction | None:
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def answered_number(value: object) -> Fraction | None:
    """Read a number that a person answered.

    An answer arrives as JSON, so 92.3 may be a float: its shortest decimal form is what was typed.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return Fraction(repr(value)) if abs(value) < 10**12 else None  # False for NaN too
    return parse_exact(value)


def total(values: Iterable[Fraction]) -> Fraction:
    """Sum exactly; numerators of one denominator are added as integers, four times faster than `sum`."""
    numerators: dict[int, int] = {}
    for value in values:
        denominator = value.denominator
        numerators[denominator] = numerators.get(denominator, 0) + value.numerator
    return sum((Fraction(top, bottom) for bottom, top in numerators.items()), ZERO)


def rounded(value: Fraction | Decimal | None, places: int) -> Decimal | None:
    """Round HALF_UP (away from zero, 四舍五入) to `places` decimals; None stays None (laws 2 and 4)."""
    if value is None:
        return None
    exact = Fraction(value)
    digits = (2 * abs(exact.numerator) * 10**places + exact.denominator) // (2 * exact.denominator)
    # Built from digits, not by quantize(): the caller's decimal context must not decide about a score.
    sign = 1 if exact < 0 and digits else 0
    return Decimal((sign, tuple(map(int, str(digits))), -places))


def exact_text(value: Fraction) -> str:
    """Write a fraction so that nothing is lost: "79.6" where it ends, "1592/19" where it does not."""
    if value.denominator == 1:
        return str(value.numerator)
    places = _decimal_places(value.denominator)
    if places is None:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _decimal_places(denominator: int) -> int | None:
    counts = {2: 0, 5: 0}
    for prime in counts:
        while denominator % prime == 0:
            denominator //= prime
            counts[prime] += 1
    return max(counts.values()) if denominator == 1 else None
