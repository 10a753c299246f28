"""Word templates of printed papers: what is in use, to be edited in Word and sent back."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server import catalogue
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.followup import paper_templates
from server.followup.paper_templates import BULLETIN, ORDER
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.typesetting import bulletins, orders
from server.typesetting.word import LARGEST, TYPE, TemplateBroken, check_template
from server.web.presenting import page

blueprint = Blueprint("papers", __name__)

ORDER_WORDS: Final = ("title", "to", "issued", "item", "due", "state", "signature")
BULLETIN_WORDS: Final = (
    "title", "named", "why", "what", "who", "league", "rank", "unit", "score", "grade", "faults", "item",
    "count",
)  # fmt: skip


def _words(area: str, names: tuple[str, ...]) -> Callable[[], dict[str, str]]:
    """Headings of a kind of paper in the reader's language."""
    return lambda: {name: catalogue.text(f"{area}.paper.{name}", locale()) for name in names}


WORDS: Final[Mapping[str, Callable[[], dict[str, str]]]] = MappingProxyType(
    {ORDER: _words("orders", ORDER_WORDS), BULLETIN: _words("scores", BULLETIN_WORDS)}
)
USUAL: Final[Mapping[str, Callable[[Mapping[str, str]], bytes]]] = MappingProxyType(
    {ORDER: orders.usual_order, BULLETIN: bulletins.usual_bulletin}
)


@blueprint.get("/console/papers/<kind>")
@requires("papers.manage")
def show(kind: str) -> AnyResponse:
    return _template_page(kind)


@blueprint.get("/console/papers/<kind>.docx")
@requires("papers.manage")
def fetch(kind: str) -> AnyResponse:
    own = paper_templates.newest_template(connection(), _known(kind))
    return download(template_of(kind), TYPE, own.name if own is not None else f"{kind}.docx")


@blueprint.post("/console/papers/<kind>")
@requires("papers.manage")
def replace(kind: str) -> AnyResponse:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _template_page(kind, Detail("field_required", "/file"))
    data = sent.read(LARGEST + 1)
    try:
        check_template(data, _example(_known(kind)))
    except TemplateBroken as broken:
        return _template_page(kind, Detail(broken.code, "/file", {"said": broken.said}))
    with transaction() as open_connection:
        by, now = identity().actor, services().clock.now()
        paper_templates.keep_template(open_connection, kind, sent.filename, data, by=by, now=now)
    return redirect(url_for("console.papers.show", kind=kind, kept=1), 303)


def template_of(kind: str) -> bytes:
    """The template in use."""
    own = paper_templates.newest_template(connection(), kind)
    return own.data if own is not None else USUAL[kind](WORDS[kind]())


def download(data: bytes, media_type: str, name: str) -> AnyResponse:
    """A file to be saved under a name of any script."""
    answer = Response(data, mimetype=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def _example(kind: str) -> dict[str, Any]:
    if kind == ORDER:
        line = orders.Line(1, "—", "—", "—", "—", "—")
        return orders.Paper(locale(), {}, "—", "—", "—", "—", [line], "", "").told()
    lists = ([bulletins.Named("—", "—", "—")], [bulletins.Row("1", "—", "—", "—", "—")])
    faults = [bulletins.Fault("—", "—", 1)]
    return bulletins.Bulletin(locale(), {}, "—", "—", "—", "—", "—", *lists, faults, "—").told()


def _known(kind: str) -> str:
    if kind not in paper_templates.KINDS:
        raise Refusal("not_found")
    return kind


def _template_page(kind: str, error: Detail | None = None) -> AnyResponse:
    return page(
        "console/paper_template.html",
        status=422 if error else 200,
        kind=kind,
        kinds=paper_templates.KINDS,
        current=paper_templates.newest_template(connection(), _known(kind)),
        error=error,
        kept="kept" in request.args,
    )
