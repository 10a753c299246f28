"""`flask estimate`: a sampling design and a file of rows in, estimates with their errors out; no database."""

import csv
import importlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import click
from flask import Flask

from server import catalogue
from server.cli.files import locale, say, without_errors
from server.cli.programmes import shown
from server.sampling.estimates.definition.design import Design
from server.sampling.estimates.definition.reading import lint_design, read_design
from server.sampling.estimates.definition.schema import design_schema
from server.sampling.estimates.problems import Complaints, DataInvalid, Place
from server.tables import TableProblem

# Enough to see in which encoding and with which separator a file is written.
HEAD = 1 << 20

Record = tuple[int, list[str]]
Run = Callable[[Design, Iterator[Record], Complaints], dict[str, Any]]


def install(app: Flask) -> None:
    app.cli.add_command(estimate)


@click.command()
@click.option("--design", help="A file of JSON, or - for the input.")
@click.option("--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of CSV.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of designs.")
def estimate(design: str | None, data: Path | None, schema: bool) -> None:
    """Estimate from a sample: means, totals, ratios, shares, NPS, changes, AAPOR outcome rates, as JSON."""
    if schema:
        say(json.dumps(design_schema(catalogue.texts(locale(), "estimates")), ensure_ascii=False, indent=2))
        return
    if design is None or data is None:
        raise click.UsageError("Name a --design and the --data, or ask for the --schema.")
    read = read_design(without_errors(design, lint_design))
    complaints = Complaints()
    try:
        say(shown(_run()(read, _records(data, complaints), complaints)))
    except DataInvalid as invalid:
        for problem in invalid.problems:
            say(_line(data, problem), err=True)
        sys.exit(1)


def _run() -> Run:
    # Every web process has the commands; only this one may pay for NumPy and SciPy (0.7 s, 50 MB).
    return cast(Run, importlib.import_module("server.sampling.estimates.survey.running").run)


def _records(path: Path, complaints: Complaints) -> Iterator[Record]:
    """Row number and cells of every row of a CSV file, read as it comes."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head.strip():
            complaints.add("file_empty")
            complaints.stop()
        if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or (encoding := _encoding(head)) is None:
            complaints.add("data_not_csv")
            complaints.stop()
        file.seek(0)
        # Broken bytes become U+FFFD, which is told where the cell is needed.
        text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
        first = head.decode(encoding, "replace").lstrip("\r\n").partition("\n")[0]
        yield from _rows(csv.reader(text, delimiter=max(",;\t", key=first.count), strict=True), complaints)


def _rows(reader: Iterator[list[str]], complaints: Complaints) -> Iterator[Record]:
    number = 0
    while True:
        number += 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error:
            complaints.add("row_quotes", Place(number))


def _encoding(head: bytes) -> str | None:
    """UTF-8, UTF-16 with its mark, or GB18030 as Chinese Excel writes; None for what is no text."""
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        return None
    # A character may be cut at the end of the head.
    broken = head.decode("utf-8", "ignore").encode("utf-8")
    return "utf-8" if len(head) - len(broken) < 4 and head.startswith(broken) else "gb18030"


def _line(path: Path, problem: TableProblem) -> str:
    where = ":".join(map(str, [path, *([problem.row] if problem.row is not None else [])]))
    column = f"{problem.column}: " if problem.column is not None else ""
    sentence = catalogue.sentence(problem.code, locale(), **problem.params)
    return f"{where}: error[{problem.code}] {column}{sentence}"
