"""Agreeing to something: `consent`, one box. The answer is true, or there is none; required is must agree."""

from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Report, refusal
from server.forms.properties import Choice, Property
from server.forms.types.behaviour import Behaviour, Choices, Control, Fields, QuestionType, decode_single

_AGREE = LocalText("", {"default": "I agree", "zh": "我同意"})


def _check(raw: object) -> object:
    if raw is not True:
        raise refusal("answer_type", expected="true")
    return True


def _decode(fields: Fields, name: str) -> object:
    raw = decode_single(fields, name)
    return True if raw == "true" else raw


def _build(element: Element, _report: Report) -> Behaviour:
    box = Choices((Choice(element.pointer, "true", element.text("label") or _AGREE, None),))

    def display(_value: object, locale: str) -> str:
        return box.label("true", locale)

    return Behaviour(Control("consent", box.rows), _check, _decode, display, answers={"true": True})


CONSENT = QuestionType("consent", (Property("label", "text"),), _build)
