"""What a template draws: one page of a form as plain values, every text already in the reader's language.

Piped titles and labels are plain text; the template escapes them. Sentences for errors are not here: an
element carries its errors with codes and parameters.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from server.forms.answers.checking import Checked, Inside
from server.forms.problems import AnswerError


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One choice: the field's value, what a person reads, whether it is chosen.

    `hidden` ones are not offered now; `rank` is the place in a ranking, from 1, "" without one.
    """

    value: str
    label: str
    checked: bool
    hidden: bool = False
    rank: str = ""


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a matrix: its field and the columns to choose from."""

    field: str
    label: str
    choices: tuple[ChoiceView, ...]


@dataclass(frozen=True, slots=True)
class PhotoView:
    """One photo named so far; `field_value` goes into a hidden field."""

    id: str
    field_value: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """The evidence fields of an element; a field's name is "" when the element does not have it.

    `failed` says that the answer so far fails; `photo_needed` and `note_needed` that evidence is due now.
    `failing` are the choices that fail and `photo_always` says that those that pass need a photo too, so
    that a script in the page can tell what is due before the answer is sent.
    """

    photo_field: str
    photos: tuple[PhotoView, ...]
    nophoto_field: str
    nophoto: str
    note_field: str
    note: str
    note_min_length: int
    failed: bool
    photo_needed: bool
    note_needed: bool
    failing: tuple[str, ...]
    photo_always: bool
    fixed_field: str
    fixed: tuple[PhotoView, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """One panel or row of a group. `remove` is what its remove button says (`go`), "" without one."""

    title: str
    elements: tuple["ElementView", ...]
    remove: str = ""


@dataclass(frozen=True, slots=True)
class ElementView:
    """One thing on the page. `kind` is "panel" or a question type; `field` is the HTML field's name.

    Attributes:
        required: what is known before the answers are checked.
        conditional: it may come and go.
        members: of a panel, the names of the questions under its heading.
        hidden: it is not asked now; it stands in the page so that a script can bring it back.
        disabled: shown, but not to be changed now.
        required_text: what the form itself says to whoever leaves it blank, "" when it says nothing.
        title_parts: (text, name piped in behind it, what stands in its place now) make up the title.
        drawn_field, drawn: the hidden field of a signature that was drawn, and what it holds.
        all_field, all_text: the box that stands for all choices; drawn empty, or it would choose again.
        groups: the panels of a list, the rows of a matrix, or the one object; as many as `count_field` says.
        add: what the add button says (`go`), "" without one.
    """

    kind: str
    name: str
    field: str
    title: str
    description: str
    required: bool = False
    required_text: str = ""
    conditional: bool = False
    members: tuple[str, ...] = ()
    hidden: bool = False
    disabled: bool = False
    variant: str = ""
    title_parts: tuple[tuple[str, str, str], ...] = ()
    drawn_field: str = ""
    drawn: str = ""
    all_field: str = ""
    all_text: str = ""
    groups: tuple[GroupView, ...] = ()
    count_field: str = ""
    add: str = ""
    add_text: str = ""
    remove_text: str = ""
    choices: tuple[ChoiceView, ...] = ()
    rows: tuple[RowView, ...] = ()
    columns: tuple[str, ...] = ()
    value: str = ""
    photos: tuple[PhotoView, ...] = ()
    other_field: str = ""
    other: str = ""
    paragraphs: tuple[str, ...] = ()
    low_label: str = ""
    high_label: str = ""
    placeholder: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    errors: tuple[AnswerError, ...] = ()
    evidence: EvidenceView | None = None
    scoring: Mapping[str, object] | None = None

    @property
    def own_errors(self) -> tuple[AnswerError, ...]:
        """The errors to show above it: those of a matrix's row or of a question inside stand there."""
        inside = {
            (error.pointer, error.code)
            for group in self.groups
            for element in group.elements
            for error in element.errors
        }
        return tuple(
            error
            for error in self.errors
            if error.code != "row_required" and (error.pointer, error.code) not in inside
        )


@dataclass(frozen=True, slots=True)
class PageView:
    """One page. `number` of `count` counts the pages visible now, from 1."""

    title: str
    form_title: str
    description: str
    index: int
    number: int
    count: int
    previous: int | None
    next: int | None
    elements: tuple[ElementView, ...]
    question_per_page: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on display: the answers (canonical, or as typed), the names visible, the pages visible.

    `scope` is what expressions read (`Checked.scope`): titles show calculated values too.
    """

    values: Mapping[str, object]
    visible: frozenset[str]
    pages: tuple[int, ...]
    errors: tuple[AnswerError, ...] = ()
    inside: Mapping[str, tuple[Inside, ...]] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    hidden_choices: Mapping[str, Collection[object]] = field(default_factory=dict)
    scope: Mapping[str, object] = field(default_factory=dict)


def shown(checked: Checked, typed: Mapping[str, object] | None = None, *, with_errors: bool = False) -> Shown:
    """What to draw after a check. `typed` are answers as they were sent: what did not pass is shown again,
    so that nobody has to type twice.
    """
    sent = {name: value for name, value in (typed or {}).items() if value is not None}
    refused_inside = {name: sent[name] for name in checked.inside if name in sent}
    errors = checked.errors if with_errors else ()
    return Shown(
        {**sent, **checked.values, **refused_inside},
        frozenset(checked.visible),
        checked.pages,
        errors,
        checked.inside,
        checked.disabled,
        checked.hidden_choices,
        checked.scope,
    )
