"""Messages as they will be sent, for pages that show or count them."""

from collections.abc import Mapping
from typing import Any

from server.db import AnyRow, connection
from server.fieldwork.links import code_page, invitation_link
from server.fieldwork.organisation.units import unit_names
from server.fieldwork.outreach.keys import CODE_DIGITS, Given, grouped
from server.fieldwork.outreach.wording import Reader, kinds_for, write
from server.http.locale import LOCALES
from server.notify.segments import Length, measure
from server.scope import Scope
from server.services import services

# As long as a real one, so that the length counted is the length sent.
SAMPLE_TOKEN = "X" * 22


def message_samples(wave: AnyRow, scope: Scope) -> dict[str, tuple[str, Length]]:
    """Each language's message as it will be sent to the outlet with the longest name, and its length."""
    outlets = unit_names(connection(), scope)
    found = {}
    for language, template in wave.settings["message"].items():
        place = LOCALES.index(language)
        name = max((names[place] for names in outlets.values()), key=len, default="")
        reader = Reader(language, name, name, wave.opens_at)
        sent = write(wave, {language: template}, reader, sample_keys(wave.settings, template))
        found[language] = (sent, measure(sent))
    return found


def sample_keys(settings: Mapping[str, Any], template: str | Mapping[str, str]) -> Given:
    """What a message may tell, as long as real ones."""
    public_url, kinds = services().settings.public_url, kinds_for(settings, template)
    link = invitation_link(public_url, SAMPLE_TOKEN) if "link" in kinds else code_page(public_url)
    return Given(link, grouped("0" * CODE_DIGITS) if "code" in kinds else "")
