"""Answers picked from a list: radiogroup, dropdown, checkbox, boolean, rating."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import cast

from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Report, refusal
from server.forms.properties import Choice, Property, Scalar, likeness
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

OTHER = "other"
NONE = "none"
MAX_RATINGS = 20
MAX_SMILEYS = 10
_SHOWN = 40


def picked(choices: Choices) -> Callable[[object], Scalar]:
    """One value of the list, in the list's own type: "1" is not 1 here, and true is no number."""
    # Equal numbers have equal hashes, so 1.0 finds 1; text and numbers never meet in a dict.
    known = {choice.value: choice.value for choice in choices.rows}

    def check(raw: object) -> Scalar:
        # A tuple of types: Python puts a union together anew for each of the 30 answers.
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            raise refusal("answer_type", expected="choice")
        value = known.get(raw)
        if value is None:
            raise refusal("choice_unknown", value=_shown(raw))
        return value

    return check


def _shown(value: Scalar) -> str:
    """What a sentence quotes of a value. Python refuses to write out a whole number of 5,000 digits."""
    return "…" if isinstance(value, int) and abs(value) > 10**_SHOWN else str(value)[:_SHOWN]


def _decode_one(choices: Choices) -> Decode:
    def decode(fields: Fields, name: str) -> object:
        raw = decode_single(fields, name)
        return choices.by_text.get(raw, raw) if isinstance(raw, str) else raw

    return decode


def all_field(name: str) -> str:
    """The field of the box that stands for all choices of a checkbox, where there is no script."""
    return f"{name}-all"


def _decode_many(choices: Choices, every: tuple[Scalar, ...] = ()) -> Decode:
    """`every`: the values that the box for all of them stands for."""

    def decode(fields: Fields, name: str) -> object:
        chosen = [choices.by_text.get(raw, raw) for raw in fields.getlist(name) if raw]
        if every and fields.getlist(all_field(name)):
            chosen = [*every, *(value for value in chosen if value not in every)]
        return chosen or None

    return decode


def _display_many(choices: Choices) -> Display:
    def display(value: object, locale: str) -> str:
        items = value if isinstance(value, list) else [value]
        separator = "、" if locale.lower().startswith("zh") else ", "
        return separator.join(choices.label(item, locale) for item in items)

    return display


def _special(element: Element, show: str, text: str, value: str, default: LocalText) -> tuple[Choice, ...]:
    if not element.get(show, bool, default=False):
        return ()
    return (Choice(element.at(show), value, element.text(text) or default, None, special=True),)


def choice_order(element: Element) -> str:
    """How the choices are arranged: "" as they are written, asc, desc or random."""
    order = element.get("choicesOrder", str, "none")
    return "" if order == "none" else order


_ALL_TEXT = LocalText("", {"default": "Select all", "zh": "全选"})
_NONE_TEXT = LocalText("", {"default": "None", "zh": "以上都没有"})
_OTHER_TEXT = LocalText("", {"default": "Other (please describe)", "zh": "其他（请说明）"})


def _all_choices(element: Element, report: Report) -> Choices:
    own = element.choices("choices")
    special = (
        *_special(element, "showNoneItem", "noneText", NONE, _NONE_TEXT),
        *_special(element, "showOtherItem", "otherText", OTHER, _OTHER_TEXT),
    )
    taken = {str(choice.value).lower() for choice in own}
    for choice in special:
        if choice.value in taken:
            report.error(choice.pointer, "choice_duplicate", value=choice.value)
    return Choices((*own, *special))


def _single(control: Control, choices: Choices, *, has_other: bool = False) -> Behaviour:
    check, decode = picked(choices), _decode_one(choices)
    return Behaviour(control, check, decode, choices.label, has_other=has_other, answers=choices.by_text)


def _build_single(element: Element, report: Report) -> Behaviour:
    choices = _all_choices(element, report)
    control = Control(
        element.kind, choices.rows, placeholder=element.text("placeholder"), order=choice_order(element)
    )
    has_other = element.get("showOtherItem", bool, default=False)
    return _single(control, choices, has_other=has_other)


