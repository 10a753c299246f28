"""Which rounds nobody they visit may notice."""

from sqlalchemy import Connection

from server.db import AnyRow
from server.fieldwork.definitions.compiled import programme_of


def is_covert(connection: Connection, wave: AnyRow) -> bool:
    """Whether the outlets of a round do not know that somebody comes. Overt rounds and video checks are no
    secret.

    Args:
        wave: programme_version_id, instrument, instrument_name.
    """
    if wave.instrument != "visit":
        return False
    return not programme_of(connection, wave.programme_version_id).visits_of(wave.instrument_name).overt


def is_reviewed(connection: Connection, wave: AnyRow) -> bool:
    """Whether its reports count only once they were looked through, and are known once they are published.

    Args:
        wave: as of `is_covert`.
    """
    review = programme_of(connection, wave.programme_version_id).review
    return review.required and review.covers(wave.instrument, wave.instrument_name)
