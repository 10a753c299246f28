"""Migration 0006: what it makes of rows that were there, and the guard over what is published."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from server import migrations
from tests.embedded_session import SharedServices
from tests.fieldwork.forms_for_tests import definition, drafted, published
from tests.migrations.databases_for_tests import database_at

BEFORE = "0005"
OLD_ROWS = """
INSERT INTO form (id, key) VALUES ('00000000-0000-7000-8000-000000000001', 'old');
INSERT INTO form_version (id, form_id, version, status, content, content_hash, created_at) VALUES
    ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 1, 'published',
     '{}', '', '2026-05-04T02:00:00Z'),
    ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', 2, 'retired',
     '{}', '', '2026-05-04T02:00:00Z');
INSERT INTO draft (submission_id, form_version_id, answers, page, revision, updated_at) VALUES
    ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000002', '{"a": 1}', 0, 1,
     '2026-05-04T02:00:00Z');
INSERT INTO firm (id, code, name, created_at) VALUES
    ('00000000-0000-7000-8000-000000000005', 'F', 'Firm', '2026-05-04T02:00:00Z');
INSERT INTO api_key (id, firm_id, prefix, secret_hash, permissions, created_at) VALUES
    ('00000000-0000-7000-8000-000000000006', '00000000-0000-7000-8000-000000000005', 'ak', 'x',
     '["submissions.write"]', '2026-05-04T02:00:00Z'),
    ('00000000-0000-7000-8000-000000000007', '00000000-0000-7000-8000-000000000005', 'ak', 'y',
     '[]', '2026-05-04T02:00:00Z');
"""
CHANGES = (
    "UPDATE form_version SET content = '{}'",
    "UPDATE form_version SET content_hash = 'x'",
    "UPDATE form_version SET version = 9",
    "UPDATE form_version SET note = 'x'",
    "UPDATE form_version SET published_by = 'somebody'",
    "UPDATE form_version SET form_id = gen_random_uuid()",
    "UPDATE form_version SET status = 'draft', published_at = NULL",
    "DELETE FROM form_version",
)


@pytest.fixture
def before(shared: SharedServices, worker_id: str) -> Iterator[Engine]:
    """A database as the migration finds it, with rows."""
    with database_at(shared, f"form_versions_{worker_id}", BEFORE, OLD_ROWS) as engine:
        yield engine


def test_rows_that_were_there_stay_what_they_were(before: Engine) -> None:
    migrations.upgrade(before)
    with before.connect() as connection:
        versions = connection.execute(
            text(
                "SELECT status, created_by, published_by, published_at = created_at,"
                " retired_at IS NOT NULL FROM form_version ORDER BY version"
            )
        ).all()
        drafts = connection.execute(text("SELECT answers, left_behind FROM draft")).all()
        keys = connection.scalars(text("SELECT permissions FROM api_key ORDER BY id")).all()
    assert versions == [
        ("published", "system", "system", True, False),
        ("retired", "system", "system", True, True),
    ]
    assert drafts == [({"a": 1}, [])]
    assert keys == [["submissions.write", "forms.read"], []]


def refused(connection: Connection, statement: str, **values: Any) -> str:
    with pytest.raises(DBAPIError) as raised, connection.begin_nested():
        connection.execute(text(statement), values)
    return str(raised.value.orig)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_published_never_changes(connection: Connection, change: str) -> None:
    published(connection, definition())
    message = refused(connection, f"{change} {'' if 'WHERE' in change else 'WHERE version = 1'}")
    assert "a published definition" in message or "then retired" in message


def test_published_becomes_retired_and_stays_so(connection: Connection) -> None:
    published(connection, definition())
    retire = "UPDATE form_version SET status = 'retired', retired_at = now()"
    connection.execute(text(retire))
    back = "UPDATE form_version SET status = 'published', retired_at = NULL"
    assert "then retired" in refused(connection, back)


def test_a_draft_is_not_retired(connection: Connection) -> None:
    drafted(connection, definition())
    message = refused(
        connection,
        "UPDATE form_version SET status = 'retired', published_at = now(), retired_at = now()"
        " WHERE status = 'draft'",
    )
    assert "then retired" in message


def test_a_draft_may_change_and_go(connection: Connection) -> None:
    drafted(connection, definition())
    change = text("UPDATE form_version SET content = CAST(:content AS jsonb) WHERE status = 'draft'")
    connection.execute(change, {"content": json.dumps(definition("a"))})
    assert connection.execute(text("DELETE FROM form_version WHERE status = 'draft'")).rowcount == 1


def test_a_published_programme_never_changes_either(connection: Connection) -> None:
    message = refused(connection, "UPDATE programme_version SET content = '{}'")
    assert "a published definition never changes" in message
