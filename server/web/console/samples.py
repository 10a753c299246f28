"""Messages as they will be sent, for pages that show or count them."""

from server.db import AnyRow, connection
from server.fieldwork.organisation.units import unit_names
from server.fieldwork.outreach.pricing import sample_keys
from server.fieldwork.outreach.wording import Reader, write
from server.http.locale import LOCALES
from server.notify.segments import Length, measure
from server.scope import Scope
from server.services import services


def message_samples(wave: AnyRow, scope: Scope) -> dict[str, tuple[str, Length]]:
    """Each language's message as it will be sent to the outlet with the longest name, and its length."""
    # Of a wave for one district, the example is one of its outlets.
    outlets = unit_names(connection(), scope, wave.unit_path or "")
    found = {}
    for language, template in wave.settings["message"].items():
        place = LOCALES.index(language)
        name = max((names[place] for names in outlets.values()), key=len, default="")
        reader = Reader(language, name, name, wave.opens_at)
        sent = write(wave, {language: template}, reader, sample_keys(wave, services().settings.public_url))
        found[language] = (sent, measure(sent))
    return found
