"""What the app is made of: its shell, its scripts, its icon, what a browser needs to install it."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for
from markupsafe import escape

from server import catalogue
from server.db import transaction
from server.errors import Refusal
from server.fieldwork.outreach import guessing
from server.fieldwork.visiting import authority
from server.http import headers
from server.http.locale import locale, use_locale
from server.http.problems import json_response
from server.http.visitor import visitor_address
from server.services import services
from server.web.phone.knowing import NOBODY
from server.web.presenting import inlined, page

STATIC: Final = Path(__file__).parents[1] / "static" / "phone"
AREA: Final = "phone"
WORDS: Final = "words.js"
STYLE: Final = "app.css"
# Also of the page without scripts, which carries them inside.
SHARED_STYLES: Final = ("visit.css", "kinds.css")
ICON_COLOUR: Final = "#0b6bcb"
# Scripts of what is opened seldom, and with a network: loaded then. A visit that needs one of them without a
# network names it when it is prepared. The service worker keeps what it imports itself.
LATER: Final = frozenset({"claiming", "films", "quiz", "spot", "thread", "waking"})


def install(blueprint: Blueprint) -> None:
    blueprint.get("/")(NOBODY(home))
    blueprint.get("/in/<token>", endpoint="link")(NOBODY(home))
    blueprint.get("/app/<version>/<filename>")(NOBODY(asset))
    blueprint.get("/worker.js")(NOBODY(worker))
    blueprint.get("/app.webmanifest")(NOBODY(manifest))
    blueprint.get("/icon.svg")(NOBODY(icon))
    blueprint.get("/here")(NOBODY(here))
    blueprint.route("/letter", methods=["GET", "POST"])(NOBODY(letter))


def home(token: str = "") -> Response:
    """The list, drawn by its script. The page itself holds nothing of anybody: it is kept for everybody."""
    headers.allow("img-src", "blob:")
    headers.allow_store()
    html = render_template("phone/home.html", files=files(), name=name(), token=token)
    return inlined(html)


def here() -> Response:
    """Whether the network leads to us: a captive portal answers too, but not like this."""
    return Response("{}", mimetype="application/json")


def asset(version: str, filename: str) -> Response:
    """One file of a release; another release's address gets today's file, which nobody may keep."""
    if filename not in {path.name for path in _files()}:
        raise Refusal("not_found")
    _, _, language = version.rpartition("-")
    use_locale(language)
    # As a text, not as a stream: streams are not compressed.
    mimetype = "text/css" if filename.endswith(".css") else "text/javascript"
    response = Response(_content(filename, locale()), mimetype=mimetype)
    fresh = version == _release()
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-store"
    return response


@cache
def _content(filename: str, language: str) -> str:
    """A file as it is, with what stands in other places: the style of visits, the texts in a language."""
    own = (STATIC / filename).read_text("utf-8")
    if filename == STYLE:
        return own + "".join((STATIC.parent / name).read_text("utf-8") for name in SHARED_STYLES)
    if filename == WORDS:
        return f"const texts = {json.dumps(catalogue.texts(language, AREA), ensure_ascii=False)};\n{own}"
    return own


def worker() -> Response:
    """The service worker, with the list of what it keeps. Any change of a file is a new worker.

    With `?waking` it is a module that also sends the queue when the browser wakes it.
    """
    headers.allow_store()
    listed = [url_for("phone.home"), url_for("phone.icon"), *files().values()]
    code = (STATIC / "worker.js").read_text("utf-8")
    lines = ",\n  ".join(f"'{each}'" for each in listed)
    waking = "".join(f"import '{each}';\n" for each in later("waking")) if "waking" in request.args else ""
    body = f"{waking}const VERSION = '{_release()}';\nconst FILES = [\n  {lines},\n];\n{code}"
    return Response(body, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})


def manifest() -> Response:
    """How the app is called on somebody's home screen: neutrally."""
    language = locale()
    body = {
        "id": url_for("phone.home"),
        "name": name(),
        "short_name": name(),
        "start_url": url_for("phone.home"),
        "scope": url_for("phone.home"),
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "lang": "zh-CN" if language == "zh" else language,
        "icons": [{"src": url_for("phone.icon"), "sizes": "any", "type": "image/svg+xml"}],
    }
    return json_response(body, mimetype="application/manifest+json")


def icon() -> Response:
    """The first sign of the name on a plain ground."""
    sign = escape(services().settings.phone_icon or name()[:1])
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">'
        f'<rect width="512" height="512" rx="96" fill="{ICON_COLOUR}"/>'
        '<text x="256" y="344" font-size="248" text-anchor="middle" fill="#fff"'
        f' font-family="sans-serif">{sign}</text></svg>'
    )
    return Response(drawn, mimetype="image/svg+xml")


def letter() -> Response:
    """Whether a letter of authority is ours; whoever is shown one types its code here."""
    typed, found, state = request.form.get("code", "").strip(), None, ""
    if request.method == "POST" and typed:
        given = services()
        now = given.clock.now()
        try:
            with transaction() as connection:
                guess = guessing.count_guess(connection, guessing.CODES, visitor_address(), given.keys, now)
                found = authority.confirm(connection, typed, given.keys, now=now)
                if found is not None:
                    guessing.take_back(connection, guess)
            state = "known" if found else "unknown"
        except guessing.TooManyGuesses:
            state = "busy"
    status = {"unknown": 422, "busy": 429}.get(state, 200)
    return page("phone/letter.html", status=status, found=found, state=state, typed=typed[:40])


def name() -> str:
    """How the app calls itself."""
    settings = services().settings
    return settings.phone_name or catalogue.text("phone.name", locale())


def files() -> dict[str, str]:
    """The scripts and the style that every phone keeps, by name; scripts find each other."""
    return {path.stem: _address(path) for path in _files() if path.stem not in LATER}


def later(*names: str) -> list[str]:
    """The addresses of scripts that are loaded later."""
    return [_address(path) for path in _files() if path.stem in LATER.intersection(names)]


def _address(path: Path) -> str:
    return url_for("phone.asset", version=_release(), filename=path.name)


def _release() -> str:
    """Stands in the address of each file: another release, or another language, is another file."""
    return f"{_version()}-{locale()}"


@cache
def _files() -> tuple[Path, ...]:
    """What a page loads; the worker has an address of its own."""
    return tuple(path for path in sorted(STATIC.iterdir()) if path.name != "worker.js")


@cache
def _version() -> str:
    """Of all files and texts together: one name a release."""
    digest = hashlib.sha256()
    shared = (STATIC.parent / name for name in SHARED_STYLES)
    for path in sorted((*STATIC.iterdir(), *shared, *catalogue.TEXTS.glob(f"*/{AREA}.json"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
