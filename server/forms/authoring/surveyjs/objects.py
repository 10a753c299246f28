"""One object of a SurveyJS definition, read along a table of our own properties; and the notes about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from server.forms.localised import is_locale
from server.forms.problems import pointer_to
from server.forms.properties import Property
from server.forms.unsupported import PRESENTATION, present_name, reason
from server.wire import shortened

# What notes say themselves; beside these they carry codes of linting and hints of `unsupported`.
CODES: dict[str, tuple[str, ...]] = {
    "import_element_dropped": ("type",),
    "import_expression": ("before", "after"),
    "import_flattened": ("name",),
    "import_hidden": (),
    "import_made_calculated": ("name",),
    "import_markup": ("tag",),
    "import_name": ("name",),
    "import_no_choices": (),
    "import_page": (),
    "import_property_unknown": ("property",),
    "import_renamed": ("before", "after"),
    "import_title": (),
    "import_trigger": ("name",),
    "import_type": ("before", "after"),
    "import_unbraced": ("name",),
    "import_value": ("after",),
    "import_value_unsupported": ("property", "value"),
    "import_variable": ("name",),
}

NoteKind = Literal["changed", "presentation", "unsupported"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one thing in the source, to which `pointer` points; `code` and `params` say it."""

    kind: NoteKind
    pointer: str
    code: str
    params: Mapping[str, object]