def _build_checkbox(element: Element, report: Report) -> Behaviour:
    choices = _all_choices(element, report)
    least = element.get("minSelectedChoices", int, 0)
    most = element.get("maxSelectedChoices", int, 0) or len(choices.rows)
    if least > most:
        report.error(element.at("minSelectedChoices"), "limits_contradict", least=least, most=most)
    has_other = element.get("showOtherItem", bool, default=False)
    alone = _exclusive(element)
    every = tuple(choice.value for choice in element.choices("choices") if choice.value not in alone)
    control = Control(
        "checkbox",
        choices.rows,
        multiple=True,
        order=choice_order(element),
        all_text=_all_text(element, report, len(every), most),
    )
    return Behaviour(
        control,
        _several(choices, least, most, alone),
        _decode_many(choices, every if control.all_text else ()),
        _display_many(choices),
        has_other=has_other,
    )


def _exclusive(element: Element) -> frozenset[Scalar]:
    """The values that are chosen alone or not at all."""
    own = (choice.value for choice in element.choices("choices") if choice.exclusive)
    return frozenset((*own, *((NONE,) if element.get("showNoneItem", bool, default=False) else ())))


def _all_text(element: Element, report: Report, count: int, most: int) -> LocalText | None:
    if not element.get("showSelectAllItem", bool, default=False):
        return None
    if count > most:
        report.error(element.at("showSelectAllItem"), "limits_contradict", least=count, most=most)
    return element.text("selectAllText") or _ALL_TEXT


def _several(choices: Choices, least: int, most: int, alone: frozenset[Scalar]) -> Check:
    """A list of values; the canonical order is the form's, so that the same answer is the same content."""
    one = picked(choices)
    order = {choice.value: index for index, choice in enumerate(choices.rows)}

    def check(raw: object) -> object:
        if not isinstance(raw, list):
            raise refusal("answer_type", expected="list")
        if len(raw) > most:
            raise refusal("choice_count_max", limit=most, message={})
        values = {one(item): item for item in raw}
        if len(values) < len(raw):
            raise refusal("choice_repeated", value=_repeated(raw))
        # A choice that stands alone is a whole answer, however many are asked for.
        if not alone.isdisjoint(values):
            if len(values) > 1:
                raise refusal("choice_exclusive_with_others")
        elif len(values) < least:
            raise refusal("choice_count_min", limit=least, message={})
        return sorted(values, key=order.__getitem__)

    return check


def _repeated(raw: list[object]) -> str:
    return next(str(item)[:_SHOWN] for index, item in enumerate(raw) if item in raw[:index])


def _build_boolean(element: Element, report: Report) -> Behaviour:
    true = element.properties.get("valueTrue", True)
    false = element.properties.get("valueFalse", False)
    if likeness(cast("Scalar", true)) == likeness(cast("Scalar", false)):
        report.error(element.pointer, "choice_duplicate", value=false)
    rows = (
        Choice(element.pointer, "true", element.text("labelTrue") or _YES, None),
        Choice(element.pointer, "false", element.text("labelFalse") or _NO, None),
    )
    labels = Choices(rows)
    # The fields say true and false; a script in the page needs to know what they stand for.
    own = {f"data-{word}": json.dumps(value) for word, value in (("true", true), ("false", false))}
    attributes = {} if true is True and false is False else own
    values = {"true": cast("Scalar", true), "false": cast("Scalar", false)}

    def check(raw: object) -> object:
        for value in (true, false):
            if type(raw) is type(value) and raw == value:
                return value
        raise refusal("answer_type", expected="boolean")

    def decode(fields: Fields, name: str) -> object:
        raw = decode_single(fields, name)
        return values.get(raw, raw) if isinstance(raw, str) else raw

    def display(value: object, locale: str) -> str:
        return labels.label("true" if value == true else "false", locale)

    return Behaviour(Control("boolean", rows, attributes=attributes), check, decode, display, answers=values)


