"""Audit lines and the chain over them.

A line is written in the transaction it belongs to, so it exists exactly when what it witnesses exists. The
chain is made afterwards: a sealer, one at a time by lock, appends unsealed lines in batches. A chain head
kept in the same transaction would be one hot row that every submission waits for. The head is copied
outside, so that cutting the tail off shows as well.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import wire
from server.db import AnyRow
from server.locks import SEAL_LOCK
from server.models.audit import AuditAnchor, AuditLine, AuditSeal

# Set by the web layer, so that a line can be matched with the log of the request that wrote it.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Found without asking the database, since whoever cuts the tail there can take out the anchors as well.
NEWEST_HEAD = "audit/newest-head"
SEAL_BATCH = 5_000
ANCHORS_SHOWN = 3
FIRST_HEAD = hashlib.sha256(b"anfang audit chain").digest()


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: `actor` and `subject` are `kind:id`, `detail` is JSON without personal data."""

    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Damage:
    """Where the chain does not hold."""

    position: int
    problem: str


def record(connection: Connection, entries: Sequence[Entry], *, at: datetime) -> None:
    """Write lines on the caller's connection."""
    if entries:
        rows = [
            {
                "at": at,
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "detail": dict(entry.detail),
                "request_id": request_id.get(),
            }
            for entry in entries
        ]
        connection.execute(insert(AuditLine), rows)


def seal(connection: Connection, *, at: datetime) -> int:
    """Chain up to `SEAL_BATCH` unsealed lines; returns how many. Does nothing while another sealer works."""
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(SEAL_LOCK))):
        return 0
    position, head = _last_seal(connection)
    rows = []
    for line in connection.execute(_unsealed()):
        position, head = position + 1, _next_head(head, line)
        rows.append({"position": position, "line_id": line.id, "head": head, "sealed_at": at})
    if rows:
        connection.execute(insert(AuditSeal), rows)
    return len(rows)


def head(connection: Connection) -> tuple[int, bytes]:
    """Position and head of the chain as it stands, (0, FIRST_HEAD) when nothing is sealed."""
    return _last_seal(connection)


def anchored(connection: Connection, *, position: int, value: bytes, place: str, at: datetime) -> None:
    """Note that a head was copied to `place`. The first note of a position stays: later ones prove less."""
    note = {"position": position, "head": value, "place": place, "anchored_at": at}
    connection.execute(insert_or_skip(AuditAnchor).on_conflict_do_nothing(), [note])


def verify(connection: Connection, outside: Iterable[tuple[int, bytes]] = ()) -> Iterator[Damage]:
    """Every place where a sealed line was changed, taken out, reordered or cut off.

    Args:
        outside: heads read back from where they were anchored; the rows of `audit_anchor` are checked too.
    """
    stored = connection.execute(select(AuditAnchor.position, AuditAnchor.head))
    anchors = [*((row.position, row.head) for row in stored), *outside]
    heads: dict[int, bytes | None] = dict.fromkeys(position for position, _ in anchors)
    heads[0] = FIRST_HEAD
    position, value = 0, FIRST_HEAD
    sealed = (
        select(AuditSeal.position, AuditSeal.head, AuditSeal.line_id, *_line_columns())
        .join(AuditLine, AuditLine.id == AuditSeal.line_id, isouter=True)
        .order_by(AuditSeal.position)
    )
    for row in connection.execute(sealed, execution_options={"yield_per": SEAL_BATCH}):
        if row.position != position + 1:
            yield Damage(position + 1, "missing")
        position, value = row.position, _next_head(value, row)
        if value != row.head:
            yield Damage(position, "changed")
            value = row.head  # go on from what is stored, so that one change is reported once
        if position in heads:
            heads[position] = row.head
    for anchor_position, anchor_head in anchors:
        if heads[anchor_position] != anchor_head:
            yield Damage(anchor_position, "not_as_anchored")


def proof(connection: Connection, action: str, subject: str, **detail: Any) -> dict[str, Any] | None:
    """The newest sealed line of an action about a subject, with what its place in the chain follows from.

    Args:
        detail: what the line says besides.

    Returns:
        None until the line is sealed. `anchors` are the first heads that were copied outside after it.
    """
    columns = _line_columns()
    row = connection.execute(
        select(*columns, AuditSeal.position, AuditSeal.head)
        .join(AuditSeal, AuditSeal.line_id == AuditLine.id)
        .where(AuditLine.action == action, AuditLine.subject == subject, AuditLine.detail.contains(detail))
        .order_by(AuditSeal.position.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    before = connection.scalar(select(AuditSeal.head).where(AuditSeal.position == row.position - 1))
    anchors = connection.execute(
        select(AuditAnchor.position, AuditAnchor.head, AuditAnchor.place)
        .where(AuditAnchor.position >= row.position)
        .order_by(AuditAnchor.position)
        .limit(ANCHORS_SHOWN)
    )
    return {
        "line": _content(row),
        "position": row.position,
        "previous": (before or FIRST_HEAD).hex(),
        "head": row.head.hex(),
        "anchors": [
            {"position": each.position, "head": each.head.hex(), "place": each.place} for each in anchors
        ],
    }


def proof_holds(shown: Mapping[str, Any]) -> bool:
    """Whether a proof's head follows from its line and the head before; needs no database."""
    try:
        before = bytes.fromhex(shown["previous"])
        return hashlib.sha256(before + wire.canonical(shown["line"])).hexdigest() == str(shown["head"])
    except (KeyError, TypeError, ValueError):
        return False


def _last_seal(connection: Connection) -> tuple[int, bytes]:
    row = connection.execute(
        select(AuditSeal.position, AuditSeal.head).order_by(AuditSeal.position.desc()).limit(1)
    ).first()
    return (row.position, row.head) if row else (0, FIRST_HEAD)


def _line_columns() -> list[Any]:
    columns = AuditLine.__table__.columns
    return [columns[name] for name in ("id", "at", "actor", "action", "subject", "detail", "request_id")]


def _unsealed() -> Any:
    return (
        select(*_line_columns())
        .where(text("NOT EXISTS (SELECT 1 FROM audit_seal WHERE line_id = audit_line.id)"))
        .order_by(AuditLine.id)
        .limit(SEAL_BATCH)
    )


def _next_head(previous: bytes, line: AnyRow) -> bytes:
    return hashlib.sha256(previous + wire.canonical(_content(line))).digest()


def _content(line: AnyRow) -> list[Any]:
    """What of a line the chain is made over, in this order."""
    return [
        line.id,
        line.at.astimezone(UTC).isoformat() if line.at else None,
        line.actor,
        line.action,
        line.subject,
        line.detail,
        line.request_id,
    ]
