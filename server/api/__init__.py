"""REST under /api/v1: what systems do. marshmallow shapes the envelope, compiled forms check the answers."""

from flask import Flask

from server.api import submissions


def install(app: Flask) -> None:
    app.register_blueprint(submissions.blueprint)
