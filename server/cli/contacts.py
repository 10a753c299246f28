"""`flask contacts import FILE`: a list of any length, batch by batch, without holding it."""

from pathlib import Path
from typing import BinaryIO

import click
from flask import Flask
from flask.cli import AppGroup

from server import catalogue
from server.cli.failing import explained
from server.cli.files import locale, say
from server.db import AnyRow, db
from server.fieldwork.contacts.imports.runs import LongFile, changes_of, problems_of, run_file
from server.scope import EVERYTHING
from server.services import services

group = AppGroup("contacts", help="Customers who may be asked, and what they came for.")

BY = "system"
MOST_SAID = 20
EVERY = 100_000


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--events", is_flag=True, help="The file holds service events, not contacts.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def import_file(file: str, events: bool, dry_run: bool) -> None:
    """Import a CSV or XLSX file; rows that are wrong are left out and said."""
    sent = LongFile("events" if events else "contacts", Path(file).name, BY, EVERYTHING, dry_run)
    with explained(), Path(file).open("rb") as stream:
        run = _run(sent, stream)
    would = "would be " if run.dry_run else ""
    say(
        f"{run.created:,} {would}created, {run.updated:,} {would}changed, {run.unchanged:,} unchanged, "
        f"{run.rejected:,} left out."
    )
    for change in changes_of(run)[:MOST_SAID] if dry_run else ():
        fields = "; ".join(f"{name}: {before} → {after}" for name, before, after in change.fields)
        say(f"  row {change.row}: {change.key} {change.kind} {fields}".rstrip())
    problems = problems_of(run)
    for problem in problems[:MOST_SAID]:
        where = f"row {problem.row}" if problem.row is not None else file
        say(f"  {where}: {catalogue.sentence(problem.code, locale(), **problem.params)}", err=True)
    if problems and not run.created + run.updated + run.unchanged:
        raise click.ClickException("Nothing could be imported.")


def _run(sent: LongFile, stream: BinaryIO) -> AnyRow:
    said = 0

    def progress(row: int) -> None:
        nonlocal said
        if row // EVERY > said:
            said = row // EVERY
            say(f"{row:,} rows …", err=True)

    return run_file(db.engine, services().keys, services().clock, sent, stream, progress)
