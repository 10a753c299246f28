"""All evidence of an item in one place: the answer, its points, notes, photos, the last visit's photos."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from server.db import AnyRow, connection
from server.forms import CompiledForm, Question
from server.http.locale import locale
from server.intake.own_words import joined
from server.reports import sheets
from server.web.console.submission_parts import (
    ShownFile,
    answers_of,
    files_of,
    form_of,
    remarks_of,
)

# How an answer is corrected: by one of its choices, by several, or by writing it.
CONTROLS = {"radiogroup": "one", "dropdown": "one", "rating": "one", "boolean": "one", "checkbox": "many"}
WRITTEN = ("text", "comment")


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A question of a report with everything that speaks for its answer.

    Attributes:
        line: of the score sheet; None for what is not scored.
        before: the answer of the outlet's last report, and `photos_before` its photos.
        control: `one`, `many` or `written`; empty where the answer cannot be corrected here.
        choices: value and text, with those that are chosen now in `chosen`.
    """

    name: str
    title: str
    answer: str
    line: Mapping[str, Any] | None
    remarks: Sequence[tuple[str, str]]
    photos: Sequence[ShownFile]
    before: str | None
    photos_before: Sequence[ShownFile]
    control: str
    choices: Sequence[tuple[str, str]]
    chosen: Sequence[str]

    @property
    def lost(self) -> bool:
        return self.line is not None and self.line["lost"] != "0"


@dataclass(frozen=True, slots=True)
class ShownItems:
    """The items that need eyes, and the others, which have only an answer; photos that stand for none."""

    looked_at: Sequence[ShownItem]
    others: Sequence[ShownItem]
    loose: Sequence[ShownFile]


def items_of(report: AnyRow, earlier: AnyRow | None, opened: Collection[str]) -> ShownItems:
    """The items of a report in the order of the form.

    Args:
        report: with its answers and sheet; `earlier` is the outlet's last one before it.
        opened: items that the reader wants to see whatever they are.
    """
    form, answers = form_of(report), answers_of(report)
    values = joined(report.answers, sheets.texts_of(connection(), report.revision_id))
    files = files_of(report, answers)
    past = _past(earlier)
    lines = {line["item"]: line for line in report.sheet["lines"]} if report.sheet else {}
    remarks = remarks_of(report)
    shown = [
        _item(
            form.questions[name],
            (*said, values.get(name)),
            (lines.get(name), remarks.get(name, ()), files),
            past,
        )
        for name, said in answers.items()
        if name in form.questions
    ]
    looked_at = [item for item in shown if _needs_eyes(item) or item.name in opened]
    known = {item.name for item in shown}
    return ShownItems(
        looked_at,
        [item for item in shown if item not in looked_at],
        [photo for photo in files if known.isdisjoint(photo.items)],
    )


def correction_of(form: CompiledForm, name: str, values: Sequence[str]) -> dict[str, Any]:
    """What somebody posted as the new answer of a question, ready to be checked; blank takes it away."""
    question = form.questions.get(name)
    if question is None or control_of(question) == "":
        return {}
    return {name: question.behaviour.decode(MultiDict([(name, value) for value in values]), name)}


def control_of(question: Question) -> str:
    if question.compute is not None:
        return ""
    return "written" if question.type in WRITTEN else CONTROLS.get(question.type, "")


def _needs_eyes(item: ShownItem) -> bool:
    return item.lost or bool(item.photos or item.remarks)


@dataclass(frozen=True, slots=True)
class _Past:
    answers: Mapping[str, tuple[str, str]]
    files: Sequence[ShownFile]


def _past(earlier: AnyRow | None) -> _Past:
    if earlier is None:
        return _Past({}, ())
    answers = answers_of(earlier)
    return _Past(answers, [file for file in files_of(earlier, answers) if file.picture])


def _item(
    question: Question,
    said: tuple[str, str, object],
    evidence: tuple[Mapping[str, Any] | None, Sequence[tuple[str, str]], Sequence[ShownFile]],
    past: _Past,
) -> ShownItem:
    """Args: said: the title, the answer in words, and the answer."""
    line, remarks, files = evidence
    title, words, value = said
    name, control = question.name, control_of(question)
    return ShownItem(
        name=name,
        title=title,
        answer=words,
        line=line,
        remarks=remarks,
        photos=[file for file in files if name in file.items],
        before=past.answers[name][1] if name in past.answers else None,
        photos_before=[file for file in past.files if name in file.items],
        control=control,
        choices=_choices(question) if control in ("one", "many") else (),
        chosen=_chosen(question, value if isinstance(value, list) else [value]),
    )


def _choices(question: Question) -> list[tuple[str, str]]:
    behaviour = question.behaviour
    listed = behaviour.control.choices
    if listed:
        return [(_text(choice.value), choice.label(locale())) for choice in listed]
    return [(text, behaviour.display(value, locale())) for text, value in behaviour.answers.items()]


def _chosen(question: Question, values: Sequence[object]) -> list[str]:
    """Answers by what the choices of their field are called: yes and no have values of the form's own."""
    names = {} if question.behaviour.control.choices else question.behaviour.answers
    return [next((text for text, each in names.items() if each == value), _text(value)) for value in values]


def _text(value: object) -> str:
    """A value by the text that a form field carries."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
