"""A time stamp pressed on the way: `moment`, an ISO moment with its offset from UTC, to the second."""

import re
from datetime import datetime

from server.forms.elements import Element
from server.forms.problems import Report, refusal
from server.forms.types.behaviour import Behaviour, Control, QuestionType, decode_single

_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII
)
_YEARS = range(2000, 2101)


def exact_moment(raw: object) -> str | None:
    """`2026-06-03T14:05:00+08:00`, without fractions of a second, with +00:00 for Z; None for anything else.

    The offset stays as it was sent: it tells what the clock on the wall showed.
    """
    if not isinstance(raw, str) or not _MOMENT.fullmatch(raw):
        return None
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return moment.isoformat(timespec="seconds") if moment.year in _YEARS else None


def _check(raw: object) -> object:
    if not isinstance(raw, str):
        raise refusal("answer_type", expected="text")
    moment = exact_moment(raw)
    if moment is None:
        raise refusal("moment_invalid")
    return moment


def _display(value: object, _locale: str) -> str:
    day, _, time = str(value).partition("T")
    return f"{day} {time[:5]}"


def _build(_element: Element, _report: Report) -> Behaviour:
    return Behaviour(Control("moment"), _check, decode_single, _display)


MOMENT = QuestionType("moment", (), _build)
