"""`flask db upgrade`: schema, job tables, shipped definitions, bucket; safe to repeat."""

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import Connection, text

from server import migrations, timetable
from server.cli.failing import explained
from server.db import db, transaction
from server.fieldwork.definitions.shipping import publish_shipped
from server.services import Services, services

group = AppGroup("db", help="The database's schema.")

# What PostgreSQL must not be told in production: an acknowledged submission would not survive a power cut.
DURABILITY = {"fsync": "on", "synchronous_commit": ("on", "remote_write", "remote_apply", "local")}


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def upgrade() -> None:
    """Bring schema, shipped definitions and bucket up to date."""
    with explained():
        migrations.upgrade(db.engine)
        given = services()
        with transaction() as connection:
            published = publish_shipped(connection, now=given.clock.now())
            timetable.seed(connection)
        given.store.ensure_bucket([given.settings.public_url])
    click.echo(f"Schema {migrations.head()}, {published} new definitions.")


def require_ready(connection: Connection, given: Services) -> None:
    """Refuse to serve on a database that would lose acknowledged submissions or has another schema.

    Raises:
        click.ClickException: saying what to do.
    """
    if not migrations.is_current(connection):
        raise click.ClickException("The schema is not current: run `flask --app wsgi db upgrade` first.")
    if given.settings.environment != "test":
        weak = weaknesses(connection)
        if weak:
            raise click.ClickException(
                f"PostgreSQL runs with {', '.join(weak)}: acknowledged submissions could be lost. "
                "Switch it on and start again."
            )


def weaknesses(connection: Connection) -> list[str]:
    """Settings under which an acknowledged commit may be lost, as `name=value`."""
    found = {name: connection.scalar(text(f"SHOW {name}")) for name in DURABILITY}
    return [f"{name}={value}" for name, value in found.items() if value not in DURABILITY[name]]
