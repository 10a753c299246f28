"""A compiled form: everything that checking, scoring and drawing need, with no definition left to interpret.

Questions stand in the order of the form. Companions (`X-note`, `X-photo`, `X-nophoto`, `X-Comment`) are
questions of their own behind the question they belong to, so that all doors treat them alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from server.forms.expressions import Expression, Names
from server.forms.localised import LocalText, Template
from server.forms.problems import Fault
from server.forms.properties import Scalar
from server.forms.types.behaviour import Behaviour

Role = Literal["note", "photo", "nophoto", "comment"]
# (answer, all values, today) -> what is wrong, or None.
Validator = Callable[[object, Mapping[str, object], date], Fault | None]


@dataclass(frozen=True, slots=True)
class Companion:
    """What a companion is to the question `parent`."""

    parent: str
    role: Role


@dataclass(frozen=True, slots=True)
class Evidence:
    """Proof that a verdict needs. `failing` and `not_applicable` are answers of the question."""

    question: str
    photo: Literal["always", "onFail", ""]
    note: bool
    min_length: int
    failing: frozenset[Scalar]
    not_applicable: frozenset[Scalar]


@dataclass(frozen=True, slots=True)
class Question:
    """One question, text or calculated element. `page` and `index` are positions, counted from 0."""

    name: str
    type: str
    pointer: str
    page: int
    index: int
    title: Template
    description: Template | None
    behaviour: Behaviour
    conditions: tuple[Expression, ...] = ()
    choice_conditions: tuple[tuple[Scalar, Expression], ...] = ()
    required: bool = False
    required_if: Expression | None = None
    validators: tuple[Validator, ...] = ()
    evidence: Evidence | None = None
    compute: Expression | None = None
    companion: Companion | None = None
    scoring: Mapping[str, object] | None = None

    @property
    def judged_when_present(self) -> bool:
        """Whether more is asked of an answer than to be there and of the right type."""
        return bool(self.validators or self.evidence or self.behaviour.complete or self.behaviour.has_other)


@dataclass(frozen=True, slots=True)
class Calculated:
    """A calculated value; `included` ones are stored with the answers."""

    name: str
    expression: Expression
    included: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A heading on a page over the questions named."""

    title: Template | None
    description: Template | None
    depth: int
    questions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its questions and panel headings in order, companions left out."""

    name: str
    index: int
    title: Template | None
    description: Template | None
    items: tuple[Question | Panel, ...]


@dataclass(frozen=True, slots=True)
class CompiledForm:
    """A form ready for use. `plan` lists questions and calculated values in the order of their
    dependencies, `judged` the questions that ask something of their answers.
    """

    title: LocalText | None
    description: LocalText | None
    completed: LocalText | None
    locale: str
    locales: tuple[str, ...]
    pages: tuple[Page, ...]
    questions: Mapping[str, Question]
    plan: tuple[Question | Calculated, ...]
    judged: tuple[Question, ...]
    computed: frozenset[str]
    variables: frozenset[str]
    names: Names
    scoring: Mapping[str, object] | None
