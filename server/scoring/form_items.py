"""Finds the questions of a form definition that scoring needs: the only place that knows the shape of forms.

It reads the JSON of a definition that already passed the form language's own lint, so what it doesn't
understand it leaves out instead of reporting it twice.
"""

from collections.abc import Callable, Iterator, Mapping

from server.scoring.awards import choice_key
from server.scoring.compile import compile_scoring
from server.scoring.definitions import AnswerKind, ItemDefinition
from server.scoring.exact import ONE, answered_number, exact_text
from server.scoring.rules import ScoreRules
from server.wire import Json

Question = Mapping[str, Json]

MOST_RATES = 100  # a rating of more steps is scored as a number, not choice by choice


def form_rules(definition: Question) -> ScoreRules | None:
    """Rules of a form definition; None when it has no `scoring` at all.

    Raises:
        ScoringInvalid: as `compile_scoring`.
    """
    items = form_items(definition)
    if definition.get("scoring") is None and all(item.scoring is None for item in items):
        return None
    return compile_scoring(definition.get("scoring"), items)


def form_items(definition: Question) -> tuple[ItemDefinition, ...]:
    """Every question of a definition, in its order, panels opened."""
    pages = definition.get("pages")
    found: list[tuple[Question, str]] = []
    for index, page in enumerate(pages if isinstance(pages, list) else []):
        found.extend(_questions(page, f"/pages/{index}"))
    choices = {str(question.get("name")).lower(): question.get("choices") for question, _ in found}
    return tuple(_item(_with_choices(question, choices), place) for question, place in found)


def _with_choices(question: Question, choices: Mapping[str, Json]) -> Question:
    """A question with the choices it takes from another one."""
    source = question.get("choicesFromQuestion")
    return {**question, "choices": choices.get(source.lower())} if isinstance(source, str) else question


def _questions(container: Json, pointer: str) -> Iterator[tuple[Question, str]]:
    elements = container.get("elements") if isinstance(container, dict) else None
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        if not isinstance(element, dict):
            continue
        place = f"{pointer}/elements/{index}"
        if element.get("type") == "panel":
            yield from _questions(element, place)
        else:
            yield element, place


def _item(question: Question, pointer: str) -> ItemDefinition:
    kind, choices = _KINDS.get(str(question.get("type")), ("other", _no_choices))
    minimum, maximum = _range(question)
    return ItemDefinition(
        name=str(question.get("name", "")),
        pointer=pointer,
        scoring=question.get("scoring"),
        choices=choices(question),
        rows=_values(question.get("rows")),
        answer=kind,
        minimum=minimum,
        maximum=maximum,
    )


def _values(entries: Json) -> tuple[str, ...]:
    """Keys of a list of plain values or of objects with `value`."""
    items = entries if isinstance(entries, list) else []
    return tuple(choice_key(item.get("value") if isinstance(item, dict) else item) for item in items)


def _choices(question: Question) -> tuple[str, ...]:
    extra = [name for flag, name in _EXTRA_CHOICES.items() if question.get(flag) is True]
    return (*_values(question.get("choices")), *extra)


def _true_false(question: Question) -> tuple[str, ...]:
    return choice_key(question.get("valueTrue", True)), choice_key(question.get("valueFalse", False))


def _columns(question: Question) -> tuple[str, ...]:
    return _values(question.get("columns"))


def _rates(question: Question) -> tuple[str, ...]:
    if question.get("rateValues"):
        return _values(question["rateValues"])
    low, high = (answered_number(end) for end in _range(question))
    step = answered_number(question.get("rateStep", 1)) or ONE
    if low is None or high is None or step <= 0 or (high - low) / step > MOST_RATES:
        return ()
    return tuple(exact_text(low + step * index) for index in range(int((high - low) / step) + 1))


def _no_choices(question: Question) -> tuple[str, ...]:
    return ()


def _range(question: Question) -> tuple[Json, Json]:
    """Lowest and highest number a question takes, as SurveyJS defaults them."""
    if question.get("type") != "rating":
        return question.get("min"), question.get("max")
    values = question.get("rateValues")
    if isinstance(values, list) and values:
        numbers = [item.get("value") if isinstance(item, dict) else item for item in values]
        return numbers[0], numbers[-1]
    low = question.get("rateMin", 1)
    return low, question.get("rateMax", _counted_to(question, low))


def _counted_to(question: Question, low: Json) -> Json:
    """The last rate: `rateCount` counts from `rateMin` in steps of `rateStep`."""
    first, step = answered_number(low), answered_number(question.get("rateStep", 1))
    count = question.get("rateCount")
    if not isinstance(count, int) or first is None or step is None:
        return 5
    return exact_text(first + step * (count - 1))


_EXTRA_CHOICES = {"showNoneItem": "none", "showOtherItem": "other", "hasNone": "none", "hasOther": "other"}
_KINDS: dict[str, tuple[AnswerKind, Callable[[Question], tuple[str, ...]]]] = {
    "radiogroup": ("single", _choices),
    "dropdown": ("single", _choices),
    "boolean": ("single", _true_false),
    "checkbox": ("multiple", _choices),
    "rating": ("number", _rates),
    "text": ("number", _no_choices),
    "expression": ("number", _no_choices),
    "matrix": ("matrix", _columns),
}
