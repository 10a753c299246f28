"""A person's own words, apart from the other answers: they can be emptied when somebody asks to be forgotten.

A text inside a group is kept under its way there: `people/0/who` for the `who` of the first of `people`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server.forms import CompiledForm, Question
from server.forms.form import Calculated, Group
from server.forms.problems import pointer_to
from server.wire import pointer_parts

# Input types of `text` whose answers may say who somebody is.
_OWN_WORDS = frozenset({"text", "tel", "email", "url"})


@dataclass(frozen=True, slots=True)
class OwnWords:
    """Where a form takes a person's own words, and where it calculates something from them.

    Attributes:
        names: answers and calculated values that are own words where they are text.
        inside: group -> the same for what stands in its panels, rows or items.
    """

    names: frozenset[str]
    inside: Mapping[str, frozenset[str]]


def own_words_of(form: CompiledForm) -> OwnWords:
    """Found once a form. A value that reads own words may repeat them, so it counts as such."""
    names: set[str] = set()
    inside: dict[str, frozenset[str]] = {}
    for step in form.plan:
        if isinstance(step, Question) and step.group:
            written = _inside(step.group, names | inside.keys())
            if written:
                inside[step.name] = written
        elif _repeats(step, names | inside.keys()) or (isinstance(step, Question) and _is_written(step)):
            names.add(step.name)
    return OwnWords(frozenset(names), inside)


def _inside(group: Group, told: Collection[str]) -> frozenset[str]:
    written = {question.name for question in group.plan if _is_written(question)}
    # Which of its questions an expression inside a group reads is not asked: any own words there will do.
    known = {*told, group.word} if written else told
    return frozenset((*written, *(each.name for each in group.plan if _repeats(each, known))))


def _is_written(question: Question) -> bool:
    """Whether a person writes here what they like: notes, the text beside "other", a signature; dates not."""
    if question.type == "text":
        return question.behaviour.control.attributes.get("type", "text") in _OWN_WORDS
    return question.type in ("comment", "signaturepad")


def _repeats(step: Question | Calculated, told: Collection[str]) -> bool:
    expression = step.compute if isinstance(step, Question) else step.expression
    return expression is not None and any(name in told for name in expression.names)


def split(values: Mapping[str, Any], own: OwnWords) -> tuple[dict[str, Any], dict[str, str]]:
    """Answers without own words, and the own words by their way."""
    answers, texts = dict(values), dict[str, str]()
    for name in values.keys() & own.names:
        if isinstance(values[name], str):
            texts[name] = answers.pop(name)
    for name in values.keys() & own.inside.keys():
        texts.update(_ways(values[name], own.inside[name], name))
        answers[name] = _without(values[name], own.inside[name])
    return answers, texts


def joined(answers: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The answers with the own words back in their places."""
    whole = dict(answers)
    for way, text in texts.items():
        name, *path = pointer_parts("/" + way)
        whole[name] = _placed(whole.get(name), path, text)
    return whole


def _ways(value: Any, inner: frozenset[str], way: str) -> Iterator[tuple[str, str]]:
    entries = (
        enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    )
    for key, entry in entries:
        place = way + pointer_to(key)
        if key in inner and isinstance(entry, str):
            yield place, entry
        else:
            yield from _ways(entry, inner, place)


def _without(value: Any, inner: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_without(entry, inner) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without(entry, inner)
        for key, entry in value.items()
        if not (key in inner and isinstance(entry, str))
    }


def _placed(value: Any, path: list[str], text: str) -> Any:
    if not path:
        return text
    head, *rest = path
    if isinstance(value, list):
        index = int(head)
        return [_placed(entry, rest, text) if place == index else entry for place, entry in enumerate(value)]
    known = value if isinstance(value, dict) else {}
    return {**known, head: _placed(known.get(head), rest, text)}
