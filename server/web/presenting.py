"""Rendering: templates, their language, the demo banner, the inlined parts of the respondent page."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, render_template, request
from jinja2 import StrictUndefined
from sqlalchemy.exc import SQLAlchemyError

from server import catalogue
from server.db import connection
from server.errors import Refusal
from server.fieldwork.outreach import check_words
from server.fieldwork.responding import Task
from server.followup.callbacks.opening import promise_for_wave
from server.http import headers
from server.http.access import form_token, identity_or_none
from server.http.locale import locale
from server.reports.deployment import is_demo
from server.services import services
from server.web.navigation import menu
from server.web.page_parts import plain_script

# The first part of every address that a respondent is given.
RESPONDENT_DOORS = frozenset({"a", "c", "check", "hooks", "q", "r", "s", "t", "v"})
STATIC = Path(__file__).parent / "static"
INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


def install(app: Flask) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(catalogue.filters())
    app.context_processor(_common)


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """A console page."""
    return Response(render_template(template, **context), status=status, mimetype="text/html")


def render_respondent(template: str, task: Task | None, *, status: int = 200, **context: Any) -> Response:
    """A page for customers and shoppers."""
    said = {"check_word": _check_word(task), "promise": _promise(task)}
    html = _respondent_html(template, task=task, **said, **context)
    return Response(html, status=status, mimetype="text/html")


def _check_word(task: Task | None) -> str:
    """The word that the message told, for comparing; a visitor's page says nothing of the kind."""
    if task is None or task.kind != "invitation" or not task.check_key:
        return ""
    return check_words.check_word(task.check_key, locale())


def _promise(task: Task | None) -> str:
    """What the programme promises about anonymity, a sentence's key.

    Who scanned a poster is nobody's secret, and a preview has no wave to promise.
    """
    if task is None or task.kind != "invitation" or task.nameless or not task.wave_id.int:
        return ""
    return promise_for_wave(connection(), task.wave_id)


def error_page(refusal: Refusal) -> str:
    """A refusal as a page; must not fail itself, whatever is broken."""
    g.broken = refusal.status >= 500
    if _is_for_respondents():
        return _respondent_html("respond/error.html", task=None, check_word="", promise="", refusal=refusal)
    return render_template("console/error.html", refusal=refusal)


def inlined(html: str) -> Response:
    """A page whose inline parts are allowed by hash and nothing else is."""
    _allow_inline(html)
    return Response(html, mimetype="text/html")


def _respondent_html(template: str, **context: Any) -> str:
    html = render_template(template, **context)
    _allow_inline(html)
    return html


def _allow_inline(html: str) -> None:
    for found in INLINE.finditer(html):
        headers.allow(f"{found[1]}-src", headers.hash_source(found[2]))


def _is_for_respondents() -> bool:
    """Whether a customer or a shopper asked: they must never read the name of the staff's system."""
    door = request.path.split("/")[1]
    return door in RESPONDENT_DOORS or services().settings.surface == "public"


@cache
def _static_text(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


def _common() -> dict[str, Any]:
    language = locale()

    def text(key: str, /, **params: object) -> str:
        return catalogue.text(key, language, **params)

    def sentence(code: str, /, **params: object) -> str:
        return catalogue.sentence(code, language, **params)

    return {
        "locale": language,
        "t": text,
        "sentence": sentence,
        "inline": _static_text,
        "plain_script": plain_script(),
        "csrf": form_token() if not g.get("broken") else "",
        "identity": identity_or_none() if not g.get("broken") else None,
        "demo": _demo(),
        "path": request.path,
        "menu": menu,
        "request_id": g.get("request_id", ""),
    }


def _demo() -> bool:
    """Asked for every page: the banner must never be forgotten, and must never break a page either."""
    if g.get("broken"):
        return False
    try:
        return is_demo(connection())
    except SQLAlchemyError:
        return False
