"""`flask demo load`, `flask demo links`, `flask demo reset`."""

import json
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from server import timetable
from server.cli.failing import explained
from server.db import connection, transaction
from server.demo import clearing, loading, showing
from server.services import services

group = AppGroup("demo", help="Invented data to try the system with.")


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.option("--if-empty", is_flag=True, help="Do nothing when there are data already.")
def load(if_empty: bool) -> None:
    """Load the demo into an empty database."""
    with explained():
        if if_empty and not loading.is_empty(connection()):
            return
        try:
            loading.load(services())
        except (loading.NotEmpty, loading.RealGateway) as error:
            raise click.ClickException(str(error)) from None
    click.echo("The demo is loaded.")


@group.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def links(as_json: bool) -> None:
    """Print unused links, the firm's key and the sign-ins."""
    with explained():
        try:
            shown = showing.show(connection(), services().keys, services().settings.public_url)
        except showing.NoDemo as error:
            raise click.ClickException(str(error)) from None
    click.echo(json.dumps(shown) if as_json else _for_people(shown))


@group.command()
@click.confirmation_option(prompt="This deletes everything in the database. Go on?")
def reset() -> None:
    """Take the demo out, so that real data can come in."""
    with explained():
        try:
            with transaction() as open_connection:
                objects = clearing.clear(open_connection, now=services().clock.now())
                timetable.seed(open_connection)
        except showing.NoDemo as error:
            raise click.ClickException(str(error)) from None
        for key in objects:
            services().store.delete(key)
    click.echo("The demo is gone.")


def _for_people(shown: dict[str, Any]) -> str:
    lines = [
        f"Customer   {shown['customer'] or '(every link is used)'}",
        f"Visit      {shown['visit'] or '(every link is used)'}",
        f"Firm       {shown['firm_key']} (wave {shown['firm_wave']})",
    ]
    lines += [
        f"{role:<16}{who['url']}   {who['login']} / {who['password']}"
        for role, who in sorted(shown["signin"].items())
    ]
    return "\n".join(lines)
