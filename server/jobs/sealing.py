"""What the worker does about the audit: chaining it, and copying its head outside."""

from server import audit
from server.db import connection, transaction
from server.services import services


def seal_audit() -> None:
    sealed = audit.SEAL_BATCH
    while sealed == audit.SEAL_BATCH:
        with transaction() as open_connection:
            sealed = audit.seal(open_connection, at=services().clock.now())


def anchor_audit() -> None:
    """Copy the head outside: whoever cuts the tail in the database cannot cut it there."""
    given, now = services(), services().clock.now()
    position, head = audit.head(connection())
    place = f"audit/heads/{position:012d}"
    given.store.put(place, head.hex().encode(), "text/plain")
    given.store.put(audit.NEWEST_HEAD, f"{position} {head.hex()}".encode(), "text/plain")
    with transaction() as open_connection:
        audit.anchored(open_connection, position=position, value=head, place=place, at=now)
