"""The words of a wave's messages for one person: its template, filled with what only this person gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from server.catalogue import day
from server.db import AnyRow
from server.fieldwork.outreach.check_words import check_word
from server.fieldwork.outreach.keys import Given, KeyKind
from server.notify.texts import WrittenLetter, choose, compose, compose_letter, cut, refusal_by_link, used

# How a message leads to the form: by a link of its own; by an address that is always the same and a code,
# where links in variables are forbidden; or not at all, where people answer the message itself.
WAYS: Final[Mapping[str, tuple[str, ...]]] = {"unique": ("link",), "code": ("link", "code"), "reply": ()}

# What closes at midnight can be answered on the day before.
MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a message: in which language, about which unit, and from when on."""

    locale: str
    unit: str
    unit_en: str | None
    leaves_at: datetime


def can_be_clicked(template: str | Mapping[str, str]) -> bool:
    """Whether a template leads anywhere: an e-mail that only asks to be answered is read by nobody."""
    return "link" in _told(template)


def _told(template: str | Mapping[str, str]) -> frozenset[str]:
    return (
        used(template) if isinstance(template, str) else frozenset[str]().union(*map(used, template.values()))
    )


def kinds_for(
    settings: Mapping[str, Any], template: str | Mapping[str, str], channel: str = "sms"
) -> tuple[KeyKind, ...]:
    """The keys that a template tells its readers, in any of its languages.

    What forbids links of one's own is a rule of SMS carriers; an e-mail has one in any case, and a letter a
    square and a code.
    """
    if channel == "letter":
        return ("letter", "code")
    told = _told(template)
    way = settings.get("link", "unique") if channel == "sms" else "unique"
    link: tuple[KeyKind, ...] = ("link",) if "link" in told and way != "code" else ()
    return (*link, "code") if "code" in told else link


def write(
    wave: AnyRow, template: str | Mapping[str, str], reader: Reader, given: Given, channel: str = "sms"
) -> str:
    """A message of the wave, signed and with the words that refuse."""
    _, language = choose(template, reader.locale)
    more = {
        "code": given.code,
        "check": check_word(wave.prn_key, language),
        "days": str(days_left(wave.closes_at, reader.leaves_at)),
    }
    if channel == "email":
        more["optout"] = refusal_by_link(given.link, locale=language)
    return compose(
        template,
        locale=language,
        organisation=wave.settings["organisation"][language],
        unit=cut("unit", reader.unit if language == "zh" else reader.unit_en or reader.unit),
        link=given.link,
        more=more,
    )


def write_letter(wave: AnyRow, reader: Reader, given: Given, envelope: str) -> str:
    """A letter of the wave, as its message keeps it."""
    language = "en" if reader.locale == "en" else "zh"
    body = compose_letter(
        wave.settings.get("letter", {}),
        locale=language,
        organisation=wave.settings["organisation"][language],
        unit=reader.unit if language == "zh" else reader.unit_en or reader.unit,
        until=day(wave.closes_at - MOMENT, language),
        days=str(days_left(wave.closes_at, reader.leaves_at)),
    )
    return WrittenLetter(envelope, body, given.code, given.code_page, given.link).to_text()


def days_left(closes_at: datetime, since: datetime) -> int:
    """Whole days in which somebody can answer; the last one counts."""
    return max(1, -((since - closes_at) // timedelta(days=1)))
