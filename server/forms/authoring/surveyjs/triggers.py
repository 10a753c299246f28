"""Triggers of a SurveyJS definition; those that show something become conditions of what they show."""

from collections.abc import Iterator
from typing import Any

from server.forms.authoring.surveyjs.objects import Json, Notebook, read_object
from server.forms.compiling.vocabulary import TRIGGER_PROPERTIES
from server.forms.problems import pointer_to
from server.forms.unsupported import reason
from server.wire import shortened

NEVER = "false"
_UNARY = frozenset(("empty", "notempty"))
_HANDLED = frozenset(("type", "name", "operator", "value", "expression"))


def converted_triggers(book: Notebook, definition: Json, raw: object) -> list[Json]:
    """Our triggers; `definition` gets the conditions of the others."""
    found: list[Json] = []
    for index, source in enumerate(raw if isinstance(raw, list) else []):
        pointer = pointer_to("triggers", index)
        kind = str(source.get("type", "")).removesuffix("trigger") if isinstance(source, dict) else ""
        if kind == "visible":
            _show(book, definition, source, pointer)
        elif kind in TRIGGER_PROPERTIES:
            rows = TRIGGER_PROPERTIES[kind]
            trigger = read_object(book, source, pointer, rows, _HANDLED)
            found.append(trigger | {"type": kind, "expression": _condition(source)})
        else:
            hint = reason("trigger", kind)
            book.unsupported(f"{pointer}/type", "type_unsupported", type=shortened(kind), hint=hint)
    return found


def _condition(source: Json) -> str:
    """The condition; files before 2019 write question, operator and value apart."""
    expression = source.get("expression")
    if isinstance(expression, str):
        return expression
    operator = str(source.get("operator", "equal"))
    left = "{" + str(source.get("name", "")) + "}"
    return (
        f"{left} {operator}" if operator in _UNARY else f"{left} {operator} {_constant(source.get('value'))}"
    )


def _constant(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_constant, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return str(value)
    quoted = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"


def _show(book: Notebook, definition: Json, source: Json, pointer: str) -> None:
    lists = (source.get("pages"), source.get("questions"))
    shown = {str(name) for listed in lists if isinstance(listed, list) for name in listed}
    for item in _containers_and_questions(definition.get("pages")):
        if item.get("name") in shown:
            book.changed(pointer, "import_trigger", name=item["name"])
            before, condition = item.get("visibleIf", NEVER), _condition(source)
            item["visibleIf"] = condition if before == NEVER else f"({before}) or ({condition})"


def _containers_and_questions(raw: object) -> Iterator[Json]:
    for item in raw if isinstance(raw, list) else []:
        yield item
        yield from _containers_and_questions(item.get("elements"))
