"""PostgreSQL's advisory locks: their numbers in one place, so that no two purposes share one."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, func, text

# Arbitrary, but never changed: processes of two releases must meet at the same lock.
MIGRATION_LOCK: Final = 7_203_001
SEAL_LOCK: Final = 7_203_002
CLOCK_LOCK: Final = 7_203_003
IMPORT_LOCK: Final = 7_203_004
PEOPLE_LOCK: Final = 7_203_005
TALLY_LOCK: Final = 7_203_006
NUMBER_LOCK: Final = 7_203_007
PAY_LOCK: Final = 7_203_008
ORDER_LOCK: Final = 7_203_009

_HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = :lock"
    " AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


def is_held(connection: Connection, lock: int) -> bool:
    """Whether any session of this database holds the lock."""
    return bool(connection.scalar(_HELD, {"lock": lock}))


def wait_for(connection: Connection, lock: int) -> None:
    """Hold the lock until the transaction ends; whoever holds it is waited for."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def number_key(phone_hash: bytes) -> int:
    """What `number_lock` knows a number by."""
    return int.from_bytes(phone_hash[:4], signed=True)


def number_lock(key: ColumnElement[int]) -> ColumnElement[object]:
    """An expression that holds the lock of one number until the transaction ends, once it is selected."""
    return func.pg_advisory_xact_lock(NUMBER_LOCK, key)
