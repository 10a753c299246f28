"""REST under /api/v1: what systems do. marshmallow shapes the envelope, compiled forms check the answers."""

from flask import Flask

from server.api import contacts, forms, people, submissions, units


def install(app: Flask) -> None:
    for part in (submissions, forms, contacts, units, people):
        app.register_blueprint(part.blueprint)
