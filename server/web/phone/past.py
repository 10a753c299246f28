"""What came of somebody's visits: handed in, sent back, how each item was read. Pages of the server."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from server.db import AnyRow, connection
from server.errors import Refusal
from server.fieldwork.visiting import mine
from server.fieldwork.visiting.mine import Mine
from server.followup.returning.reading import returns_of
from server.http.locale import locale
from server.intake.own_words import joined
from server.reports import sheets
from server.services import services
from server.web.phone import shell
from server.web.phone.knowing import THE_DEVICE, or_home
from server.web.phone.lists import worded
from server.web.presenting import inlined
from server.web.reported import answers_in_words, remarks_beside

ENDED: Final = frozenset({"done", "attempted", "returned", "over"})


@dataclass(frozen=True, slots=True)
class Read:
    """How one item was read; points are None where it was not scored."""

    title: str
    answer: str
    earned: Decimal | None = None
    possible: Decimal | None = None
    lost: bool = False
    remarks: tuple[tuple[str, str], ...] = ()


def install(blueprint: Blueprint) -> None:
    blueprint.get("/past")(THE_DEVICE(or_home(past)))
    blueprint.get("/past/<uuid:assignment_id>")(THE_DEVICE(or_home(past_visit)))


def past(person_id: UUID) -> Response:
    """What was handed in, a page at a time."""
    before = request.args.get("before", type=UUID)
    now = services().clock.now()
    visits, more = mine.past_of(connection(), person_id, before=before, now=now)
    return own_page("phone/past.html", visits=[_shown(visit) for visit in visits], more=more)


def past_visit(person_id: UUID, assignment_id: UUID) -> Response:
    """One visit: its score, and how its items were read.

    Raises:
        Refusal: not_found, also for a visit of somebody else and one that is not over.
    """
    now = services().clock.now()
    visit = mine.visit_of(connection(), person_id, assignment_id, now=now)
    report = sheets.report_of(connection(), assignment_id, person_id)
    if report is None and visit.state not in ENDED:
        raise Refusal("not_found")
    return own_page(
        "phone/past_visit.html",
        visit=_shown(visit),
        report=report,
        sheet=report.sheet if report else None,
        lines=_lines(report) if report else [],
        titles=_titles(report) if report else {},
        returns=returns_of(connection(), assignment_id, now=now),
    )


def own_page(template: str, **context: Any) -> Response:
    """A page of the app that is nobody else's."""
    return inlined(render_template(template, **context, name=shell.name(), files=shell.files()))


def _shown(visit: Mine) -> dict[str, Any]:
    """Without the wave's title: whoever looks over somebody's shoulder would read what it is for."""
    row = visit.row
    return {
        "id": row.id,
        "state": visit.state if visit.state in ENDED else "over",
        "unit": worded({"default": row.unit_name, "en": row.unit_name_en or row.unit_name}),
        "timezone": row.timezone,
        "received": row.received_at,
        "score": row.score,
        "outcome": row.outcome or "",
    }


def _lines(report: AnyRow) -> list[Read]:
    """The scored items in the order of the sheet, then what else was answered."""
    answers, remarks = _answers(report), _remarks(report)
    read, seen = [], set()
    for line in (report.sheet or {"lines": ()})["lines"]:
        question = line["item"] if line["item"] in answers else line["item"].partition(".")[0]
        title, answer = answers.get(question, (line["item"], ""))
        seen.add(question)
        scored = line["applicable"]
        read.append(
            Read(
                title=title,
                answer=answer,
                earned=Decimal(line["earned"]) if scored else None,
                possible=Decimal(line["possible"]) if scored else None,
                lost=line["lost"] != "0",
                remarks=tuple(remarks.get(line["item"], ())),
            )
        )
    return [*read, *(Read(*both) for name, both in answers.items() if name not in seen)]


def _answers(report: AnyRow) -> dict[str, tuple[str, str]]:
    form = services().forms.get(connection(), report.form_version_id).form
    values = joined(report.answers, sheets.texts_of(connection(), report.revision_id))
    unit = worded({"default": report.name, "en": report.name_en or report.name})
    return answers_in_words(form, values, unit, locale())


def _remarks(report: AnyRow) -> dict[str, list[tuple[str, str]]]:
    form = services().forms.get(connection(), report.form_version_id).form
    return remarks_beside(form, sheets.texts_of(connection(), report.revision_id))


def _titles(report: AnyRow) -> dict[str, str]:
    return {name: title for name, (title, _) in _answers(report).items()}
