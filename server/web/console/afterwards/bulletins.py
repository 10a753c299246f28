"""Bulletins (通报) of a published version, for whoever sends them round: PDF and Word."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint
from werkzeug.wrappers import Response

from server import catalogue
from server.db import connection
from server.errors import Refusal
from server.fieldwork.waves.plans import organisation_names
from server.fieldwork.waves.reading import find_wave_to_run
from server.followup.paper_templates import BULLETIN
from server.followup.publishing import bulletins, reading
from server.followup.publishing.bulletins import Called
from server.http.access import identity, requires
from server.http.locale import locale
from server.typesetting.bulletins import Bulletin, Fault, Named, Row, bulletin_pdf
from server.typesetting.word import TYPE, filled
from server.web.console.afterwards.papers import WORDS, download, template_of
from server.web.console.submission_parts import titles_of

blueprint = Blueprint("bulletins", __name__)

PDF: Final = "application/pdf"


@blueprint.get("/console/publications/<uuid:publication_id>/bulletin.pdf")
@requires("scores.publish")
def pdf(publication_id: UUID) -> Response:
    bulletin = _bulletin(publication_id)
    return download(bulletin_pdf(bulletin), PDF, f"{bulletin.round}.pdf")


@blueprint.get("/console/publications/<uuid:publication_id>/bulletin.docx")
@requires("scores.publish")
def docx(publication_id: UUID) -> Response:
    bulletin = _bulletin(publication_id)
    return download(filled(template_of(BULLETIN), bulletin.told()), TYPE, f"{bulletin.round}.docx")


def _bulletin(publication_id: UUID) -> Bulletin:
    version = reading.find_version(connection(), publication_id, identity().scope)
    wave = find_wave_to_run(connection(), version.wave_id, identity().scope)
    if version.published_at is None:
        raise Refusal("not_found")
    snapshot, titles = version.snapshot, titles_of(wave)
    summary = _text(
        "paper.summary",
        n=snapshot["n"],
        units=len(snapshot["subjects"]),
        mean=snapshot["mean"] or "—",
    )
    return Bulletin(
        locale=locale(),
        words=WORDS[BULLETIN](),
        organisation=organisation_names(connection())[locale()],
        round=snapshot["wave"]["title_en" if locale() == "en" else "title"],
        version=_text("version_n", number=version.number),
        published=catalogue.day(version.published_at, locale(), wave.timezone),
        summary=summary,
        named=[_named(each) for each in bulletins.called_by_name(connection(), version, wave)],
        league=[_row(each) for each in snapshot["subjects"]],
        faults=[
            Fault(each.code, titles.get(each.item, each.item), each.count)
            for each in bulletins.failed_most(snapshot)
        ],
        proof=version.snapshot_hash,
    )


def _named(called: Called) -> Named:
    names = [each[locale()] for each in called.names]
    why = catalogue.in_locale(called.title, locale()) if called.title else called.rule
    comma = catalogue.text("console.list_comma", locale())
    return Named(why, catalogue.text(f"explain.word_{called.act}", locale()), comma.join(names))


def _row(row: Any) -> Row:
    english = "_en" if locale() == "en" else ""
    return Row(
        rank="—" if row["rank"] is None else str(row["rank"]),
        name=row[f"name{english}"],
        parent=row[f"parent{english}"],
        score=row["score"] or "—",
        grade=row["grade"] or "",
    )


def _text(name: str, **params: object) -> str:
    return catalogue.text(f"scores.{name}", locale(), **params)
