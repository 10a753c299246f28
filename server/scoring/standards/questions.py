"""Makes a question with its scoring out of one item of a standard.

Where points step (每发现一次扣1分) the checker enters a number; where there is only one loss, or grades with
their own points, it is a choice.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from server.scoring.exact import exact_text
from server.scoring.standards.amounts import Deductions, plain, read_levels, single_award
from server.scoring.standards.notes import Note, note
from server.scoring.standards.outline import Item, labelled, vetoes
from server.scoring.standards.words import Words

_PHOTO = re.compile(r"照片|拍照|拍摄|相片|图片|影像|截图|photo|picture|screenshot", re.IGNORECASE)
_RECORDING = re.compile(r"录像|录音|视频|摄像|监控|video|recording", re.IGNORECASE)
_NO_PHOTO = re.compile(r"(?:无需|不需|不用|不必|禁止|不得|严禁|不要)[^,;。]{0,4}(?:拍|照|录|摄)")
_ON_FAIL = re.compile(r"不合格|不达标|不符合|不到位|有?问题|扣分|失分|违规|if not|fail", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Made:
    """A question, and what is to be said about it and its rows."""

    question: dict[str, Any]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands: its name, its code, the section it scores in and the method of the form.

    `limit` is the most its section can lose, for items without points of their own.
    """

    name: str
    code: str
    section: str
    method: str
    bonus: bool
    limit: Fraction | None
    words: Words


@dataclass(frozen=True, slots=True)
class _Scoring:
    """The part of a question that depends on its kind."""

    properties: dict[str, Any]
    awards: object
    code: str
    params: dict[str, str | int]
    explanation: str = ""
    not_applicable: bool = True


def make_question(item: Item, place: Place, *, shared: bool) -> Made:
    """The question of an item. `shared` items are several rows that have their points together."""
    deductions = item.deductions
    notes = _doubts(item, place.name, deductions)
    scoring = _scoring(item, place, deductions, shared=shared)
    question: dict[str, Any] = {
        "type": "radiogroup",
        "name": place.name,
        "title": without_braces(item.title),
    }
    evidence, said = _evidence(item, number=scoring is not None and not scoring.not_applicable)
    notes += [note(item.rows[0] + 1, "assumed", code) for code in said]
    if scoring is None:
        question |= {"isRequired": True, "choices": _choices(place.words)}
        code = "standard_item_veto" if vetoes(item) else "standard_item_unscored"
        notes.insert(0, note(item.rows[0] + 1, "error", code, name=place.name))
    else:
        question |= {**scoring.properties, "isRequired": True}
        notes.insert(0, note(item.rows[0] + 1, "understood", scoring.code, name=place.name, **scoring.params))
    if text := _description(item, scoring.explanation if scoring else ""):
        question["description"] = text
    if evidence and scoring is not None:
        question["evidence"] = evidence
    if scoring is not None:
        question["scoring"] = _rules(place, scoring)
    notes += [note(row + 1, "understood", "standard_item_more", name=place.name) for row in item.rows[1:]]
    return Made(question, tuple(notes))


def _rules(place: Place, scoring: _Scoring) -> dict[str, Any]:
    rules: dict[str, Any] = {"section": place.section} if place.section and not place.bonus else {}
    rules |= {"code": place.code} if place.code else {}
    rules |= {"bonus": True} if place.bonus else {}
    rules["awards"] = scoring.awards
    return {**rules, "naValue": "na"} if scoring.not_applicable else rules


def _scoring(item: Item, place: Place, deductions: Deductions, *, shared: bool) -> _Scoring | None:
    full = item.points.value if item.points else None
    if full is None:
        return _without_points(place, deductions)
    if full <= 0:
        return None
    if levels := _level_scoring(item, place, full):
        return levels
    counted = bool(deductions) and (not _is_single(deductions) or deductions.amounts[0] > full)
    if shared or (item.points and item.points.graded) or counted or deductions.unread:
        return _number(place, full, deductions)
    loss = deductions.amounts[0] if deductions else full
    return _verdict(place, full, loss)


def _is_single(deductions: Deductions) -> bool:
    """Whether there is one amount, and it is lost once or not at all."""
    steps = deductions.repeated or deductions.ranged or deductions.whole or deductions.unread
    return len(deductions.amounts) == 1 and not steps


def _without_points(place: Place, deductions: Deductions) -> _Scoring | None:
    """Items that only take from the points of their section, or from the full marks of the form."""
    if place.method != "deduct" or not deductions or place.bonus:
        return None
    if not _is_single(deductions):
        return _number(place, place.limit, deductions)
    return _verdict(place, deductions.amounts[0], deductions.amounts[0])


def _verdict(place: Place, full: Fraction, loss: Fraction) -> _Scoring:
    deducts = place.method == "deduct" and not place.bonus
    best, worst = (Fraction(0), -loss) if deducts else (full, full - loss)
    code = "standard_item_bonus" if place.bonus else "standard_item_verdict"
    properties = {"choices": _choices(place.words, faults=deducts)}
    awards = {"yes": exact_text(best), "no": exact_text(worst)}
    return _Scoring(properties, awards, code, {"points": exact_text(loss if deducts else full)})