class Notebook:
    """The report while it is written, and where each converted object came from."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.understood = 0
        # Keyed by identity; the objects are kept too, or a new one could take the place of a freed one.
        self._origins: dict[int, tuple[object, str]] = {}

    def changed(self, pointer: str, code: str, **params: object) -> None:
        """It is there in other words."""
        self._note("changed", pointer, code, params)

    def unsupported(self, pointer: str, code: str, **params: object) -> None:
        """It is not there."""
        self._note("unsupported", pointer, code, params)

    def left_out(self, pointer: str, name: str) -> None:
        """A property that we do not have."""
        if name in PRESENTATION:
            self._note("presentation", pointer, "hint_presentation", {})
        else:
            hint = reason("property", name)
            code = "property_unsupported" if hint else "import_property_unknown"
            params: dict[str, object] = {"property": shortened(name)}
            self._note("unsupported", pointer, code, {**params, "hint": hint} if hint else params)

    def _note(self, kind: NoteKind, pointer: str, code: str, params: Mapping[str, object]) -> None:
        self.notes.append(Note(kind, pointer, code, params))

    def came_from(self, converted: Json, pointer: str) -> Json:
        """Remember where an object stood."""
        self._origins[id(converted)] = (converted, pointer)
        return converted

    def origin(self, converted: object) -> str:
        """Where an object stood, "" for one that the import made."""
        return self._origins.get(id(converted), (None, ""))[1]


@dataclass(frozen=True, slots=True)
class _At:
    """Where a value is read."""

    book: Notebook
    pointer: str
    row: Property

    def refuse(self, value: object) -> None:
        shown = shortened(value if isinstance(value, str) else str(value))
        self.book.unsupported(self.pointer, "import_value_unsupported", property=self.row.name, value=shown)

    def changed(self, after: object) -> None:
        self.book.changed(self.pointer, "import_value", after=str(after))


def read_object(
    book: Notebook,
    source: Mapping[str, Any],
    pointer: str,
    rows: Mapping[str, Property],
    handled: frozenset[str] = frozenset(),
) -> Json:
    """The properties of `source` that `rows` know, under their present names.

    Args:
        handled: properties that the caller reads itself, by the names they have in the source.
    """
    result = book.came_from({}, pointer)
    for name, value in source.items():
        place = pointer + pointer_to(name)
        if name in handled:
            continue
        target = name if name in rows else present_name(name, rows)
        if not target:
            book.left_out(place, name)
            continue
        if target != name:
            book.changed(place, "import_renamed", before=name, after=target)
        taken = _READERS[rows[target].kind](_At(book, place, rows[target]), value)
        if taken is not None:
            book.understood += target == name
            result[target] = taken
    return result


def _text(at: _At, value: Any) -> Any:
    if isinstance(value, dict):
        texts = {name: text for name, text in value.items() if isinstance(text, str) and is_locale(name)}
        if len(texts) < len(value):
            at.refuse(", ".join(sorted(value.keys() - texts.keys())))
        return texts or None
    if isinstance(value, str):
        return value
    at.changed(value)
    return str(value)


def _flag(at: _At, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        at.changed(value)
        return value == "true"
    at.refuse(value)
    return None


def _number(at: _At, value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        at.refuse(value)
        return None
    at.changed(int(number) if number.is_integer() else number)
    return int(number) if number.is_integer() else number


def _whole(at: _At, value: Any) -> Any:
    number = _number(at, value)
    if number is None:
        return None
    if number != int(number) or not at.row.least <= number <= at.row.most:
        at.refuse(value)
        return None
    return int(number)


# Words of SurveyJS for what we call otherwise.
_WORDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("inputType", "datetime"): "datetime-local",
        ("questionsOnPageMode", "inputPerPage"): "questionPerPage",
        ("clearInvisibleValues", "onHiddenContainer"): "onHidden",
        ("choicesOrder", "initial"): "none",
    }
)


def _word(at: _At, value: Any) -> Any:
    known = {word.lower(): word for word in at.row.allowed}
    word = _WORDS.get((at.row.name, str(value)), known.get(str(value).lower(), ""))
    if word not in at.row.allowed:
        # The default of SurveyJS may be written out; leaving it away says the same.
        at.refuse(value)
        return None
    if word != value:
        at.changed(word)
    return word


def _string(at: _At, value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        at.changed(value)
        return str(value)
    at.refuse(value)
    return None


def _scalar(at: _At, value: Any) -> Any:
    if isinstance(value, bool):
        at.changed(str(value).lower())
        return str(value).lower()
    return value if isinstance(value, str | int | float) else _string(at, value)


def _listed(at: _At, value: Any) -> Any:
    if isinstance(value, list):
        return value
    at.refuse(value)
    return None


def _kept(_at: _At, value: Any) -> Any:
    return value


_CHOICE = {
    row.name: row
    for row in (Property("value", "scalar"), Property("text", "text"), Property("visibleIf", "expression"))
}


def _choices(at: _At, value: Any) -> Any:
    """Choices by value; those that name nothing are left out, as SurveyJS leaves them out."""
    found: dict[str, Any] = {}
    for index, item in enumerate(value if isinstance(value, list) else []):
        inner = _At(at.book, at.pointer + pointer_to(index), _CHOICE["value"])
        choice = _choice(inner, item, at.row.allowed)
        stands_for = choice.get("value") if isinstance(choice, dict) else choice
        if stands_for is None or str(stands_for).strip() == "" or str(stands_for).lower() in found:
            inner.refuse(item)
        else:
            found[str(stands_for).lower()] = choice
    return list(found.values()) or None


def _choice(at: _At, item: Any, flags: tuple[str, ...]) -> Any:
    if not isinstance(item, dict):
        return _scalar(at, item)
    if "value" not in item and isinstance(item.get("text"), str):
        item = {"value": item["text"], **item}
    rows = {**_CHOICE, **{name: Property(name, "flag") for name in flags}}
    return read_object(at.book, item, at.pointer, rows)


_READERS: Mapping[str, Callable[[_At, Any], Any]] = MappingProxyType(
    {
        "choices": _choices,
        "expression": _string,
        "flag": _flag,
        "limit": _scalar,
        "list": _listed,
        "number": _number,
        "object": _kept,
        "scalar": _scalar,
        "string": _string,
        "text": _text,
        "value": _kept,
        "whole": _whole,
        "word": _word,
    }
)
