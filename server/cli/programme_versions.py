"""`flask programmes publish FILE`, `flask programmes retire KEY VERSION`: versions in the database."""

from pathlib import Path

import click
from flask import Flask

from server.cli.failing import explained, pointed
from server.cli.programmes import group
from server.db import transaction
from server.fieldwork.definitions import programmes
from server.fieldwork.definitions.programmes import NewProgramme
from server.fieldwork.definitions.versions import read_definition
from server.scope import EVERYTHING
from server.services import services

BY = "system"


def install(app: Flask) -> None:
    """Importing this module has added the commands to the group, which `server.cli.programmes` installs."""


@group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", help="The programme's key; else the folder's name, as in programmes/<key>/.")
@click.option("--note", default="", help="What is new, in a line.")
def publish(file: Path, key: str | None, note: str) -> None:
    """Publish FILE as the next version of its programme."""
    key = key or file.resolve().parent.name
    now = services().clock.now()
    with pointed(), transaction() as connection:
        new = NewProgramme(key, read_definition(file.read_bytes()), note)
        version = programmes.publish_programme(connection, new, EVERYTHING, by=BY, now=now)
    click.echo(f"{key} version {version} is published.")


@group.command()
@click.argument("key")
@click.argument("version", type=click.IntRange(1, 2**31 - 1))
def retire(key: str, version: int) -> None:
    """Take a published version out of use; waves that are not over must not use it."""
    with explained(), transaction() as connection:
        known = programmes.list_programmes(connection, EVERYTHING, key=key)
        row = next((each for each in known if each.version == version), None)
        if row is None:
            raise click.ClickException(f"There is no version {version} of a programme {key}.")
        programmes.retire_programme(connection, row, EVERYTHING, by=BY, now=services().clock.now())
    click.echo(f"{key} version {version} is retired.")
