"""Whether a template says what a provider approved: the same words, with variables in the same places.

Providers write variables their own way (`${name}`, `{1}`, `#code#`); one of ours may stand for any of them.
Signature and refusal are added by us or by the provider, so neither has to stand in the approved text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from server.notify.texts import WORDINGS

_VARIABLE: Final = re.compile(r"\$?\{[^{}]*\}|#[A-Za-z0-9_]+#")
_SIGNATURE: Final = re.compile(r"^\s*(?:【[^】]*】|\[[^\]]*\])\s*")
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first place where they differ: what was approved there, and what the message has."""

    expected: str
    found: str


def mismatch(approved: str, template: str) -> Mismatch | None:
    """Where a template leaves what was approved; None when it fits."""
    wanted, written = _tokens(approved), _tokens(template)
    for place in range(max(len(wanted), len(written))):
        expected, found = _at(wanted, place), _at(written, place)
        if _is_variable(expected) and _is_variable(found):
            continue
        if expected != found:
            return _shown(expected, found)
    return None


def _tokens(text: str) -> list[str]:
    """Words and variables in turn, without the signature and the words that refuse."""
    body = _SIGNATURE.sub("", text).strip()
    for wording in WORDINGS.values():
        body = body.removesuffix(wording.optout).removesuffix("{optout}").strip()
    parts = re.split(f"({_VARIABLE.pattern})", body)
    return [part for part in parts if part]


def _at(tokens: Sequence[str], place: int) -> str:
    return tokens[place] if place < len(tokens) else ""


def _is_variable(token: str) -> bool:
    return _VARIABLE.fullmatch(token) is not None


def _shown(expected: str, found: str) -> Mismatch:
    same = 0
    while same < min(len(expected), len(found)) and expected[same] == found[same]:
        same += 1
    start = max(0, same - 2)
    return Mismatch(expected[start : same + _SHOWN], found[start : same + _SHOWN])
