"""`flask audit verify`: whether any sealed line was changed, taken out, reordered or cut off."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from server import audit, wire
from server.cli.failing import explained
from server.db import connection
from server.models.audit import AuditAnchor
from server.services import services
from server.storage.protocol import ObjectMissing, ObjectTooLarge

group = AppGroup("audit", help="The audit chain.")

LONGEST_HEAD = 100


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def verify() -> None:
    """Check the whole chain against itself and against the heads in the object store."""
    with explained():
        outside = [*_newest(), *map(_outside, _anchors())]
        damages = list(audit.verify(connection(), outside))
        position, head = audit.head(connection())
    for damage in damages:
        click.echo(f"position {damage.position}: {damage.problem}")
    if damages:
        raise click.ClickException(f"The chain does not hold at {len(damages)} place(s).")
    click.echo(f"{position} lines hold; head {head.hex()}; {len(outside)} heads outside agree.")


@group.command()
@click.argument("file", type=click.File("rb"))
def prove(file: BinaryIO) -> None:
    """Check the proof of a published version: its snapshot, its line, and the line's place in the chain."""
    with explained():
        read: Any = wire.loads(file.read())
        shown: dict[str, Any] = read if isinstance(read, dict) else {}
        problems = list(_unproved(shown))
    if problems:
        raise click.ClickException("; ".join(problems))
    position = shown["sealed"]["position"]
    click.echo(f"The snapshot is the one that was published; position {position} of the chain.")


def _unproved(shown: Mapping[str, Any]) -> Iterator[str]:
    sealed = shown.get("sealed")
    if wire.fingerprint(shown.get("snapshot")) != shown.get("hash"):
        yield "the snapshot is not what the hash says"
    if not isinstance(sealed, dict):
        yield "the version is not sealed yet"
    elif not audit.proof_holds(sealed):
        yield "the line does not lead to its head"
    elif sealed["line"][5].get("snapshot") != shown.get("hash"):
        yield "the line is about another snapshot"


def _anchors() -> list[tuple[int, str]]:
    anchors = connection().execute(select(AuditAnchor.position, AuditAnchor.place))
    return [(row.position, row.place) for row in anchors]


def _outside(anchor: tuple[int, str]) -> tuple[int, bytes]:
    position, place = anchor
    # A head that is gone from outside is itself a finding; an impossible head reports it.
    return position, _bytes(_read(place))


def _newest() -> list[tuple[int, bytes]]:
    """The head that was copied last; none before the first copy."""
    position, _, head = _read(audit.NEWEST_HEAD).partition(" ")
    return [(int(position), _bytes(head))] if position.isdecimal() else []


def _read(place: str) -> str:
    try:
        return services().store.get(place, LONGEST_HEAD).decode("ascii", "replace")
    except (ObjectMissing, ObjectTooLarge):
        return ""


def _bytes(head: str) -> bytes:
    try:
        return bytes.fromhex(head)
    except ValueError:
        return b""
