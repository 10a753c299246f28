"""`flask rolling draw`, `flask rolling verify WAVE`: what rolling waves do every night."""

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from server import jobs
from server.cli.failing import explained
from server.db import connection
from server.fieldwork.contacts.rolling.reading import verify_nights
from server.fieldwork.waves.reading import find_wave_to_run
from server.models.waves import Wave
from server.scope import EVERYTHING

group = AppGroup("rolling", help="Waves that ask about yesterday, every night.")


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def draw() -> None:
    """Draw from the service events that are new, and ask about them, as the clock does every morning."""
    with explained():
        jobs.draw_rolling_waves()


@group.command()
@click.argument("wave")
def verify(wave: str) -> None:
    """Repeat every night's draw of the wave with this code."""
    with explained():
        wave_id = connection().scalar(select(Wave.id).where(Wave.code == wave))
        if wave_id is None:
            raise click.ClickException(f"There is no wave with the code {wave}.")
        found = find_wave_to_run(connection(), wave_id, EVERYTHING)
        differences = verify_nights(connection(), found, EVERYTHING)
    for difference in differences:
        click.echo(f"{difference.pointer}: {difference.recorded} was {difference.redrawn}")
    if differences:
        raise click.ClickException("The draws do not repeat.")
    click.echo("The draws repeat to identical ids.")
