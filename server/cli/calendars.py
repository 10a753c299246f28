"""`flask calendars`: public holidays by year, shipped or entered when they are announced."""

import click
from flask import Flask
from flask.cli import AppGroup

from server.cli.failing import explained
from server.cli.files import FORMAT, content_of, say, say_findings, without_errors
from server.cli.linting import read_definition
from server.db import connection, transaction
from server.fieldwork.timetable.holidays import add_year, known_years
from server.scoring.timetabling.holidays import lint_year
from server.services import services

BY = "command line"
group = AppGroup("calendars", help="Public holidays of a year, with the weekends that are worked for them.")


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("file")
@FORMAT
def lint(file: str, format_: str) -> None:
    """Everything that is wrong with a year's file."""
    found = read_definition(file, content_of(file), lint_year)[1]
    say_findings(found, format_)
    if any(finding.severity == "error" for finding in found):
        raise SystemExit(1)


@group.command()
@click.argument("file")
def add(file: str) -> None:
    """Enter a year; it takes the place of what was known of that year."""
    content = without_errors(file, lint_year)
    with explained(), transaction() as open_connection:
        year = add_year(open_connection, content, by=BY, now=services().clock.now())
    say(f"{year.country} {year.year}: {len(year.titles)} days off, {len(year.workdays)} worked weekend days.")


@group.command("list")
@click.option("--country", default="CN", show_default=True)
def list_years(country: str) -> None:
    """The years that are known, with their sources."""
    with explained():
        for year in known_years(connection(), country):
            say(f"{year.country} {year.year}  {year.source}")
