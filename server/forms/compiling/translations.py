"""Whether every sentence of a form exists in every language the form has begun to speak."""

from collections.abc import Iterable, Iterator
from itertools import chain

from server.forms.compiling.reading import Draft
from server.forms.elements import Element
from server.forms.localised import LocalText, best_locale
from server.forms.problems import Report
from server.forms.properties import Choice


def check_translations(report: Report, draft: Draft) -> tuple[str, ...]:
    """Warn about each text that lacks a language used elsewhere; returns the languages beside the default."""
    texts = list(_texts(draft))
    locales = tuple(sorted({locale for text in texts for locale in text.texts} - {"default"}))
    for text in texts:
        if not any(character.isalpha() for character in "".join(text.texts.values())):
            continue
        for locale in locales:
            if locale not in text.texts and best_locale(text.texts, locale) in ("default", locale):
                report.warn(text.pointer, "translation_missing", locale=locale)
    return locales


def _texts(draft: Draft) -> Iterator[LocalText]:
    yield from _within(draft.properties.values())
    for element in chain.from_iterable(map(_all_elements, draft.pages)):
        yield from _within(element.properties.values())


def _all_elements(element: Element) -> Iterator[Element]:
    yield element
    for child in element.children:
        yield from _all_elements(child)


def _within(values: Iterable[object]) -> Iterator[LocalText]:
    for value in values:
        if isinstance(value, LocalText):
            yield value
        elif isinstance(value, tuple):
            yield from (choice.text for choice in value if isinstance(choice, Choice) and choice.text)
