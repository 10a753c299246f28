"""Whether every sentence of a form exists in its own language and in every other it has begun to speak."""

from collections.abc import Iterable, Iterator
from itertools import chain

from server.forms.compiling.reading import Draft
from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Report
from server.forms.properties import MAX_LOCALES, Choice


def check_translations(report: Report, draft: Draft, own: str) -> tuple[str, ...]:
    """Warn about each text that lacks a language used elsewhere, or the form's `own`.

    Returns the languages beside the default.
    """
    texts = list(_texts(draft))
    locales = tuple(sorted({locale for text in texts for locale in text.texts} - {"default"}))
    if len(locales) > MAX_LOCALES:
        report.error("", "locales_too_many", limit=MAX_LOCALES)
        return locales[:MAX_LOCALES]
    for text in texts:
        if not any(map(_has_letters, text.texts.values())):
            continue
        # Who speaks another variant of the language is served by it, not by the default.
        spoken = set(map(_language, text.texts))
        if "default" in spoken and "locale" in draft.properties:
            spoken.add(_language(own))
        if not spoken & {"default", _language(own)}:
            report.warn(text.pointer, "text_language_missing", locale=own)
        for locale in locales:
            if _language(locale) not in spoken:
                report.warn(text.pointer, "translation_missing", locale=locale)
    return locales


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def _language(locale: str) -> str:
    return locale.partition("-")[0]


def _texts(draft: Draft) -> Iterator[LocalText]:
    yield from _within(draft.properties.values())
    for element in chain.from_iterable(map(_all_elements, (*draft.pages, *draft.endings))):
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
