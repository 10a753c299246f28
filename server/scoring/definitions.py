"""The parts of a compiled `scoring` definition, and what scoring needs to know about a question."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from server.scoring.awards import Award

AnswerKind = Literal["single", "multiple", "number", "matrix", "other"]
METHODS = ("points", "weighted_sections", "deduct")
APPLICABILITY = ("exclude", "zero", "full")
BLANKS = ("exclude", "zero")
GRADE_ON = ("published", "raw")
CRITICAL_LEVELS = ("item", "section", "form", "grade")


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A question as scoring sees it; the package never looks into forms for more.

    `pointer` is the question's own RFC 6901 pointer, `scoring` the JSON written there. `choices` are keys as
    `choice_key` gives them (columns of a matrix, values of a rating). `minimum` and `maximum` bound a number.
    """

    name: str
    pointer: str
    scoring: object
    choices: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    answer: AnswerKind = "single"
    minimum: object = None
    maximum: object = None


@dataclass(frozen=True, slots=True)
class SectionRule:
    """A section: its weight (`weighted_sections`) and its own points (cap; the full marks of `deduct`)."""

    name: str
    title: object = None
    weight: Fraction | None = None
    points: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What a line says about its item besides points; it travels to findings and orders."""

    code: str = ""
    kind: str = ""
    key: bool = False
    listed_as_hardware: bool = False


@dataclass(frozen=True, slots=True)
class LineRule:
    """How one line of the sheet comes about: a question, or one row of a matrix."""

    question: str
    row: str | None
    section: str
    weight: Fraction
    award: Award
    na_value: str | None
    bonus: bool
    critical: str | None
    critical_on: frozenset[str]
    label: Label

    @property
    def item(self) -> str:
        """Name of the line: "lobby", or "lobby.clean" for a row."""
        return self.question if self.row is None else f"{self.question}.{self.row}"
