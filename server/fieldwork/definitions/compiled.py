"""Compiled programmes, kept: a published version never changes, and compiling one takes as long as a page."""

from collections import OrderedDict
from uuid import UUID

from sqlalchemy import Connection, select

from server.models.definitions import ProgrammeVersion
from server.scoring.programmes.compiling import compile_programme
from server.scoring.programmes.definition import Programme

MOST_KEPT = 64
_kept: OrderedDict[UUID, Programme] = OrderedDict()


def programme_of(connection: Connection, version_id: UUID) -> Programme:
    """The compiled version of a programme, by its id. Names no unit and no person, so it takes no scope."""
    known = _kept.get(version_id)
    if known is None:
        content = connection.execute(
            select(ProgrammeVersion.content).where(ProgrammeVersion.id == version_id)
        ).scalar_one()
        known = _kept[version_id] = compile_programme(content)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return known
