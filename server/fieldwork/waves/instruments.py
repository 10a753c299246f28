"""By which instruments waves can be planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH, distinct_on

from server.db import AnyRow
from server.errors import Detail, Refusal
from server.models.definitions import FormVersion, Programme, ProgrammeVersion
from server.scoring.programmes.vocabulary import VISITED

# People we ask by a link of their own, and people who are sent or appointed to look.
ASKED = frozenset({"survey"})
ASSIGNED = frozenset(VISITED)
# A finding log, a ballot on paper or a panel has no wave of ours: its scores come with the facts.
PLANNED_KINDS = ASKED | ASSIGNED
# A verdict of a form that asks for photos or notes.
EVIDENCE = '$.pages.**.evidence ? (@.type() == "object")'


@dataclass(frozen=True, slots=True)
class Instrument:
    """A form used in a programme for one purpose."""

    programme_version_id: UUID
    programme: str
    programme_title: dict[str, str]
    name: str
    kind: str
    title: dict[str, str]
    form: str
    version: int


def instruments(connection: Connection) -> list[Instrument]:
    """What waves can be planned by: the surveys and visits with a form, of the newest published version of
    each programme."""
    rows = connection.execute(
        select(ProgrammeVersion.id, ProgrammeVersion.content, Programme.key)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(ProgrammeVersion.status == "published")
        .ext(distinct_on(Programme.key))
        .order_by(Programme.key, ProgrammeVersion.version.desc())
    )
    return [
        _instrument_of(row, each)
        for row in rows
        for each in row.content.get("instruments", ())
        if each["kind"] in PLANNED_KINDS and "form" in each and "version" in each
    ]


def _instrument_of(programme: AnyRow, each: Mapping[str, Any]) -> Instrument:
    return Instrument(
        programme_version_id=programme.id,
        programme=programme.key,
        programme_title=_by_language(programme.content["title"]),
        name=each["name"],
        kind=each["kind"],
        title=_by_language(each.get("title", each["name"])),
        form=each["form"],
        version=each["version"],
    )


def _by_language(text: str | dict[str, str]) -> dict[str, str]:
    return {"default": text} if isinstance(text, str) else text


def refuse_evidence(connection: Connection, form_version_id: UUID, instrument: str) -> None:
    """A customer's page has no place for proof of a verdict: that is a shopper's work.

    Raises:
        Refusal: invalid_fields.
    """
    asks = func.jsonb_path_exists(FormVersion.content, cast(EVIDENCE, JSONPATH))
    if instrument == "survey" and connection.scalar(select(asks).where(FormVersion.id == form_version_id)):
        raise Refusal("invalid_fields", details=[Detail("form_asks_evidence", "/instrument")])
