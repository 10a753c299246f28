"""What is removed when its time is over: originals, refused bytes, photos that nobody named.

What was redrawn stays with the submission. Rows are taken a batch a transaction, objects are deleted before
the rows say so: a sweep that is killed leaves nothing that no row knows, and the next one begins there.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, Text, cast, delete, exists, func, select, update

from server import audit
from server.clock import Clock
from server.db import AnyRow
from server.intake.photos import films
from server.intake.photos.looking import quarantined
from server.intake.uploads import LARGE, SHOWN, SMALL
from server.models.submissions import Attachment, Redaction
from server.models.tasks import Draft
from server.models.visits import VisitRecord
from server.photo_rules import PhotoRules
from server.storage.protocol import ObjectStore

BATCH: Final = 100

log = structlog.get_logger()

Sweep = Callable[[Connection, ObjectStore, PhotoRules, datetime], int]


def sweep_all(engine: Engine, store: ObjectStore, rules: PhotoRules, clock: Clock) -> None:
    """Sweep whatever is due.

    Raises:
        StoreUnavailable: what was not swept is due next time.
    """
    for sweep in (sweep_originals, sweep_quarantine, sweep_orphans):
        swept = BATCH
        while swept == BATCH:
            with engine.begin() as connection:
                swept = sweep(connection, store, rules, clock.now())
    given_up = films.BATCH
    while given_up == films.BATCH:
        given_up = films.abort_stale(engine, store, clock)


def sweep_originals(connection: Connection, store: ObjectStore, rules: PhotoRules, now: datetime) -> int:
    """Photos and videos as they came, once they were looked at long ago."""
    rows = _batch(
        connection,
        Attachment.state == "verified",
        Attachment.original_removed_at.is_(None),
        Attachment.verified_at < now - timedelta(days=rules.originals_days),
    )
    for row in rows:
        store.delete(row.object_key)
    _mark(connection, rows, original_removed_at=now)
    _witness(connection, "photo_originals_removed", rows, now)
    return len(rows)


def sweep_quarantine(connection: Connection, store: ObjectStore, rules: PhotoRules, now: datetime) -> int:
    """Bytes that were refused long ago."""
    due = Attachment.quarantined_at < now - timedelta(days=rules.quarantine_days)
    rows = _batch(connection, due)
    for row in rows:
        store.delete(quarantined(row.object_key))
    _mark(connection, rows, quarantined_at=None)
    _witness(connection, "photo_quarantine_emptied", rows, now)
    return len(rows)


def sweep_orphans(connection: Connection, store: ObjectStore, rules: PhotoRules, now: datetime) -> int:
    """Photos that were promised long ago, and that no answers, no draft and no tray name."""
    wanted = cast(Attachment.attachment_id, Text)
    rows = _batch(
        connection,
        ~Attachment.named,
        Attachment.created_at < now - timedelta(days=rules.orphan_days),
        ~exists().where(
            Draft.submission_id == Attachment.submission_id,
            func.strpos(cast(Draft.answers, Text), wanted) > 0,
        ),
        ~exists().where(
            VisitRecord.submission_id == Attachment.submission_id,
            func.strpos(cast(VisitRecord.tray, Text), wanted) > 0,
        ),
        ~exists().where(Redaction.attachment_pk == Attachment.id),
    )
    for row in rows:
        if row.upload is not None:
            store.abort_parts(row.object_key, row.upload)
        for key in objects_of(row.object_key):
            store.delete(key)
    if rows:
        connection.execute(delete(Attachment).where(Attachment.id.in_(_ids(rows))))
    _witness(connection, "photo_orphans_removed", rows, now)
    return len(rows)


def objects_of(object_key: str) -> tuple[str, ...]:
    """Every key below which something of a photo may lie."""
    shown = (object_key + suffix for suffix in (SMALL, LARGE, SHOWN))
    return (object_key, *shown, quarantined(object_key))


def _batch(connection: Connection, *conditions: Any) -> Sequence[AnyRow]:
    """Locked, so that a submission that names a photo at this moment waits, and then promises it anew."""
    return connection.execute(
        select(Attachment.id, Attachment.object_key, Attachment.upload)
        .where(*conditions)
        .order_by(Attachment.id)
        .limit(BATCH)
        .with_for_update(of=Attachment, skip_locked=True)
    ).all()


def _ids(rows: Sequence[AnyRow]) -> list[UUID]:
    return [row.id for row in rows]


def _mark(connection: Connection, rows: Sequence[AnyRow], **values: datetime | None) -> None:
    if rows:
        connection.execute(update(Attachment).where(Attachment.id.in_(_ids(rows))).values(**values))


def _witness(connection: Connection, action: str, rows: Sequence[AnyRow], now: datetime) -> None:
    if rows:
        log.info(action, count=len(rows))
        audit.record(
            connection, [audit.Entry("system", action, "store:photos", {"count": len(rows)})], at=now
        )
