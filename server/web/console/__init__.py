"""The console: what staff see, inside the bank's network."""

from flask import Blueprint

from server.web.console import forms, home, organisation, planning, results, sign_in, waves

blueprint = Blueprint("console", __name__)

for part in (sign_in, home, organisation, planning, waves, results, forms):
    blueprint.register_blueprint(part.blueprint)
