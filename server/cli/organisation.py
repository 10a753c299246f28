"""`flask units import FILE`, `flask subjects import FILE`: the organisation from files."""

import sys
from datetime import date, datetime
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from server import catalogue
from server.cli.failing import explained
from server.cli.files import locale, say
from server.db import transaction
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.subject_import import import_subjects
from server.fieldwork.organisation.unit_import import import_units
from server.services import services

group = AppGroup("units", help="The organisation: its tree of units.")
subjects = AppGroup("subjects", help="Departments and banks, which are judged without being units.")

BY = "system"
MOST_SAID = 20


def install(app: Flask) -> None:
    app.cli.add_command(group)
    app.cli.add_command(subjects)


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="From which day it holds; today when left out."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def import_file(file: str, day: datetime | None, dry_run: bool) -> None:
    """Import a CSV or XLSX file; rows that are wrong are left out and said."""
    sent = SentFile(Path(file).read_bytes(), Path(file).name, BY)
    now = services().clock.now()
    with explained(), transaction() as connection:
        report = import_units(connection, sent, now=now, day=_day(day), dry_run=dry_run)
    _say(report)


@subjects.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def import_subjects_file(file: str, dry_run: bool) -> None:
    """Import a CSV or XLSX file with code, name, kind (department, bank) and the unit where each belongs."""
    sent = SentFile(Path(file).read_bytes(), Path(file).name, BY)
    with explained(), transaction() as connection:
        report = import_subjects(connection, sent, now=services().clock.now(), dry_run=dry_run)
    _say(report)


def _say(report: ImportReport) -> None:
    """Changes, problems and counts; the command fails when no row holds."""
    _say_changes(report)
    would = "would be " if report.dry_run else ""
    changed = f"{report.created:,} {would}created, {report.updated:,} {would}changed"
    say(f"{changed}, {report.unchanged:,} unchanged, {report.rejected:,} left out.")
    if report.problems and not report.created + report.updated + report.unchanged:
        sys.exit(1)


def _say_changes(report: ImportReport) -> None:
    for change in report.changes[:MOST_SAID]:
        below = f" with {change.below} below" if change.below else ""
        fields = "; ".join(
            f"{name}: {before or '-'} -> {after or '-'}" for name, before, after in change.fields
        )
        say(f"{change.row}: {change.key} {change.kind}{below}: {fields}")
    for problem in report.problems[:MOST_SAID]:
        sentence = catalogue.sentence(problem.code, locale(), **problem.params)
        say(f"{problem.row or '-'}: {problem.column or '-'}: {sentence}", err=True)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
