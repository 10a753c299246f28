"""`flask programmes …`: lint and settle schemes, from files alone. None needs a database."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from server import catalogue, wire
from server.cli.linting import Finding, as_line, block, read_definition, summary
from server.embedded.messages import wants_chinese
from server.fieldwork.definitions import DEFINITIONS
from server.scoring.problems import Problem
from server.scoring.programmes.compiling import compile_programme, lint_programme
from server.scoring.settling.contrast import NotComparable, contrast, problems_of
from server.scoring.settling.fact_reading import FactsInvalid, read_facts
from server.scoring.settling.settlement import Settlement, settle

group = AppGroup("programmes", help="Evaluation schemes: lint, settle.")

STDIN = "-"
FORMAT = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
DEFINITION = click.argument("definition")
FACTS = click.option("--facts", required=True, help="A file of JSON, or - for the input.")


def install(app: Flask) -> None:
    app.cli.add_command(group)


def locale() -> str:
    """The language of the terminal."""
    return "zh" if wants_chinese(os.environ) else "en"


def say(text: str = "", *, err: bool = False) -> None:
    """Print; colour only where a terminal shows it and nobody asked for none."""
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


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
        for finding in mine:
            say(as_line(finding.to_json(locale())) if format_ == "json" else block(finding, locale()) + "\n")
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
            path_or_input = _path_of(name)
            yield ("<stdin>" if name == STDIN else path_or_input), _bytes(path_or_input)


def _bytes(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}.") from None


def _path_of(name: str) -> str:
    """A file, or `key` or `key@version` of the shipped programmes, the newest unless a version is named."""
    if name == STDIN or Path(name).exists():
        return name
    key, _, version = name.partition("@")
    folder = DEFINITIONS / "programmes" / key
    numbers = sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal())
    if not key or not numbers or (version and version not in map(str, numbers)):
        raise click.ClickException(f"{name}: there is no such file, and no shipped programme of that name.")
    return str(folder / f"{version or numbers[-1]}.json")


@group.command("settle")
@DEFINITION
@FACTS
@click.option("--before", help="An earlier settlement of the same year, a file of JSON: show the difference.")
def settle_command(definition: str, facts: str, before: str | None) -> None:
    """Settle a programme on facts: numbers, ledger, actions and open decisions as one JSON object."""
    result = settled(definition, facts).to_json()
    say(shown(result if before is None else {**result, "difference": _difference(before, result)}))


def _difference(before: str, result: Mapping[str, Any]) -> Mapping[str, Any]:
    earlier = _read(before, problems_of, named=False)
    try:
        return contrast(earlier, result).to_json()
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
    programme = compile_programme(content)

    def fact_problems(data: wire.Json) -> tuple[Problem, ...]:
        try:
            read_facts(programme, data)
        except FactsInvalid as error:
            return error.problems
        return ()

    return settle(content, _read(facts, fact_problems, named=False))


def definition_of(name: str) -> Any:
    """A programme without errors, by its file or the name of a shipped one; errors end the command."""
    return _read(name, lint_programme)


def _read(name: str, problems: Any, *, named: bool = True) -> Any:
    """A file without errors; otherwise they are all said and the command ends."""
    path = _path_of(name) if named else name
    content, found = read_definition("<stdin>" if path == STDIN else path, _bytes(path), problems)
    errors = [finding for finding in found if finding.severity == "error"]
    for finding in errors:
        say(block(finding, locale()) + "\n", err=True)
    if errors:
        sys.exit(1)
    return content


ON_FILES = (lint, settle_command)
