"""What a new version of a form changes, and what each change does to answers given to the old one.

It compares two definitions that compile, property by property along the tables of the language, so that a
new property is compared without a line here. What a person reads about a change is written at the edge.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from server.forms.compiling.vocabulary import (
    FORM_PROPERTIES,
    PAGE_PROPERTIES,
    PANEL_PROPERTIES,
    QUESTION_PROPERTIES,
    part_properties,
)
from server.forms.problems import pointer_to
from server.forms.properties import Property
from server.forms.types import QUESTION_TYPES

# kept: the old answer counts as it is. dropped: it has no place or no shape that fits any more. asked_again:
# who answered the old version may have to add or change something. score_changes: same answer, other points.
Effect = Literal["kept", "dropped", "asked_again", "score_changes"]
Json = Mapping[str, Any]

KINDS = (
    "page_added",
    "page_dropped",
    "page_moved",
    "panel_added",
    "panel_dropped",
    "panel_moved",
    "question_added",
    "question_dropped",
    "question_moved",
    "question_renamed",
    "question_retyped",
    "made_required",
    "made_optional",
    "entry_added",
    "entry_dropped",
    "condition_changed",
    "limit_changed",
    "reworded",
    "setting_changed",
    "scoring_changed",
    "logic_changed",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        kind: one of `KINDS`.
        name: of the page or question (`group.question` inside a group), "" for the form itself.
        pointer: into the new definition, into the old one for what is gone.
        effects: what it does to old answers.
        details: `property`, `before`, `after`, `value`, where the kind has them.
    """

    kind: str
    name: str
    pointer: str
    effects: tuple[Effect, ...]
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Item:
    """A page, panel or question with the way to it; `kind` is "page", "panel" or a question type."""

    name: str
    kind: str
    pointer: str
    page: str
    source: Json
    rows: Mapping[str, Property]

    @property
    def sort(self) -> str:
        """What it is to people: a page, a panel or a question."""
        return self.kind if self.kind in {"page", "panel"} else "question"

    @property
    def key(self) -> str:
        """Names are one without regard to case; a panel may be called like a question."""
        return f"{self.sort} {self.name.lower()}"


def differences(old: Json, new: Json) -> tuple[Change, ...]:
    """All changes from one definition to another, in the order of the new one, dropped things first."""
    pages, questions = _Pair(_pages(old), _pages(new)), _Pair(_questions(old), _questions(new))
    renamed = _renamed(questions)
    return (
        *_form(old, new),
        *_gone(pages, {}),
        *_gone(questions, renamed),
        *_pages_changed(pages),
        *_questions_changed(questions, renamed),
    )


class _Pair:
    """Items of the old and of the new definition by key."""

    def __init__(self, old: Iterator[_Item], new: Iterator[_Item]) -> None:
        self.old = {item.key: item for item in old}
        self.new = {item.key: item for item in new}

    def moved(self) -> frozenset[str]:
        """Names that stand in another order among those that both have."""
        before = [name for name in self.old if name in self.new]
        after = [name for name in self.new if name in self.old]
        return frozenset(after) - _in_order(before, after)


def _in_order(before: Sequence[str], after: Sequence[str]) -> frozenset[str]:
    """A longest run of names whose order is the same in both: the others are what moved."""
    place = {name: index for index, name in enumerate(before)}
    piles: list[str] = []
    below: dict[str, str] = {}
    for name in after:
        at = _pile(piles, place, place[name])
        below[name] = piles[at - 1] if at else ""
        piles[at : at + 1] = [name]
    kept: set[str] = set()
    last = piles[-1] if piles else ""
    while last:
        kept.add(last)
        last = below[last]
    return frozenset(kept)


def _pile(piles: Sequence[str], place: Mapping[str, int], wanted: int) -> int:
    """Where patience sorting puts a card: the first pile whose top is larger."""
    low, high = 0, len(piles)
    while low < high:
        middle = (low + high) // 2
        if place[piles[middle]] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def _pages(definition: Json) -> Iterator[_Item]:
    for index, page in enumerate(_objects(definition.get("pages"))):
        yield _Item(str(page.get("name")), "page", pointer_to("pages", index), "", page, PAGE_PROPERTIES)


def _questions(definition: Json) -> Iterator[_Item]:
    """Questions and panels in order, those inside groups behind their group."""
    for page in _pages(definition):
        yield from _elements(page.source, page.pointer, page.name)


def _elements(container: Json, pointer: str, page: str) -> Iterator[_Item]:
    for index, element in enumerate(_objects(container.get("elements"))):
        place = f"{pointer}/elements/{index}"
        kind, name = str(element.get("type")), str(element.get("name"))
        if kind == "panel":
            yield _Item(name, kind, place, page, element, PANEL_PROPERTIES)
            yield from _elements(element, place, page)
        elif kind in QUESTION_TYPES:
            yield _Item(name, kind, place, page, element, QUESTION_PROPERTIES[kind])
            yield from _parts(element, kind, place, page)


