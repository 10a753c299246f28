"""Decisions about fines and signatures that look nothing up."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from server.errors import Detail
from server.scoring.exact import exact_text
from server.scoring.programmes.visiting import Fine

LONGEST: Final = 500
LONGEST_PERSON: Final = 60
PLACES: Final = 2
# A manager who is away reads the message in the evening, or on Monday.
OPEN_FOR: Final = timedelta(days=7)


def fine_problems(
    rules: Fine | None, known: Collection[str], item: str, person: str, amount: Decimal
) -> Iterable[Detail]:
    """What keeps somebody from being fined on the spot.

    Args:
        known: the names of the form's questions.
    """
    if rules is None:
        yield Detail("fine_none")
        return
    if item not in known:
        yield Detail("unknown_question", "/item", {"name": item, "suggestion": ""})
    if not person:
        yield Detail("field_required", "/person")
    elif len(person) > LONGEST_PERSON:
        yield Detail("text_too_long", "/person", {"limit": LONGEST_PERSON})
    if not rules.least <= amount <= rules.most or amount != round(amount, PLACES):
        bounds = {"least": exact_text(rules.least), "most": exact_text(rules.most)}
        yield Detail("fine_bounds", "/amount", bounds)


@dataclass(frozen=True, slots=True)
class Fault:
    """A lost point, without the point: an item of the form and its answer."""

    item: str
    answer: object


def faults_of(sheet: Mapping[str, Any] | None, answers: Mapping[str, object]) -> Sequence[Fault]:
    """What a round found, as the manager signs it: the items that lost something, each once."""
    return list(dict.fromkeys(_faults(sheet or {}, answers)))


def _faults(sheet: Mapping[str, Any], answers: Mapping[str, object]) -> Iterator[Fault]:
    for line in sheet.get("lines", ()):
        if line["lost"] != "0":
            # A line of a matrix names its row behind the question.
            item = line["item"] if line["item"] in answers else line["item"].partition(".")[0]
            answer = answers.get(item)
            yield Fault(item, answer if isinstance(answer, str | int | float | bool) else None)


def standing(
    signed_at: datetime | None, refused_at: datetime | None, expires_at: datetime, *, now: datetime
) -> str:
    """`signed`, `refused`, `expired` or `asked`."""
    if signed_at is not None:
        return "signed"
    if refused_at is not None:
        return "refused"
    return "expired" if expires_at <= now else "asked"
