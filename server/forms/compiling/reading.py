"""From a definition to elements: structure, names and properties, with the limits that keep strangers out.

Nothing is compiled here, because titles and expressions may name questions that come later.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from server.forms.companions import companion_name, companion_roles
from server.forms.compiling.vocabulary import (
    CALCULATED_PROPERTIES,
    ENDING_PROPERTIES,
    FORM_PROPERTIES,
    PAGE_PROPERTIES,
    PANEL_PROPERTIES,
    QUESTION_PROPERTIES,
    TRIGGER_PROPERTIES,
    VARIABLE_PROPERTIES,
    part_properties,
)
from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Report, pointer_to
from server.forms.properties import Property, read_properties
from server.forms.types import QUESTION_TYPES
from server.forms.types.behaviour import Parts
from server.forms.types.groups import count_field
from server.forms.types.selections import all_field
from server.forms.types.signatures import drawn_field
from server.forms.unsupported import Part

MAX_QUESTIONS = 1_000
MAX_DEPTH = 8
_NAME = re.compile(r"[^\W_](?:[\w -]{0,62}[\w-])?")
_RESERVED = frozenset(("constructor", "prototype", "tostring", "valueof", "hasownproperty", "__proto__"))
_COLUMN = "dropdown"
_NOT_INSIDE = frozenset(("file", "image"))


@dataclass(frozen=True, slots=True)
class Draft:
    """A definition that has been read; `names` are all names an expression may use."""

    properties: Mapping[str, object]
    pages: tuple[Element, ...]
    calculated: tuple[Element, ...]
    triggers: tuple[Element, ...]
    endings: tuple[Element, ...]
    variables: tuple[str, ...]
    names: tuple[str, ...]


def read_form(report: Report, definition: object) -> Draft:
    """Read a definition; everything wrong with it is in the report."""
    if not isinstance(definition, dict):
        report.error("", "property_type", property="", expected="object")
        definition = {}
    properties = read_properties(report, "", definition, FORM_PROPERTIES)
    reader = _Reader(report)
    variables = reader.named("/variables", properties.get("variables"), VARIABLE_PROPERTIES)
    calculated = reader.named("/calculatedValues", properties.get("calculatedValues"), CALCULATED_PROPERTIES)
    pages = reader.pages(properties.get("pages"))
    return Draft(
        properties,
        pages,
        calculated,
        reader.triggers(properties.get("triggers")),
        reader.endings(properties.get("completedHtmlOnCondition")),
        tuple(item.name for item in variables),
        tuple(reader.names.values()),
    )


@dataclass(slots=True)
class _Reader:
    report: Report
    # Lower-case name -> spelling and -> pointer of the first use: names are one without regard to case.
    names: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    # The same of pages and panels, which have names of their own: (kind, lower-case name) -> (name, pointer).
    containers: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    questions: int = 0

    def pages(self, raw: object) -> tuple[Element, ...]:
        pages = []
        for index, source in enumerate(raw if isinstance(raw, list) else []):
            pointer = pointer_to("pages", index)
            page = self._container(pointer, source, "page", PAGE_PROPERTIES, depth=1)
            if not page.children:
                self.report.warn(pointer, "page_empty")
            pages.append(page)
        if isinstance(raw, list) and not pages:
            self.report.error("/pages", "property_missing", property="pages")
        return tuple(pages)

    def named(self, pointer: str, raw: object, rows: Mapping[str, Property]) -> tuple[Element, ...]:
        """Variables and calculated values: flat lists of things with a name."""
        elements = []
        for index, source in enumerate(raw if isinstance(raw, list) else []):
            place = pointer + pointer_to(index)
            values = self._read(place, source, rows)
            name = values.get("name")
            if isinstance(name, str) and self._claim(place + "/name", name):
                elements.append(Element("", name, place, values))
        return tuple(elements)

    def triggers(self, raw: object) -> tuple[Element, ...]:
        elements = []
        for index, source in enumerate(raw if isinstance(raw, list) else []):
            place = pointer_to("triggers", index)
            kind = self._kind(place, source, TRIGGER_PROPERTIES, part="trigger")
            if kind:
                values = self._read(place, source, TRIGGER_PROPERTIES[kind])
                elements.append(Element(kind, "", place, values))
        return tuple(elements)

    def endings(self, raw: object) -> tuple[Element, ...]:
        return tuple(
            Element("ending", "", place, self._read(place, source, ENDING_PROPERTIES))
            for index, source in enumerate(raw if isinstance(raw, list) else [])
            for place in [pointer_to("completedHtmlOnCondition", index)]
        )

    def _read(self, pointer: str, source: object, rows: Mapping[str, Property]) -> Mapping[str, object]:
        if isinstance(source, dict):
            return read_properties(self.report, pointer, source, rows)
        self.report.error(pointer, "property_type", property="", expected="object")
        return {}

    def _kind(
        self,
        pointer: str,
        source: object,
        kinds: Mapping[str, object],
        named: str = "type",
        part: Part = "type",
    ) -> str:
        """The type an object names, or "" after saying what is wrong with it."""
        kind = source.get(named) if isinstance(source, dict) else None
        if isinstance(kind, str) and kind in kinds:
            return kind
        if isinstance(source, dict) and isinstance(kind, str):
            self.report.unknown_type(f"{pointer}/{named}", part, kind, kinds)
        elif isinstance(source, dict):
            self.report.error(pointer, "property_missing", property=named)
        else:
            self.report.error(pointer, "property_type", property="", expected="object")
        return ""

    def _container(
        self, pointer: str, source: object, kind: str, rows: Mapping[str, Property], *, depth: int
    ) -> Element:
        values = self._read(pointer, source, rows)
        raw = values.get("elements")
        name = values.get("name")
        if isinstance(name, str):
            self._name_container(pointer + "/name", kind, name)
        children: list[Element] = []
        if isinstance(raw, list) and depth > MAX_DEPTH:
            self.report.error(pointer, "form_too_deep", limit=MAX_DEPTH)
        elif isinstance(raw, list):
            for index, item in enumerate(raw):
                child = self._element(f"{pointer}/elements/{index}", item, depth)
                if child is not None:
                    children.append(child)
        return Element(kind, name if isinstance(name, str) else "", pointer, values, tuple(children))

    def _name_container(self, pointer: str, kind: str, name: str) -> None:
        """Nothing refers to a page or panel by its name, so most repetitions only confuse its readers."""
        before, first = self.containers.setdefault((kind, name.lower()), (name, pointer))
        if first == pointer:
            return
        if kind == "page" and name == before:
            self.report.error(pointer, "name_duplicate", name=name[:64], first=first)
        else:
            self.report.warn(pointer, "name_duplicate", name=name[:64], first=first)

    def _element(self, pointer: str, source: object, depth: int) -> Element | None:
        kind = self._kind(pointer, source, _ELEMENTS)
        if kind == "panel":
            return self._container(pointer, source, "panel", PANEL_PROPERTIES, depth=depth + 1)
        return self._question(pointer, source, kind, QUESTION_PROPERTIES[kind]) if kind else None

    def _question(
        self, pointer: str, source: object, kind: str, rows: Mapping[str, Property]
    ) -> Element | None:
        self.questions += 1
        if self.questions > MAX_QUESTIONS:
            if self.questions == MAX_QUESTIONS + 1:
                self.report.error(pointer, "form_too_many_questions", limit=MAX_QUESTIONS)
            return None
        values = self._read(pointer, source, _choices_elsewhere(source, rows))
        name = values.get("name")
        if not isinstance(name, str) or not self._claim(pointer + "/name", name):
            return None
        element = Element(kind, name, pointer, values)
        for generated in (
            *(companion_name(name, role) for role in companion_roles(element)),
            *_fields(element),
        ):
            self._claim(pointer + "/name", generated, generated=True)
        if kind not in _WITHOUT_TITLE and not isinstance(values.get("title"), LocalText):
            self.report.warn(pointer, "title_missing")
        parts = QUESTION_TYPES[kind].parts
        return replace(element, children=self._parts(element, parts)) if parts else element

    def _parts(self, group: Element, parts: Parts) -> tuple[Element, ...]:
        """The questions inside a group: names of their own, and the same limits."""
        inner = _Reader(self.report, questions=self.questions)
        raw = group.properties.get(parts.listed)
        children = [
            inner._part(group, parts, f"{group.at(parts.listed)}/{index}", source)
            for index, source in enumerate(raw if isinstance(raw, list) else [])
        ]
        self.questions = inner.questions
        if not children:
            self.report.error(group.at(parts.listed), "property_missing", property=parts.listed)
        return tuple(child for child in children if child is not None)

    def _part(self, group: Element, parts: Parts, pointer: str, source: object) -> Element | None:
        kind = parts.kind or self._part_kind(group, parts, pointer, source)
        if not kind or not isinstance(source, dict):
            if kind:
                self.report.error(pointer, "property_type", property="", expected="object")
            return None
        if kind in _NOT_INSIDE or QUESTION_TYPES[kind].parts:
            self.report.error(pointer, "type_not_inside", type=kind, container=group.kind)
            return None
        rows = part_properties(kind, parts.kind_property)
        if group.choices("choices") and "choices" in rows:
            rows = {**rows, "choices": replace(rows["choices"], required=False)}
        if "title" not in source and isinstance(source.get("name"), str):
            source = {**source, "title": source["name"]}
        return self._question(pointer, source, kind, rows)

    def _part_kind(self, group: Element, parts: Parts, pointer: str, source: object) -> str:
        if parts.kind_property == "cellType" and isinstance(source, dict) and "cellType" not in source:
            return group.get("cellType", str, _COLUMN)
        return self._kind(pointer, source, QUESTION_TYPES, parts.kind_property)

    def _claim(self, pointer: str, name: str, *, generated: bool = False) -> bool:
        """Take a name for its one owner; report what is wrong with it."""
        shown = name[:64]
        if not generated and (not _NAME.fullmatch(name) or name.lower() in _RESERVED):
            self.report.error(pointer, "name_invalid", name=shown)
            return False
        if name.lower() in self.names:
            self.report.error(pointer, "name_duplicate", name=shown, first=self.places[name.lower()])
            return False
        self.names[name.lower()] = name
        self.places[name.lower()] = pointer
        return True


_ELEMENTS: Mapping[str, object] = {**QUESTION_TYPES, "panel": None}
# An image without a title is an error of its own type.
_WITHOUT_TITLE = frozenset(("html", "image"))


def _fields(element: Element) -> Iterator[str]:
    """Fields of the page beside the question's own: no other question may be posted under their names."""
    if element.kind == "signaturepad":
        yield drawn_field(element.name)
    if element.get("showSelectAllItem", bool, default=False):
        yield all_field(element.name)
    if element.kind == "paneldynamic":
        yield count_field(element.name)


def _choices_elsewhere(source: object, rows: Mapping[str, Property]) -> Mapping[str, Property]:
    """Whoever takes the choices of another question lists none."""
    if isinstance(source, dict) and "choicesFromQuestion" in source and "choicesFromQuestion" in rows:
        return {**rows, "choices": replace(rows["choices"], required=False)}
    return rows
