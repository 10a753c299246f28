"""A stored report in its reader's words, with its photos: for its own page, its review, an appeal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from server.db import AnyRow, connection
from server.forms import CompiledForm
from server.forms.companions import SUFFIXES
from server.http.locale import locale
from server.intake import uploads
from server.intake.own_words import joined
from server.reports import sheets
from server.services import services
from server.web.console.pictures import Picture, picture_of
from server.web.reported import answers_in_words, remarks_beside


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A photo or a video of a report.

    Attributes:
        id: its inner id.
        items: what it backs up: one picture of a queue can stand for several.
        about: the same in words.
        after: it shows a fault put right.
        problem: why it was refused; `picture` is None unless it was verified.
    """

    id: UUID
    items: Sequence[str]
    about: str
    after: bool
    state: str
    problem: str | None
    picture: Picture | None


def form_of(asked: AnyRow) -> CompiledForm:
    """Args: asked: a wave or a submission."""
    return services().forms.get(connection(), asked.form_version_id).form


def titles_of(asked: AnyRow) -> dict[str, str]:
    """Question -> its title, standing for all visits; `asked` is a wave or a submission."""
    return {
        name: question.title.render(locale(), _unknown) for name, question in form_of(asked).questions.items()
    }


def answers_of(submission: AnyRow) -> dict[str, tuple[str, str]]:
    """Question name -> its title and its answer, in the reader's words, in the order of the form."""
    values = joined(submission.answers, sheets.texts_of(connection(), submission.revision_id))
    unit = submission.name_en if locale() == "en" and submission.name_en else submission.name
    return answers_in_words(form_of(submission), values, str(unit), locale())


def remarks_of(submission: AnyRow) -> dict[str, list[tuple[str, str]]]:
    """Item -> what was noted about it, as (role, text)."""
    return remarks_beside(form_of(submission), sheets.texts_of(connection(), submission.revision_id))


def sections_of(submission: AnyRow) -> dict[str, Any]:
    """Section name -> its title as the form writes it: text, or text by language; empty without a sheet."""
    rules = services().forms.get(connection(), submission.form_version_id).rules
    return {section.name: section.title for section in rules.sections} if rules else {}


def files_of(submission: AnyRow, answers: Mapping[str, tuple[str, str]]) -> list[ShownFile]:
    """Verified photos with addresses that last minutes; the others with what is wrong with them.

    In the order of the form, each item's photo of a fault before the one that shows it put right.

    Args:
        answers: title and answer by question, as `answers_of` gives them.
    """
    store, titles = services().store, titles_of(submission)
    titles |= {name: title for name, (title, _) in answers.items()}
    order = {name: place for place, name in enumerate(titles)}
    named = _backed_up(submission.answers)
    found = []
    for photo in uploads.named_photos(connection(), submission.wave_id, submission.submission_id):
        backed = named.get(str(photo.attachment_id), [item_of(photo.question)])
        item, after = backed[0]
        shown = ShownFile(
            id=photo.id,
            items=[name for name, _ in backed],
            about=" · ".join(titles.get(name, name) for name, _ in backed),
            after=after,
            state=photo.state,
            problem=photo.problem,
            picture=picture_of(store, photo) if photo.state == "verified" else None,
        )
        found.append((order.get(item, len(order)), after, shown))
    return [shown for _, _, shown in sorted(found, key=lambda each: each[:2])]


def _backed_up(answers: Mapping[str, Any]) -> dict[str, list[tuple[str, bool]]]:
    """Photo -> the items it stands for: one picture of a queue can back up several."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for name, value in answers.items():
        for reference in value if isinstance(value, list) else []:
            if isinstance(reference, dict) and "sha256" in reference:
                found.setdefault(str(reference["id"]), []).append(item_of(name))
    return found


def item_of(question: str) -> tuple[str, bool]:
    """The item that a photo is of, and whether it shows the fault put right."""
    item = question.removesuffix(SUFFIXES["fixed"])
    return item.removesuffix(SUFFIXES["photo"]), item != question


def _unknown(_name: str) -> str:
    """What is piped into a title that stands for all visits: nothing is known yet."""
    return "…"
