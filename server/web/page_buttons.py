"""Buttons inside a page that save it and come back to it: another panel, one panel less, the time now.

Each is `<button name="go" value="add:p">`, `remove:p:0` or `moment:NAME`, where NAME may lie in a group.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from server.forms import CompiledForm
from server.forms.types.behaviour import Fields
from server.forms.types.groups import count_field

_GO = re.compile(r"(?:(add|moment):([^:]{1,200})|(remove):([^:]{1,64}):([0-9]{1,3}))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: what it does to the field, and to which panel of it."""

    verb: str
    field: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class _Changed:
    """Posted fields with some of them replaced."""

    fields: Fields
    own: Mapping[str, str] = field(default_factory=dict)

    def getlist(self, key: str) -> list[str]:
        return [self.own[key]] if key in self.own else self.fields.getlist(key)


def pressed(fields: Fields) -> Press | None:
    """The button of this kind that posted the page, or None when another one did."""
    found = _GO.fullmatch(next(iter(fields.getlist("go")[-1:]), ""))
    if found is None:
        return None
    verb, name, remove, list_name, place = found.groups()
    return Press(remove, list_name, int(place)) if remove else Press(verb, name)


def carried_out(press: Press, form: CompiledForm, fields: Fields, *, stamp: str) -> Fields:
    """The fields as they are after the button has done what it can do before they are read.

    Args:
        stamp: the time now, as a `moment` stores it.
    """
    if press.verb == "moment" and _is_moment(form, press.field):
        return _Changed(fields, {press.field: stamp})
    if press.verb == "add" and press.field in form.questions:
        shown = next(iter(fields.getlist(count_field(press.field))), "0")
        if shown.isascii() and shown.isdigit() and len(shown) < 4:
            return _Changed(fields, {count_field(press.field): str(int(shown) + 1)})
    return fields


def without_panel(press: Press, form: CompiledForm, answers: dict[str, Any]) -> None:
    """Take the panel out that the button removes, unless the list must keep it."""
    question, panels = form.questions.get(press.field), answers.get(press.field)
    if press.verb != "remove" or question is None or question.group is None or not isinstance(panels, list):
        return
    if len(panels) > question.group.least and press.place < len(panels):
        answers[press.field] = [*panels[: press.place], *panels[press.place + 1 :]]


def anchor(press: Press, answers: Mapping[str, Any]) -> str:
    """The id, in the page that comes back, of what the button was about."""
    panels = answers.get(press.field)
    number = f"-{len(panels)}" if press.verb == "add" and isinstance(panels, list) else ""
    return anchor_of(press.field) + number


def anchor_of(name: str) -> str:
    """An id that holds a field's name."""
    return f"in-{name}".replace(" ", "_")


def _is_moment(form: CompiledForm, name: str) -> bool:
    question = form.questions.get(re.split(r"[.\[]", name, maxsplit=1)[0])
    if question is not None and question.group is not None:
        question = question.group.questions.get(name.rpartition(".")[2])
    return question is not None and question.type == "moment"
