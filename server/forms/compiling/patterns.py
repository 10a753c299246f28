"""Regular expressions from strangers: a subset whose cost is bounded before it ever runs.

Python's matcher backtracks, so `(a+)+$` on 26 characters takes seconds. Instead of trusting a pattern we
count: every quantifier and every alternative is a choice, and the number of ways a backtracking matcher can
go is at most the product of the choices. A pattern above `MAX_WAYS` is refused when the form is linted.
Look-around, back references, named groups and inline flags are not part of the subset. The matched text is at
most `MAX_TEXT` characters.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_LENGTH = 200
MAX_TEXT = 500
MAX_WAYS = 300_000
MAX_WAYS_OF_FORM = 3_000_000
_MAX_GROUPS = 10

_ATOM = re.compile(
    r"\[\^?\]?(?:[^\]\\]|\\.)*\]|\\[dDwWsSbB.^$*+?()\[\]{}|/\\\-tnr]|\\u[0-9a-fA-F]{4}|[^\\()|*+?{}\[\]]"
)
_QUANTIFIER = re.compile(r"([*+?]|\{(\d{1,3})(,(\d{0,3}))?\})\??")


class PatternError(ValueError):
    """A pattern outside the subset: a code of `server.forms.codes` with parameters."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def ways_through(source: str) -> int:
    """In how many ways the pattern may be tried on a text before it does not match.

    Raises:
        PatternError: pattern_invalid, pattern_unsupported or pattern_too_costly.
    """
    if len(source) > MAX_LENGTH:
        raise PatternError("pattern_too_costly", limit=MAX_LENGTH)
    ways = _Counter(source).whole()
    if not source.startswith("^"):
        ways *= MAX_TEXT
    if ways > MAX_WAYS:
        raise PatternError("pattern_too_costly", limit=MAX_WAYS)
    return ways


def compile_pattern(source: str, *, ignore_case: bool = False) -> Callable[[str], bool]:
    """A test with JavaScript's meaning: finds the pattern anywhere unless it is anchored; ASCII \\d and \\w.

    Raises:
        PatternError: pattern_invalid, pattern_unsupported or pattern_too_costly.
    """
    ways_through(source)
    try:
        # JavaScript's $ is the very end; Python's also matches before a last line break.
        compiled = re.compile(_strict_end(source), re.ASCII | (re.IGNORECASE if ignore_case else 0))
    except re.error as error:
        raise PatternError("pattern_invalid", reason=error.msg) from None
    return lambda text: len(text) <= MAX_TEXT and compiled.search(text) is not None


def _strict_end(source: str) -> str:
    pieces = re.findall(r"\[\^?\]?(?:[^\]\\]|\\.)*\]|\\.|.", source, re.DOTALL)
    return "".join(r"\Z" if piece == "$" else piece for piece in pieces)


@dataclass(slots=True)
class _Counter:
    """Counts the ways through a pattern while checking that it stays in the subset."""

    source: str
    position: int = 0
    groups: int = 0

    def whole(self) -> int:
        ways = self._alternatives()
        if self.position < len(self.source):
            raise PatternError("pattern_unsupported", found=self.source[self.position])
        return ways

    def _alternatives(self) -> int:
        ways = self._sequence()
        while self._takes("|"):
            ways += self._sequence()
        return ways

    def _takes(self, sign: str) -> bool:
        if self.source.startswith(sign, self.position):
            self.position += len(sign)
            return True
        return False

    def _sequence(self) -> int:
        ways = 1
        while self.position < len(self.source) and self.source[self.position] not in "|)":
            ways = min(ways * self._quantified(self._atom()), MAX_WAYS + 1)
        return ways

    def _atom(self) -> int:
        if self._takes("("):
            return self._group()
        match = _ATOM.match(self.source, self.position)
        if match is None:
            raise PatternError("pattern_unsupported", found=self.source[self.position : self.position + 2])
        self.position = match.end()
        return 1

    def _group(self) -> int:
        self.groups += 1
        if self._takes("?") and not self._takes(":"):
            raise PatternError("pattern_unsupported", found="(?")
        if self.groups > _MAX_GROUPS:
            raise PatternError("pattern_too_costly", limit=_MAX_GROUPS)
        ways = self._alternatives()
        if not self._takes(")"):
            raise PatternError("pattern_invalid", reason="missing )")
        return ways

    def _quantified(self, ways: int) -> int:
        match = _QUANTIFIER.match(self.source, self.position)
        if match is None:
            return ways
        self.position = match.end()
        least, most = _repeats(match)
        if least > most:
            raise PatternError("pattern_invalid", reason="min repeat greater than max repeat")
        # Any number of repeats up to `most`, each with its own choice; capped before it grows huge.
        inside = MAX_WAYS + 1 if ways > 1 and most > 20 else ways**most
        return int(min(inside * (most - least + 1), MAX_WAYS + 1))


def _repeats(match: re.Match[str]) -> tuple[int, int]:
    sign, low, comma, high = match.groups()
    if low is None:
        return {"*": (0, MAX_TEXT), "+": (1, MAX_TEXT), "?": (0, 1)}[sign]
    least = int(low)
    if not comma:
        return least, least
    return least, int(high) if high else MAX_TEXT
