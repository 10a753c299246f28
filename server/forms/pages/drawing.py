"""From a compiled form and the answers so far to the page its reader sees (view.py)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from server.forms.answers.checking import Inside
from server.forms.answers.fields import inner_field
from server.forms.answers.piping import Piping
from server.forms.companions import companion_name
from server.forms.form import CompiledForm, Evidence, Group, Panel, Question
from server.forms.localised import LocalText, best_locale
from server.forms.pages.arranging import Lottery, arranged, arranged_choices
from server.forms.pages.view import (
    ChoiceView,
    ElementView,
    EvidenceView,
    GroupView,
    PageView,
    PhotoView,
    RowView,
    Shown,
)
from server.forms.problems import AnswerError, pointer_to
from server.forms.properties import Choice
from server.forms.types.files import encode_reference
from server.forms.types.grids import field_of
from server.forms.types.groups import count_field
from server.forms.types.places import encode_place
from server.forms.types.rankings import ranks
from server.forms.types.selections import all_field
from server.forms.types.signatures import drawn_field, drawn_image, typed_name
from server.wire import pointer_parts


def view(
    form: CompiledForm,
    page_index: int,
    now: Shown,
    *,
    locale: str,
    variables: Mapping[str, object],
    seed: str = "",
) -> PageView:
    """The page as its reader sees it now.

    Args:
        seed: decides every random order; the same seed gives the same order, so it is the record.
    """
    page = form.pages[page_index]
    known = {**now.scope, **now.values, **{name: variables.get(name) for name in form.variables}}
    piping = Piping(form, known, locale)
    lottery = Lottery(seed)
    before = [index for index in now.pages if index < page_index]
    after = [index for index in now.pages if index > page_index]
    level = _Level(now.values, now, piping)
    drawer = _Drawer(locale, lottery, now, _by_place(form, now.errors))
    return PageView(
        title=piping.filled(page.title),
        form_title=_in_locale(form.title, locale),
        description=piping.filled(page.description),
        index=page_index,
        number=len(before) + 1,
        count=len(before) + 1 + len(after),
        previous=before[-1] if before else None,
        next=after[0] if after else None,
        elements=tuple(drawer.elements(arranged(page, lottery), level)),
        question_per_page=form.question_per_page,
    )


@dataclass(frozen=True, slots=True)
class _Level:
    """Where questions are drawn: the form itself, or one panel or row of `group`.

    `field` is the group's, `part` the pointer of the panel or row; `scope` what conditions read.
    """

    values: Mapping[str, object]
    state: Shown | Inside
    piping: Piping
    group: Group | None = None
    field: str = ""
    part: str = ""

    def field_of(self, name: str) -> str:
        return inner_field(self.field, self.part, name) if self.group and name else name

    def places_of(self, name: str) -> tuple[str, ...]:
        """Where errors of a question stand: with its name, or inside a group at it and the text beside it."""
        if self.group is None:
            return (name,)
        panel = pointer_to(self.field) + self.part
        return panel + pointer_to(name), panel + pointer_to(companion_name(name, "comment"))


def _by_place(form: CompiledForm, errors: Iterable[AnswerError]) -> dict[str, list[AnswerError]]:
    """Errors by question, those inside a group by its place there too.

    Whoever answers decides how many there are: a hundred panels of forty wrong numbers are found by place.
    """
    found: dict[str, list[AnswerError]] = {}
    for error in errors:
        found.setdefault(error.question, []).append(error)
        question = form.questions.get(error.question)
        if question is not None and question.group is not None:
            # /group/name of the one object, /group/panel/name of a list or of rows; what follows is below it.
            depth = 3 if question.group.answer == "one" else 4
            found.setdefault("/".join(error.pointer.split("/")[:depth]), []).append(error)
    return found


@dataclass(frozen=True, slots=True)
class _Drawer:
    locale: str
    lottery: Lottery
    shown: Shown
    errors: Mapping[str, list[AnswerError]]

    def elements(self, items: Iterable[Question | Panel], level: _Level) -> Iterator[ElementView]:
        for item in items:
            if isinstance(item, Panel):
                title, text = level.piping.filled(item.title), level.piping.filled(item.description)
                hidden = not item.questions & level.state.visible
                members = tuple(sorted(item.questions))
                yield ElementView("panel", "", "", title, text, members=members, hidden=hidden)
            else:
                yield self._question(item, level)

    def _question(self, question: Question, level: _Level) -> ElementView:
        control, name = question.behaviour.control, question.name
        value = level.values.get(name)
        comment = companion_name(name, "comment") if question.behaviour.has_other else ""
        element = ElementView(
            kind=question.type,
            name=level.field_of(name),
            field=level.field_of(name),
            title=level.piping.filled(question.title),
            title_parts=_title_parts(question.title.pieces(self.locale), level.piping),
            description=level.piping.filled(question.description),
            required=question.required,
            required_text=_in_locale(question.required_text, self.locale),
            conditional=bool(question.conditions),
            hidden=name not in level.state.visible,
            disabled=name in level.state.disabled,
            variant=control.variant,
            choices=tuple(self._choices(question, control.choices, _as_field(question, value), level)),
            rows=tuple(self._rows(question, value, level)),
            columns=tuple(column.label(self.locale) for column in control.columns),
            value=_ENCODED.get(question.type, _field_text)(value),
            drawn_field=drawn_field(level.field_of(name)) if question.type == "signaturepad" else "",
            drawn=drawn_image(value),
            all_field=all_field(level.field_of(name)) if control.all_text else "",
            all_text=_in_locale(control.all_text, self.locale),
            photos=_photos(value) if question.type == "file" else (),
            other_field=level.field_of(comment),
            other=_field_text(level.values.get(comment)),
            paragraphs=_paragraphs(control.paragraphs, self.locale),
            low_label=_in_locale(control.low_label, self.locale),
            high_label=_in_locale(control.high_label, self.locale),
            placeholder=_in_locale(control.placeholder, self.locale),
            attributes=tuple(control.attributes.items()),
            errors=tuple(error for place in level.places_of(name) for error in self.errors.get(place, ())),
            evidence=_evidence(question, question.evidence, level.values) if question.evidence else None,
            scoring=question.scoring,
        )
        return self._with_group(element, question.group, value, level) if question.group else element

    def _choices(
        self, question: Question, choices: tuple[Choice, ...], value: object, level: _Level
    ) -> Iterator[ChoiceView]:
        control = question.behaviour.control
        chosen = {_field_text(item) for item in (value if isinstance(value, list) else [value])}
        placed = ranks(value) if control.kind == "ranking" else {}
        hidden = level.state.hidden_choices.get(question.name, frozenset())
        for choice in arranged_choices(choices, control.order, question.name, self.lottery, self.locale):
            text = str(choice.value)
            label, away = choice.label(self.locale), choice.value in hidden
            yield ChoiceView(text, label, text in chosen, away, placed.get(text, ""))

    def _rows(self, question: Question, value: object, level: _Level) -> Iterator[RowView]:
        if question.group is not None:
            return
        answers = value if isinstance(value, dict) else {}
        control = question.behaviour.control
        for row in control.rows:
            key = str(row.value)
            choices = tuple(self._choices(question, control.columns, answers.get(key), level))
            yield RowView(field_of(question.name, key), row.label(self.locale), choices)

    def _with_group(self, element: ElementView, group: Group, value: object, level: _Level) -> ElementView:
        name = element.name
        inside = self.shown.inside.get(name, ())
        panels = tuple(
            self._panel(group, name, one, number, level, value) for number, one in enumerate(inside, start=1)
        )
        if group.answer != "list":
            return replace(element, groups=panels)
        removable = len(panels) > group.least
        return replace(
            element,
            groups=tuple(
                replace(panel, remove=f"remove:{name}:{index}" if removable else "")
                for index, panel in enumerate(panels)
            ),
            count_field=count_field(name),
            add=f"add:{name}" if len(panels) < group.most else "",
            add_text=_in_locale(group.add_text, self.locale),
            remove_text=_in_locale(group.remove_text, self.locale),
        )

    def _panel(
        self, group: Group, name: str, one: Inside, number: int, level: _Level, value: object
    ) -> GroupView:
        values = {**_typed(value, one.pointer), **one.values}
        piping = level.piping.inside(group, values, number)
        inner = _Level(values, one, piping, group, name, one.pointer)
        questions = [question for question in group.questions.values() if question.companion is None]
        label = next(
            (r.label(self.locale) for r in group.rows if pointer_to(str(r.value)) == one.pointer), ""
        )
        return GroupView(label or piping.filled(group.title), tuple(self.elements(questions, inner)))


def _typed(value: object, pointer: str) -> dict[str, object]:
    """What was sent for one panel or row, to be shown again where it did not pass."""
    found = value
    for part in pointer_parts(pointer):
        if isinstance(found, list):
            found = found[int(part)] if int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _title_parts(pieces: tuple[str, ...], piping: Piping) -> tuple[tuple[str, str, str], ...]:
    padded = (*pieces, "") if len(pieces) % 2 else pieces
    pairs = zip(padded[::2], padded[1::2], strict=True)
    return tuple((text, name, piping.piped(name) if name else "") for text, name in pairs)


def _evidence(question: Question, evidence: Evidence, values: Mapping[str, object]) -> EvidenceView:
    name, value = evidence.question, values.get(evidence.question)
    failed = isinstance(value, str | int | float) and value in evidence.failing
    due = value is not None and not (isinstance(value, str) and value in evidence.not_applicable)
    note = companion_name(name, "note") if evidence.note else ""
    photo = companion_name(name, "photo") if evidence.photo else ""
    nophoto = companion_name(name, "nophoto") if evidence.photo else ""
    fixed = companion_name(name, "fixed") if evidence.fixed else ""
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
        failing=tuple(text for text, own in question.behaviour.answers.items() if own in evidence.failing),
        photo_always=evidence.photo == "always",
        fixed_field=fixed,
        fixed=_photos(values.get(fixed)),
    )


def _in_locale(text: LocalText | None, locale: str) -> str:
    return "" if text is None else text.in_locale(locale)


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


# Answers that do not stand in their field as they are.
_ENCODED: Mapping[str, Callable[[object], str]] = {"geolocation": encode_place, "signaturepad": typed_name}


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
