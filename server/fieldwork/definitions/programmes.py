"""Versions of programmes in the database: published from a file, once, and retired; never changed.

Programmes belong to the whole organisation, so only those whose scope reaches all of it publish and retire
them. A firm sees the programmes of its own waves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit, wire
from server.db import AnyRow, AnySelect, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.versions import KEY, LONGEST_NOTE, OPEN_STATES
from server.fieldwork.organisation.units import reaches_all
from server.forms import compile_form
from server.models.definitions import Form, FormVersion, Programme, ProgrammeVersion
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.programmes.call_backs import unknown_questions
from server.scoring.programmes.compiling import compile_programme, lint_programme


@dataclass(frozen=True, slots=True)
class NewProgramme:
    """What somebody wants to publish. `note` says to colleagues what is new about it."""

    key: str
    content: object
    note: str = ""


def list_programmes(connection: Connection, scope: Scope, *, key: str | None = None) -> Sequence[AnyRow]:
    """Every version of every programme, or of one: by key, newest version first, without the contents."""
    query = _query() if key is None else _query().where(Programme.key == key)
    order = (Programme.key, ProgrammeVersion.version.desc())
    return connection.execute(_readable(query, scope).order_by(*order)).all()


def published_programmes(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """The newest published version of each programme, by key, without the contents."""
    found: dict[str, AnyRow] = {}
    for row in list_programmes(connection, scope):
        if row.status == "published":
            found.setdefault(row.key, row)
    return list(found.values())


def find_programme(connection: Connection, key: str, scope: Scope, *, version: int | None = None) -> AnyRow:
    """One version with its `content`: the newest that is published, unless a version is named.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = _query(ProgrammeVersion.content).where(Programme.key == key)
    if version is None:
        query = query.where(ProgrammeVersion.status == "published")
    else:
        query = query.where(ProgrammeVersion.version == version)
    newest = query.order_by(ProgrammeVersion.version.desc()).limit(1)
    row = connection.execute(_readable(newest, scope)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def publish_programme(
    connection: Connection, new: NewProgramme, scope: Scope, *, by: str, now: datetime
) -> int:
    """Publish a definition as the next version of its programme, for good; returns the version's number.

    Raises:
        Refusal: forbidden unless the scope reaches everything, or invalid_fields with every error of the
            definition, and every form it names that is not published.
    """
    _refuse_part(connection, scope)
    details = list(_problems(connection, new))
    if details or not isinstance(new.content, dict):
        raise Refusal("invalid_fields", details=details)
    content_hash = wire.fingerprint(new.content)
    programme_id, newest = _newest(connection, new.key)
    if newest is not None and newest.content_hash == content_hash:
        known = {"version": newest.version}
        raise Refusal("invalid_fields", details=[Detail("definition_published_before", "/file", known)])
    version = 1 if newest is None else int(newest.version) + 1
    connection.execute(
        insert(ProgrammeVersion).values(
            id=new_id(),
            programme_id=programme_id,
            version=version,
            status="published",
            content=new.content,
            content_hash=content_hash,
            note=new.note.strip() or None,
            created_at=now,
            created_by=by,
            published_at=now,
            published_by=by,
        )
    )
    entry = audit.Entry(by, "definition_published", _subject(new.key, version), {"hash": content_hash})
    audit.record(connection, [entry], at=now)
    return version


def retire_programme(connection: Connection, row: AnyRow, scope: Scope, *, by: str, now: datetime) -> None:
    """Take a published version out of use. Waves and settlements that were made by it keep it.

    Raises:
        Refusal: forbidden unless the scope reaches everything, conflict when it is not published, or
            invalid_fields while a wave that is not over was planned by it.
    """
    _refuse_part(connection, scope)
    table = ProgrammeVersion
    status = connection.scalar(select(table.status).where(table.id == row.id).with_for_update())
    if status != "published":
        raise Refusal("conflict")
    codes = connection.scalars(
        select(Wave.code)
        .where(Wave.programme_version_id == row.id, Wave.state.in_(OPEN_STATES))
        .order_by(Wave.code)
        .limit(5)
    ).all()
    if codes:
        in_use = Detail("programme_in_use", "/version", {"waves": ", ".join(codes)})
        raise Refusal("invalid_fields", details=[in_use])
    connection.execute(update(table).where(table.id == row.id).values(status="retired", retired_at=now))
    entry = audit.Entry(by, "definition_retired", _subject(row.key, row.version), {})
    audit.record(connection, [entry], at=now)


def _query(*columns: Any) -> AnySelect:
    return select(
        ProgrammeVersion.id, ProgrammeVersion.programme_id, Programme.key, ProgrammeVersion.version,
        ProgrammeVersion.status, ProgrammeVersion.content_hash, ProgrammeVersion.note,
        ProgrammeVersion.published_at, ProgrammeVersion.retired_at,
        ProgrammeVersion.content["title"].label("title"), *columns,
    ).join(Programme, Programme.id == ProgrammeVersion.programme_id)  # fmt: skip


def _readable(query: AnySelect, scope: Scope) -> AnySelect:
    if scope.firm_ids is None:
        return query
    asked = scope.waves(select(Wave.id).where(Wave.programme_version_id == ProgrammeVersion.id))
    return query.where(asked.correlate(ProgrammeVersion).exists())


def _refuse_part(connection: Connection, scope: Scope) -> None:
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")


def _problems(connection: Connection, new: NewProgramme) -> Iterator[Detail]:
    if not KEY.fullmatch(new.key):
        yield Detail("form_key_characters", "/key")
    if len(new.note) > LONGEST_NOTE:
        yield Detail("text_too_long", "/note", {"limit": LONGEST_NOTE})
    errors = [each for each in lint_programme(new.content) if each.severity == "error"]
    yield from (Detail(each.code, each.pointer, each.params) for each in errors)
    if not errors and isinstance(new.content, dict):
        yield from _missing_forms(connection, new.content.get("instruments", []))
        yield from _unread_answers(connection, new.content)


def _missing_forms(connection: Connection, instruments: Sequence[dict[str, Any]]) -> Iterator[Detail]:
    """Instruments whose form version is not published: a wave of theirs could not be planned."""
    rows = connection.execute(
        select(Form.key, FormVersion.version)
        .join(FormVersion, FormVersion.form_id == Form.id)
        .where(FormVersion.status == "published")
    )
    published = {(row.key, row.version) for row in rows}
    for index, each in enumerate(instruments):
        if "form" in each and "version" in each and (each["form"], each["version"]) not in published:
            yield Detail("form_not_published", f"/instruments/{index}/form")
        quiz = each.get("visits", {}).get("quiz")
        if quiz and (quiz["form"], quiz["version"]) not in published:
            yield Detail("form_not_published", f"/instruments/{index}/visits/quiz/form")


def _unread_answers(connection: Connection, content: dict[str, Any]) -> Iterator[Detail]:
    """Call-backs whose conditions read what the form does not ask: nobody would ever be rung."""
    call_backs = compile_programme(content).call_backs
    for index, each in enumerate(content.get("instruments", []) if call_backs else ()):
        definition = connection.scalar(
            select(FormVersion.content)
            .join(Form, Form.id == FormVersion.form_id)
            .where(Form.key == each.get("form"), FormVersion.version == each.get("version"))
        )
        if definition is not None and each["name"] in call_backs:
            pointer = f"/instruments/{index}/callBack"
            for found in unknown_questions(call_backs[each["name"]], pointer, compile_form(definition)):
                yield Detail(found.code, found.pointer, found.params)


def _newest(connection: Connection, key: str) -> tuple[UUID, AnyRow | None]:
    """The programme of this key, made and locked, and its newest version."""
    connection.execute(insert_or_skip(Programme).values(id=new_id(), key=key).on_conflict_do_nothing())
    # The lock lets two people who publish at once take turns: one number each.
    programme_id = connection.execute(
        select(Programme.id).where(Programme.key == key).with_for_update(key_share=True)
    ).scalar_one()
    newest = connection.execute(
        select(ProgrammeVersion.version, ProgrammeVersion.content_hash)
        .where(ProgrammeVersion.programme_id == programme_id)
        .order_by(ProgrammeVersion.version.desc())
        .limit(1)
    ).first()
    return programme_id, newest


def _subject(key: str, version: int) -> str:
    return f"definition:{key}/{version}"
