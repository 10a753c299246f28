"""Versions of forms: a draft is written over until it is published; what is published stays as it is.

Forms belong to the whole organisation, so only those whose scope reaches all of it change them. A firm sees
the published forms of its own waves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit, wire
from server.db import AnyRow, AnySelect, new_id
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import reaches_all
from server.forms import Problem, lint
from server.models.definitions import Form, FormVersion
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.compile import lint as lint_scoring
from server.scoring.form_items import form_items

LARGEST_DEFINITION = 512 * 1024
LONGEST_NOTE = 200
# A key stands in addresses, file names and audit lines.
KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
OPEN_STATES = ("planned", "drawn", "launched")


@dataclass(frozen=True, slots=True)
class NewDraft:
    """What somebody wants to save.

    `replaces` is the hash of the draft that they had before their eyes, "" for none: what a colleague saved
    meanwhile must not vanish under it.
    """

    key: str
    content: object
    note: str = ""
    replaces: str = ""


def read_definition(data: bytes) -> object:
    """A file as JSON.

    Raises:
        Refusal: invalid_fields with what is wrong with the file, at `/file`.
    """
    if len(data) > LARGEST_DEFINITION:
        limit = {"limit": LARGEST_DEFINITION // 1024}
        raise Refusal("invalid_fields", details=[Detail("definition_too_large", "/file", limit)])
    try:
        return wire.loads(data)
    except wire.Unreadable as error:
        raise Refusal("invalid_fields", details=[Detail(error.code, "/file", error.params)]) from None


def problems_of(content: object) -> tuple[Problem, ...]:
    """Everything that is wrong with a definition, its scoring included, and everything that looks wrong."""
    found = lint(content)
    if has_errors(found) or not isinstance(content, dict):
        return found
    scoring = lint_scoring(content.get("scoring"), form_items(content))
    return (*found, *(Problem(each.pointer, each.code, each.severity, each.params) for each in scoring))


def has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def list_versions(connection: Connection, scope: Scope, *, key: str | None = None) -> Sequence[AnyRow]:
    """Every version of every form, or of one: by key, newest version first, without the contents.

    `waves` counts the waves within the scope that use it.
    """
    used = scope.waves(select(func.count()).where(Wave.form_version_id == FormVersion.id))
    query = _query(used.correlate(FormVersion).scalar_subquery().label("waves"))
    if key is not None:
        query = query.where(Form.key == key)
    order = (Form.key, FormVersion.version.desc())
    return connection.execute(_readable(query, scope).order_by(*order)).all()


def find_version(connection: Connection, key: str, version: int, scope: Scope) -> AnyRow:
    """One version with its `content`.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = _query(FormVersion.content).where(Form.key == key, FormVersion.version == version)
    row = connection.execute(_readable(query, scope)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def save_draft(connection: Connection, new: NewDraft, scope: Scope, *, by: str, now: datetime) -> int:
    """Save a definition as the form's one draft and return its version number.

    A definition with errors is saved as well, so that nothing is lost; it only cannot be published.

    Raises:
        Refusal: forbidden unless the scope reaches everything, invalid_fields, or conflict when there is
            another draft than the one to replace.
    """
    _refuse_part(connection, scope)
    content_hash = _checked(new)
    form_id, newest = _newest(connection, new.key)
    draft = newest if newest is not None and newest.status == "draft" else None
    if (draft.content_hash if draft else "") != new.replaces:
        raise Refusal("conflict")
    if newest is not None and draft is None and newest.content_hash == content_hash:
        known = {"version": newest.version}
        raise Refusal("invalid_fields", details=[Detail("definition_published_before", "/file", known)])
    values = {
        "content": new.content,
        "content_hash": content_hash,
        "note": new.note.strip() or None,
        "created_at": now,
        "created_by": by,
    }
    if draft is not None:
        version: int = draft.version
        connection.execute(update(FormVersion).where(FormVersion.id == draft.id).values(**values))
    else:
        version = newest.version + 1 if newest is not None else 1
        row = {"id": new_id(), "form_id": form_id, "version": version, "status": "draft", **values}
        connection.execute(insert(FormVersion).values(**row))
    entry = audit.Entry(by, "definition_drafted", _subject(new.key, version), {"hash": content_hash})
    audit.record(connection, [entry], at=now)
    return version


def publish(connection: Connection, row: AnyRow, scope: Scope, *, by: str, now: datetime) -> None:
    """Publish a draft, for good.

    Args:
        row: the version as `find_version` gave it, and as the publisher had it before their eyes.

    Raises:
        Refusal: forbidden unless the scope reaches everything, conflict when it is no draft or was saved
            anew meanwhile, or invalid_fields with every error of the definition.
    """
    _refuse_part(connection, scope)
    draft = _locked(connection, row.id, "draft")
    if draft.content_hash != row.content_hash:
        raise Refusal("conflict")
    errors = [problem for problem in problems_of(draft.content) if problem.severity == "error"]
    if errors:
        raise Refusal("invalid_fields", details=[Detail(e.code, e.pointer, e.params) for e in errors])
    values = {"status": "published", "published_at": now, "published_by": by}
    connection.execute(update(FormVersion).where(FormVersion.id == row.id).values(**values))
    subject = _subject(row.key, row.version)
    entry = audit.Entry(by, "definition_published", subject, {"hash": row.content_hash})
    audit.record(connection, [entry], at=now)


def retire(connection: Connection, row: AnyRow, scope: Scope, *, by: str, now: datetime) -> None:
    """Take a published version out of use. Submissions keep it, and so do waves that are over.

    Raises:
        Refusal: forbidden unless the scope reaches everything, conflict when it is not published, or
            invalid_fields while a wave that is not over uses it.
    """
    _refuse_part(connection, scope)
    # Planning and moving take a share of this lock: no wave slips in between the look and the decision.
    _locked(connection, row.id, "published")
    codes = connection.scalars(
        select(Wave.code)
        .where(Wave.form_version_id == row.id, Wave.state.in_(OPEN_STATES))
        .order_by(Wave.code)
        .limit(5)
    ).all()
    if codes:
        in_use = Detail("form_in_use", "/version", {"waves": ", ".join(codes)})
        raise Refusal("invalid_fields", details=[in_use])
    values = {"status": "retired", "retired_at": now}
    connection.execute(update(FormVersion).where(FormVersion.id == row.id).values(**values))
    entry = audit.Entry(by, "definition_retired", _subject(row.key, row.version), {})
    audit.record(connection, [entry], at=now)


def delete_draft(connection: Connection, row: AnyRow, scope: Scope, *, by: str, now: datetime) -> None:
    """Delete a draft, and the form with it when it has no other version.

    Raises:
        Refusal: forbidden unless the scope reaches everything, or conflict when it is no draft or was saved
            anew meanwhile.
    """
    _refuse_part(connection, scope)
    draft = _locked(connection, row.id, "draft")
    if draft.content_hash != row.content_hash:
        raise Refusal("conflict")
    connection.execute(delete(FormVersion).where(FormVersion.id == row.id))
    others = select(FormVersion.id).where(FormVersion.form_id == Form.id)
    connection.execute(delete(Form).where(Form.id == draft.form_id, ~others.exists()))
    subject = _subject(row.key, row.version)
    entry = audit.Entry(by, "definition_draft_deleted", subject, {"hash": row.content_hash})
    audit.record(connection, [entry], at=now)


def _query(*columns: Any) -> AnySelect:
    return select(
        FormVersion.id, Form.key, FormVersion.version, FormVersion.status, FormVersion.content_hash,
        FormVersion.note, FormVersion.created_at, FormVersion.published_at, FormVersion.retired_at,
        func.greatest(
            FormVersion.created_at, FormVersion.published_at, FormVersion.retired_at
        ).label("changed_at"),
        FormVersion.content["title"].label("title"), *columns,
    ).join(Form, Form.id == FormVersion.form_id)  # fmt: skip


def _readable(query: AnySelect, scope: Scope) -> AnySelect:
    if scope.firm_ids is None:
        return query.where(true())
    asked = scope.waves(select(Wave.id).where(Wave.form_version_id == FormVersion.id))
    return query.where(FormVersion.status != "draft", asked.correlate(FormVersion).exists())


def _refuse_part(connection: Connection, scope: Scope) -> None:
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")


def _checked(new: NewDraft) -> str:
    """The content's hash."""
    note = {"limit": LONGEST_NOTE}
    checks = (
        (not KEY.fullmatch(new.key), Detail("form_key_characters", "/key")),
        (not isinstance(new.content, dict), Detail("definition_not_object", "/file")),
        (len(new.note) > LONGEST_NOTE, Detail("text_too_long", "/note", note)),
    )
    details = [detail for wrong, detail in checks if wrong]
    if details or not isinstance(new.content, dict):
        raise Refusal("invalid_fields", details=details)
    return wire.fingerprint(new.content)


def _newest(connection: Connection, key: str) -> tuple[UUID, AnyRow | None]:
    """The form of this key, made and locked, and its draft or else its newest version."""
    connection.execute(insert_or_skip(Form).values(id=new_id(), key=key).on_conflict_do_nothing())
    # The lock lets two people who save at once take turns: one number each, and one draft.
    form_id = connection.execute(select(Form.id).where(Form.key == key).with_for_update()).scalar_one()
    newest = connection.execute(
        select(FormVersion.id, FormVersion.version, FormVersion.status, FormVersion.content_hash)
        .where(FormVersion.form_id == form_id)
        .order_by((FormVersion.status == "draft").desc(), FormVersion.version.desc())
        .limit(1)
    ).first()
    return form_id, newest


def _locked(connection: Connection, version_id: UUID, needed: str) -> AnyRow:
    """Raises: Refusal: conflict when somebody has published, retired or deleted it meanwhile."""
    row = connection.execute(
        select(*FormVersion.__table__.columns).where(FormVersion.id == version_id).with_for_update()
    ).first()
    if row is None or row.status != needed:
        raise Refusal("conflict")
    return row


def _subject(key: str, version: int) -> str:
    return f"definition:{key}/{version}"
