"""The words of a wave's messages for one person: its template, filled with what only this person gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from server.db import AnyRow
from server.fieldwork.outreach.check_words import check_word
from server.fieldwork.outreach.keys import Given, KeyKind
from server.notify.texts import choose, compose, cut, used

# How a message leads to the form: by a link of its own; by an address that is always the same and a code,
# where links in variables are forbidden; or not at all, where people answer the message itself.
WAYS: Final[Mapping[str, tuple[str, ...]]] = {"unique": ("link",), "code": ("link", "code"), "reply": ()}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a message: in which language, about which unit, and from when on."""

    locale: str
    unit: str
    unit_en: str | None
    leaves_at: datetime


def kinds_for(settings: Mapping[str, Any], template: str | Mapping[str, str]) -> tuple[KeyKind, ...]:
    """The keys that a template tells its readers, in any of its languages."""
    told = (
        used(template) if isinstance(template, str) else frozenset[str]().union(*map(used, template.values()))
    )
    way = settings.get("link", "unique")
    link: tuple[KeyKind, ...] = ("link",) if "link" in told and way != "code" else ()
    return (*link, "code") if "code" in told else link


def write(wave: AnyRow, template: str | Mapping[str, str], reader: Reader, given: Given) -> str:
    """A message of the wave, signed and with the words that refuse."""
    _, language = choose(template, reader.locale)
    return compose(
        template,
        locale=language,
        organisation=wave.settings["organisation"][language],
        unit=cut("unit", reader.unit if language == "zh" else reader.unit_en or reader.unit),
        link=given.link,
        more={
            "code": given.code,
            "check": check_word(wave.prn_key, language),
            "days": str(days_left(wave.closes_at, reader.leaves_at)),
        },
    )


def days_left(closes_at: datetime, since: datetime) -> int:
    """Whole days in which somebody can answer; the last one counts."""
    return max(1, -((since - closes_at) // timedelta(days=1)))
