"""Planning a whole period at once: the proposals that a coordinator keeps become planned waves together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from server.errors import Detail, Refusal
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.plans import NewWave
from server.scope import Scope


def plan_waves(
    connection: Connection, wanted: Sequence[NewWave], scope: Scope, *, by: str, now: datetime
) -> list[UUID]:
    """Plan all of them or none.

    Raises:
        Refusal: invalid_fields with the problems of every wave, each pointing to its place (`/0/ratio`).
    """
    problems, planned = [], []
    for place, new in enumerate(wanted):
        try:
            planned.append(plan_wave(connection, new, by=by, now=now, scope=scope))
        except Refusal as refusal:
            if refusal.code != "invalid_fields":
                raise
            problems += [replace(each, pointer=f"/{place}{each.pointer}") for each in refusal.details]
    if not wanted:
        problems.append(Detail("nothing_chosen", "/chosen"))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return planned
