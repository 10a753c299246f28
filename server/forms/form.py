"""A compiled form: everything that checking, scoring and drawing need, with no definition left to interpret.

Questions stand in the order of the form. Companions (`X-note`, `X-photo`, `X-nophoto`, `X-fixed`,
`X-Comment`) are questions of their own behind the question they belong to: all doors treat them alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from server.forms.expressions import Expression, Names
from server.forms.localised import LocalText, Template
from server.forms.problems import Fault
from server.forms.properties import Choice, Scalar
from server.forms.types.behaviour import Behaviour

Role = Literal["note", "photo", "nophoto", "fixed", "comment"]
# (answer, all values, today) -> what is wrong, or None.
Validator = Callable[[object, Mapping[str, object], date], Fault | None]


@dataclass(frozen=True, slots=True)
class Companion:
    """What a companion is to the question `parent`.

    Attributes:
        only: the parent's answers with which it lives; empty for all of them.
    """

    parent: str
    role: Role
    only: frozenset[Scalar] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Proof that a verdict needs. `failing` and `not_applicable` are answers of the question.

    `fixed` says that a photo may show it put right on the spot.
    """

    question: str
    photo: Literal["always", "onFail", ""]
    note: bool
    min_length: int
    failing: frozenset[Scalar]
    not_applicable: frozenset[Scalar]
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Questions inside a question: in each panel of a list, in each row of a matrix, or once.

    Attributes:
        word: the name by which their expressions read their own panel or row.
        answer: "list" of objects, objects by "rows", or "one" object.
        questions: by name, companions among them; `plan` and `judged` as of a form.
        rows: of a matrix.
        least, most, start: how many panels there must be, may be, and are there at first.
        key: the question whose answers must differ from panel to panel, or "".
    """

    word: str
    answer: Literal["list", "rows", "one"]
    questions: Mapping[str, "Question"]
    plan: tuple["Question", ...]
    judged: tuple["Question", ...]
    switched: tuple["Question", ...]
    rows: tuple[Choice, ...] = ()
    least: int = 0
    most: int = 0
    start: int = 0
    key: str = ""
    title: Template | None = None
    add_text: LocalText | None = None
    remove_text: LocalText | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question, text or calculated element. `page` and `index` are positions, counted from 0.

    `outer` are names of the form that conditions inside a group read: the group is decided after them.
    `judged_when_present` says whether more is asked of an answer than to be there and of the right type,
    `plain` that its type alone decides what the answer is: fields, because every check asks for them.
    """

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
    required_text: LocalText | None = None
    enable_if: Expression | None = None
    default: object = None
    default_expression: Expression | None = None
    validators: tuple[Validator, ...] = ()
    evidence: Evidence | None = None
    compute: Expression | None = None
    companion: Companion | None = None
    scoring: Mapping[str, object] | None = None
    group: Group | None = None
    outer: frozenset[str] = frozenset()
    judged_when_present: bool = field(init=False)
    plain: bool = field(init=False)

    @property
    def has_demands(self) -> bool:
        """Whether anything can be wrong with an answer that its type accepts, or with a blank."""
        return self.required or self.required_if is not None or self.judged_when_present

    @property
    def has_default(self) -> bool:
        """Whether the form gives an answer in advance."""
        return self.default is not None or self.default_expression is not None

    def __post_init__(self) -> None:
        behaviour = self.behaviour
        judged = (
            self.validators,
            self.evidence,
            behaviour.complete,
            behaviour.has_other,
            self.enable_if,
            self.group,
        )
        object.__setattr__(self, "judged_when_present", any(judged))
        composed = (self.compute, self.choice_conditions, self.group)
        object.__setattr__(self, "plain", behaviour.check is not None and not any(composed))


@dataclass(frozen=True, slots=True)
class Calculated:
    """A calculated value; `included` ones are stored with the answers."""

    name: str
    expression: Expression
    included: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """A `setvalue` trigger: while `condition` holds, a change of what it reads writes `value` to `target`."""

    condition: Expression
    target: str
    value: object


@dataclass(frozen=True, slots=True)
class Ending:
    """Another closing text for those whose answers fulfil `condition`."""

    condition: Expression
    text: LocalText


@dataclass(frozen=True, slots=True)
class Panel:
    """A heading on a page over the questions named. `shuffled`: its questions come in random order."""

    title: Template | None
    description: Template | None
    pointer: str
    depth: int
    questions: frozenset[str]
    shuffled: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its questions and panel headings in order, companions left out."""

    name: str
    index: int
    title: Template | None
    description: Template | None
    items: tuple[Question | Panel, ...]
    shuffled: bool = False


@dataclass(frozen=True, slots=True)
class CompiledForm:
    """A form ready for use. `plan` lists questions and calculated values in the order of their
    dependencies, `judged` the questions that ask something of their answers, `switched` those that
    `enableIf` turns on and off, `photographed` those answered with photos; `shows_answers` says that an
    expression calls displayValue.
    """

    title: LocalText | None
    description: LocalText | None
    completed: LocalText | None
    endings: tuple[Ending, ...]
    settings: tuple[Setting, ...]
    hidden_answers: Literal["onHidden", "onComplete", "none"]
    question_per_page: bool
    locale: str
    locales: tuple[str, ...]
    pages: tuple[Page, ...]
    questions: Mapping[str, Question]
    plan: tuple[Question | Calculated, ...]
    judged: tuple[Question, ...]
    switched: tuple[Question, ...]
    photographed: tuple[Question, ...]
    shows_answers: bool
    computed: frozenset[str]
    variables: frozenset[str]
    names: Names
    scoring: Mapping[str, object] | None
