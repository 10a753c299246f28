"""`flask forms publish FILE`, `flask forms retire KEY VERSION`: versions in the database."""

from pathlib import Path

import click
from flask import Flask

from server.cli.failing import explained
from server.cli.forms import group
from server.db import transaction
from server.fieldwork.definitions import versions
from server.scope import EVERYTHING
from server.services import services

BY = "system"


def install(app: Flask) -> None:
    """Importing this module has added the commands to the group, which `server.cli.forms` installs."""


@group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", help="The form's key; else the folder's name, as in form_definitions/forms/<key>/.")
@click.option("--note", default="", help="What is new, in a line.")
def publish(file: Path, key: str | None, note: str) -> None:
    """Publish FILE as the next version of its form, in the place of its draft where there is one."""
    now = services().clock.now()
    key = key or file.resolve().parent.name
    with explained(), transaction() as connection:
        content = versions.read_definition(file.read_bytes())
        if versions.has_errors(versions.problems_of(content)):
            raise click.ClickException(f"There are errors: see `flask --app wsgi forms lint {file}`.")
        known = versions.list_versions(connection, EVERYTHING, key=key)
        replaces = next((row.content_hash for row in known if row.status == "draft"), "")
        draft = versions.NewDraft(key=key, content=content, note=note, replaces=replaces)
        version = versions.save_draft(connection, draft, EVERYTHING, by=BY, now=now)
        row = versions.find_version(connection, key, version, EVERYTHING)
        versions.publish(connection, row, EVERYTHING, by=BY, now=now)
    click.echo(f"{key} version {version} is published.")


@group.command()
@click.argument("key")
@click.argument("version", type=click.IntRange(1, 2**31 - 1))
def retire(key: str, version: int) -> None:
    """Take a published version out of use; waves that are not over must not use it."""
    with explained(), transaction() as connection:
        if version not in {row.version for row in versions.list_versions(connection, EVERYTHING, key=key)}:
            raise click.ClickException(f"There is no version {version} of a form {key}.")
        row = versions.find_version(connection, key, version, EVERYTHING)
        versions.retire(connection, row, EVERYTHING, by=BY, now=services().clock.now())
    click.echo(f"{key} version {version} is retired.")
