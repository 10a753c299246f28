"""Filling a form page by page, for customers and shoppers alike: show, take, check, hand in.

The server's draft is the truth: every step saves it before anything is checked, so a lost connection or a
wrong answer costs nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork import drafts
from server.fieldwork.carrying import PageAnswers, carried_page
from server.fieldwork.drafts import SavedDraft
from server.fieldwork.responding import Task, as_answered
from server.followup.returning.reading import answers_so_far
from server.forms import (
    AnswerError,
    Checked,
    CompiledForm,
    PageView,
    attachments,
    check,
    errors_on,
    fired,
    page_answers,
    page_logic,
    shown,
    view,
)
from server.forms.problems import pointer_to
from server.forms.types.behaviour import Fields
from server.intake import uploads
from server.intake.prepare import Ask, Incoming, Rejected, prepare
from server.intake.record import Receipt, record
from server.intake.shelf import ShelvedForm
from server.services import services
from server.web import page_buttons
from server.web.page_parts import parts_of

# Of the page that was posted, as its hidden field says it.
NOTHING: Mapping[str, list[Any]] = {}
VERSION = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


@dataclass(frozen=True)
class Filling:
    """A task with its form and the answers so far. `photos`: how each one stands, by its id.

    It never changes, so its answers are checked once, however often a page asks.
    """

    task: Task
    shelved: ShelvedForm
    answers: Mapping[str, Any]
    locale: str
    photos: Mapping[str, uploads.Standing]

    @property
    def ask(self) -> Ask:
        return Ask(
            wave_id=self.task.wave_id,
            subject_id=self.task.subject_id,
            shelved=self.shelved,
            variables=self.variables,
            today=services().clock.now().astimezone(ZoneInfo(self.task.timezone)).date(),
            door="page",
            finds_faults=self.task.kind == "assignment",
        )

    @property
    def variables(self) -> dict[str, Any]:
        """What is known before the start, with the unit named in the reader's language."""
        unit = self.task.unit_name_en if self.locale == "en" else self.task.unit_name
        return {**self.task.variables, "unit": unit}

    @cached_property
    def checked(self) -> Checked:
        ask = self.ask
        return check(self.shelved.form, self.answers, variables=ask.variables, today=ask.today, fill=True)

    def page_errors(self, index: int) -> tuple[AnswerError, ...]:
        """What is wrong with one page: the others are asked for when their page comes."""
        checked = self.checked
        errors = (*checked.errors, *self.bad_photos(checked))
        return errors_on(self.shelved.form, index, replace(checked, errors=errors))

    @property
    def wrong(self) -> tuple[AnswerError, ...]:
        """What keeps the whole of it from being handed in."""
        return self.bad_photos(self.checked) or self.checked.errors

    def bad_photos(self, checked: Checked) -> tuple[AnswerError, ...]:
        """Photos among the answers that were looked at and are none: they back nothing up."""
        return tuple(
            AnswerError(self.shown_at(photo.question), pointer_to(photo.question), standing.problem, {})
            for photo in attachments(self.shelved.form, checked.values)
            if (standing := self.photos.get(photo.id)) and standing.problem
        )

    def shown_at(self, photos: str) -> str:
        """The question beside which photos are shown: a verdict's photos have no place of their own."""
        companion = self.shelved.form.questions[photos].companion
        return companion.parent if companion else photos

    def drawn(self, index: int, errors: Sequence[AnswerError]) -> dict[str, Any]:
        """What the template of a page takes: see `templates/respond/page.html`.

        `mark` is what a browser keeps typed answers under: the same page of the same task, by any session.
        """
        page = self.page_view(index, errors)
        logic = self.page_logic(index)
        customer = self.task.kind == "invitation"
        return {
            "view": page,
            "logic": logic,
            "parts": parts_of(page, logic, self.locale, customer=customer),
            "pages": self.pages(),
            "photo_standings": self.photos,
            "film_bytes": uploads.LARGEST_PHOTO,
            "version": self.shelved.version,
            "mark": f"{self.task.submission_id.hex[:8]}.{index}",
        }

    def page_view(self, index: int, errors: Sequence[AnswerError]) -> PageView:
        """The page as it stands. Answers that do not pass are shown as they were typed."""
        checked = self.checked
        now = shown(checked, self.answers)
        values = {**self._offered(index, checked), **now.values}
        return view(
            self.shelved.form,
            index,
            replace(now, values=values, errors=tuple(errors)),
            locale=self.locale,
            variables=self.variables,
            seed=str(self.task.submission_id),
        )

    def page_logic(self, index: int | None) -> dict[str, object]:
        """What the page's script decides by; without an index, that of a document with all pages."""
        ask, form = self.ask, self.shelved.form
        values = self.checked.values
        if form.hidden_answers != "onHidden":
            values = {**self.answers, **values}
        return page_logic(form, index, values, variables=ask.variables, today=ask.today, locale=self.locale)

    def _offered(self, index: int, checked: Checked) -> dict[str, object]:
        """The defaults of questions that a script may bring back: on the page they stand in their fields."""
        scope, today, asked = checked.scope, self.ask.today, set(checked.visible)
        return {
            question.name: question.default_expression.value(scope, today)
            if question.default_expression
            else question.default
            for question in self.shelved.form.questions.values()
            if question.page == index and question.name not in self.answers and question.name not in asked
        }

    def whole(self) -> dict[str, Any]:
        """The answers with those that the form gave in advance: a page hands these in."""
        return {**self.answers, **self.checked.values}

    def pages(self) -> tuple[int, ...]:
        return self.checked.pages


