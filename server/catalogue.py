"""Every sentence a person reads, in Chinese and English, and the ways numbers and days are written.

The texts stand in `server/texts/<locale>/<area>.json`, one flat object an area; `{name}` takes a parameter.
Whoever fails says a code and parameters; here they become a sentence. Tests prove that every code and every
key has a text in both languages, with the same places for parameters.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path
from zoneinfo import ZoneInfo

TEXTS = Path(__file__).parent / "texts"
LOCALES = ("zh", "en")
FALLBACK_LOCALE = "zh"
UNKNOWN_CODE = "unknown_code"
DID_YOU_MEAN = "did_you_mean"
HINT_FOLLOWS = "hint_follows"
# The parameter that names a type (`array`, `number`), and the texts that say it to people.
EXPECTED = "expected"
KIND = "kind_{}"
NOTHING = "—"
ZONE = "Asia/Shanghai"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Number = int | float | Decimal | Fraction


class _Params(dict[str, object]):
    """What is missing reads as a gap: an error page must not fail over its own sentence."""

    def __missing__(self, name: str) -> str:
        return "…"


def text(key: str, locale: str, /, **params: object) -> str:
    """The text of `area.name`.

    Raises:
        KeyError: for a key that no file has.
    """
    area, _, name = key.partition(".")
    return texts(_known(locale), area)[name].format_map(_Params(params))


def sentence(code: str, locale: str, /, **params: object) -> str:
    """What went wrong and what to do. A form's own sentence comes first, a suggestion or a hint follows.

    Args:
        params: the code's own; `message` and `suggestion` as `server.forms.codes` describes them, `hint` a
            code of `server.forms.unsupported`; `expected` may be the name of a type.
    """
    own = params.get("message")
    if isinstance(own, Mapping) and own:
        return in_locale(own, locale)
    errors = texts(_known(locale), "errors")
    written = {name: _listed(value, locale) for name, value in params.items()}
    if EXPECTED in written:
        written[EXPECTED] = errors.get(KIND.format(written[EXPECTED]), written[EXPECTED])
    said = errors.get(code, errors[UNKNOWN_CODE]).format_map(_Params(written))
    if params.get("suggestion"):
        said += errors[DID_YOU_MEAN].format_map(_Params(written))
    if params.get("hint"):
        said += errors[HINT_FOLLOWS].format(sentence=errors[str(params["hint"])])
    return said


def in_locale(own: Mapping[str, object], locale: str) -> str:
    """The text that a definition gives in several languages, in the reader's, else the default one."""
    language = _known(locale)
    keys = (key for key in own if key.partition("-")[0] == language)
    return str(own[next(keys, "default" if "default" in own else next(iter(own)))])


def spoken(params: Mapping[str, object], locale: str) -> dict[str, object]:
    """Parameters of a sentence as the reader's language has them: names may come in several."""
    return {
        name: in_locale(value, locale) if isinstance(value, Mapping) else value
        for name, value in params.items()
    }


@cache
def texts(locale: str, area: str) -> Mapping[str, str]:
    """All texts of an area.

    Raises:
        KeyError: when there is no such area.
    """
    path = TEXTS / locale / f"{area}.json"
    if not path.is_file():
        raise KeyError(area)
    loaded: dict[str, str] = json.loads(path.read_text("utf-8"))
    return loaded


def filters() -> dict[str, Callable[..., object]]:
    """For templates. What depends on the language takes it as an argument: `{{ wave.opens|day(locale) }}`."""
    return {
        "number": number,
        "score": score,
        "percent": percent,
        "day": day,
        "moment": moment,
        "spoken": spoken,
    }


def number(value: Number | None, places: int = 0) -> str:
    """12,345 as both languages write it; a dash for nothing."""
    return NOTHING if value is None else f"{_rounded(value, places):,f}"


def score(value: Number | None) -> str:
    """A score to two places, half up; a dash for nothing."""
    return NOTHING if value is None else f"{_rounded(value, 2):f}"


def percent(value: Number | None, places: int = 1) -> str:
    """0.385 is 38.5%; a dash for nothing."""
    if value is None:
        return NOTHING
    share = value if isinstance(value, Fraction) else Fraction(str(value))
    return f"{_rounded(share * 100, places):f}%"


def day(value: date | datetime | None, locale: str, zone: str = ZONE) -> str:
    """2026年11月22日, 22 Nov 2026. A moment is taken to the day it was in `zone`."""
    if value is None:
        return NOTHING
    there = value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) else value
    if _known(locale) == "zh":
        return f"{there.year}年{there.month}月{there.day}日"
    return f"{there.day} {MONTHS[there.month - 1]} {there.year}"


def moment(value: datetime | None, locale: str, zone: str = ZONE, *, now: datetime | None = None) -> str:
    """11月22日 14:05, 22 Nov 14:05, on the clocks of `zone`; with its year where it is not that of `now`."""
    if value is None:
        return NOTHING
    there = value.astimezone(ZoneInfo(zone))
    if now is not None and there.year != now.astimezone(ZoneInfo(zone)).year:
        return f"{day(there.date(), locale)} {there:%H:%M}"
    if _known(locale) == "zh":
        return f"{there.month}月{there.day}日 {there:%H:%M}"
    return f"{there.day} {MONTHS[there.month - 1]} {there:%H:%M}"


def _known(locale: str) -> str:
    language = locale.partition("-")[0].lower()
    return language if language in LOCALES else FALLBACK_LOCALE


def _listed(value: object, locale: str) -> object:
    """Several names as people write them one after another."""
    if isinstance(value, tuple | list):
        return ("、" if _known(locale) == "zh" else ", ").join(map(str, value))
    return value


def _rounded(value: Number, places: int) -> Decimal:
    """Half up away from zero, on the exact value: dividing first and rounding then would round twice."""
    exact = value if isinstance(value, Fraction) else Fraction(str(value))
    units = floor(abs(exact) * 10**places + Fraction(1, 2))
    return Decimal(units if exact >= 0 else -units).scaleb(-places)
