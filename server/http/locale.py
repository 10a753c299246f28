"""Which language the reader reads: what the page, the address, the reader's choice or the browser says."""

from typing import cast

from flask import g, request

LOCALES = ("zh", "en")


def locale() -> str:
    if "locale" not in g:
        g.locale = _from_request()
    return cast(str, g.locale)


def use_locale(chosen: str) -> None:
    """Decide the language for the rest of this request; nonsense leaves it as it was."""
    if chosen in LOCALES:
        g.locale = chosen


def _from_request() -> str:
    for asked in (request.args.get("lang"), request.cookies.get("lang")):
        if asked in LOCALES:
            return asked
    return request.accept_languages.best_match(LOCALES) or LOCALES[0]
