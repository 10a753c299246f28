"""The console: what staff see, inside the bank's network."""

from flask import Blueprint

from server.web.console import (
    account,
    bulk,
    callback_people,
    callback_weeks,
    callbacks,
    contacts,
    coverage,
    dispatch,
    duties,
    forms,
    history,
    home,
    organisation,
    people,
    people_acts,
    planning,
    quarter,
    results,
    running,
    sampling,
    search,
    sign_in,
    timetable,
    today,
    trail,
    unit_changes,
    visits,
    waves,
)

blueprint = Blueprint("console", __name__)

PARTS = (
    sign_in,
    today,
    home,
    bulk,
    search,
    trail,
    organisation,
    unit_changes,
    people,
    people_acts,
    account,
    history,
    contacts,
    planning,
    sampling,
    coverage,
    quarter,
    waves,
    visits,
    dispatch,
    running,
    results,
    timetable,
    duties,
    callbacks,
    callback_people,
    callback_weeks,
    forms,
)
for part in PARTS:
    blueprint.register_blueprint(part.blueprint)
