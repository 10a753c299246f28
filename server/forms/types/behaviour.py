"""What a question type gives the compiler for one question: how to check, decode and draw its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Fault, Report
from server.forms.properties import Choice, Property, Scalar


class Fields(Protocol):
    """The fields of a posted HTML form; werkzeug's MultiDict is one."""

    def getlist(self, key: str) -> list[str]:
        """All values of a field, [] when it is missing."""


# Returns the canonical answer or raises Refused. It gets no blank values and never sees other answers.
Check = Callable[[object], object]
# Form fields to an answer. What does not decode stays text, so that the check refuses it.
Decode = Callable[[Fields, str], object]
# An answer as text for a title it is piped into.
Display = Callable[[object, str], str]
# What a visible question still lacks (rows of a matrix); called with None for a blank answer.
Complete = Callable[[object], tuple[Fault, ...]]


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a question by the text a form field carries, and by their values."""

    rows: tuple[Choice, ...]
    by_text: Mapping[str, Scalar] = field(init=False)
    by_value: Mapping[object, Choice] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_text", {str(choice.value): choice.value for choice in self.rows})
        object.__setattr__(self, "by_value", {choice.value: choice for choice in self.rows})

    def label(self, value: object, locale: str) -> str:
        """What a person reads for a value."""
        choice = self.by_value.get(value) if isinstance(value, str | int | float) else None
        return str(value) if choice is None or choice.text is None else choice.text.in_locale(locale)


@dataclass(frozen=True, slots=True)
class Control:
    """What a page draws. `attributes` are HTML attributes; `paragraphs` the text of an html element.

    `variant` is the look of a rating (labels, stars, smileys), or "partly" for a ranking that may leave
    choices out; `order` how choices are arranged ("", asc, desc, random); `all_text` the label of a
    checkbox's box that stands for all its choices.
    """

    kind: str
    choices: tuple[Choice, ...] = ()
    rows: tuple[Choice, ...] = ()
    columns: tuple[Choice, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    placeholder: LocalText | None = None
    low_label: LocalText | None = None
    high_label: LocalText | None = None
    paragraphs: Mapping[str, tuple[str, ...]] | None = None
    multiple: bool = False
    variant: str = ""
    order: str = ""
    all_text: LocalText | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One question's behaviour. `check` is None where nobody answers (html, expression).

    `answers` are the single answers a question can have, by the text that awards and form fields use.
    """

    control: Control
    check: Check | None
    decode: Decode
    display: Display
    complete: Complete | None = None
    has_other: bool = False
    answers: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parts:
    """How a type holds questions of its own.

    Attributes:
        listed: the property that lists them.
        word: by which their expressions read their own panel or row, "" where they do not.
        kind: type of every part; "" where each names its own in `kind_property`.
        answer: "list" of objects, objects by "rows", or "one" object.
    """

    listed: str
    word: Literal["panel", "row", ""]
    answer: Literal["list", "rows", "one"]
    kind_property: str = "type"
    kind: str = ""


@dataclass(frozen=True, slots=True)
class QuestionType:
    """A row of the type table: the name, its own properties beside the common ones, and its builder."""

    name: str
    properties: tuple[Property, ...]
    build: Callable[[Element, Report], Behaviour]
    parts: Parts | None = None


def decode_single(fields: Fields, name: str) -> object:
    """The last value of a field, None when missing or empty."""
    values = fields.getlist(name)
    return (values[-1] or None) if values else None


def decode_nothing(_fields: Fields, _name: str) -> object:
    """For what nobody answers."""
    return None


def display_plain(value: object, _locale: str) -> str:
    """Text and numbers as they are."""
    return str(value)
