"""/schemas/…: the JSON Schemas that definitions and facts name, so that editors complete and check them."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Blueprint, Response, request

from server import catalogue
from server.forms.authoring import schema as forms
from server.http.access import open_to_all
from server.scoring.programmes import schema as programmes
from server.scoring.schema import published_schema
from server.scoring.settling import fact_schema as facts

blueprint = Blueprint("schemas", __name__)

CACHED_FOR = "public, max-age=3600"
OPEN = open_to_all("it says what the language allows and nothing about anybody's definitions")


@blueprint.get(forms.PATH)
@OPEN
def form_schema() -> Response:
    """The schema of forms, the same for everybody."""
    return _schema(forms.PATH, "")


@blueprint.get(programmes.PATH)
@OPEN
def programme_schema() -> Response:
    """The schema of programmes, with titles in Chinese or, for `?lang=en`, in English."""
    return _schema(programmes.PATH, _language())


@blueprint.get(facts.PATH)
@OPEN
def facts_schema() -> Response:
    """The schema of facts, with titles in Chinese or, for `?lang=en`, in English."""
    return _schema(facts.PATH, _language())


def _language() -> str:
    """By the address alone: what an editor or a proxy keeps under it must not depend on who asked first."""
    asked = request.args.get("lang", "")
    return asked if asked in catalogue.LOCALES else catalogue.FALLBACK_LOCALE


def _schema(path: str, language: str) -> Response:
    response = Response(_published(path, language), mimetype="application/schema+json")
    response.headers["Cache-Control"] = CACHED_FOR
    return response


@cache
def _published(path: str, language: str) -> bytes:
    return json.dumps(_MADE[path](language), ensure_ascii=False, separators=(",", ":")).encode()


_MADE: dict[str, Callable[[str], dict[str, Any]]] = {
    forms.PATH: lambda _: published_schema(),
    programmes.PATH: lambda language: programmes.programme_schema(
        catalogue.texts(language, "schema"), language
    ),
    facts.PATH: lambda language: facts.facts_schema(catalogue.texts(language, "schema")),
}
