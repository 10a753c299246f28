"""`flask forms import-table FILE`: an organisation's own inspection standard becomes a form with its scoring.

The definition goes to the output, the report beside it: a line for each row of the table. It needs no
settings and no database.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from flask import Flask

from server import catalogue
from server.cli.files import STDIN
from server.cli.files import locale as of_terminal
from server.cli.forms import group
from server.cli.linting import Finding, block, findings
from server.scoring.standards.definition import Method
from server.scoring.standards.grid import Grid
from server.scoring.standards.notes import Note
from server.scoring.standards.reading import understand
from server.tables import Sheet, TableProblem, read_sheet


def install(app: Flask) -> None:
    """Importing this module has added the command to the group, which `server.cli.forms` installs."""


@group.command("import-table")
@click.argument("file")
@click.option("--sheet", "name", help="The sheet of a workbook; the first if left out.")
@click.option(
    "--method",
    type=click.Choice(["points", "deduct"]),
    help="How points are counted; told from the table if left out.",
)
@click.option("--locale", type=click.Choice(catalogue.LOCALES), help="Language of the report; else as LANG.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the form to this file."
)
def import_table(
    file: str, name: str | None, method: Method | None, locale: str | None, out: Path | None
) -> None:
    """Turn a scoring standard (XLSX, CSV) into a form and say what was understood and what was not."""
    locale = locale or of_terminal()
    sheet = read_sheet(_bytes(file), file, name=name)
    if sheet.problems and not sheet.rows:
        raise click.ClickException(" ".join(_said(problem, locale) for problem in sheet.problems))
    grid = Grid.of(sheet.rows, sheet.merged or (), flat=sheet.merged is None)
    read = understand(grid, method=method, title="" if file == STDIN else Path(file).stem)
    found: tuple[Finding, ...] = ()
    if read.definition is not None:
        text = json.dumps(read.definition, ensure_ascii=False, indent=2) + "\n"
        found = findings(str(out or "<stdout>"), text.encode())
        _write(text, out)
    _report(sheet, read.notes, found, locale)
    if not read.sound or sheet.problems or any(each.severity == "error" for each in found):
        sys.exit(1)


def _bytes(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}.") from None


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{out}: {error.strerror}.") from None


def _said(problem: TableProblem, locale: str) -> str:
    return catalogue.sentence(problem.code, locale, **problem.params)


def _report(sheet: Sheet, notes: Sequence[Note], found: Sequence[Finding], locale: str) -> None:
    for problem in sheet.problems:
        _line(problem.row, "error", _said(problem, locale), locale)
    if sheet.others:
        others = catalogue.text("tools.table_other_sheets", locale, names=", ".join(sheet.others))
        _line(None, "left_out", others, locale)
    for note in notes:
        _line(note.row, note.kind, catalogue.sentence(note.code, locale, **note.params), locale)
    for finding in found:
        click.echo(block(finding, locale), err=True)
    counts = {kind: sum(note.kind == kind for note in notes) for kind in ("assumed", "left_out", "error")}
    counts["error"] += len(sheet.problems)
    wrong = sum(finding.severity == "error" for finding in found)
    click.echo(catalogue.text("tools.table_summary", locale, **counts, wrong=wrong), err=True)


def _line(row: int | None, kind: str, sentence: str, locale: str) -> None:
    where = (
        catalogue.text("tools.table_whole", locale)
        if row is None
        else catalogue.text("tools.table_row", locale, row=row)
    )
    said = "".join(char if char.isprintable() else " " for char in sentence)
    click.echo(f"{where}{catalogue.text(f'tools.table_{kind}', locale, note=said)}", err=True)
