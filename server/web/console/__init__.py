"""The console: what staff see, inside the bank's network."""

from flask import Blueprint

from server.web.console import home, organisation, results, sign_in, waves

blueprint = Blueprint("console", __name__)

for part in (sign_in, home, organisation, waves, results):
    blueprint.register_blueprint(part.blueprint)
