"""From a definition to elements: structure, names and properties, with the limits that keep strangers out.

Nothing is compiled here, because titles and expressions may name questions that come later.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from server.forms.companions import companion_name, companion_roles
from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Report, pointer_to
from server.forms.properties import Property, read_properties, table
from server.forms.types import COMMON, QUESTION_TYPES

MAX_QUESTIONS = 1_000
MAX_DEPTH = 8
_NAME = re.compile(r"[^\W_](?:[\w -]{0,62}[\w-])?")
_RESERVED = frozenset(("constructor", "prototype", "tostring", "valueof", "hasownproperty", "__proto__"))

FORM_PROPERTIES = table(
    Property("$schema", "string"),
    Property("title", "text"),
    Property("description", "text"),
    Property("locale", "string"),
    Property("completedHtml", "text"),
    Property("clearInvisibleValues", "word", allowed=("onHidden",)),
    Property("variables", "list"),
    Property("calculatedValues", "list"),
    Property("pages", "list", required=True),
    Property("scoring", "object"),
)
PAGE_PROPERTIES = table(
    Property("name", "string", required=True),
    Property("title", "text"),
    Property("description", "text"),
    Property("visibleIf", "expression"),
    Property("elements", "list", required=True),
)
PANEL_PROPERTIES = table(Property("type", "string", required=True), *PAGE_PROPERTIES.values())
VARIABLE_PROPERTIES = table(
    Property("name", "string", required=True),
    Property("title", "text"),
)
CALCULATED_PROPERTIES = table(
    Property("name", "string", required=True),
    Property("expression", "expression", required=True),
    Property("includeIntoResult", "flag"),
)
QUESTION_PROPERTIES: Mapping[str, Mapping[str, Property]] = MappingProxyType(
    {name: table(*COMMON, *kind.properties) for name, kind in QUESTION_TYPES.items()}
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A definition that has been read; `names` are all names an expression may use."""

    properties: Mapping[str, object]
    pages: tuple[Element, ...]
    calculated: tuple[Element, ...]
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
        properties, pages, calculated, tuple(item.name for item in variables), tuple(reader.names.values())
    )


@dataclass(slots=True)
class _Reader:
    report: Report
    # Lower-case name -> spelling and -> pointer of the first use: names are one without regard to case.
    names: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    questions: int = 0

    def pages(self, raw: object) -> tuple[Element, ...]:
        pages = []
        taken: set[str] = set()
        for index, source in enumerate(raw if isinstance(raw, list) else []):
            pointer = pointer_to("pages", index)
            page = self._container(pointer, source, "page", PAGE_PROPERTIES, depth=1)
            if page.name in taken:
                self.report.error(pointer + "/name", "name_duplicate", name=page.name, first="")
            taken.add(page.name)
            if not page.children:
                self.report.warn(pointer, "page_empty")
            pages.append(page)
        if not pages:
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

    def _read(self, pointer: str, source: object, rows: Mapping[str, Property]) -> Mapping[str, object]:
        if isinstance(source, dict):
            return read_properties(self.report, pointer, source, rows)
        self.report.error(pointer, "property_type", property="", expected="object")
        return {}

    def _container(
        self, pointer: str, source: object, kind: str, rows: Mapping[str, Property], *, depth: int
    ) -> Element:
        values = self._read(pointer, source, rows)
        raw = values.get("elements")
        name = values.get("name")
        children: list[Element] = []
        if isinstance(raw, list) and depth > MAX_DEPTH:
            self.report.error(pointer, "form_too_deep", limit=MAX_DEPTH)
        elif isinstance(raw, list):
            for index, item in enumerate(raw):
                child = self._element(f"{pointer}/elements/{index}", item, depth)
                if child is not None:
                    children.append(child)
        return Element(kind, name if isinstance(name, str) else "", pointer, values, tuple(children))

    def _element(self, pointer: str, source: object, depth: int) -> Element | None:
        kind = source.get("type") if isinstance(source, dict) else None
        if kind == "panel":
            return self._container(pointer, source, "panel", PANEL_PROPERTIES, depth=depth + 1)
        if isinstance(kind, str) and kind in QUESTION_TYPES:
            return self._question(pointer, source, kind)
        if isinstance(source, dict) and isinstance(kind, str):
            near = self.report.suggest(kind, (*QUESTION_TYPES, "panel"))
            self.report.error(pointer + "/type", "type_unknown", type=kind[:64], suggestion=near)
        elif isinstance(source, dict):
            self.report.error(pointer, "property_missing", property="type")
        else:
            self.report.error(pointer, "property_type", property="elements", expected="object")
        return None

    def _question(self, pointer: str, source: object, kind: str) -> Element | None:
        self.questions += 1
        if self.questions > MAX_QUESTIONS:
            if self.questions == MAX_QUESTIONS + 1:
                self.report.error(pointer, "form_too_many_questions", limit=MAX_QUESTIONS)
            return None
        values = self._read(pointer, source, QUESTION_PROPERTIES[kind])
        name = values.get("name")
        if not isinstance(name, str) or not self._claim(pointer + "/name", name):
            return None
        element = Element(kind, name, pointer, values)
        for role in companion_roles(element):
            self._claim(pointer + "/name", companion_name(name, role), generated=True)
        if kind != "html" and not isinstance(values.get("title"), LocalText):
            self.report.warn(pointer, "title_missing")
        return element

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
