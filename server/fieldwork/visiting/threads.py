"""The talk about one assignment between who goes and the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.models.visits import ThreadLine

LONGEST: Final = 1_000
# Enough to settle a question; whoever needs more should ring.
MOST_LINES: Final = 200


def lines(connection: Connection, assignment_id: UUID) -> Sequence[AnyRow]:
    """What was said, oldest first: `id`, `from_desk`, `author`, `said`, `at`, `read_at`."""
    return connection.execute(
        select(
            ThreadLine.id, ThreadLine.from_desk, ThreadLine.author, ThreadLine.said, ThreadLine.at,
            ThreadLine.read_at,
        )
        .where(ThreadLine.assignment_id == assignment_id)
        .order_by(ThreadLine.at, ThreadLine.id)
        .limit(MOST_LINES)
    ).all()  # fmt: skip


def say(
    connection: Connection, assignment_id: UUID, said: str, *, author: str, from_desk: bool, now: datetime
) -> UUID:
    """Add a line, and take what the other side said before as read.

    Raises:
        Refusal: invalid_fields for an empty line, one of more than `LONGEST` signs, or too many lines.
    """
    text = said.strip()
    count = connection.scalar(
        select(func.count()).select_from(ThreadLine).where(ThreadLine.assignment_id == assignment_id)
    )
    checks = (
        (not text, Detail("line_empty", "/said")),
        (len(text) > LONGEST, Detail("text_too_long", "/said", {"limit": LONGEST})),
        ((count or 0) >= MOST_LINES, Detail("thread_full", "/said", {"limit": MOST_LINES})),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    mark_read(connection, assignment_id, by_desk=from_desk, now=now)
    line_id = new_id()
    connection.execute(
        insert(ThreadLine).values(
            id=line_id, assignment_id=assignment_id, from_desk=from_desk, author=author, said=text, at=now
        )
    )
    return line_id


def has_unread(connection: Connection, assignment_id: UUID) -> bool:
    """Whether the desk said something that the phone has not shown yet."""
    unread = select(ThreadLine.id).where(
        ThreadLine.assignment_id == assignment_id, ThreadLine.from_desk, ThreadLine.read_at.is_(None)
    )
    return connection.scalar(unread.limit(1)) is not None


def mark_read(connection: Connection, assignment_id: UUID, *, by_desk: bool, now: datetime) -> None:
    """Everything the other side said was read."""
    connection.execute(
        update(ThreadLine)
        .where(ThreadLine.assignment_id == assignment_id, ThreadLine.from_desk.is_(not by_desk))
        .where(ThreadLine.read_at.is_(None))
        .values(read_at=now)
    )
