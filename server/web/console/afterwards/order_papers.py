"""Orders on paper: PDF and Word."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from server import catalogue
from server.db import AnyRow, connection
from server.fieldwork.waves.plans import organisation_names
from server.followup.orders import reading
from server.followup.paper_templates import ORDER
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.typesetting.orders import Line, Paper, order_pdf
from server.typesetting.word import TYPE, filled
from server.web.console.afterwards.papers import WORDS, download, template_of

blueprint = Blueprint("order_papers", __name__)

PDF: Final = "application/pdf"


@blueprint.get("/console/orders/<uuid:order_id>.pdf")
@requires("orders.read")
def pdf(order_id: UUID) -> Response:
    paper = _paper(order_id)
    return download(order_pdf(paper), PDF, f"{paper.number}.pdf")


@blueprint.get("/console/orders/<uuid:order_id>.docx")
@requires("orders.read")
def docx(order_id: UUID) -> Response:
    paper = _paper(order_id)
    return download(filled(template_of(ORDER), paper.told()), TYPE, f"{paper.number}.docx")


def _paper(order_id: UUID) -> Paper:
    found = reading.find_order(connection(), order_id, identity().scope)
    order, zone = found.row, found.row.timezone or catalogue.ZONE
    signed = ""
    if order.signed_at is not None:
        signed = f"{order.signed_name} {catalogue.moment(order.signed_at, locale(), zone)}"
    return Paper(
        locale=locale(),
        words=WORDS[ORDER](),
        organisation=organisation_names(connection())[locale()],
        number=_text("number", year=order.year, number=order.number),
        recipient=order.name_en if locale() == "en" and order.name_en else order.name,
        issued=catalogue.day(order.issued_at, locale(), zone),
        lines=[_line(item.row, zone) for item in found.items],
        signed=signed,
        link=services().settings.public_url + url_for("console.orders.show", order_id=order_id),
    )


def _line(row: AnyRow, zone: str) -> Line:
    about, title, said = _own(row.about), _own(row.title), row.said or ""
    # What it is about comes first, whatever is known of it.
    what, why, more = (about, title, said) if about else (title, "", said) if title else (said, "", "")
    return Line(
        place=row.place,
        what=what,
        why=why,
        said=more,
        due=catalogue.day(row.due_at - row.due_at.resolution, locale(), zone),
        state=_text(f"state.{row.state}"),
    )


def _own(titles: Mapping[str, str]) -> str:
    return catalogue.in_locale(titles, locale()) if titles else ""


def _text(name: str, **params: object) -> str:
    return catalogue.text(f"orders.{name}", locale(), **params)
