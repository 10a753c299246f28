"""What is asked of a sender: from a firm's wave and subject code, or from a personal task, to an `Ask`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from server.db import AnyRow
from server.errors import Refusal
from server.intake import known
from server.intake.prepare import Ask, Door
from server.intake.shelf import FormShelf, ShelvedForm
from server.models.organisation import Subject, Unit
from server.models.waves import Wave

# Built once: putting a statement together costs several times what its execution does.
_WAVE = (
    select(
        Wave.id, Wave.code, Wave.instrument, Wave.timezone, Wave.form_version_id, Wave.state,
        Wave.opens_at, Wave.closes_at, Unit.path,
    )
    .join(Unit, Unit.id == Wave.unit_id, isouter=True)
    .where(Wave.code == bindparam("code"), Wave.firm_id == bindparam("firm_id"))
)  # fmt: skip
_SUBJECTS = (
    select(Subject.code, Subject.id, Subject.name, *known.COLUMNS)
    .join(Unit, Unit.id == Subject.unit_id, isouter=True)
    .where(Subject.code.in_(bindparam("codes", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class OpenWave:
    """A wave that takes submissions of a firm now."""

    id: UUID
    code: str
    instrument: str
    timezone: str
    unit_path: str | None
    firm_id: UUID
    shelved: ShelvedForm


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """A subject of a wave and what its form knows before the start."""

    id: UUID
    variables: Mapping[str, Any]


def open_wave(
    connection: Connection, shelf: FormShelf, code: str, firm_id: UUID, *, now: datetime
) -> OpenWave:
    """The firm's wave of this code.

    Raises:
        Refusal: not_found for a wave that is not the firm's (whether or not it exists), wave_not_open
            outside its dates or before its launch.
    """
    row = connection.execute(_WAVE, {"code": code, "firm_id": firm_id}).first()
    if row is None:
        raise Refusal("not_found")
    if row.state != "launched" or not row.opens_at <= now < row.closes_at:
        raise Refusal("wave_not_open", wave=row.code)
    shelved = shelf.get(connection, row.form_version_id)
    return OpenWave(row.id, row.code, row.instrument, row.timezone, row.path, firm_id, shelved)


def find_subjects(connection: Connection, wave: OpenWave, codes: Iterable[str]) -> dict[str, SubjectFacts]:
    """The subjects of the wave among these codes; what lies outside the wave's subtree is absent."""
    query = _SUBJECTS
    if wave.unit_path is not None:
        query = query.where(Unit.path.startswith(wave.unit_path, autoescape=True))
    return {
        row.code: SubjectFacts(row.id, _variables(row))
        for row in connection.execute(query, {"codes": list(set(codes))})
    }


def ask_firm(wave: OpenWave, subject: SubjectFacts, *, door: Door, now: datetime) -> Ask:
    return Ask(
        wave_id=wave.id,
        subject_id=subject.id,
        shelved=wave.shelved,
        variables=subject.variables,
        today=now.astimezone(ZoneInfo(wave.timezone)).date(),
        door=door,
        finds_faults=wave.instrument == "visit",
        firm_id=wave.firm_id,
    )


def row_id(wave: OpenWave, external_id: str) -> UUID:
    """The submission id of a firm's own row: UUIDv5 of firm, wave and external id, so a file sent again
    meets its own rows and those of nobody else."""
    return uuid5(wave.firm_id, f"{wave.code}/{external_id}")


def _variables(row: AnyRow) -> dict[str, Any]:
    return {**known.of_unit(row, row.name), "served_on": None}