def _parts(group: Json, kind: str, pointer: str, page: str) -> Iterator[_Item]:
    parts = QUESTION_TYPES[kind].parts
    if parts is None:
        return
    for index, part in enumerate(_objects(group.get(parts.listed))):
        own = parts.kind or str(part.get(parts.kind_property, group.get(parts.kind_property, "dropdown")))
        place = f"{pointer}/{parts.listed}/{index}"
        rows = part_properties(own, parts.kind_property) if own in QUESTION_TYPES else {}
        yield _Item(f"{group.get('name')}.{part.get('name')}", own, place, page, part, rows)


def _objects(raw: object) -> list[Json]:
    return [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []


def _gone(pair: _Pair, renamed: Mapping[str, str]) -> Iterator[Change]:
    for key, item in pair.old.items():
        if key not in pair.new and key not in renamed.values():
            effects: tuple[Effect, ...] = ("dropped",) if item.sort == "question" else ("kept",)
            yield Change(f"{item.sort}_dropped", item.name, item.pointer, effects)


def _renamed(pair: _Pair) -> dict[str, str]:
    """New name -> old name of questions that are gone and come again with the same type and title."""
    gone = {
        _likeness(item): name
        for name, item in pair.old.items()
        if name not in pair.new and item.sort == "question" and _likeness(item)[1]
    }
    return {
        name: gone.pop(_likeness(item))
        for name, item in pair.new.items()
        if name not in pair.old and _likeness(item) in gone
    }


def _likeness(item: _Item) -> tuple[str, str]:
    title = item.source.get("title")
    return item.kind, str(sorted(title.items()) if isinstance(title, dict) else title or "")


def _pages_changed(pages: _Pair) -> Iterator[Change]:
    moved = pages.moved()
    for name, page in pages.new.items():
        before = pages.old.get(name)
        if before is None:
            yield Change("page_added", page.name, page.pointer, ("kept",))
            continue
        if name in moved:
            yield Change("page_moved", page.name, page.pointer, ("kept",))
        yield from _properties_changed(before, page)


def _questions_changed(questions: _Pair, renamed: Mapping[str, str]) -> Iterator[Change]:
    moved = questions.moved()
    for name, item in questions.new.items():
        before = questions.old.get(renamed.get(name, name))
        if before is None:
            yield Change(f"{item.sort}_added", item.name, item.pointer, _effects_of_new(item))
            continue
        if name in renamed:
            details = {"before": before.name}
            yield Change("question_renamed", item.name, item.pointer, ("dropped", "asked_again"), details)
        if name in moved or before.page != item.page:
            yield Change(f"{item.sort}_moved", item.name, item.pointer, ("kept",), {"page": item.page})
        if before.kind != item.kind:
            details = {"before": before.kind, "after": item.kind}
            yield Change("question_retyped", item.name, item.pointer, _effects_of_type(before, item), details)
        yield from _properties_changed(before, item)


def _effects_of_new(item: _Item) -> tuple[Effect, ...]:
    """A new question concerns old answers only where it must be answered or scored."""
    effects: list[Effect] = []
    if item.source.get("isRequired") is True or item.source.get("requiredIf"):
        effects.append("asked_again")
    if item.source.get("scoring") is not None:
        effects.append("score_changes")
    return tuple(effects) or ("kept",)


# Types whose answers have one shape; every other type has a shape of its own.
_SHAPES: Mapping[str, str] = {
    "comment": "text",
    "radiogroup": "choice",
    "dropdown": "choice",
    "rating": "choice",
    "boolean": "choice",
    "checkbox": "choices",
    "ranking": "choices",
}
_NUMERIC_INPUTS = frozenset(("number", "range"))
_WORDS = frozenset(("text", "tel", "email", "url", "search", ""))


def _shape(item: _Item) -> str:
    if item.kind == "text":
        kind = str(item.source.get("inputType", ""))
        return "number" if kind in _NUMERIC_INPUTS else "text" if kind in _WORDS else kind
    return _SHAPES.get(item.kind, item.kind)


def _effects_of_type(before: _Item, after: _Item) -> tuple[Effect, ...]:
    """An answer of the same shape stays; whether its value is still among the choices is said apart."""
    fits = _shape(before) == _shape(after) and not {before.kind, after.kind} & {"boolean", "rating"}
    return ("kept",) if fits else ("dropped", "asked_again")


def _form(old: Json, new: Json) -> Iterator[Change]:
    """The form's own properties; its pages are compared one by one."""
    before = _Item("", "form", "", "", old, FORM_PROPERTIES)
    after = _Item("", "form", "", "", new, FORM_PROPERTIES)
    yield from _properties_changed(before, after)


# Properties that are compared elsewhere, or are only about the file.
_ELSEWHERE = frozenset(("name", "type", "cellType", "pages", "elements", "$schema"))


def _properties_changed(before: _Item, after: _Item) -> Iterator[Change]:
    listed = {kind.parts.listed for kind in QUESTION_TYPES.values() if kind.parts}
    for name, row in {**before.rows, **after.rows}.items():
        old, new = before.source.get(name), after.source.get(name)
        if old == new or name in _ELSEWHERE or (name in listed and row.kind == "list"):
            continue
        if row.kind == "choices":
            yield from _entries(before, after, name)
        else:
            yield _property_changed(before, after, row)


def _entries(before: _Item, after: _Item, name: str) -> Iterator[Change]:
    """Choices, rows and columns one by one, by what they stand for in an answer."""
    old, new = _values(before.source.get(name)), _values(after.source.get(name))
    pointer = f"{after.pointer}/{name}"
    for key, entry in old.items():
        details: dict[str, object] = {"property": name, "value": key}
        if key not in new:
            yield Change("entry_dropped", after.name, pointer, ("dropped", "asked_again"), details)
        elif entry != new[key]:
            hidden = _condition(entry) != _condition(new[key])
            effects: tuple[Effect, ...] = ("dropped", "asked_again") if hidden else ("kept",)
            details |= {"before": entry, "after": new[key]}
            kind = "condition_changed" if hidden else "reworded"
            yield Change(kind, after.name, pointer, effects, details)
    for key in new:
        if key not in old:
            must = name == "rows" and after.source.get("eachRowRequired") is True
            details = {"property": name, "value": key}
            yield Change("entry_added", after.name, pointer, ("asked_again",) if must else ("kept",), details)


def _values(raw: object) -> dict[str, object]:
    """Entries by their value; 1 and "1" are one, as they are to a form field."""
    entries = raw if isinstance(raw, list) else []
    return {str(item.get("value") if isinstance(item, dict) else item): item for item in entries}


def _condition(entry: object) -> object:
    return entry.get("visibleIf") if isinstance(entry, dict) else None


def _property_changed(before: _Item, after: _Item, row: Property) -> Change:
    old, new = before.source.get(row.name), after.source.get(row.name)
    kind, effects = _BY_NAME.get(row.name) or _BY_KIND.get(row.kind, ("setting_changed", ("asked_again",)))
    if row.name == "isRequired" and new is not True:
        kind, effects = "made_optional", ("kept",)
    if row.name == "inputType" and _shape(before) != _shape(after):
        kind, effects = "question_retyped", ("dropped", "asked_again")
        old, new = old or "text", new or "text"
    if kind == "limit_changed" and _widened(row.name, old, new):
        effects = ("kept",)
    elif row.name in _SCALE:
        effects = ("dropped", "asked_again")
    details = {"property": row.name, "before": old, "after": new}
    return Change(kind, after.name, f"{after.pointer}/{row.name}", effects, details)


def _widened(name: str, old: object, new: object) -> bool:
    """Whether a limit lets more through than before; None is no limit."""
    if name in _SCALE:
        old, new = old or _SCALE[name], new or _SCALE[name]
    if new is None:
        return True
    if not (isinstance(old, int | float) and isinstance(new, int | float)) or name == "rateStep":
        return False
    return new >= old if "max" in name.lower() or name == "rateCount" else new <= old


# What a rating offers when nothing is said. An answer beyond a narrower scale is no answer any more.
_SCALE: Mapping[str, int] = {"rateMin": 1, "rateMax": 5, "rateStep": 1, "rateCount": 5}
_Verdict = tuple[str, tuple[Effect, ...]]
_BY_NAME: Mapping[str, _Verdict] = {
    "calculatedValues": ("logic_changed", ("asked_again", "score_changes")),
    "choicesOrder": ("setting_changed", ("kept",)),
    "clearInvisibleValues": ("logic_changed", ("dropped",)),
    "completedHtmlOnCondition": ("reworded", ("kept",)),
    "evidence": ("setting_changed", ("asked_again",)),
    "expression": ("logic_changed", ("score_changes",)),
    "isRequired": ("made_required", ("asked_again",)),
    "locale": ("reworded", ("kept",)),
    "questionsOnPageMode": ("setting_changed", ("kept",)),
    "questionsOrder": ("setting_changed", ("kept",)),
    "scoring": ("scoring_changed", ("score_changes",)),
    "triggers": ("logic_changed", ("asked_again",)),
    "variables": ("logic_changed", ("asked_again",)),
    "defaultValue": ("setting_changed", ("kept",)),
    "defaultValueExpression": ("setting_changed", ("kept",)),
    "enableIf": ("condition_changed", ("asked_again",)),
    "requiredIf": ("condition_changed", ("asked_again",)),
    "rateType": ("setting_changed", ("kept",)),
}
_BY_KIND: Mapping[str, _Verdict] = {
    "expression": ("condition_changed", ("dropped", "asked_again")),
    "limit": ("limit_changed", ("asked_again",)),
    "number": ("limit_changed", ("asked_again",)),
    "text": ("reworded", ("kept",)),
    "whole": ("limit_changed", ("asked_again",)),
}
