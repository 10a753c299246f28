"""A stored report in its reader's words: what was asked, what was answered, what was noted beside it."""

from collections.abc import Mapping

from server.forms import CompiledForm, display_text


def answers_in_words(
    form: CompiledForm, values: Mapping[str, object], unit: str, language: str
) -> dict[str, tuple[str, str]]:
    """Question name -> its title and its answer, in the order of the form, without companions and photos.

    Args:
        values: all answers, own words in their places.
        unit: the name that stands in titles for the outlet.
    """

    def piped(name: str) -> str:
        return unit if name == "unit" else display_text(form, name, values.get(name), language)

    return {
        name: (question.title.render(language, piped), display_text(form, name, values[name], language))
        for name, question in form.questions.items()
        if name in values and question.companion is None and question.type != "file"
    }


def remarks_beside(form: CompiledForm, texts: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Item -> what was noted about it: its note, and why there is no photo, as (role, text)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, question in form.questions.items():
        if question.companion is not None and name in texts:
            found.setdefault(question.companion.parent, []).append((question.companion.role, texts[name]))
    return found
