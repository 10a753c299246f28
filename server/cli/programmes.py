"""`flask programmes …`: lint and settle schemes, from files alone. None needs a database."""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click
from flask import Flask
from flask.cli import AppGroup

from server import catalogue
from server.cli.files import (
    FORMAT,
    STDIN,
    content_of,
    large,
    locale,
    path_of,
    refuse,
    say,
    say_findings,
    without_errors,
)
from server.cli.linting import Finding, as_line, read_definition, summary
from server.scoring.programmes.compiling import lint_programme
from server.scoring.settling.contrast import NotComparable, contrast, problems_of
from server.scoring.settling.fact_reading import FactsInvalid
from server.scoring.settling.settlement import Settlement, settle

group = AppGroup("programmes", help="Evaluation schemes: lint, settle.")

DEFINITION = click.argument("definition")
FACTS = click.option("--facts", required=True, help="A file of JSON, or - for the input.")


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@FORMAT
def lint(files: tuple[str, ...], format_: str) -> None:
    """Say everything that is wrong with these files or folders, or with - the input."""
    found: list[Finding] = []
    checked = 0
    for name, data in _sources(files):
        checked += 1
        mine = read_definition(name, data, lint_programme)[1]
        found += mine
        say_findings(mine, format_)
    if format_ == "text":
        say(summary(found, checked, locale()))
    if any(finding.severity == "error" for finding in found):
        sys.exit(1)


def _sources(files: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for name in files:
        if name != STDIN and Path(name).is_dir():
            for path in sorted(Path(name).rglob("*.json")):
                yield str(path), path.read_bytes()
        else:
            path_or_input = path_of(name, "programme")
            yield ("<stdin>" if name == STDIN else path_or_input), content_of(path_or_input)


@group.command("settle")
@DEFINITION
@FACTS
@click.option("--before", help="An earlier settlement of the same year, a file of JSON: show the difference.")
def settle_command(definition: str, facts: str, before: str | None) -> None:
    """Settle a programme on facts: numbers, ledger, actions and open decisions as one JSON object."""
    result = settled(definition, facts).to_json()
    say(shown(result if before is None else {**result, "difference": _difference(before, result)}))


def _difference(before: str, result: Mapping[str, Any]) -> Mapping[str, Any]:
    data, earlier = large(before)
    problems = problems_of(earlier)
    if problems:
        refuse(before, data, problems)
    try:
        return contrast(cast(Mapping[str, Any], earlier), result).to_json()
    except NotComparable as error:
        [problem] = error.problems
        raise click.ClickException(
            f"{before}: {catalogue.sentence(problem.code, locale(), **problem.params)}"
        ) from None


def shown(result: Mapping[str, Any], indent: str = "") -> str:
    """JSON with one row of a list a line, so that two settlements can be compared line by line."""
    inner = indent + " "
    parts = []
    for name, value in result.items():
        if isinstance(value, list) and value:
            rows = f",\n{inner} ".join(as_line(row) for row in value)
            parts.append(f'{inner}"{name}": [\n{inner} {rows}\n{inner}]')
        elif isinstance(value, Mapping) and any(isinstance(each, list) for each in value.values()):
            parts.append(f'{inner}"{name}": {shown(value, inner)}')
        else:
            parts.append(f'{inner}"{name}": {as_line(value)}')
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


def settled(definition: str, facts: str) -> Settlement:
    """The settlement of two files; their errors are said and end the command."""
    if definition == STDIN and facts == STDIN:
        raise click.ClickException("The input cannot be both the definition and the facts.")
    content = definition_of(definition)
    with _nothing_collected():
        data, given = large(facts)
        try:
            return settle(content, given)
        except FactsInvalid as error:
            refuse(facts, data, error.problems)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """A year's facts are millions of objects that stay: looking for garbage among them costs a fifth."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def definition_of(name: str) -> Any:
    """A programme without errors, by its file or the name of a shipped one; errors end the command."""
    return without_errors(path_of(name, "programme"), lint_programme)


ON_FILES = (lint, settle_command)
