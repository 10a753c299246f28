"""Numbers as JavaScript and SurveyJS read and write them; what is NaN or infinite there is None here."""

import math
import re
from decimal import Decimal

_LOOSE = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_STRICT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,12}")
_MAX_PLACES = 100


def finite(value: float) -> float | None:
    """None in place of NaN and the infinities."""
    return value if math.isfinite(value) else None


def number_in(text: str) -> float | None:
    """The number an answer stands for as SurveyJS reads it ("12", " 1.5 ", "1,5", "0x1f"), else None."""
    trimmed = text.strip()
    if trimmed.startswith("0x"):
        return float(int(trimmed, 16)) if _HEX.fullmatch(trimmed) else None
    if not _LOOSE.fullmatch(trimmed) or (len(trimmed) > 15 and trimmed.isdigit()):
        return None
    return finite(float(trimmed.replace(",", ".")))


def strict_number(text: str) -> float | None:
    """JavaScript's Number(text): no decimal comma, and a blank is 0."""
    trimmed = text.strip()
    if not trimmed:
        return 0.0
    if _HEX.fullmatch(trimmed):
        return float(int(trimmed, 16))
    return finite(float(trimmed)) if _STRICT.fullmatch(trimmed) else None


def number_text(value: float) -> str:
    """JavaScript's String(number): 5, 0.1, 0.000001, 1e-7, 100000000000000000000, 1e+21."""
    try:
        number = float(value)
    except OverflowError:
        return "Infinity"
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    mantissa, marker, exponent = repr(number).partition("e")
    if not marker:
        return mantissa
    power = int(exponent)
    return format(Decimal(repr(number)), "f") if -7 < power < 21 else f"{mantissa}e{power:+d}"


def places_in(text: str) -> int:
    """How many places the text of a number has, counted as SurveyJS does."""
    return len(text.partition(".")[2])


def tidy(value: float, places: int) -> float | None:
    """0.1 + 0.2 is 0.3: a result has no more places than its operands allow."""
    if not math.isfinite(value):
        return None
    return float(f"{value:.{min(places, _MAX_PLACES)}f}") if places and abs(value) < 1e21 else value


def truncated(value: float, places: int) -> float:
    """The number without the places behind `places`."""
    whole, _, rest = number_text(value).partition(".")
    return float(f"{whole}.{rest[:places]}0") if "e" not in rest and "e" not in whole else float(int(value))
