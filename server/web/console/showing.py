"""Finding a wave for a page: what has not begun is shown only to those who prepare and follow it."""

from uuid import UUID

from server.db import AnyRow, connection
from server.errors import Refusal
from server.fieldwork.waves.reading import find_wave
from server.fieldwork.waves.secrecy import is_covert, is_reviewed
from server.fieldwork.waves.states import BEGUN
from server.http.access import identity


def find_shown_wave(wave_id: UUID) -> AnyRow:
    """The wave's row, as `find_wave` gives it.

    A branch that could open the page of a coming round would know that somebody is about to visit it.

    Raises:
        Refusal: not_found when there is none within the scope, or it has not begun and the reader is a
            branch's own.
    """
    who = identity()
    wave = find_wave(connection(), wave_id, who.scope)
    if wave.state not in BEGUN and not who.may("waves.follow"):
        raise Refusal("not_found")
    return wave


def is_secret(wave: AnyRow) -> bool:
    """Whether a reader may not even know how a running round goes.

    A branch that counts 1 of 1 visits as done, or sees its score appear, knows on which day somebody was
    there, and can tell who it was. Overt rounds and video checks are no secret.
    """
    if wave.state == "closed" or identity().may("waves.follow"):
        return False
    return is_covert(connection(), wave)


def waits_for_publication(wave: AnyRow) -> bool:
    """Whether a reader who sees no single sheets learns of a wave's scores only once they are published."""
    if identity().may("sheets.read"):
        return False
    return is_secret(wave) or is_reviewed(connection(), wave)
