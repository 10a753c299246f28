"""A wish to stop that somebody tells us: on the phone, at the counter, in a complaint."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from server import audit
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import reaches_all
from server.keys import KeyRing
from server.models.definitions import Programme
from server.notify.respect.opt_outs import opt_out
from server.phones import PhoneError, normalise
from server.scope import Scope

SHOWN_OF_HASH = 12


def number_of(connection: Connection, typed: str, scope: Scope) -> str:
    """A number that somebody asks about, in E.164.

    Raises:
        Refusal: forbidden for whoever does not see the whole organisation, invalid_fields for no number.
    """
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    try:
        return normalise(typed)
    except PhoneError as error:
        raise Refusal("invalid_fields", details=[Detail(error.code, "/number")]) from None


def named(keys: KeyRing, number: str) -> str:
    """What an audit line says of a number: the beginning of its keyed hash."""
    return f"number:{keys.lookup_hash(number).hex()[:SHOWN_OF_HASH]}"


def register_stop(
    connection: Connection,
    number: str,
    programme_key: str | None,
    keys: KeyRing,
    *,
    by: str,
    now: datetime,
) -> None:
    """Write to a number no more, about anything or about one programme; what waits for it is cancelled.

    Raises:
        Refusal: invalid_fields for an unknown programme.
    """
    programme_id = None if programme_key is None else _programme(connection, programme_key)
    cancelled = opt_out(connection, keys.lookup_hashes(number), "coordinator", now, programme_id=programme_id)
    detail = {"programme": programme_key, "cancelled": cancelled}
    audit.record(connection, [audit.Entry(by, "opted_out", named(keys, number), detail)], at=now)


def _programme(connection: Connection, key: str) -> UUID:
    found = connection.scalar(select(Programme.id).where(Programme.key == key))
    if found is None:
        raise Refusal("invalid_fields", details=[Detail("field_invalid", "/programme")])
    return found
