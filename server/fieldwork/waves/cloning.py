"""The last wave once more: everything as it was, in the next period, with a draw of its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from server import audit
from server.db import AnyRow
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.plans import LONGEST_TITLE, plan_of
from server.fieldwork.waves.reading import find_wave_to_run
from server.models.waves import Wave
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Renewed:
    """What is different in the copy."""

    code: str
    title: str
    opens_at: datetime
    closes_at: datetime
    title_en: str | None = None


def clone_wave(
    connection: Connection, wave_id: UUID, renewed: Renewed, scope: Scope, *, by: str, now: datetime
) -> UUID:
    """Plan a wave like another one. The key of its random numbers is new: other people are drawn.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, or invalid_fields with every
            problem, also when the programme no longer has the instrument.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    new = replace(
        plan_of(wave),
        code=renewed.code,
        title=renewed.title,
        title_en=renewed.title_en,
        opens_at=renewed.opens_at,
        closes_at=renewed.closes_at,
    )
    copy_id = plan_wave(connection, new, by=by, now=now, scope=scope)
    audit.record(
        connection, [audit.Entry(by, "wave_cloned", f"wave:{copy_id}", {"from": str(wave_id)})], at=now
    )
    return copy_id


def suggestion(connection: Connection, wave: AnyRow, now: datetime) -> Renewed:
    """As long as the last one, following on it or on today, with a code that is free."""
    length = wave.closes_at - wave.opens_at
    opens = max(wave.closes_at, now.replace(minute=0, second=0, microsecond=0))
    taken = set(connection.scalars(select(Wave.code).where(Wave.code.startswith(wave.code[:29]))))
    code = next(each for number in range(2, 1000) if (each := f"{wave.code[:28]}-{number}") not in taken)
    return Renewed(code, wave.title[:LONGEST_TITLE], opens, opens + length, wave.title_en)
