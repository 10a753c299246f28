"""Publishing the shipped definitions: files become rows, and a published version never changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit, wire
from server.db import new_id
from server.forms import compile_form
from server.models.definitions import Form, FormVersion, Programme, ProgrammeVersion
from server.scoring.form_items import form_rules

DEFINITIONS = Path(__file__).resolve().parents[2] / "form_definitions"


class DefinitionChanged(Exception):
    """A file of a published version has other content than what was published under that number."""


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


def publish_shipped(connection: Connection, *, now: datetime) -> int:
    """Publish every shipped definition that is not there yet; returns how many were new.

    Raises:
        DefinitionChanged: when a published file was edited instead of getting a new version.
        server.forms.FormInvalid: when a form is wrong.
    """
    published = 0
    for file in shipped("forms"):
        compile_form(file.content)
        form_rules(file.content)
        published += _publish(connection, Form, FormVersion, file, now)
    for file in shipped("programmes"):
        published += _publish(connection, Programme, ProgrammeVersion, file, now)
    return published


def _publish(connection: Connection, parent: Any, versions: Any, file: DefinitionFile, now: datetime) -> bool:
    reference = versions.form_id if parent is Form else versions.programme_id
    content_hash = wire.fingerprint(file.content)
    connection.execute(insert_or_skip(parent).values(id=new_id(), key=file.key).on_conflict_do_nothing())
    parent_id = connection.scalar(select(parent.id).where(parent.key == file.key))
    known = connection.scalar(
        select(versions.content_hash).where(reference == parent_id, versions.version == file.version)
    )
    if known is not None:
        if known != content_hash:
            raise DefinitionChanged(
                f"{file.key}/{file.version}.json differs from what was published as version {file.version}; "
                f"put the change into {file.version + 1}.json."
            )
        return False
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
            }
        )
    )
    entry = audit.Entry(
        "system", "definition_published", f"definition:{file.key}/{file.version}", {"hash": content_hash}
    )
    audit.record(connection, [entry], at=now)
    return True