_YES = LocalText("", {"default": "Yes", "zh": "是"})
_NO = LocalText("", {"default": "No", "zh": "否"})


def _build_rating(element: Element, report: Report) -> Behaviour:
    rows = element.choices("rateValues") or _rating_scale(element, report)
    count = element.get("rateCount", int, len(rows))
    if rows and count != len(rows):
        report.error(element.at("rateCount"), "rate_count_contradicts", count=count, found=len(rows))
    variant = element.get("rateType", str, "labels")
    limit = MAX_SMILEYS if variant == "smileys" else MAX_RATINGS
    if len(rows) > limit:
        report.error(element.pointer, "list_too_long", limit=limit)
    choices = Choices(rows)
    control = Control(
        "rating",
        rows,
        low_label=element.text("minRateDescription"),
        high_label=element.text("maxRateDescription"),
        variant=variant,
    )
    return _single(control, choices)


def _rating_scale(element: Element, report: Report) -> tuple[Choice, ...]:
    least, most = element.number("rateMin"), element.number("rateMax")
    by = element.number("rateStep")
    low, step = Decimal(str(1 if least is None else least)), Decimal(str(1 if by is None else by))
    counted = low + step * (element.get("rateCount", int, 1) - 1)
    usual = counted if "rateCount" in element.properties else Decimal(5)
    high = usual if most is None else Decimal(str(most))
    if low >= high or step <= 0 or (high - low) / step > MAX_RATINGS:
        report.error(element.pointer, "limits_contradict", least=str(low), most=str(high))
        return ()
    count = int((high - low) / step) + 1
    return tuple(
        Choice(element.pointer, _scale_value(low + step * index), None, None) for index in range(count)
    )


def _scale_value(value: Decimal) -> Scalar:
    return int(value) if value == value.to_integral_value() else float(value)


ORDERED = (
    Property("choices", "choices", required=True),
    Property("choicesOrder", "word", allowed=("none", "asc", "desc", "random")),
    Property("choicesVisibleIf", "expression"),
    Property("choicesFromQuestion", "string"),
    Property("choicesFromQuestionMode", "word", allowed=("all", "selected", "unselected")),
)
_LISTED = (
    *ORDERED,
    Property("showNoneItem", "flag"),
    Property("noneText", "text"),
    Property("showOtherItem", "flag"),
    Property("otherText", "text"),
)
RADIOGROUP = QuestionType("radiogroup", _LISTED, _build_single)
DROPDOWN = QuestionType("dropdown", (*_LISTED, Property("placeholder", "text")), _build_single)
CHECKBOX = QuestionType(
    "checkbox",
    (
        *_LISTED,
        # In the place of the row above, for only here can a choice be exclusive.
        Property("choices", "choices", allowed=("isExclusive",), required=True),
        Property("minSelectedChoices", "whole", least=0, most=1_000),
        Property("maxSelectedChoices", "whole", least=1, most=1_000),
        Property("showSelectAllItem", "flag"),
        Property("selectAllText", "text"),
    ),
    _build_checkbox,
)
BOOLEAN = QuestionType(
    "boolean",
    (
        Property("labelTrue", "text"),
        Property("labelFalse", "text"),
        Property("valueTrue", "scalar"),
        Property("valueFalse", "scalar"),
    ),
    _build_boolean,
)
RATING = QuestionType(
    "rating",
    (
        Property("rateMin", "number"),
        Property("rateMax", "number"),
        Property("rateStep", "number"),
        Property("rateCount", "whole", least=2, most=MAX_RATINGS),
        Property("rateType", "word", allowed=("labels", "stars", "smileys")),
        Property("displayMode", "word", allowed=("buttons", "auto")),
        Property("rateValues", "choices"),
        Property("minRateDescription", "text"),
        Property("maxRateDescription", "text"),
    ),
    _build_rating,
)
