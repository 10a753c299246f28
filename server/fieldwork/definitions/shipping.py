"""Definitions that come as files: published as rows, once, and a published version never changes.

What people write in the console is in `versions`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit, catalogue, wire
from server.db import new_id
from server.forms import compile_form
from server.models.definitions import Form, FormVersion, Programme, ProgrammeVersion
from server.scoring.form_items import form_rules
from server.scoring.programmes.compiling import ProgrammeInvalid, compile_programme

DEFINITIONS = Path(__file__).resolve().parents[3] / "form_definitions"
SYSTEM = "system"


class DefinitionChanged(Exception):
    """A file of a published version has other content than what was published under that number."""


class ProgrammeWrong(Exception):
    """A shipped programme that must not be published."""


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """`form_definitions/<kind>s/<key>/<version>.json`."""

    key: str
    version: int
    content: dict[str, Any]


def shipped(kind: str, root: Path = DEFINITIONS) -> Iterator[DefinitionFile]:
    """The definitions of a kind (`forms` or `programmes`), by key and version."""
    for path in sorted((root / kind).glob("*/*.json")):
        content = wire.loads(path.read_bytes())
        yield DefinitionFile(path.parent.name, int(path.stem), cast(dict[str, Any], content))


def publish_shipped(connection: Connection, *, now: datetime, root: Path = DEFINITIONS) -> int:
    """Publish every shipped definition that is not there yet; returns how many were new.

    Raises:
        DefinitionChanged: when a published file was edited instead of getting a new version.
        server.forms.FormInvalid: when a form is wrong.
        ProgrammeWrong: when a programme is wrong, with its name and every problem.
    """
    published = 0
    for file in shipped("forms", root):
        compile_form(file.content)
        form_rules(file.content)
        published += _publish(connection, Form, FormVersion, file, now)
    for file in shipped("programmes", root):
        published += _publish(connection, Programme, ProgrammeVersion, file, now)
    return published


def _check_programme(file: DefinitionFile) -> None:
    try:
        compile_programme(file.content)
    except ProgrammeInvalid as error:
        wrong = "; ".join(
            f"{problem.pointer}: {catalogue.sentence(problem.code, 'en', **problem.params)}"
            for problem in error.problems
            if problem.severity == "error"
        )
        raise ProgrammeWrong(f"{file.key}/{file.version}.json must not be published. {wrong}") from None


def _publish(connection: Connection, parent: Any, versions: Any, file: DefinitionFile, now: datetime) -> bool:
    reference = versions.form_id if parent is Form else versions.programme_id
    content_hash = wire.fingerprint(file.content)
    connection.execute(insert_or_skip(parent).values(id=new_id(), key=file.key).on_conflict_do_nothing())
    parent_id = connection.scalar(select(parent.id).where(parent.key == file.key))
    known = connection.execute(
        select(versions.id, versions.content_hash, versions.status).where(
            reference == parent_id, versions.version == file.version
        )
    ).first()
    if known is not None and known.status == "draft":
        _renumber(connection, versions, known.id, reference == parent_id)
    elif known is not None:
        if known.content_hash != content_hash:
            raise DefinitionChanged(
                f"{file.key}/{file.version}.json differs from what was published as version {file.version}; "
                f"put the change into {file.version + 1}.json."
            )
        return False
    # Only what is new: a published version that a later linter would refuse must not stop an upgrade.
    if parent is Programme:
        _check_programme(file)
    connection.execute(
        insert(versions).values(
            {
                "id": new_id(),
                reference.key: parent_id,
                "version": file.version,
                "status": "published",
                "content": file.content,
                "content_hash": content_hash,
                "created_at": now,
                "created_by": SYSTEM,
                "published_at": now,
                "published_by": SYSTEM,
            }
        )
    )
    subject = f"definition:{file.key}/{file.version}"
    entry = audit.Entry(SYSTEM, "definition_published", subject, {"hash": content_hash})
    audit.record(connection, [entry], at=now)
    return True


def _renumber(connection: Connection, versions: Any, draft_id: UUID, siblings: ColumnElement[bool]) -> None:
    """A draft gives its number to the file that was shipped meanwhile."""
    newest = connection.execute(select(func.max(versions.version)).where(siblings)).scalar_one()
    connection.execute(update(versions).where(versions.id == draft_id).values(version=newest + 1))
