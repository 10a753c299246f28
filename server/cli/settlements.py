"""`flask settlements …`: settle programmes on what the database holds, show it, preview another scoring."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import Connection, select

from server import catalogue, wire
from server.cli.failing import explained, pointed
from server.cli.programmes import shown
from server.db import connection, transaction
from server.errors import Refusal
from server.followup import rescoring, settlements
from server.followup.settlements import Made, NewSettlement
from server.models.accounts import Account
from server.models.waves import Wave
from server.scope import EVERYTHING
from server.services import services

group = AppGroup("settlements", help="Settlements of programmes, their ledger, and previews.")

BY = "system"
ID = click.argument("settlement", type=click.UUID)
VERSION = click.IntRange(1, 2**31 - 1)


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("key")
@click.option("--as-of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day of settlement.")
@click.option("--version", type=VERSION, help="Of the programme; the year's own unless it is named.")
@click.option("--facts", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Laid over.")
@click.option("--by", help="Who settles: the sign-in of an account.")
@click.option("--preview", is_flag=True, help="Show what would change and store nothing.")
def make(
    key: str, as_of: datetime, version: int | None, facts: Path | None, by: str | None, preview: bool
) -> None:
    """Settle the programme KEY and print what that changes against the settlement before."""
    new = NewSettlement(key, as_of.date(), version, {} if facts is None else _extra(facts))
    which = "published version" if version is None else f"version {version}"
    with pointed(f"There is no {which} of a programme {key}."):
        if preview:
            difference = settlements.preview_settlement(connection(), new, EVERYTHING)
            click.echo(shown({"difference": difference.to_json()}))
            return
        now = services().clock.now()
        with transaction() as current:
            made = settlements.make_settlement(current, new, EVERYTHING, by=_actor(current, by), now=now)
        click.echo(shown(_made(made)))


@group.command("list")
@click.option("--programme", help="Only those of the programme with this key.")
def list_(programme: str | None) -> None:
    """The settlements, newest first, one a line."""
    with explained():
        for row in settlements.list_settlements(connection(), EVERYTHING, key=programme):
            standing = "current" if row.current else "superseded"
            made = f"{row.created_at:%Y-%m-%d %H:%M} by {row.created_by}"
            about = f"{row.key} version {row.version}, {row.year} as of {row.as_of}"
            click.echo(f"{row.id}  {about}: {standing}, {row.lines} ledger lines, made {made}")


@group.command()
@ID
@click.option(
    "--part", type=click.Choice(["result", "facts", "ledger"]), default="result", help="What to print."
)
def show(settlement: UUID, part: str) -> None:
    """Print a settlement: its result, the facts it was made from, or what it wrote into the ledger."""
    with pointed(f"There is no settlement {settlement}."):
        click.echo(shown(_PARTS[part](connection(), settlement)))


@group.command()
@ID
def verify(settlement: UUID) -> None:
    """Settle the stored facts again and compare the results."""
    with pointed(f"There is no settlement {settlement}."):
        same = settlements.repeats(connection(), settlement, EVERYTHING)
    if not same:
        raise click.ClickException("The settlement does not repeat.")
    click.echo("The settlement repeats to the same result.")


@group.command()
@click.argument("wave")
@click.option("--version", required=True, type=VERSION, help="Of the wave's form; a draft may be tried.")
@click.option("--preview", is_flag=True, help="Show who would move. Nothing is changed.")
def rescore(wave: str, version: int, preview: bool) -> None:
    """Score the answers of a WAVE by another version of its form, and show who would move."""
    if not preview:
        raise click.UsageError("Stored scores are not changed: add --preview to see who would move.")
    with pointed(f"There is no wave with the code {wave}."):
        wave_id = connection().scalar(select(Wave.id).where(Wave.code == wave))
        if wave_id is None:
            raise Refusal("not_found")
        found = rescoring.preview_rescoring(connection(), services().forms, wave_id, version, EVERYTHING)
    click.echo(shown(rescoring.shown(found)))


def _extra(path: Path) -> Mapping[str, Any]:
    try:
        content = wire.loads(path.read_bytes())
    except wire.Unreadable as error:
        raise click.ClickException(
            f"{path}: {catalogue.sentence(error.code, 'en', **error.params)}"
        ) from None
    if not isinstance(content, dict):
        raise click.ClickException(f"{path}: a JSON object is expected.")
    return content


def _actor(current: Connection, login: str | None) -> str:
    if login is None:
        return BY
    account_id = current.scalar(select(Account.id).where(Account.login == login.lower()))
    if account_id is None:
        raise click.ClickException(f"There is no account {login}.")
    return f"account:{account_id}"


def _made(made: Made) -> dict[str, Any]:
    return {
        "settlement": str(made.id),
        "replayed": made.replayed,
        "version": made.version,
        "leftOut": dict(made.left_out),
        "difference": made.difference.to_json(),
    }


def _ledger(current: Connection, settlement: UUID) -> dict[str, Any]:
    return {
        "ledger": [
            {
                "id": row.line_id,
                **{name: getattr(row, name) for name in ("rule", "subject", "period", "direction")},
                "amount": f"{row.amount:f}",
                "unit": row.unit,
                "payee": {"kind": row.payee_kind, "id": row.payee_id},
                "reverses": row.reverses_id and str(row.reverses_id),
            }
            for row in settlements.ledger_lines(current, settlement, EVERYTHING)
        ]
    }


_PARTS = {
    "result": lambda current, settlement: settlements.result_of(current, settlement, EVERYTHING),
    "facts": lambda current, settlement: settlements.facts_of(current, settlement, EVERYTHING),
    "ledger": _ledger,
}
