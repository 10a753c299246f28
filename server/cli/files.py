"""What commands on files share: reading them, and saying what is wrong in the terminal's language."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from server import catalogue, wire
from server.cli.linting import AnyProblem, Finding, as_line, block, form_problems, read_definition
from server.embedded.messages import wants_chinese
from server.fieldwork.definitions.shipping import DEFINITIONS

STDIN = "-"
# Bytes in which places are still looked for.
LONGEST = 1_000_000
FORMAT = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")


def locale() -> str:
    """The language of the terminal."""
    return "zh" if wants_chinese(os.environ) else "en"


def say(text: str = "", *, err: bool = False) -> None:
    """Print; colour only where a terminal shows it and nobody asked for none."""
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def say_findings(found: Iterable[Finding], format_: str) -> None:
    """Each problem as a block for people, or as a line of JSON."""
    for finding in found:
        say(as_line(finding.to_json(locale())) if format_ == "json" else block(finding, locale()) + "\n")


def content_of(name: str) -> bytes:
    """The bytes of a file, or of the input.

    Raises:
        click.ClickException: it cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}.") from None


def path_of(name: str, kind: str) -> str:
    """A file, or `key` or `key@version` of the shipped definitions, the newest unless a version is named.

    Args:
        kind: `form` or `programme`.

    Raises:
        click.ClickException: there is neither.
    """
    if name == STDIN or Path(name).exists():
        return name
    key, _, version = name.partition("@")
    folder = DEFINITIONS / f"{kind}s" / key
    numbers = sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal())
    if not key or not numbers or (version and version not in map(str, numbers)):
        raise click.ClickException(f"{name}: there is no such file, and no shipped {kind} of that name.")
    return str(folder / f"{version or numbers[-1]}.json")


def without_errors(path: str, problems: Callable[[wire.Json], Iterable[AnyProblem]] = form_problems) -> Any:
    """A file without errors; otherwise they are all said and the command ends."""
    content, found = read_definition("<stdin>" if path == STDIN else path, content_of(path), problems)
    errors = [finding for finding in found if finding.severity == "error"]
    for finding in errors:
        say(block(finding, locale()) + "\n", err=True)
    if errors:
        sys.exit(1)
    return content


def large(path: str) -> tuple[bytes, wire.Json]:
    """JSON of any size, such as a year's facts, with its bytes; what cannot be read ends the command."""
    data = content_of(path)
    try:
        return data, wire.loads(data)
    except wire.Unreadable as error:
        named = "<stdin>" if path == STDIN else path
        sentence = catalogue.sentence(error.code, locale(), **error.params)
        where = f"{named}: {error.pointer}" if error.pointer else named
        raise click.ClickException(f"{where}: {sentence}") from None


def refuse(path: str, data: bytes, problems: Iterable[AnyProblem]) -> NoReturn:
    """Say all problems and end the command; with line and column where looking for them takes no minutes."""
    found = tuple(problems)
    named = "<stdin>" if path == STDIN else path
    if len(data) <= LONGEST:
        for finding in read_definition(named, data, lambda _content: found)[1]:
            say(block(finding, locale()) + "\n", err=True)
    else:
        for each in found:
            sentence = catalogue.sentence(each.code, locale(), **each.params)
            say(f"{named}: {each.pointer}: {each.severity}[{each.code}] {sentence}", err=True)
    sys.exit(1)
