"""A person's own words, apart from the other answers: they can be emptied when somebody asks to be forgotten.

A text inside a group is kept under its way there: `people/0/who` for the `who` of the first of `people`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from server.forms import Question
from server.forms.problems import pointer_to
from server.wire import pointer_parts

# Input types of `text` whose answers may say who somebody is.
_OWN_WORDS = frozenset({"text", "tel", "email", "url"})


def is_own_words(question: Question) -> bool:
    """Whether a person writes here what they like: notes, the text beside "other", a signature; dates not."""
    if question.type == "text":
        return question.behaviour.control.attributes.get("type", "text") in _OWN_WORDS
    return question.type in ("comment", "signaturepad")


def holds_own_words(question: Question) -> bool:
    """Whether an answer to the question is, or has inside, a person's own words."""
    inner = question.group.questions.values() if question.group else ()
    return is_own_words(question) or any(is_own_words(each) for each in inner)


def split(
    values: Mapping[str, Any], questions: Mapping[str, Question]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Answers without own words, and the own words by their way.

    Args:
        questions: those that hold own words.
    """
    answers, texts = dict(values), dict[str, str]()
    for name in values.keys() & questions.keys():
        question, value = questions[name], values[name]
        if question.group is None:
            texts[name] = answers.pop(name)
            continue
        inner = frozenset(each.name for each in question.group.questions.values() if is_own_words(each))
        texts.update(_ways(value, inner, name))
        answers[name] = _without(value, inner)
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
