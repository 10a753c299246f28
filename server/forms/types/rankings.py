"""Choices put in order: `ranking`. An answer lists values from the first to the last.

A page without a script asks for a number beside each choice. Numbers that make no order (one given twice,
one left out) stay a mapping of choice to number, which the check refuses and the page shows again.
"""

from collections import Counter
from collections.abc import Mapping

from server.forms.elements import Element
from server.forms.problems import Refused, Report, refusal
from server.forms.properties import Property, Scalar
from server.forms.types.behaviour import (
    Behaviour,
    Check,
    Choices,
    Control,
    Decode,
    Display,
    Fields,
    QuestionType,
    decode_single,
)
from server.forms.types.grids import field_of
from server.forms.types.selections import ORDERED, choice_order, picked

_SHOWN = 40


def ranks(value: object) -> Mapping[str, str]:
    """The number that each choice's field holds, for an order and for numbers that make none."""
    if isinstance(value, dict):
        return {str(choice): str(rank) for choice, rank in value.items()}
    order = value if isinstance(value, list) else []
    return {str(choice): str(place) for place, choice in enumerate(order, 1)}


def _build(element: Element, report: Report) -> Behaviour:
    choices = Choices(element.choices("choices"))
    partly = element.get("selectToRankEnabled", bool, default=False)
    least, most = _counts(element, report, len(choices.rows)) if partly else (0, len(choices.rows))
    if not partly:
        for name in ("minSelectedChoices", "maxSelectedChoices"):
            if name in element.properties:
                report.warn(element.at(name), "property_needs", property=name, needs="selectToRankEnabled")
    control = Control(
        "ranking",
        choices.rows,
        multiple=True,
        order=choice_order(element),
        variant="partly" if partly else "",
    )
    always = frozenset() if partly else _always_shown(element, choices)
    return Behaviour(control, _check(choices, always, least, most), _decode(choices), _display(choices))


def _counts(element: Element, report: Report, known: int) -> tuple[int, int]:
    least = element.get("minSelectedChoices", int, 0)
    most = element.get("maxSelectedChoices", int, known)
    if least > most or least > known:
        report.error(
            element.at("minSelectedChoices"), "limits_contradict", least=least, most=min(most, known)
        )
    return least, most


def _always_shown(element: Element, choices: Choices) -> frozenset[Scalar]:
    """Choices that nobody can be spared: one that may be hidden cannot be asked of everybody.

    Whether those offered at the moment are all there is seen when answers are walked (walking.py).
    """
    borrowed = element.get("choicesFromQuestionMode", str, "all") != "all"
    if borrowed or element.get("choicesVisibleIf", str, "").strip():
        return frozenset()
    return frozenset(choice.value for choice in choices.rows if choice.visible_if is None)


def _check(choices: Choices, always: frozenset[Scalar], least: int, most: int) -> Check:
    one = picked(choices)

    def check(raw: object) -> object:
        if not isinstance(raw, list):
            raise _misnumbered(raw, choices)
        if len(raw) > most:
            raise refusal("choice_count_max", limit=most, message={})
        order = [one(item) for item in raw]
        known = set(order)
        if len(known) < len(order):
            raise refusal("choice_repeated", value=_repeated(order))
        if not always <= known:
            raise refusal("ranking_incomplete")
        if len(order) < least:
            raise refusal("choice_count_min", limit=least, message={})
        return order

    return check


def _misnumbered(raw: object, choices: Choices) -> Refused:
    """Why numbers beside choices make no order."""
    if not isinstance(raw, dict) or not all(
        isinstance(rank, str) and choice in choices.by_text for choice, rank in raw.items()
    ):
        return refusal("answer_type", expected="list")
    repeated = _repeated(list(raw.values()))
    return refusal("choice_repeated", value=repeated) if repeated else refusal("ranking_incomplete")


def _repeated(items: list[Scalar]) -> str:
    item, count = Counter(items).most_common(1)[0]
    return str(item)[:_SHOWN] if count > 1 else ""


def _decode(choices: Choices) -> Decode:
    def decode(fields: Fields, name: str) -> object:
        typed = {text: decode_single(fields, field_of(name, text)) for text in choices.by_text}
        numbers = {
            text: rank.strip() for text, rank in typed.items() if isinstance(rank, str) and rank.strip()
        }
        places = {rank: text for text, rank in numbers.items()}
        order = [places.get(str(place)) for place in range(1, len(numbers) + 1)]
        whole = [choices.by_text[text] for text in order if text is not None]
        return (whole if len(whole) == len(numbers) else numbers) or None

    return decode


def _display(choices: Choices) -> Display:
    def display(value: object, locale: str) -> str:
        order = value if isinstance(value, list) else []
        return " > ".join(choices.label(item, locale) for item in order)

    return display


RANKING = QuestionType(
    "ranking",
    (
        *ORDERED,
        Property("selectToRankEnabled", "flag"),
        Property("minSelectedChoices", "whole", least=0, most=1_000),
        Property("maxSelectedChoices", "whole", least=1, most=1_000),
    ),
    _build,
)