def load(connection: Connection, task: Task, locale: str) -> tuple[Filling, int]:
    """The form as the draft has it, and the page the draft was left at.

    Raises:
        Refusal: nothing_asked.
    """
    shelved = services().forms.get(connection, task.form_version_id)
    now = services().clock.now()
    draft = drafts.load_draft(connection, task, services().forms, now=now) or SavedDraft({}, 0, 0)
    photos = uploads.standings(connection, task.submission_id) if shelved.form.photographed else {}
    filling = Filling(task, shelved, draft.answers, locale, photos)
    pages = filling.pages()
    if not pages:
        # Every page waits for something that this task was not told, such as its scenario.
        raise Refusal("nothing_asked")
    # An answer may since have hidden the page that the draft was left at.
    return filling, draft.page if draft.page in pages else pages[0]


def report_of(connection: Connection, task: Task, locale: str) -> Filling:
    """The form that a visit's report was made with, with the answers as they stand."""
    answered = as_answered(connection, task)
    shelved = services().forms.get(connection, answered.form_version_id)
    photos = uploads.standings(connection, task.submission_id)
    return Filling(answered, shelved, answers_so_far(connection, task.id), locale, photos)


def take_page(
    connection: Connection, filling: Filling, index: int, fields: Fields, extra: Mapping[str, list[Any]]
) -> Filling:
    """Save what one page posted.

    Args:
        extra: photo references that arrived with the page itself, by question.
    """
    now = services().clock.now()
    drawn = _drawn_from(connection, filling, fields)
    if drawn is filling.shelved:
        page = read_page(filling, index, fields, extra)
    else:
        page = moved_page(drawn, filling.shelved, posted_page(drawn.form, index, fields, extra), now=now)
    draft = drafts.save_draft(connection, filling.task, page, services().forms, now=now)
    return replace(filling, answers=draft.answers)


def read_page(filling: Filling, index: int, fields: Fields, extra: Mapping[str, list[Any]]) -> PageAnswers:
    """What a posted page says, and what its triggers make of that; `extra` as `take_page` has it."""
    form, press = filling.shelved.form, page_buttons.pressed(fields)
    if press:
        now = services().clock.now().astimezone(ZoneInfo(filling.task.timezone))
        fields = page_buttons.carried_out(press, form, fields, stamp=now.isoformat(timespec="seconds"))
    page = posted_page(form, index, fields, extra)
    answers = dict(page.answers)
    if press:
        page_buttons.without_panel(press, form, answers)
    page = replace(page, answers=answers)
    after = replace(filling, answers=page.laid_over(filling.answers))
    written = fired(form, filling.checked, after.checked, today=filling.ask.today)
    # A script has done on the page itself what its triggers do there, before the person answered the rest.
    by_script = is_live(fields)
    answers |= {
        name: value
        for name, value in written.items()
        if not (by_script and form.questions[name].page == index)
    }
    return replace(page, cleared=page.cleared - answers.keys())


