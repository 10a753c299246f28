"""`flask rolling draw`, `flask rolling verify WAVE`: what rolling waves do every night."""

import click
from flask import Flask
from flask.cli import AppGroup

from server.cli.draws import tell_differences, wave_of
from server.cli.failing import explained
from server.db import connection
from server.fieldwork.contacts.rolling.reading import verify_nights
from server.fieldwork.waves.reading import find_wave_to_run
from server.jobs import rounds
from server.scope import EVERYTHING

group = AppGroup("rolling", help="Waves that ask about yesterday, every night.")


def install(app: Flask) -> None:
    app.cli.add_command(group)


@group.command()
def draw() -> None:
    """Draw from the service events that are new, and ask about them, as the clock does every morning."""
    with explained():
        rounds.draw_rolling_waves()


@group.command()
@click.argument("wave")
def verify(wave: str) -> None:
    """Repeat every night's draw of the wave with this code."""
    with explained():
        found = find_wave_to_run(connection(), wave_of(wave), EVERYTHING)
        differences = verify_nights(connection(), found, EVERYTHING)
    tell_differences(differences)
