"""Customers who wait for a call, what was said of an employee and waits, and visits with doubts."""

from collections.abc import Iterator

from sqlalchemy import Connection

from server.followup.appealing.reading import count_open
from server.followup.callbacks.reading import awaiting, due_soon
from server.followup.doubts.reading import count_waiting
from server.followup.publishing.reading import waiting
from server.followup.reviewing.reading import count_reviews
from server.reports.today.items import Asked, Item
from server.scope import Scope


def calls(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Cases to ring now: those that are late, and the others by the next deadline."""
    row = due_soon(connection, scope, asked.now)
    if row.overdue:
        yield Item("calls_late", row.overdue, due_at=row.first_due, urgent=True)
    if row.todo:
        yield Item("calls_open", row.todo, due_at=None if row.overdue else row.first_due)


def words(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Attributions to confirm, and disputes to decide."""
    for kind in ("confirm", "decide"):
        if count := len(awaiting(connection, scope, kind)):
            yield Item(f"attributions_{kind}", count)


def reviews(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Reports that wait for a first or a second person."""
    if count := count_reviews(connection, scope)["waiting"]:
        yield Item("reviews_open", count)


def appeals(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Objections and appeals that wait for a decision."""
    if count := count_open(connection, scope):
        yield Item("appeals_open", count)


def publications(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Proposals of others that wait for somebody to agree."""
    if found := waiting(connection, scope, asked.account_id):
        yield Item("publications_waiting", len(found))


def doubted(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Visits whose confidence is lower than their programme wants."""
    if count := count_waiting(connection, scope):
        yield Item("doubts_open", count)
