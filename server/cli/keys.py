"""`flask keys new`, `flask keys rewrite`: rotating the keys of personal data."""

from typing import Any

import click
from cryptography.fernet import Fernet
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import Connection, select, update

from server.cli.failing import explained
from server.db import transaction
from server.keys import KeyRing
from server.models.accounts import PersonPrivate
from server.models.contacts import ContactPrivate
from server.models.messages import InboxMessage, Message
from server.services import services

group = AppGroup("keys", help="Keys for personal data.")

# table, key column, encrypted columns, (source column, hash column)
ENCRYPTED: tuple[tuple[Any, str, tuple[str, ...], tuple[str, str] | None], ...] = (
    (ContactPrivate, "contact_id", ("name", "phone"), ("phone", "phone_hash")),
    (PersonPrivate, "person_id", ("phone",), ("phone", "phone_hash")),
    (Message, "id", ("recipient", "text"), ("recipient", "recipient_hash")),
    (InboxMessage, "id", ("recipient", "text"), None),
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
    click.echo(f"{total} rows now use the first key.")


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
        for row in connection.execute(chosen):
            texts = {name: keys.decrypt(row._mapping[name]) for name in columns if row._mapping[name]}
            values: dict[str, Any] = {name: keys.encrypt(text) for name, text in texts.items()}
            if hashed:
                values[hashed[1]] = keys.lookup_hash(texts[hashed[0]])
            connection.execute(update(table).where(key_column == row._mapping[key]).values(**values))
    return len(ids)
