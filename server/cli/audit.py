"""`flask audit verify`: whether any sealed line was changed, taken out, reordered or cut off."""

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from server import audit
from server.cli.failing import explained
from server.db import connection
from server.models.audit import AuditAnchor
from server.services import services
from server.storage.protocol import ObjectMissing

group = AppGroup("audit", help="The audit chain.")

HEAD_LENGTH = 64


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def verify() -> None:
    """Check the whole chain against itself and against the heads in the object store."""
    with explained():
        outside = [head for head in map(_outside, _anchors()) if head]
        damages = list(audit.verify(connection(), outside))
        position, head = audit.head(connection())
    for damage in damages:
        click.echo(f"position {damage.position}: {damage.problem}")
    if damages:
        raise click.ClickException(f"The chain does not hold at {len(damages)} place(s).")
    click.echo(f"{position} lines hold; head {head.hex()}; {len(outside)} heads outside agree.")


def _anchors() -> list[tuple[int, str]]:
    anchors = connection().execute(select(AuditAnchor.position, AuditAnchor.place))
    return [(row.position, row.place) for row in anchors]


def _outside(anchor: tuple[int, str]) -> tuple[int, bytes] | None:
    position, place = anchor
    try:
        return position, bytes.fromhex(services().store.get(place, HEAD_LENGTH).decode())
    except ObjectMissing:
        # A head that is gone from outside is itself a finding; an impossible head reports it.
        return position, b""
