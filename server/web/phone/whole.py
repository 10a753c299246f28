"""A form in one document: all its pages and the rules that decide between them, for phones without network.

Groups to which people add panels carry some in reserve: a phone cannot draw what it was not given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from flask import render_template
from werkzeug.datastructures import MultiDict

from server.fieldwork.responding import Task
from server.forms import ElementView, PageView, page_answers
from server.http.locale import locale
from server.intake.shelf import ShelvedForm
from server.intake.uploads import LARGEST_PHOTO
from server.web import page_parts
from server.web.filling import Filling

# Panels that stand ready beyond those that are filled.
RESERVE: Final = 8
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Whole:
    """What a template draws.

    Attributes:
        pages: all of them, those that nothing asks for yet as well.
        logic: the rules over all pages.
        script: waits for `startRules()`.
        counts: by list, how many of its panels are there; what is drawn beyond is the reserve.
    """

    pages: tuple[PageView, ...]
    logic: Mapping[str, object]
    script: str
    counts: Mapping[str, int]

    @property
    def elements(self) -> tuple[ElementView, ...]:
        """Of all pages: an answer in a title changes with it, wherever it stands."""
        return tuple(element for page in self.pages for element in page.elements)


def whole(filling: Filling) -> Whole:
    """The form with the answers so far."""
    lists = {
        question.name: question.group
        for question in filling.shelved.form.questions.values()
        if question.group is not None and question.group.answer == "list"
    }
    counts = {name: len(filling.checked.inside.get(name, ())) for name in lists}
    stocked = dict(filling.answers)
    for name, group in lists.items():
        kept = stocked.get(name)
        panels = list(kept) if isinstance(kept, list) else []
        most = min(group.most, max(len(panels), counts[name]) + RESERVE)
        stocked[name] = [*panels, *({} for _ in range(most - len(panels)))]
    # Empty panels ask for answers that nobody owes yet: what is wrong is said when the report is handed in.
    drawn = replace(filling, answers=stocked) if lists else filling
    pages = tuple(drawn.page_view(index, ()) for index in range(len(filling.shelved.form.pages)))
    logic = filling.page_logic(None)
    return Whole(pages, logic, page_parts.waiting_script(pages, logic), counts)


def quiz_answers(shelved: ShelvedForm, posted: MultiDict[str, str]) -> dict[str, Any]:
    """What the fields of a quiz say."""
    answers: dict[str, Any] = {}
    for index in range(len(shelved.form.pages)):
        page = page_answers(shelved.form, index, posted)
        answers |= {name: value for name, value in page.items() if value is not None}
    return answers


def quiz_document(shelved: ShelvedForm, now: datetime, answers: Mapping[str, Any] = NOTHING) -> str:
    """The fields of a quiz as HTML, for a page that is open already. Nothing on it depends on anything."""
    task = Task(
        kind="assignment",
        id=UUID(int=0),
        wave_id=UUID(int=0),
        wave_state="launched",
        form_version_id=shelved.form_version_id,
        subject_id=UUID(int=0),
        unit_name="",
        unit_name_en="",
        timezone="UTC",
        submission_id=UUID(int=0),
        variables={},
        locale=locale(),
        large_type=False,
        opens_at=now,
        expires_at=now,
        started_at=None,
        completed_at=None,
    )
    filling = Filling(task, shelved, dict(answers), locale(), {})
    drawn = whole(filling)
    return render_template(
        "phone/quiz.html", whole=drawn, view=drawn, photo_standings={}, film_bytes=LARGEST_PHOTO
    )


def photos_known(filling: Filling) -> dict[str, Any]:
    """How the photos stand that the server knows, by id: `{"state", "problem"}`."""
    return {name: {"state": each.state, "problem": each.problem} for name, each in filling.photos.items()}
