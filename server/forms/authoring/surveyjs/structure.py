"""The structure of a SurveyJS definition (pages, panels, questions, groups) to that of ours."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from server.forms.authoring.surveyjs.mending import mend
from server.forms.authoring.surveyjs.names import Naming
from server.forms.authoring.surveyjs.objects import Json, Note, Notebook, read_object
from server.forms.authoring.surveyjs.triggers import converted_triggers
from server.forms.compiling.validators import VALIDATOR_TYPES
from server.forms.compiling.vocabulary import (
    CALCULATED_PROPERTIES,
    ENDING_PROPERTIES,
    FORM_PROPERTIES,
    PAGE_PROPERTIES,
    PANEL_PROPERTIES,
    QUESTION_PROPERTIES,
    part_properties,
)
from server.forms.problems import pointer_to
from server.forms.properties import Property
from server.forms.types import QUESTION_TYPES
from server.forms.unsupported import reason
from server.wire import shortened

MAX_DEPTH = 20
_STRUCTURE = frozenset(("pages", "elements", "questions", "triggers", "calculatedValues"))


@dataclass(frozen=True, slots=True)
class Conversion:
    """The definition, what there is to say about it, and how many properties stand as they were."""

    definition: Json
    notes: tuple[Note, ...]
    understood: int

    @property
    def counts(self) -> Mapping[str, int]:
        """How many things were understood, changed, dropped as looks only, and are not supported."""
        kinds = [note.kind for note in self.notes]
        return {
            "understood": self.understood,
            "changed": kinds.count("changed"),
            "presentation": kinds.count("presentation"),
            "unsupported": kinds.count("unsupported"),
        }


def converted(source: object) -> Conversion:
    """A SurveyJS definition as one of ours. Whatever `source` is, the result is a definition and a report."""
    book = Notebook()
    definition = _Converter(book).form(_whole(source))
    mend(book, definition)
    return Conversion(definition, tuple(book.notes), book.understood)


def _whole(source: object) -> Json:
    """A form; from a single question or a list of elements as examples show them, too."""
    if isinstance(source, list):
        return {"elements": source}
    if not isinstance(source, dict):
        return {}
    alone = "type" in source and not _STRUCTURE & source.keys()
    return {"elements": [source]} if alone else source


class _Converter:
    def __init__(self, book: Notebook) -> None:
        self.book = book
        self.names = Naming(book)
        self.calculated: list[Json] = []

    def form(self, source: Json) -> Json:
        book = self.book
        handled = _STRUCTURE | {"completedHtmlOnCondition"}
        definition = read_object(book, source, "", FORM_PROPERTIES, handled)
        # SurveyJS's own default, which is not ours: what hidden answers decide stays as it was.
        definition.setdefault("clearInvisibleValues", "onComplete")
        definition["pages"] = list(self._pages(source))
        values = self._entries(source, "calculatedValues", CALCULATED_PROPERTIES)
        definition["calculatedValues"] = [*values, *self.calculated]
        endings = self._entries(source, "completedHtmlOnCondition", ENDING_PROPERTIES)
        definition["completedHtmlOnCondition"] = list(endings)
        self.names.apply(definition)
        definition["triggers"] = converted_triggers(book, definition, source.get("triggers"))
        self.names.apply(definition["triggers"])
        return _without_empty_lists(definition)

    def _entries(self, source: Json, name: str, rows: Mapping[str, Property]) -> Iterator[Json]:
        for index, item in enumerate(_list(source.get(name))):
            if isinstance(item, dict):
                yield read_object(self.book, item, pointer_to(name, index), rows)

    def _pages(self, source: Json) -> Iterator[Json]:
        pages = _list(source.get("pages"))
        for index, page in enumerate(pages):
            if isinstance(page, dict):
                yield self._container(page, pointer_to("pages", index), PAGE_PROPERTIES, "page", 0)
        loose = next((name for name in ("elements", "questions") if _list(source.get(name))), "")
        if loose:
            self.book.changed(pointer_to(loose), "import_page")
            page = {"elements": list(self._elements(source[loose], pointer_to(loose), 0))}
            yield self.book.came_from({"name": self.names.container("page", "", ""), **page}, "")

    def _container(
        self, source: Json, pointer: str, rows: Mapping[str, Property], kind: str, depth: int
    ) -> Json:
        handled = frozenset(("name", "elements", "questions", "visible", "type"))
        result = read_object(self.book, source, pointer, rows, handled)
        name = self.names.container(kind, str(source.get("name", "")), pointer)
        _led_by(result, {"type": kind, "name": name} if kind == "panel" else {"name": name})
        self._hide(source, result, pointer)
        listed = "elements" if "elements" in source else "questions"
        place = pointer + pointer_to(listed)
        result["elements"] = list(self._elements(source.get(listed), place, depth + 1))
        return result

    def _hide(self, source: Json, result: Json, pointer: str) -> None:
        if source.get("visible") is False and "visibleIf" not in result:
            self.book.changed(f"{pointer}/visible", "import_hidden")
            result["visibleIf"] = "false"

    def _elements(self, raw: object, pointer: str, depth: int) -> Iterator[Json]:
        for index, source in enumerate(_list(raw) if depth < MAX_DEPTH else []):
            if isinstance(source, dict):
                yield from self._element(source, pointer + pointer_to(index), depth)

    def _element(self, source: Json, pointer: str, depth: int) -> Iterator[Json]:
        kind = str(source.get("type", "text"))
        if kind in ("panel", "flowpanel"):
            yield self._container(source, pointer, PANEL_PROPERTIES, "panel", depth)
            return
        element = self._question(source, pointer, kind, depth)
        if element is None:
            return
        if element.get("type") == "expression" and source.get("visible") is False:
            self.book.changed(pointer, "import_made_calculated", name=element["name"])
            value = {"name": element["name"], "expression": element.get("expression", "")}
            self.calculated.append(self.book.came_from({**value, "includeIntoResult": True}, pointer))
            return
        self._hide(source, element, pointer)
        yield element

    def _question(self, source: Json, pointer: str, kind: str, depth: int) -> Json | None:
        source, now = self._retyped(source, pointer, kind)
        if now not in QUESTION_TYPES:
            self._no_such_type(pointer, kind)
            return None
        rows = QUESTION_PROPERTIES[now]
        parts = QUESTION_TYPES[now].parts
        handled = {"type", "name", "visible", "validators", "valueName", *((parts.listed,) if parts else ())}
        result = read_object(self.book, source, pointer, rows, frozenset(handled))
        _led_by(result, {"type": now, "name": self._name(source, pointer)})
        self._complete(source, result, pointer)
        if parts:
            place = pointer + pointer_to(parts.listed)
            result[parts.listed] = list(self._parts(source, result, place, depth + 1))
        return result

    def _name(self, source: Json, pointer: str) -> str:
        """The name of a question is the name of its answer, which SurveyJS may keep under another one."""
        name, stored = str(source.get("name", "")), source.get("valueName")
        if isinstance(stored, str) and stored and stored != name:
            found = self.names.stored_as(name, stored, f"{pointer}/valueName")
            if found:
                return found
            self.book.left_out(f"{pointer}/valueName", "valueName")
        return self.names.question(name, pointer)

    def _no_such_type(self, pointer: str, kind: str) -> None:
        hint = reason("type", kind)
        if hint:
            self.book.unsupported(f"{pointer}/type", "type_unsupported", type=shortened(kind), hint=hint)
        else:
            self.book.unsupported(f"{pointer}/type", "import_element_dropped", type=shortened(kind))

    def _retyped(self, source: Json, pointer: str, kind: str) -> tuple[Json, str]:
        """The source in the words of the type that stands for its own."""
        change = _RETYPED.get(kind)
        if change is None:
            return source, kind
        source = change(source)
        now = str(source["type"])
        self.book.changed(f"{pointer}/type", "import_type", before=kind, after=now)
        return source, now

    def _complete(self, source: Json, result: Json, pointer: str) -> None:
        """What we need and SurveyJS does not: a title, choices, and validators one by one."""
        kind = result["type"]
        rows = QUESTION_PROPERTIES[kind]
        if "title" not in result and kind != "html":
            result["title"] = str(source.get("name") or result["name"])
            self.book.changed(pointer, "import_title")
        validators = list(self._validators(source.get("validators"), pointer))
        if validators and "validators" in rows:
            result["validators"] = validators
        listed = rows.get("choices")
        if listed and listed.required and not _has_choices(result):
            self._as_text(result, pointer)

    def _as_text(self, result: Json, pointer: str) -> None:
        """A question without choices cannot be answered: let people write."""
        self.book.changed(pointer, "import_no_choices")
        known = QUESTION_PROPERTIES["text"]
        for name in [name for name in result if name not in known]:
            del result[name]
        result["type"] = "text"

    def _validators(self, raw: object, pointer: str) -> Iterator[Json]:
        for index, source in enumerate(_list(raw)):
            place = pointer + pointer_to("validators", index)
            # "numericvalidator" is how files before 2016 write it.
            kind = str(source.get("type", "") if isinstance(source, dict) else "").removesuffix("validator")
            if kind not in VALIDATOR_TYPES:
                hint = reason("validator", kind)
                self.book.unsupported(place, "type_unsupported", type=shortened(kind), hint=hint)
                continue
            rows = {row.name: row for row in (Property("text", "text"), *VALIDATOR_TYPES[kind].properties)}
            yield {**read_object(self.book, source, place, rows, frozenset(("type",))), "type": kind}

    def _parts(self, source: Json, group: Json, pointer: str, depth: int) -> Iterator[Json]:
        parts = QUESTION_TYPES[group["type"]].parts
        if parts is None or depth >= MAX_DEPTH:
            return
        inner = _Converter(self.book)
        for place, part in _flat(self.book, _list(source.get(parts.listed)), pointer):
            unsaid = "" if parts.kind_property == "cellType" else "text"
            kind = parts.kind or str(part.get(parts.kind_property, unsaid))
            yield from inner._part(part, place, kind, parts.kind_property)
        self.names.adopt(inner.names)

    def _part(self, source: Json, pointer: str, kind: str, kind_property: str) -> Iterator[Json]:
        if kind in ("", "default"):
            yield self._column(source, pointer)
            return
        source, now = self._retyped({**source, "type": kind}, pointer, kind)
        if now not in QUESTION_TYPES:
            self._no_such_type(pointer, kind)
            return
        if QUESTION_TYPES[now].parts:
            container = "paneldynamic" if kind_property == "type" else "matrixdropdown"
            self.book.unsupported(f"{pointer}/type", "type_not_inside", type=now, container=container)
            return
        rows = part_properties(now, kind_property)
        handled = frozenset({"type", "name", "visible", "validators", kind_property} - {""})
        result = read_object(self.book, source, pointer, rows, handled)
        name = self.names.question(str(source.get("name", "")), pointer)
        _led_by(result, {kind_property: now, "name": name} if kind_property else {"name": name})
        validators = list(self._validators(source.get("validators"), pointer))
        if validators:
            result["validators"] = validators
        if kind_property == "type" and rows.get("choices") and not _has_choices(result):
            self._as_text(result, pointer)
        self._hide(source, result, pointer)
        yield result

    def _column(self, source: Json, pointer: str) -> Json:
        """A column whose kind is that of its matrix."""
        rows = part_properties("dropdown", "cellType")
        handled = frozenset(("name", "visible", "cellType", "validators"))
        result = read_object(self.book, source, pointer, rows, handled)
        _led_by(result, {"name": self.names.question(str(source.get("name", "")), pointer)})
        return result


def _led_by(result: Json, first: Json) -> None:
    """Put these properties first, where a reader looks for them."""
    rest = dict(result)
    result.clear()
    result.update(first | rest)


def _has_choices(question: Json) -> bool:
    return bool({"choices", "choicesFromQuestion"} & question.keys())


def _list(raw: object) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _flat(book: Notebook, raw: list[Any], pointer: str) -> Iterator[tuple[str, Json]]:
    """Questions inside a group; panels among them are opened, their condition goes to what they hold."""
    for index, part in enumerate(raw):
        place = pointer + pointer_to(index)
        if not isinstance(part, dict):
            continue
        if part.get("type") != "panel":
            yield place, part
            continue
        book.changed(place, "import_flattened", name=shortened(str(part.get("name", ""))))
        condition = part.get("visibleIf") or ("false" if part.get("visible") is False else None)
        for inner_place, inner in _flat(book, _list(part.get("elements")), place + "/elements"):
            own = inner.get("visibleIf")
            both = f"({condition}) and ({own})" if condition and own else condition or own
            yield inner_place, {**inner, "visibleIf": both} if both else inner


def _without_empty_lists(definition: Json) -> Json:
    for name in [name for name, value in definition.items() if value == [] and name != "pages"]:
        del definition[name]
    return definition


def _several_or_one(source: Json) -> Json:
    many = source.get("multiSelect") is True
    kept = {name: value for name, value in source.items() if name != "multiSelect"}
    return {**kept, "type": "checkbox" if many else "radiogroup"}


def _as(kind: str, **fixed: Any) -> Callable[[Json], Json]:
    return lambda source: {**source, **fixed, "type": kind}


_ROWS_AS_PANELS: Mapping[str, str] = MappingProxyType(
    {
        "rowCount": "panelCount",
        "minRowCount": "minPanelCount",
        "maxRowCount": "maxPanelCount",
        "addRowText": "panelAddText",
        "removeRowText": "panelRemoveText",
    }
)


def _rows_as_panels(source: Json) -> Json:
    """Each row of a matrixdynamic becomes a panel, its columns the questions of the panel."""
    renamed = {_ROWS_AS_PANELS.get(name, name): value for name, value in source.items()}
    columns, choices = _list(renamed.pop("columns", None)), renamed.pop("choices", None)
    kind = str(renamed.pop("cellType", "dropdown"))
    elements = [_cell(column, kind, choices) for column in columns if isinstance(column, dict)]
    # SurveyJS shows two rows unless told otherwise.
    return {"panelCount": 2, **renamed, "type": "paneldynamic", "templateElements": elements}


def _cell(column: Json, kind: str, choices: object) -> Json:
    own = column.get("cellType", kind)
    cell = {name: _panel_words(value) for name, value in column.items() if name != "cellType"}
    cell["type"] = "dropdown" if own == "default" else own
    if "choices" not in cell and cell["type"] in ("dropdown", "radiogroup", "checkbox", "tagbox") and choices:
        cell["choices"] = choices
    return cell


def _panel_words(value: Any) -> Any:
    """Inside a panel, `{row.x}` is `{panel.x}`."""
    return value.replace("{row.", "{panel.") if isinstance(value, str) else value


_RETYPED: Mapping[str, Callable[[Json], Json]] = MappingProxyType(
    {
        "buttongroup": _as("radiogroup"),
        "imagepicker": _several_or_one,
        "matrixdynamic": _rows_as_panels,
        "slider": _as("text", inputType="range"),
        "tagbox": _as("checkbox"),
    }
)
