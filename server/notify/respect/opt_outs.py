"""Numbers that said stop, to everything or to one programme: asked before every sending.

Kept by keyed hash alone, so that they hold even when everything else about the person is erased.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from server.models.contacts import OptOut, ProgrammeOptOut
from server.models.definitions import ProgrammeVersion
from server.models.messages import WAITING, Message
from server.models.waves import Wave


def opt_out(
    connection: Connection,
    phone_hashes: Sequence[bytes],
    source: str,
    now: datetime,
    *,
    programme_id: UUID | None = None,
) -> int:
    """Never write to a number again, and cancel what waits for it.

    Args:
        phone_hashes: the number under every key (`KeyRing.lookup_hashes`), newest first.
        source: where the wish came from: `reply`, `link`, `coordinator`, `provider`.
        programme_id: the only programme that it wants no more of; None for all.

    Returns:
        How many waiting messages were cancelled.
    """
    wish = {"phone_hash": phone_hashes[0], "source": source, "at": now}
    waiting = update(Message).where(Message.state.in_(WAITING), Message.recipient_hash.in_(phone_hashes))
    if programme_id is None:
        connection.execute(insert(OptOut).on_conflict_do_nothing(index_elements=["phone_hash"]), wish)
    else:
        wish["programme_id"] = programme_id
        connection.execute(insert(ProgrammeOptOut).on_conflict_do_nothing(), wish)
        own = (
            select(Wave.id)
            .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
            .where(ProgrammeVersion.programme_id == programme_id)
        )
        waiting = waiting.where(Message.wave_id.in_(own))
    return connection.execute(waiting.values(state="cancelled", reason="opt_out")).rowcount


def opt_in(connection: Connection, phone_hashes: Sequence[bytes]) -> bool:
    """Take a wish to stop back, that of single programmes included; whether there was one.

    What was cancelled meanwhile stays cancelled.
    """
    lifted = [
        connection.execute(delete(table).where(table.phone_hash.in_(phone_hashes))).rowcount
        for table in (OptOut, ProgrammeOptOut)
    ]
    return any(lifted)


def has_opted_out(connection: Connection, phone_hashes: Sequence[bytes]) -> bool:
    """Whether a number said stop to everything, under any key."""
    return bool(opted_out(connection, phone_hashes))


def opted_out(connection: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of the hashes whose numbers said stop to everything."""
    return set(connection.scalars(select(OptOut.phone_hash).where(OptOut.phone_hash.in_(hashes))))
