"""`flask accounts add`, `flask firms add`, `flask firms key`, `flask systems key`, `flask systems revoke`."""

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from server.accounts import register
from server.accounts.authority import GIVEN_ROLES
from server.accounts.permissions import ROLES
from server.cli.failing import explained
from server.db import transaction
from server.models.accounts import Firm
from server.services import services

accounts = AppGroup("accounts", help="Sign-ins for staff.")
firms = AppGroup("firms", help="Third-party survey firms and their API keys.")
systems = AppGroup("systems", help="API keys of our own systems, such as the one that holds the master data.")

BY = "system"


def install(app: Flask) -> None:
    app.cli.add_command(accounts)
    app.cli.add_command(firms)
    app.cli.add_command(systems)


@accounts.command("add")
@click.argument("login")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", required=True, type=click.Choice(sorted(ROLES)))
@click.option("--unit", help="Code of the unit whose subtree the role reaches; everything when left out.")
@click.password_option(help="At least 12 characters; asked for when left out.")
def add_account(login: str, name: str, role: str, unit: str | None, password: str) -> None:
    """Create a sign-in."""
    new = register.NewAccount(login=login, name=name, password=password, role=role, unit_code=unit)
    with explained(), transaction() as connection:
        register.add_account(connection, new, by=BY, now=services().clock.now())
    click.echo(f"{login} may now sign in as {role}.")


@firms.command("add")
@click.argument("code")
@click.argument("name")
def add_firm(code: str, name: str) -> None:
    """Register a firm and print its first API key."""
    with explained(), transaction() as connection:
        if connection.scalar(select(Firm.id).where(Firm.code == code)) is not None:
            raise click.ClickException(f"There is already a firm with the code {code}.")
        now = services().clock.now()
        firm_id = register.add_firm(connection, code, name, now=now)
        click.echo(register.add_api_key(connection, firm_id, by=BY, now=now))


@firms.command("key")
@click.argument("code")
def add_key(code: str) -> None:
    """Print a new API key for a firm. It is shown this once."""
    with explained(), transaction() as connection:
        firm_id = connection.scalar(select(Firm.id).where(Firm.code == code))
        if firm_id is None:
            raise click.ClickException(f"There is no firm with the code {code}.")
        click.echo(register.add_api_key(connection, firm_id, by=BY, now=services().clock.now()))


@systems.command("key")
@click.argument("name")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    required=True,
    type=click.Choice(sorted(register.SYSTEM_PERMISSIONS)),
)
@click.option("--unit", help="Code of the unit whose subtree the key reaches; everything when left out.")
@click.option("--gives", multiple=True, type=click.Choice(GIVEN_ROLES), help="A role it may give to people.")
def add_system_key(name: str, permissions: tuple[str, ...], unit: str | None, gives: tuple[str, ...]) -> None:
    """Print a new API key for a system of our own. It is shown this once."""
    new = register.NewSystemKey(name, frozenset(permissions), unit, gives=frozenset(gives))
    with explained(), transaction() as connection:
        click.echo(register.add_system_key(connection, new, by=BY, now=services().clock.now()))


@systems.command("revoke")
@click.argument("name")
def revoke_system_keys(name: str) -> None:
    """Take all API keys of a system out of use."""
    with explained(), transaction() as connection:
        revoked = register.revoke_system_keys(connection, name, by=BY, now=services().clock.now())
    if not revoked:
        raise click.ClickException(f"There is no key in use by the name {name}.")
    click.echo(f"{revoked} {'key' if revoked == 1 else 'keys'} of {name} taken out of use.")
