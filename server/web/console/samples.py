"""Messages as they will be sent, for pages that show or count them."""

from server.db import AnyRow, connection
from server.fieldwork.links import invitation_link
from server.fieldwork.organisation.units import unit_names
from server.http.locale import LOCALES
from server.notify.segments import Length, measure
from server.notify.texts import compose
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
        sent = compose(
            template,
            locale=language,
            organisation=wave.settings["organisation"][language],
            unit=max((names[place] for names in outlets.values()), key=len, default=""),
            link=invitation_link(services().settings.public_url, SAMPLE_TOKEN),
        )
        found[language] = (sent, measure(sent))
    return found
