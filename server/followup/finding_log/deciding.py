"""Decisions about the log of findings that look nothing up: what a programme counts, what is wrong."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from server.accounts.actors import names_one
from server.errors import Detail
from server.models.finding_log import CONFIRMED, PENDING, REJECTED

LONGEST: Final = 2000
LONGEST_WORD: Final = 100
# Of a scheme's points and yuan: more is a slip of the finger.
MOST: Final = Decimal(1_000_000)
_NAMED = re.compile(r"\{finding\.(kind|source)\}\s*(?:=|<>)\s*'([^']+)'")
Title = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """What a programme's rules tell apart.

    Attributes:
        kinds: by the word that a rule looks for, the title of the first rule or measure that does.
        sections: from which points are taken, with their titles.
        sources: words for where something comes from: those that rules look for, and the logs among the
            instruments.
    """

    kinds: Mapping[str, Title]
    sections: Mapping[str, Title]
    sources: Mapping[str, Title]


@dataclass(frozen=True, slots=True)
class NewFinding:
    """An entry as it is written down. `subject` is the code of who it is about."""

    subject: str
    day: date
    said: str
    kind: str = ""
    section: str = ""
    item: str = ""
    points: Decimal | None = None
    amount: Decimal | None = None
    person: str = ""
    source: str = ""
    due: date | None = None


@dataclass(slots=True)
class _Found:
    kinds: dict[str, Title] = field(default_factory=dict)
    sections: dict[str, Title] = field(default_factory=dict)
    sources: dict[str, Title] = field(default_factory=dict)


def words_of(content: Mapping[str, Any]) -> Words:
    """Args: content: a published definition."""
    found = _Found()
    for part in (*_parts(content, "rules"), *_parts(content, "measures")):
        title = _title(part)
        for what, word in _NAMED.findall(" ".join(_strings(part))):
            known = found.kinds if what == "kind" else found.sources
            known.setdefault(word, title if what == "kind" else {})
        deduct = part.get("deduct")
        for section in deduct.get("sections", []) if isinstance(deduct, dict) else []:
            found.sections.setdefault(section["name"], _title(section))
    for instrument in _parts(content, "instruments"):
        if instrument.get("kind") == "log":
            found.sources[instrument["name"]] = _title(instrument)
    return Words(found.kinds, found.sections, found.sources)


def problems_of(new: NewFinding, words: Words, today: date) -> Iterator[Detail]:
    """What is wrong with an entry."""
    long = [name for name in ("item", "person", "source") if len(getattr(new, name)) > LONGEST_WORD]
    sums = [name for name in ("points", "amount") if not _is_sum(getattr(new, name))]
    checks = (
        (not new.subject.strip(), Detail("field_required", "/subject")),
        (not new.said.strip(), Detail("field_required", "/said")),
        (len(new.said) > LONGEST, Detail("text_too_long", "/said", {"limit": LONGEST})),
        (new.day > today, Detail("finding_future", "/day")),
        (new.due is not None and new.due < new.day, Detail("finding_due", "/due")),
        (bool(new.kind) and new.kind not in words.kinds, Detail("finding_kind", "/kind")),
        (bool(new.section) and new.section not in words.sections, Detail("finding_section", "/section")),
        *((True, Detail("text_too_long", f"/{name}", {"limit": LONGEST_WORD})) for name in long),
        *((True, Detail("finding_amount", f"/{name}")) for name in sums),
    )
    return (detail for wrong, detail in checks if wrong)


def _is_sum(value: Decimal | None) -> bool:
    return value is None or 0 <= value <= MOST


def verdict_problems(
    state: str, recorded_by: str, selves: Collection[str], verdict: str, reason: str, *, eyes: int
) -> Iterator[Detail]:
    """What keeps somebody from confirming or rejecting an entry.

    Args:
        selves: everybody whom they are or act for.
        eyes: people it takes, as the programme's `review` says.
    """
    if verdict not in (CONFIRMED, REJECTED) or verdict == state:
        yield Detail("finding_verdict", "/verdict")
    if eyes > 1 and names_one(recorded_by, selves):
        yield Detail("finding_own")
    if not reason.strip() and (verdict == REJECTED or state != PENDING):
        yield Detail("field_required", "/reason")
    if len(reason) > LONGEST:
        yield Detail("text_too_long", "/reason", {"limit": LONGEST})


def _parts(content: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects, or the one object that stands for it."""
    value = content.get(name, [])
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, dict)]


def _title(part: Mapping[str, Any]) -> Title:
    title = part.get("title", {})
    return title if isinstance(title, dict) else {"default": str(title)}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
