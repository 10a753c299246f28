"""Answers on the way when their wave got another version of its form: what of a draft is carried over.

What does not fit stays with the draft, so that somebody can still read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.forms import CompiledForm
from server.forms.answers.migrating import migrated
from server.intake.shelf import ShelvedForm


@dataclass(frozen=True, slots=True)
class PageAnswers:
    """What one page said: answers, and the names in `cleared` that were emptied on it.

    `left_behind` is what it said in another version of the form and has no place in this one.
    """

    index: int
    answers: Mapping[str, Any]
    cleared: frozenset[str] = frozenset()
    left_behind: dict[str, Any] | None = None

    def laid_over(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The answers so far with what the page said."""
        return {name: answers[name] for name in answers if name not in self.cleared} | dict(self.answers)


@dataclass(frozen=True, slots=True)
class Carried:
    """A draft in the new version.

    Attributes:
        page: where to go on: the first question that is asked again, else the page left off at.
        left_behind: what was not carried over, as `draft.left_behind` lists it; None when all was.
    """

    answers: dict[str, Any]
    page: int
    left_behind: dict[str, Any] | None


def carried(
    old: ShelvedForm, new: ShelvedForm, answers: Mapping[str, Any], page: int, *, now: datetime
) -> Carried:
    """Take a draft's answers and its page from one version to another."""
    moved = migrated(old.form, new.form, answers)
    # Of a group with a part that does not fit the whole is put aside: the part says little without it.
    lost = {name for name in answers if any(_is_of(name, each) for each in moved.dropped)}
    left = {
        "version_id": str(old.form_version_id),
        "at": now.isoformat(),
        "answers": {name: answers[name] for name in answers if name in lost},
        "asked_again": list(moved.asked_again),
    }
    return Carried(
        dict(moved.answers), _page(old.form, new.form, moved.asked_again, page), left if lost else None
    )


def carried_page(old: ShelvedForm, new: ShelvedForm, page: PageAnswers, *, now: datetime) -> PageAnswers:
    """A page that was drawn from another version. What it left blank clears nothing in this one."""
    moved = carried(old, new, page.answers, page.index, now=now)
    return PageAnswers(moved.page, moved.answers, left_behind=moved.left_behind)


def _is_of(name: str, dropped: str) -> bool:
    return dropped == name or dropped.startswith((f"{name}.", f"{name}["))


def _page(old: CompiledForm, new: CompiledForm, asked_again: tuple[str, ...], page: int) -> int:
    pages = [new.questions[name].page for name in asked_again if name in new.questions]
    if pages:
        return min(pages)
    name = old.pages[page].name if page < len(old.pages) else ""
    return next((each.index for each in new.pages if each.name == name), 0)
