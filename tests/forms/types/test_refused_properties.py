"""What a type's properties may not say, each with its pointer and its code."""

import base64
from typing import Any

import pytest

from server.forms import lint

E0 = "/pages/0/elements/0"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 20).decode()
SMILEYS = [{"value": number, "text": f"第 {number} 级"} for number in range(11)]
COUNT = {"type": "answercount", "minCount": 3, "maxCount": 2}


def found(element: dict[str, Any], severity: str) -> list[tuple[str, str]]:
    whole = {"name": "q", "title": "Q", **element}
    problems = lint({"pages": [{"name": "page", "elements": [whole]}]})
    return [(problem.pointer, problem.code) for problem in problems if problem.severity == severity]


def choosing(kind: str, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "choices": ["a", "b", "c"], **properties}


def picture(link: object, **properties: Any) -> dict[str, Any]:
    return {"type": "image", "imageLink": link, **properties}


def checked_by(**validator: Any) -> dict[str, Any]:
    return {"type": "text", "validators": [validator]}


@pytest.mark.parametrize(
    ("element", "at", "code"),
    [
        ({"type": "ranking"}, "", "property_missing"),
        (
            choosing("ranking", selectToRankEnabled=True, minSelectedChoices=4),
            "/minSelectedChoices",
            "limits_contradict",
        ),
        (
            choosing("ranking", selectToRankEnabled=True, minSelectedChoices=2, maxSelectedChoices=1),
            "/minSelectedChoices",
            "limits_contradict",
        ),
        (choosing("radiogroup", choicesOrder="shuffled"), "/choicesOrder", "property_choice"),
        (choosing("radiogroup", showSelectAllItem=True), "/showSelectAllItem", "property_unknown"),
        (
            choosing("checkbox", showSelectAllItem=True, maxSelectedChoices=2),
            "/showSelectAllItem",
            "limits_contradict",
        ),
        (
            choosing("checkbox", choices=[{"value": "a", "enableIf": "true"}]),
            "/choices/0/enableIf",
            "property_unsupported",
        ),
        (
            choosing("radiogroup", choices=[{"value": "a", "isExclusive": True}]),
            "/choices/0/isExclusive",
            "property_unknown",
        ),
        ({"type": "rating", "displayMode": "dropdown"}, "/displayMode", "property_choice"),
        ({"type": "rating", "rateType": "hearts"}, "/rateType", "property_choice"),
        ({"type": "rating", "rateCount": 1}, "/rateCount", "property_range"),
        ({"type": "rating", "rateCount": 4, "rateMax": 5}, "/rateCount", "rate_count_contradicts"),
        ({"type": "rating", "rateCount": 3, "rateValues": [1, 2]}, "/rateCount", "rate_count_contradicts"),
        ({"type": "rating", "rateType": "smileys", "rateValues": SMILEYS}, "", "list_too_long"),
        ({"type": "text", "inputType": "range", "min": 101}, "/max", "limits_contradict"),
        ({"type": "text", "inputType": "range", "step": 0}, "/step", "property_type"),
        ({"type": "text", "inputType": "number", "step": 1e-20}, "/step", "property_type"),
        ({"type": "file", "acceptedTypes": "image/png,.pdf"}, "/acceptedTypes", "property_choice"),
        ({"type": "file", "acceptedTypes": ""}, "/acceptedTypes", "property_choice"),
        ({"type": "file", "allowMultiple": True, "maxFiles": 21}, "/maxFiles", "property_range"),
        (picture("https://example.com/a.png"), "/imageLink", "image_link_invalid"),
        (picture("data:image/svg+xml;base64,PHN2Zy8+"), "/imageLink", "image_link_invalid"),
        (picture(f"data:image/jpeg;base64,{PNG}"), "/imageLink", "image_link_invalid"),
        (picture("data:image/png;base64,!!"), "/imageLink", "image_link_invalid"),
        (picture("data:image/png;base64," + "A" * 20_000), "/imageLink", "text_too_long"),
        (picture(f"data:image/png;base64,{PNG}", title=" "), "", "image_title_missing"),
        (
            picture(f"data:image/png;base64,{PNG}", title={"default": "A", "zh": ""}),
            "",
            "image_title_missing",
        ),
        ({"type": "image"}, "", "property_missing"),
        (checked_by(**COUNT), "/validators/0/maxCount", "limits_contradict"),
        (
            checked_by(type="email", notificationType="warning"),
            "/validators/0/notificationType",
            "property_unsupported",
        ),
        (checked_by(type="emial"), "/validators/0/type", "type_unknown"),
    ],
)
def test_an_error_stands_where_it_was_made(element: dict[str, Any], at: str, code: str) -> None:
    assert found(element, "error") == [(E0 + at, code)]


@pytest.mark.parametrize(
    ("element", "at"),
    [
        (choosing("ranking", maxSelectedChoices=2), "/maxSelectedChoices"),
        ({"type": "file", "maxFiles": 3}, "/maxFiles"),
    ],
)
def test_what_has_no_effect_is_a_warning(element: dict[str, Any], at: str) -> None:
    assert found(element, "error") == []
    assert found(element, "warning") == [(E0 + at, "property_needs")]
