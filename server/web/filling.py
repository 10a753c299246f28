"""Filling a form page by page, for customers and shoppers alike: show, take, check, hand in.

The server's draft is the truth: every step saves it before anything is checked, so a lost connection or a
wrong answer costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.db import AnyRow
from server.fieldwork import responding
from server.fieldwork.responding import SavedDraft, Task
from server.forms import AnswerError, Checked, PageView, Shown, check, check_page, page_answers, view
from server.forms.types.behaviour import Fields
from server.intake.prepare import Ask, Incoming, Rejected, prepare
from server.intake.record import Receipt, record
from server.intake.shelf import ShelvedForm
from server.services import services


@dataclass(frozen=True, slots=True)
class Filling:
    """A task with its form and the answers so far."""

    task: Task
    shelved: ShelvedForm
    answers: Mapping[str, Any]
    locale: str

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

    def checked(self) -> Checked:
        ask = self.ask
        return check(self.shelved.form, self.answers, variables=ask.variables, today=ask.today)

    def page_errors(self, index: int) -> tuple[AnswerError, ...]:
        ask = self.ask
        return check_page(
            self.shelved.form, index, self.answers, variables=ask.variables, today=ask.today
        ).errors

    def page_view(self, index: int, *, with_errors: bool) -> PageView:
        """The page as it stands. Answers that do not pass are shown as they were typed."""
        checked = self.checked()
        shown = Shown(
            values={**self.answers, **checked.values},
            visible=frozenset(checked.visible),
            pages=checked.pages,
            errors=self.page_errors(index) if with_errors else (),
        )
        return view(self.shelved.form, index, shown, locale=self.locale, variables=self.variables)

    def pages(self) -> tuple[int, ...]:
        return self.checked().pages


def load(connection: Connection, task: Task, locale: str) -> tuple[Filling, int]:
    """The form as the draft has it, and the page the draft was left at."""
    shelved = services().forms.get(connection, task.form_version_id)
    draft = responding.load_draft(connection, task) or SavedDraft({}, 0, 0)
    filling = Filling(task, shelved, draft.answers, locale)
    pages = filling.pages()
    # A definition always has a visible first page; an answer may since have hidden the draft's.
    return filling, draft.page if draft.page in pages else pages[0]


def take_page(
    connection: Connection, filling: Filling, index: int, fields: Fields, extra: Mapping[str, list[Any]]
) -> Filling:
    """Save what one page posted.

    Args:
        extra: photo references that arrived with the page itself, by question.
    """
    posted = page_answers(filling.shelved.form, index, fields)
    for question, references in extra.items():
        posted[question] = [*_list(posted.get(question)), *references]
    draft = responding.save_draft(
        connection,
        filling.task,
        {name: value for name, value in posted.items() if value is not None},
        page=index,
        cleared=frozenset(name for name, value in posted.items() if value is None),
        now=services().clock.now(),
    )
    return replace(filling, answers=draft.answers)


def shows_more(before: Filling, after: Filling, index: int) -> bool:
    """Whether an answer made more of the same page visible, which a browser without script has not seen."""
    new = set(after.checked().visible) - set(before.checked().visible)
    return any(
        question.name in new and question.page == index and question.name in after.shelved.answerable
        for question in after.shelved.form.questions.values()
        if question.companion is None and question.type != "html"
    )


def hand_in(connection: Connection, filling: Filling) -> Receipt | tuple[AnswerError, ...]:
    """Store the submission, or say what still keeps it from being stored."""
    prepared = prepare(Incoming(filling.task.submission_id, filling.answers), filling.ask)
    if isinstance(prepared, Rejected):
        return filling.checked().errors
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
