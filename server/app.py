"""The composition root: the only place where real adapters are built."""

from typing import Any

from flask import Flask
from flask_compress import Compress

from server import api, cli, config, web
from server.clock import Clock, SystemClock
from server.config import Settings
from server.db import db, options
from server.http import access, headers, health, logs, problems, schemas
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.notify.gateways.choosing import gateway_for, other_gateways
from server.services import EXTENSION, Services
from server.storage.objects import S3Store

MAX_BODY = 32 * 1024 * 1024


def create_app(settings: Settings | None = None, *, clock: Clock | None = None, **parts: Any) -> Flask:
    """Build the application. Opens no connection.

    Args:
        settings: from the environment when not given.
        clock: the system's when not given.
        parts: `gateway`, `store`: other adapters than the settings name, for tests.

    Raises:
        server.config.ConfigError: for settings that cannot work.
    """
    settings = settings or config.load()
    logs.configure()
    app = Flask("server", static_folder="web/static", template_folder="web/templates")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=options(),
        MAX_CONTENT_LENGTH=MAX_BODY,
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"],
        # Browsers ask for zstd first, which makes a page a tenth larger than brotli does.
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_MIN_SIZE=500,
        # Compressing a streamed file leaves it open until the garbage collector comes by.
        COMPRESS_STREAMS=False,
    )
    db.init_app(app)
    Compress(app)
    keys, clock = KeyRing(settings.keys), clock or SystemClock()
    app.extensions[EXTENSION] = Services(
        settings=settings,
        clock=clock,
        keys=keys,
        store=parts.get("store") or S3Store(settings.s3),
        gateway=parts.get("gateway") or gateway_for(settings, keys, clock),
        others=other_gateways(settings, keys, clock),
        forms=FormShelf(),
    )
    for part in (logs, access, headers):
        part.install(app)
    problems.install(app, page=web.error_page)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(schemas.blueprint)
    web.install(app)
    api.install(app)
    cli.install(app)
    return app
