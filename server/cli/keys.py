"""`flask keys new`, `flask keys rewrite`: rotating the keys of personal data."""

from collections.abc import Mapping
from typing import Any

import click
from cryptography.fernet import Fernet
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import Connection, delete, exists, func, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server.cli.failing import explained
from server.db import transaction
from server.keys import KeyRing
from server.models.accounts import PersonPrivate
from server.models.contacts import BadNumber, ContactPrivate, OptOut, ProgrammeOptOut
from server.models.messages import InboundMessage, InboxMessage, Message
from server.models.on_the_spot import Countersignature
from server.models.tasks import CounterCode, InvitationKey
from server.models.visits import DeviceKey, LetterOfAuthority
from server.services import services

group = AppGroup("keys", help="Keys for personal data.")

# table, key column, encrypted columns, (source column, hash column)
ENCRYPTED: tuple[tuple[Any, str, tuple[str, ...], tuple[str, str] | None], ...] = (
    (ContactPrivate, "contact_id", ("name", "phone", "address"), ("phone", "phone_hash")),
    (ContactPrivate, "contact_id", ("email",), ("email", "email_hash")),
    (PersonPrivate, "person_id", ("phone", "home"), ("phone", "phone_hash")),
    (PersonPrivate, "person_id", ("email",), ("email", "email_hash")),
    (Message, "id", ("recipient", "text"), ("recipient", "recipient_hash")),
    (InboundMessage, "id", ("sender", "text"), ("sender", "sender_hash")),
    (InboxMessage, "id", ("recipient", "text"), None),
    (InvitationKey, "id", ("sealed",), ("sealed", "hash")),
    (CounterCode, "id", ("sealed",), None),
    (DeviceKey, "id", ("sealed",), ("sealed", "hash")),
    (LetterOfAuthority, "id", ("sealed",), ("sealed", "hash")),
    (Countersignature, "id", ("phone", "drawn"), None),
)
BATCH = 1_000


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def new() -> None:
    """Print a new key for the front of ANFANG_KEYS."""
    click.echo(Fernet.generate_key().decode())


@group.command()
def rewrite() -> None:
    """Write every encrypted value again with the first key, so that the old keys can go."""
    with explained(), transaction() as connection:
        total = sum(_rewrite(connection, services().keys, *entry) for entry in ENCRYPTED)
        left = _opt_outs_left(connection)
    click.echo(f"{total} rows now use the first key.")
    if left:
        click.echo(
            f"{left} numbers that said stop are stored nowhere else, so they stay under the key they came "
            "with: keep the old keys, or these numbers could be asked again."
        )


def _rewrite(
    connection: Connection,
    keys: KeyRing,
    table: Any,
    key: str,
    columns: tuple[str, ...],
    hashed: tuple[str, str] | None,
) -> int:
    key_column = getattr(table, key)
    ids = list(connection.scalars(select(key_column).order_by(key_column)))
    for start in range(0, len(ids), BATCH):
        chosen = select(*table.__table__.columns).where(key_column.in_(ids[start : start + BATCH]))
        moved: dict[bytes, bytes] = {}
        for row in connection.execute(chosen):
            texts = {name: keys.decrypt(row._mapping[name]) for name in columns if row._mapping[name]}
            values: dict[str, Any] = {name: keys.encrypt(text) for name, text in texts.items()}
            if hashed and hashed[0] in texts:
                values[hashed[1]], *older = keys.lookup_hashes(texts[hashed[0]])
                moved |= dict.fromkeys(older, values[hashed[1]])
            if values:
                connection.execute(update(table).where(key_column == row._mapping[key]).values(**values))
        _move_marks(connection, moved)
    return len(ids)


def _move_marks(connection: Connection, moved: Mapping[bytes, bytes]) -> None:
    """Let what is known of a number follow: a wish to stop is kept as a hash alone; nothing else finds it.

    Args:
        moved: hash under an older key -> hash under the first.
    """
    for table in (OptOut, ProgrammeOptOut, BadNumber):
        columns = table.__table__.columns
        marks = select(*columns).where(columns["phone_hash"].in_(moved))
        for mark in connection.execute(marks).mappings().all():
            values = {**mark, "phone_hash": moved[mark["phone_hash"]]}
            connection.execute(insert_or_skip(table).on_conflict_do_nothing(), values)
            connection.execute(delete(table).where(columns["phone_hash"] == mark["phone_hash"]))


def _opt_outs_left(connection: Connection) -> int:
    """Wishes of numbers that are stored nowhere else, so that nothing tells their new hash."""
    stopped = union(select(OptOut.phone_hash), select(ProgrammeOptOut.phone_hash)).subquery("stopped")
    known = [
        exists().where(table.__table__.columns[hashed[1]] == stopped.c.phone_hash)
        for table, _, _, hashed in ENCRYPTED
        if hashed
    ]
    return connection.scalar(select(func.count()).select_from(stopped).where(~or_(*known))) or 0
