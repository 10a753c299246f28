"""`flask draws verify WAVE`: draw again from the record and compare."""

from collections.abc import Sequence
from uuid import UUID

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from server.cli.failing import explained
from server.db import connection
from server.fieldwork.waves.drawing import verify_draw
from server.models.waves import Wave
from server.sampling.verification import Difference
from server.scope import EVERYTHING

group = AppGroup("draws", help="Recorded random selections.")


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
@click.argument("wave")
def verify(wave: str) -> None:
    """Repeat the draw of the wave with this code."""
    with explained():
        differences = verify_draw(connection(), wave_of(wave), EVERYTHING)
    tell_differences(differences)


def wave_of(code: str) -> UUID:
    """Raises: click.ClickException where no wave has the code."""
    wave_id = connection().scalar(select(Wave.id).where(Wave.code == code))
    if wave_id is None:
        raise click.ClickException(f"There is no wave with the code {code}.")
    return wave_id


def tell_differences(differences: Sequence[Difference]) -> None:
    """Say what a repeated draw gave otherwise, and fail where it did."""
    for difference in differences:
        click.echo(f"{difference.pointer}: {difference.recorded} was {difference.redrawn}")
    if differences:
        raise click.ClickException("The draw does not repeat.")
    click.echo("The draw repeats to identical ids.")
