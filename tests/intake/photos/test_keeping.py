"""What is removed when its time is over, and what stays."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update

from server.clock import SetClock
from server.intake.photos import keeping
from server.intake.photos.looking import quarantined
from server.intake.uploads import LARGE, SMALL
from server.models.audit import AuditLine
from server.models.submissions import Attachment
from server.models.tasks import Draft
from server.photo_rules import PhotoRules
from server.storage.memory import MemoryStore
from server.storage.protocol import StoreUnavailable
from tests.builders import NOW
from tests.intake.sending import inspected, promised, rows, stored_promise, verified, wave

RULES = PhotoRules(originals_days=180, quarantine_days=30, orphan_days=30)


def sweep(engine: Engine, store: MemoryStore, *, days: int) -> None:
    keeping.sweep_all(engine, store, RULES, SetClock(NOW + timedelta(days=days)))


def told(engine: Engine) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        lines = connection.execute(
            select(AuditLine.action, AuditLine.detail)
            .where(AuditLine.action.startswith("photo_"))
            .order_by(AuditLine.id)
        ).all()
    return [(line.action, line.detail["count"]) for line in lines]


def name(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(Attachment).values(named=True))


def test_an_original_goes_and_what_was_redrawn_stays(engine: Engine) -> None:
    store = MemoryStore()
    row = verified(engine, store)
    name(engine)
    sweep(engine, store, days=180)
    assert row.object_key in store.all_keys()
    sweep(engine, store, days=181)
    sweep(engine, store, days=181)
    assert store.all_keys() == sorted([row.object_key + SMALL, row.object_key + LARGE])
    assert told(engine) == [("photo_originals_removed", 1)]
    with engine.connect() as connection:
        [after] = rows(connection)
    assert (after.state, after.original_removed_at) == ("verified", NOW + timedelta(days=181))


def test_quarantine_is_emptied_and_the_refusal_stays(engine: Engine) -> None:
    store = MemoryStore()
    row = stored_promise(engine, store)
    store.put(row.object_key, b"rubbish", "image/jpeg")
    assert inspected(engine, store, row).state == "refused"
    name(engine)
    sweep(engine, store, days=30)
    assert store.all_keys() == [quarantined(row.object_key)]
    sweep(engine, store, days=31)
    assert store.all_keys() == []
    assert told(engine) == [("photo_quarantine_emptied", 1)]
    with engine.connect() as connection:
        assert rows(connection)[0].state == "refused"


def test_photos_that_nobody_named_go_with_everything_of_them(engine: Engine) -> None:
    store = MemoryStore()
    verified(engine, store)
    sweep(engine, store, days=30)
    assert len(store.all_keys()) == 3
    sweep(engine, store, days=31)
    assert store.all_keys() == []
    assert told(engine) == [("photo_orphans_removed", 1)]
    with engine.connect() as connection:
        assert rows(connection) == []


def in_a_draft(connection: Connection, row: Any) -> None:
    answers = {"OUT-01-photo": [{"id": str(row.attachment_id), "sha256": row.sha256}]}
    version = connection.scalar(text("SELECT id FROM form_version LIMIT 1"))
    values = {"form_version_id": version, "answers": answers, "page": 0, "revision": 1, "updated_at": NOW}
    connection.execute(insert(Draft).values(submission_id=row.submission_id, **values))


def in_a_tray(connection: Connection, row: Any) -> None:
    """The table's other columns and keys are the visits' own affair."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(
        text(
            "INSERT INTO visit_record (submission_id, assignment_id, tray, updated_at)"
            " VALUES (:submission, :assignment, jsonb_build_array(CAST(:photo AS text)), :now)"
        ),
        {
            "submission": row.submission_id,
            "assignment": uuid4(),
            "photo": str(row.attachment_id),
            "now": NOW,
        },
    )


@pytest.mark.parametrize("keep", [in_a_draft, in_a_tray])
def test_photos_on_their_way_into_answers_stay(engine: Engine, keep: Any) -> None:
    store = MemoryStore()
    row = verified(engine, store)
    with engine.begin() as connection:
        keep(connection, row)
    sweep(engine, store, days=31)
    assert len(store.all_keys()) == 3
    assert told(engine) == []


def test_a_store_that_is_away_loses_nothing(engine: Engine) -> None:
    store = MemoryStore()
    verified(engine, store)
    store.available = False
    with pytest.raises(StoreUnavailable):
        sweep(engine, store, days=31)
    store.available = True
    with engine.connect() as connection:
        assert len(rows(connection)) == 1
    sweep(engine, store, days=31)
    assert store.all_keys() == []


def test_more_than_a_batch_is_swept_in_one_go(engine: Engine) -> None:
    store = MemoryStore()
    with engine.begin() as connection:
        new = promised(wave(connection))
        connection.execute(
            insert(Attachment),
            [
                {
                    "id": uuid4(), "attachment_id": uuid4(), "submission_id": new.place.submission_id,
                    "wave_id": new.place.wave_id, "question": "", "object_key": f"photos/{number}",
                    "media_type": "image/jpeg", "size": 1, "sha256": "a" * 64, "created_at": NOW,
                }
                for number in range(keeping.BATCH + 3)
            ],
        )  # fmt: skip
    sweep(engine, store, days=31)
    assert told(engine) == [("photo_orphans_removed", keeping.BATCH), ("photo_orphans_removed", 3)]
