"""Pages: complete from the server, improved by small scripts.

Respondents use the public surface, staff the internal one.
"""

from flask import Flask

from server.services import services
from server.web import (
    codes,
    console,
    counters,
    countersigning,
    hooks,
    inbox,
    phone,
    presenting,
    respond,
    trials,
)
from server.web.presenting import error_page
from server.web.visit import before, photos, returned, signing

__all__ = ["error_page", "install"]

# Banks put customers and shoppers in a DMZ and the console inside: a process has only its surface's routes.
SURFACES = {
    "public": (
        respond.blueprint,
        codes.blueprint,
        counters.blueprint,
        before.blueprint,
        photos.blueprint,
        signing.blueprint,
        returned.blueprint,
        phone.blueprint,
        countersigning.blueprint,
        hooks.blueprint,
    ),
    "internal": (console.blueprint, inbox.blueprint, trials.blueprint),
}


def install(app: Flask) -> None:
    presenting.install(app)
    with app.app_context():
        surface = services().settings.surface
    for name, blueprints in SURFACES.items():
        if surface in {name, "all"}:
            for blueprint in blueprints:
                app.register_blueprint(blueprint)
