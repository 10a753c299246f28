"""Answers as people read them, and titles with answers in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.forms.expressions.operations import text_of
from server.forms.expressions.paths import split_name
from server.forms.form import CompiledForm, Group, Question
from server.forms.localised import Template


def display_text(form: CompiledForm, name: str, value: object, locale: str) -> str:
    """An answer as a person reads it."""
    question = form.questions.get(name)
    if value is None:
        return ""
    return text_of(value) if question is None else _displayed(question, value, locale)


@dataclass(frozen=True, slots=True)
class Piping:
    """Fills titles. `own` are the values by which the inside of a group is read: `panel`, `row`."""

    form: CompiledForm
    values: Mapping[str, object]
    locale: str
    own: Mapping[str, tuple[Group, Mapping[str, object]]] = field(default_factory=dict)
    special: Mapping[str, str] = field(default_factory=dict)

    def filled(self, template: Template | None) -> str:
        """The text with its values, "" without a text."""
        return "" if template is None else template.render(self.locale, self.piped)

    def inside(self, group: Group, values: Mapping[str, object], number: int) -> "Piping":
        """The titles of one panel or row; `{panelIndex}` counts from 1."""
        own = {**self.own, group.word: (group, values)}
        return Piping(self.form, self.values, self.locale, own, {"panelIndex": str(number)})

    def piped(self, name: str) -> str:
        """What stands in the place of `{name}`."""
        if name in self.special:
            return self.special[name]
        split = split_name(name)
        if split is None:
            return ""
        root, path = split
        if root in self.own and path:
            group, values = self.own[root]
            return self._inner(group, str(path[-1]), values.get(str(path[-1])))
        value = self.values.get(root)
        return self._along(root, value, path) if path else display_text(self.form, root, value, self.locale)

    def _along(self, root: str, value: object, path: tuple[str | int, ...]) -> str:
        """`{matrix.row}`, `{panels[0].name}`, `{table.row.column}`."""
        for part in path:
            if isinstance(value, dict):
                value = value.get(str(part))
            else:
                listed = value if isinstance(value, list) and isinstance(part, int) else []
                value = listed[part] if isinstance(part, int) and part < len(listed) else None
        question = self.form.questions.get(root)
        if question is not None and question.group is not None:
            return self._inner(question.group, str(path[-1]), value)
        if question is not None and question.type == "matrix" and value is not None:
            columns = question.behaviour.control.columns
            return next((each.label(self.locale) for each in columns if each.value == value), text_of(value))
        return text_of(value)

    def _inner(self, group: Group, name: str, value: object) -> str:
        question = group.questions.get(name)
        if value is None or question is None:
            return text_of(value)
        return _displayed(question, value, self.locale)


def _displayed(question: Question, value: object, locale: str) -> str:
    if question.group is None:
        return question.behaviour.display(value, locale)
    group = question.group
    if group.answer == "rows":
        labels = {str(row.value): row.label(locale) for row in group.rows}
        rows = value if isinstance(value, dict) else {}
        return "; ".join(f"{labels.get(key, key)}: {_entry(group, row, locale)}" for key, row in rows.items())
    entries = value if isinstance(value, list) else [value]
    return "; ".join(_entry(group, entry, locale) for entry in entries)


def _entry(group: Group, entry: object, locale: str) -> str:
    values = entry if isinstance(entry, dict) else {}
    return ", ".join(
        _displayed(group.questions[name], value, locale)
        for name, value in values.items()
        if name in group.questions and value is not None
    )
