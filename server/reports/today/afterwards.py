"""What waits beside visits: recordings, reports that were sent back, pay that nobody decided about."""

from collections.abc import Iterator

from sqlalchemy import Connection

from server.fieldwork.recordings.requests import count_open
from server.followup.pay.reading import count_waiting
from server.followup.returning.reading import waiting_returns
from server.reports.today.items import Asked, Item
from server.scope import Scope


def own_recordings(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Recordings that are asked of the reader's units."""
    waiting, late, due = count_open(connection, scope, now=asked.now)
    if late:
        yield Item("recordings_late", late, urgent=True)
    if waiting > late:
        yield Item("recordings_waiting", waiting - late, due_at=None if late else due)


def late_recordings(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Recordings that units owe, for whoever follows the checks."""
    _, late, _ = count_open(connection, scope, now=asked.now)
    if late:
        yield Item("recordings_overdue", late, urgent=True)


def overdue_returns(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Reports whose makers have not answered in time."""
    late = [row for row in waiting_returns(connection, scope) if row.due_at <= asked.now]
    if late:
        yield Item("returns_overdue", len(late), urgent=True)


def pay_to_decide(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Lines of pay about which nobody has decided."""
    waiting = count_waiting(connection, scope)
    if waiting:
        yield Item("pay_waiting", waiting)
