"""`flask history import|list|withdraw`: results from before this system, from files."""

import sys
from pathlib import Path
from uuid import UUID

import click
from flask import Flask
from flask.cli import AppGroup

from server import catalogue
from server.cli.failing import explained
from server.cli.files import locale, say
from server.db import connection, transaction
from server.fieldwork.history.files import list_files, withdraw_file
from server.fieldwork.history.history_import import import_history
from server.fieldwork.importing import ImportReport, SentFile
from server.scope import EVERYTHING
from server.services import services

group = AppGroup(
    "history", help="Scores, grades, ranks, failed items and base rates from before this system."
)

BY = "system"
MOST_SAID = 20


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("import")
@click.argument("programme")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def import_file(programme: str, file: str, dry_run: bool) -> None:
    """Import a CSV or XLSX file of earlier results; rows that are wrong are left out and said."""
    sent = SentFile(Path(file).read_bytes(), Path(file).name, BY)
    with explained(), transaction() as open_connection:
        now = services().clock.now()
        report = import_history(open_connection, sent, programme, now=now, dry_run=dry_run)
    _say(report)
    if report.problems and not report.created + report.updated + report.unchanged:
        sys.exit(1)


@group.command("list")
@click.option("--programme", help="Only the files of this programme.")
def list_all(programme: str | None) -> None:
    """The files, newest first, and how much of each counts."""
    with explained():
        rows = list_files(connection(), EVERYTHING, key=programme)
    for row in rows:
        state = f"withdrawn: {row.withdrawn_reason}" if row.withdrawn_at else f"{row.counted:,} count"
        say(
            f"{row.id}  {row.imported_at:%Y-%m-%d}  {row.key}  {row.name}: {row.results:,} results,"
            f" {state}, {row.superseded:,} superseded"
        )


@group.command("withdraw")
@click.argument("file_id", type=click.UUID)
@click.option("--reason", required=True, help="Why its results no longer count.")
def withdraw(file_id: UUID, reason: str) -> None:
    """Take a file back: its results stop counting, and what they superseded counts again."""
    with explained(), transaction() as open_connection:
        now = services().clock.now()
        withdraw_file(open_connection, file_id, EVERYTHING, reason=reason, by=BY, now=now)
    say("Withdrawn.")


def _say(report: ImportReport) -> None:
    for change in report.changes[:MOST_SAID]:
        fields = "; ".join(
            f"{name}: {before or '-'} -> {after or '-'}" for name, before, after in change.fields
        )
        say(f"{change.row}: {change.key} {change.kind}: {fields}")
    for problem in report.problems[:MOST_SAID]:
        sentence = catalogue.sentence(problem.code, locale(), **problem.params)
        say(f"{problem.row or '-'}: {problem.column or '-'}: {sentence}", err=True)
    would = "would be " if report.dry_run else ""
    changed = f"{report.created:,} {would}created, {report.updated:,} {would}changed"
    say(f"{changed}, {report.unchanged:,} unchanged, {report.rejected:,} left out.")
