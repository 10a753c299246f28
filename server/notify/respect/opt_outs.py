"""Numbers that said stop: kept by keyed hash, asked before every sending."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from server.models.contacts import OptOut
from server.models.messages import Message


def opt_out(connection: Connection, phone_hashes: Sequence[bytes], source: str, now: datetime) -> int:
    """Never write to a number again, and cancel what is queued for it.

    Args:
        phone_hashes: the number under every key (`KeyRing.lookup_hashes`), newest first.
        source: where the wish came from: `reply`, `link`, `coordinator`, `provider`.

    Returns:
        How many queued messages were cancelled.
    """
    wish = {"phone_hash": phone_hashes[0], "source": source, "at": now}
    connection.execute(insert(OptOut).on_conflict_do_nothing(index_elements=["phone_hash"]), wish)
    queued = update(Message).where(Message.state == "queued", Message.recipient_hash.in_(phone_hashes))
    return connection.execute(queued.values(state="cancelled", reason="opt_out")).rowcount


def has_opted_out(connection: Connection, phone_hashes: Sequence[bytes]) -> bool:
    """Whether a number said stop, under any key."""
    return bool(opted_out(connection, phone_hashes))


def opted_out(connection: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    return set(connection.scalars(select(OptOut.phone_hash).where(OptOut.phone_hash.in_(hashes))))
