"""What a template draws: one page of a form as plain values, every text already in the reader's language.

Piped titles and labels are plain text; the template escapes them. Sentences for errors are not here: an
element carries its errors with codes and parameters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.forms.checking import Checked
from server.forms.companions import companion_name
from server.forms.expressions.operations import text_of
from server.forms.form import CompiledForm, Evidence, Page, Panel, Question
from server.forms.localised import LocalText, Template, best_locale
from server.forms.problems import AnswerError
from server.forms.properties import Choice
from server.forms.types.files import encode_reference
from server.forms.types.grids import field_of


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One choice: the field's value, what a person reads, whether it is chosen."""

    value: str
    label: str
    checked: bool


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


@dataclass(frozen=True, slots=True)
class ElementView:
    """One thing on the page. `kind` is "panel" or a question type; `field` is the HTML field's name.

    `required` is what is known before the answers are checked; `conditional` elements may come and go.
    """

    kind: str
    name: str
    field: str
    title: str
    description: str
    required: bool = False
    conditional: bool = False
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


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on display: the answers (canonical, or as typed), the names visible, the pages visible."""

    values: Mapping[str, object]
    visible: frozenset[str]
    pages: tuple[int, ...]
    errors: tuple[AnswerError, ...] = ()


def shown(checked: Checked, typed: Mapping[str, object] | None = None, *, with_errors: bool = False) -> Shown:
    """What to draw after a check. `typed` are answers as they were sent, so that nobody has to type twice."""
    sent = {name: value for name, value in (typed or {}).items() if value is not None}
    errors = checked.errors if with_errors else ()
    return Shown({**checked.values, **sent}, frozenset(checked.visible), checked.pages, errors)


def view(
    form: CompiledForm, page_index: int, now: Shown, *, locale: str, variables: Mapping[str, object]
) -> PageView:
    """The page as its reader sees it now."""
    page = form.pages[page_index]
    drawer = _Drawer(form, now, locale, variables)
    before = [index for index in now.pages if index < page_index]
    after = [index for index in now.pages if index > page_index]
    return PageView(
        title=drawer.template(page.title),
        form_title=_in_locale(form.title, locale),
        description=drawer.template(page.description),
        index=page_index,
        number=len(before) + 1,
        count=len(before) + 1 + len(after),
        previous=before[-1] if before else None,
        next=after[0] if after else None,
        elements=tuple(drawer.elements(page)),
    )


def conditions(form: CompiledForm) -> dict[str, list[list[object]]]:
    """Name -> trees that must all hold for the question to be visible, for a script in the page."""
    return {
        question.name: [condition.to_json() for condition in question.conditions]
        for question in form.questions.values()
        if question.conditions
    }


def display_text(form: CompiledForm, name: str, value: object, locale: str) -> str:
    """An answer as a person reads it."""
    question = form.questions.get(name)
    if value is None:
        return ""
    return text_of(value) if question is None else question.behaviour.display(value, locale)


def _in_locale(text: LocalText | None, locale: str) -> str:
    return "" if text is None else text.in_locale(locale)


@dataclass(frozen=True, slots=True)
class _Drawer:
    form: CompiledForm
    shown: Shown
    locale: str
    variables: Mapping[str, object]

    def template(self, template: Template | None) -> str:
        return "" if template is None else template.render(self.locale, self._piped)

    def _piped(self, name: str) -> str:
        value = self.variables.get(name) if name in self.form.variables else self.shown.values.get(name)
        return display_text(self.form, name, value, self.locale)

    def elements(self, page: Page) -> Iterable[ElementView]:
        for item in page.items:
            if isinstance(item, Panel):
                if item.questions & self.shown.visible:
                    title, text = self.template(item.title), self.template(item.description)
                    yield ElementView("panel", "", "", title, text)
            elif item.name in self.shown.visible:
                yield self._question(item)

    def _question(self, question: Question) -> ElementView:
        control, name = question.behaviour.control, question.name
        value = self.shown.values.get(name)
        comment = companion_name(name, "comment") if question.behaviour.has_other else ""
        return ElementView(
            kind=question.type,
            name=name,
            field=name,
            title=self.template(question.title),
            description=self.template(question.description),
            required=question.required,
            conditional=bool(question.conditions),
            choices=tuple(self._choices(control.choices, _as_field(question, value))),
            rows=tuple(self._rows(question, value)),
            columns=tuple(self._label(column) for column in control.columns),
            value=_field_text(value),
            photos=_photos(value) if question.type == "file" else (),
            other_field=comment,
            other=_field_text(self.shown.values.get(comment)),
            paragraphs=_paragraphs(control.paragraphs, self.locale),
            low_label=_in_locale(control.low_label, self.locale),
            high_label=_in_locale(control.high_label, self.locale),
            placeholder=_in_locale(control.placeholder, self.locale),
            attributes=tuple(control.attributes.items()),
            errors=tuple(error for error in self.shown.errors if error.question == name),
            evidence=self._evidence(question, question.evidence, value) if question.evidence else None,
            scoring=question.scoring,
        )

    def _label(self, choice: Choice) -> str:
        return str(choice.value) if choice.text is None else choice.text.in_locale(self.locale)

    def _choices(self, choices: Iterable[Choice], value: object) -> Iterable[ChoiceView]:
        chosen = {_field_text(item) for item in (value if isinstance(value, list) else [value])}
        for choice in choices:
            text = str(choice.value)
            yield ChoiceView(text, self._label(choice), text in chosen)

    def _rows(self, question: Question, value: object) -> Iterable[RowView]:
        answers = value if isinstance(value, dict) else {}
        control = question.behaviour.control
        for row in control.rows:
            key = str(row.value)
            choices = tuple(self._choices(control.columns, answers.get(key)))
            yield RowView(field_of(question.name, key), self._label(row), choices)

    def _evidence(self, question: Question, evidence: Evidence, value: object) -> EvidenceView:
        name, values = evidence.question, self.shown.values
        failed = isinstance(value, str | int | float) and value in evidence.failing
        due = value is not None and not (isinstance(value, str) and value in evidence.not_applicable)
        note = companion_name(name, "note") if evidence.note else ""
        photo = companion_name(name, "photo") if evidence.photo else ""
        nophoto = companion_name(name, "nophoto") if evidence.photo else ""
        return EvidenceView(
            photo_field=photo,
            photos=_photos(values.get(photo)),
            nophoto_field=nophoto,
            nophoto=_field_text(values.get(nophoto)),
            note_field=note,
            note=_field_text(values.get(note)),
            note_min_length=evidence.min_length,
            failed=failed,
            photo_needed=due and (evidence.photo == "always" or (bool(evidence.photo) and failed)),
            note_needed=due and evidence.note and failed,
            failing=tuple(
                text for text, own in question.behaviour.answers.items() if own in evidence.failing
            ),
            photo_always=evidence.photo == "always",
        )


def _as_field(question: Question, value: object) -> object:
    """A boolean's own values stand in its fields as true and false; others stand as they are."""
    if question.type != "boolean":
        return value
    own = question.behaviour.answers.items()
    return next((text for text, each in own if type(each) is type(value) and each == value), value)


def _field_text(value: object) -> str:
    """An answer as a form field holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _photos(value: object) -> tuple[PhotoView, ...]:
    """Photos that are whole; what a person's browser mangled is left to the error beside the field."""
    references = value if isinstance(value, list) else []
    return tuple(
        PhotoView(str(reference["id"]), encode_reference(reference))
        for reference in references
        if isinstance(reference, dict) and reference.keys() >= {"id", "sha256", "size", "type"}
    )


def _paragraphs(paragraphs: Mapping[str, tuple[str, ...]] | None, locale: str) -> tuple[str, ...]:
    return paragraphs[best_locale(paragraphs, locale)] if paragraphs else ()
