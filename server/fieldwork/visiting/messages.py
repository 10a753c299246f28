"""Messages to whoever goes on a visit, as neutral as the visit's first one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server.db import AnyRow
from server.fieldwork.outreach.keys import Sender
from server.notify.outbox.queueing import NewMessage, enqueue


@dataclass(frozen=True, slots=True)
class Line:
    """What a message says: `about` tells two of a visit apart, and after `until` nobody needs to know it."""

    about: str
    text: str
    until: datetime


def write_to_visitor(
    connection: Connection, visit: AnyRow, line: Line, sender: Sender, *, now: datetime
) -> None:
    """Queue a message; nobody without a number is written to, and nobody twice about the same.

    Args:
        visit: `id`, `wave_id`, `timezone`, and `phone`, sealed or None.
    """
    if visit.phone is None:
        return
    message = NewMessage(
        dedupe_key=f"{visit.id}:{line.about}",
        kind="visit",
        wave_id=visit.wave_id,
        assignment_id=visit.id,
        recipient=sender.keys.decrypt(visit.phone),
        text=line.text,
        not_before=now,
        expires_at=line.until,
        timezone=visit.timezone,
    )
    enqueue(connection, [message], sender.keys, now)