def _choices(words: Words, *, faults: bool = False) -> list[dict[str, str]]:
    """A standard of deductions often describes the fault, where yes and no would say the opposite."""
    yes, no = (words.passed, words.failed) if faults else (words.yes, words.no)
    texts = (("yes", yes), ("no", no), ("na", words.not_applicable))
    return [{"value": value, "text": text} for value, text in texts]


def _level_scoring(item: Item, place: Place, full: Fraction) -> _Scoring | None:
    levels = read_levels(item.rules)
    if not levels or levels[0].points != full:
        return None
    less = full if place.method == "deduct" and not place.bonus else Fraction(0)
    choices = [
        {"value": f"p{exact_text(level.points)}", "text": without_braces(level.text)} for level in levels
    ]
    choices.append({"value": "na", "text": place.words.not_applicable})
    awards = {f"p{exact_text(level.points)}": exact_text(level.points - less) for level in levels}
    params: dict[str, str | int] = {"points": exact_text(full), "levels": len(levels)}
    return _Scoring({"choices": choices}, awards, "standard_item_levels", params)


def _number(place: Place, full: Fraction | None, deductions: Deductions) -> _Scoring:
    """A number question: points taken off under `deduct`, points earned otherwise."""
    lost = place.method == "deduct" and not place.bonus
    properties: dict[str, Any] = {"type": "text", "inputType": "number", "min": 0}
    code = "standard_item_lost" if lost else "standard_item_earned"
    if full is None:
        return _Scoring(
            properties, "value", "standard_item_lost_freely", {}, place.words.enter_lost_freely, False
        )
    properties["max"] = as_number(full)
    if step := _step(deductions, full):
        properties["step"] = as_number(step)
    sentence = place.words.enter_lost if lost else place.words.enter_earned
    explanation = sentence.format(points=exact_text(full))
    return _Scoring(properties, "value", code, {"points": exact_text(full)}, explanation, False)


def _step(deductions: Deductions, full: Fraction) -> Fraction | None:
    """The largest step that reaches every amount and the full points; None where any number may be meant."""
    if not deductions or deductions.ranged or deductions.unread:
        return None
    numbers = [*deductions.amounts, full]
    denominator = lcm(*(number.denominator for number in numbers))
    return Fraction(gcd(*(int(number * denominator) for number in numbers)), denominator)


def _doubts(item: Item, name: str, deductions: Deductions) -> list[Note]:
    """Numbers in the texts of an item that were not read, or that do not fit its points."""
    row = item.rows[0] + 1
    found: list[Note] = []
    full = item.points.value if item.points else None
    text = _short(item.said("deduction") or item.rules)
    if deductions.unread or (item.said("deduction") and not deductions and not deductions.whole):
        found.append(note(row, "assumed", "standard_deduction_unread", text=text))
    if full is not None and deductions and max(deductions.amounts) > full:
        params = {"deduction": exact_text(max(deductions.amounts)), "points": exact_text(full)}
        found.append(note(row, "error", "standard_deduction_above", **params))
    if full is not None and _is_single(deductions) and deductions.amounts[0] < full:
        params = {"deduction": exact_text(deductions.amounts[0]), "points": exact_text(full)}
        found.append(note(row, "assumed", "standard_deduction_below", **params))
    if full is not None and vetoes(item):
        found.append(note(row, "error", "standard_item_veto", name=name))
    award = single_award(item.rules)
    if full is not None and award is not None and award not in (0, full):
        params = {"award": exact_text(award), "points": exact_text(full)}
        found.append(note(row, "assumed", "standard_award_differs", **params))
    return found


def _evidence(item: Item, *, number: bool) -> tuple[dict[str, str], list[str]]:
    """Photos that the table asks for, and what has to be said about that.

    A number cannot tell a failure, so a photo that is wanted only then stays in the description.
    """
    text = plain(item.said("evidence"))
    recording = _RECORDING.search(text) is not None
    if _NO_PHOTO.search(text) or not (recording or _PHOTO.search(text)):
        return {}, []
    said = ["standard_recording"] if recording else []
    if not _ON_FAIL.search(text):
        return {"photo": "always"}, said
    return ({}, [*said, "standard_photo_on_fail"]) if number else ({"photo": "onFail"}, said)


def _description(item: Item, explanation: str) -> str:
    """Everything the table says beside the item, a line each, so that nothing of it is lost."""
    lines = [
        each.text if each.role == "standard" or not each.header else labelled(each.header, each.text)
        for each in item.described
    ]
    return without_braces("\n".join([*lines, *([explanation] if explanation else [])]))


def without_braces(text: str) -> str:
    """Braces name answers in our texts; those of a table are meant as they stand."""
    return text.replace("{", "｛").replace("}", "｝")


def as_number(value: Fraction) -> int | float:
    """A limit as JSON has it."""
    return int(value) if value.denominator == 1 else float(value)


def _short(text: str) -> str:
    one_line = re.sub(r"\s+", " ", text)
    return one_line if len(one_line) <= 60 else f"{one_line[:59]}…"
