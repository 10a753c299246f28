"""Migration 0007: what it makes of programmes and waves that were there."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from server import migrations
from tests.embedded_session import SharedServices
from tests.migrations.databases_for_tests import database_at

BEFORE = "0006"
OLD_ROWS = """
INSERT INTO form (id, key) VALUES ('00000000-0000-7000-8000-000000000001', 'hall'),
    ('00000000-0000-7000-8000-000000000002', 'shop');
INSERT INTO form_version (id, form_id, version, status, content, content_hash, created_at, published_at)
    SELECT gen_random_uuid(), id, 1, 'published', '{}', '', '2026-05-04T02:00:00Z', '2026-05-04T02:00:00Z'
    FROM form;
INSERT INTO programme (id, key) VALUES ('00000000-0000-7000-8000-000000000003', 'old');
INSERT INTO programme_version (id, programme_id, version, status, content, content_hash, created_at) VALUES
    ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000003', 1, 'published',
     '{"instruments": [{"name": "log", "kind": "log"},
       {"name": "first", "kind": "survey", "form": "hall", "version": 1},
       {"name": "second", "kind": "survey", "form": "shop", "version": 1},
       {"name": "third", "kind": "survey", "form": "shop", "version": 1}]}', '', '2026-05-04T02:00:00Z'),
    ('00000000-0000-7000-8000-000000000005', '00000000-0000-7000-8000-000000000003', 2, 'retired',
     '{}', '', '2026-05-04T02:00:00Z');
INSERT INTO wave (id, programme_version_id, code, title, instrument, form_version_id, state, opens_at,
        closes_at, timezone, settings, prn_key, created_at)
    SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000004', form.key || kind, '', kind,
        form_version.id, 'planned', '2026-05-04T02:00:00Z', '2026-06-04T02:00:00Z', 'Asia/Shanghai', '{}',
        'x', '2026-05-04T02:00:00Z'
    FROM form_version JOIN form ON form.id = form_id, unnest(ARRAY['survey', 'visit']) AS kind;
"""


@pytest.fixture
def before(shared: SharedServices, worker_id: str) -> Iterator[Engine]:
    """A database as the migration finds it, with rows."""
    with database_at(shared, f"settlements_{worker_id}", BEFORE, OLD_ROWS) as engine:
        yield engine


def test_programmes_and_waves_that_were_there(before: Engine) -> None:
    migrations.upgrade(before)
    with before.connect() as connection:
        versions = connection.execute(
            text(
                "SELECT status, created_by, published_by, published_at = created_at,"
                " retired_at = created_at FROM programme_version ORDER BY version"
            )
        ).all()
        named = dict(connection.execute(text("SELECT code, instrument_name FROM wave")).all())
    assert versions == [
        ("published", "system", "system", True, None),
        ("retired", "system", "system", True, True),
    ]
    assert named == {"hallsurvey": "first", "shopsurvey": "second", "hallvisit": None, "shopvisit": None}


def test_the_guard_over_programmes_is_back_afterwards(before: Engine) -> None:
    migrations.upgrade(before)
    with pytest.raises(DBAPIError, match="never changes"), before.begin() as connection:
        connection.execute(text("UPDATE programme_version SET note = 'x'"))