def moved_page(drawn: ShelvedForm, shelved: ShelvedForm, page: PageAnswers, *, now: datetime) -> PageAnswers:
    """What was said on a page of another version, in the version that the task has now."""
    return page if drawn is shelved else carried_page(drawn, shelved, page, now=now)


def posted_page(
    form: CompiledForm, index: int, fields: Fields, extra: Mapping[str, list[Any]] = NOTHING
) -> PageAnswers:
    """The answers on one page as they were posted; `extra` as `take_page` has it."""
    posted = page_answers(form, index, fields)
    for question, references in extra.items():
        posted[question] = [*_list(posted.get(question)), *references]
    # A blank that was left where the form had given an answer in advance is what the person wants.
    questions = form.questions
    blanked = {name: None for name, value in posted.items() if value is None and questions[name].has_default}
    return PageAnswers(
        index,
        {name: value for name, value in posted.items() if value is not None} | blanked,
        frozenset(name for name, value in posted.items() if value is None) - blanked.keys(),
    )


def is_live(fields: Fields) -> bool:
    """Whether a script kept the page as its answers wanted it."""
    return bool(fields.getlist("live"))


def is_outdated(filling: Filling, fields: Fields) -> bool:
    """Whether a posted page was drawn from another version: the wave got this one while people typed."""
    sent = next(iter(fields.getlist("version")), "")
    return bool(VERSION.fullmatch(sent)) and int(sent) != filling.shelved.version


def _drawn_from(connection: Connection, filling: Filling, fields: Fields) -> ShelvedForm:
    if not is_outdated(filling, fields):
        return filling.shelved
    number = int(fields.getlist("version")[0])
    return services().forms.find(connection, filling.shelved.key, number) or filling.shelved


@dataclass(frozen=True, slots=True)
class Step:
    """Where a saved page leads: to a page, whose errors are shown or not; None behind the last one.

    `anchor` is the id of what a button inside the page was about.
    """

    index: int | None
    check: bool = False
    anchor: str = ""


def step(before: Filling, after: Filling, index: int, fields: Fields) -> Step:
    """Where the button that saved a page leads to."""
    press, pages = page_buttons.pressed(fields), after.pages()
    if press:
        return Step(index, anchor=page_buttons.anchor(press, after.answers))
    if "back" in fields.getlist("go"):
        return Step(max((page for page in pages if page < index), default=index))
    if after.page_errors(index) or (not is_live(fields) and shows_more(before, after, index)):
        return Step(index, check=True)
    return Step(min((page for page in pages if page > index), default=None))


def shows_more(before: Filling, after: Filling, index: int) -> bool:
    """Whether an answer made more of the same page visible, which a browser without script has not seen."""
    known = set(_answerable(before, index))
    return any(name not in known for name in _answerable(after, index))


def _answerable(filling: Filling, index: int) -> Iterator[tuple[str, str, str]]:
    """(question, panel or row, question inside) of all that can be answered on the page."""
    form, checked = filling.shelved.form, filling.checked
    for name in checked.visible:
        question = form.questions[name]
        if question.page == index and name in filling.shelved.answerable:
            yield name, "", ""
            inside = checked.inside.get(name, ())
            yield from ((name, one.pointer, inner) for one in inside for inner in one.visible)


def hand_in(connection: Connection, filling: Filling) -> Receipt | tuple[AnswerError, ...]:
    """Store the submission, or say what still keeps it from being stored."""
    if filling.wrong:
        return filling.wrong
    prepared = prepare(Incoming(filling.task.submission_id, filling.whole()), filling.ask)
    if isinstance(prepared, Rejected):
        return filling.checked.errors
    [receipt] = record(connection, [prepared], actor=filling.task.actor, now=services().clock.now())
    return receipt


def titled(filling: Filling, photos: Sequence[AnyRow]) -> list[dict[str, Any]]:
    """Photos with the title of the question they belong to: people never saw its name."""
    questions = filling.shelved.form.questions

    def title(name: str) -> str:
        question = questions[name.removesuffix("-photo")]
        return question.title.render(filling.locale, lambda piped: str(filling.variables.get(piped, "")))

    return [{**photo._mapping, "title": title(photo.question)} for photo in photos]


def page_of(filling: Filling, errors: tuple[AnswerError, ...]) -> int:
    """Where the first error stands."""
    questions = filling.shelved.form.questions
    return next((questions[each.question].page for each in errors if each.question in questions), 0)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
