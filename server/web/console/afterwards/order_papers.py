"""Orders on paper: PDF and Word, and the Word template that a bank may replace by its own."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server import catalogue
from server.db import AnyRow, connection, transaction
from server.errors import Detail
from server.fieldwork.waves.plans import organisation_names
from server.followup.orders import papers, reading
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.typesetting.orders import (
    LARGEST,
    TYPE,
    Line,
    Paper,
    TemplateBroken,
    check_template,
    order_docx,
    order_pdf,
    usual_template,
)
from server.web.presenting import page

blueprint = Blueprint("order_papers", __name__)

WORDS: Final = ("title", "to", "issued", "item", "due", "state", "signature")


@blueprint.get("/console/orders/<uuid:order_id>.pdf")
@requires("orders.read")
def pdf(order_id: UUID) -> AnyResponse:
    paper = _paper(order_id)
    return _download(order_pdf(paper), "application/pdf", f"{paper.number}.pdf")


@blueprint.get("/console/orders/<uuid:order_id>.docx")
@requires("orders.read")
def docx(order_id: UUID) -> AnyResponse:
    paper, own = _paper(order_id), papers.newest_template(connection())
    template = own.data if own is not None else usual_template(_words())
    return _download(order_docx(template, paper), TYPE, f"{paper.number}.docx")


@blueprint.get("/console/orders/template")
@requires("papers.manage")
def template() -> AnyResponse:
    return _template_page()


@blueprint.get("/console/orders/template.docx")
@requires("papers.manage")
def download() -> AnyResponse:
    """What orders are printed by now: to be edited in Word, and sent back."""
    own = papers.newest_template(connection())
    data, name = (own.data, own.name) if own is not None else (usual_template(_words()), "order.docx")
    return _download(data, TYPE, name)


@blueprint.post("/console/orders/template")
@requires("papers.manage")
def replace() -> AnyResponse:
    given, sent = services(), request.files.get("file")
    if sent is None or not sent.filename:
        return _template_page(Detail("field_required", "/file"))
    data = sent.read(LARGEST + 1)
    try:
        check_template(data, _example())
    except TemplateBroken as broken:
        return _template_page(Detail(broken.code, "/file", {"said": broken.said}))
    with transaction() as open_connection:
        papers.keep_template(open_connection, sent.filename, data, by=identity().actor, now=given.clock.now())
    return redirect(url_for("console.order_papers.template", kept=1), 303)


def _template_page(error: Detail | None = None) -> AnyResponse:
    return page(
        "console/order_template.html",
        status=422 if error else 200,
        current=papers.newest_template(connection()),
        error=error,
        kept="kept" in request.args,
    )


def _paper(order_id: UUID) -> Paper:
    found = reading.find_order(connection(), order_id, identity().scope)
    order, zone = found.row, found.row.timezone or catalogue.ZONE
    signed = ""
    if order.signed_at is not None:
        signed = f"{order.signed_name} {catalogue.moment(order.signed_at, locale(), zone)}"
    return Paper(
        locale=locale(),
        words=_words(),
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


def _example() -> Paper:
    line = Line(1, _text("example.what"), _text("example.why"), _text("example.said"), "2026-12-01", "")
    return Paper(locale(), _words(), "—", "1", "—", "2026-11-24", [line], "", "")


def _own(titles: Mapping[str, str]) -> str:
    return catalogue.in_locale(titles, locale()) if titles else ""


def _words() -> dict[str, str]:
    return {name: _text(f"paper.{name}") for name in WORDS}


def _text(name: str, **params: object) -> str:
    return catalogue.text(f"orders.{name}", locale(), **params)


def _download(data: bytes, media_type: str, name: str) -> AnyResponse:
    answer = Response(data, mimetype=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer
