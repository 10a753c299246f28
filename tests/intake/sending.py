"""Photos as phones promise and send them, for the tests of what becomes of them."""

import hashlib
from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from PIL import Image
from sqlalchemy import Connection, Engine, select

from server.clock import SetClock
from server.intake.photos.looking import inspect_one
from server.intake.uploads import Place, Promise, promise
from server.models.submissions import Attachment
from server.storage.protocol import ObjectStore
from tests import builders
from tests.builders import NOW


def jpeg(colour: str = "navy") -> bytes:
    stream = BytesIO()
    Image.new("RGB", (640, 480), colour).save(stream, "JPEG")
    return stream.getvalue()


PHOTO = jpeg()


def wave(connection: Connection) -> UUID:
    builders.create_units(connection)
    return builders.create_wave(connection, state="launched", instrument="visit")


def promised(wave_id: UUID, data: bytes = PHOTO, **changes: Any) -> Promise:
    place = Place(uuid4(), wave_id, "OUT-01-photo")
    return replace(
        Promise(place, uuid4(), "image/jpeg", len(data), hashlib.sha256(data).hexdigest()), **changes
    )


def rows(connection: Connection) -> Any:
    return connection.execute(select(*Attachment.__table__.columns)).all()


def stored_promise(engine: Engine, store: ObjectStore, data: bytes = PHOTO, **changes: Any) -> Any:
    """The row of a photo that was promised."""
    with engine.begin() as connection:
        promise(connection, store, promised(wave(connection), data, **changes), now=NOW)
        return rows(connection)[0]


def inspected(engine: Engine, store: ObjectStore, row: Any) -> Any:
    """The row after the worker has looked."""
    inspect_one(engine, store, row.id, SetClock(NOW))
    with engine.connect() as connection:
        return rows(connection)[0]


def verified(engine: Engine, store: ObjectStore, data: bytes = PHOTO) -> Any:
    """The row of a photo that was promised, sent and found good."""
    row = stored_promise(engine, store, data)
    store.put(row.object_key, data, "image/jpeg")
    return inspected(engine, store, row)
