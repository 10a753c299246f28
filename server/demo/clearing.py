"""Taking the demo out: every row and every photo of it, so that real data can come in."""

from datetime import datetime

from sqlalchemy import Connection, select, text

from server.audit import NEWEST_HEAD
from server.db import Base
from server.demo.showing import NoDemo
from server.fieldwork.definitions.shipping import publish_shipped
from server.intake.photos.keeping import objects_of
from server.models.audit import AuditAnchor
from server.models.submissions import Attachment
from server.reports.deployment import is_demo

# The tables whose triggers forbid exactly this to everybody else; a demo's lines witness nothing. Read from
# the database (tgtype: 2 = BEFORE, 32 = TRUNCATE): a list here is forgotten when the next guard is written.
GUARDED = text(
    "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
    " WHERE NOT tgisinternal AND tgtype & 34 = 34 ORDER BY 1"
)


def clear(connection: Connection, *, now: datetime) -> list[str]:
    """Delete every row, and publish the shipped definitions anew.

    Returns:
        Keys in the object store that nothing names any more, to be deleted once this is committed: a row
        whose object is gone would be a broken page, an object whose row is gone is only waste.

    Raises:
        NoDemo: when the data are not a demo's; nothing is deleted.
    """
    if not is_demo(connection):
        raise NoDemo("These are not demo data; nothing was deleted.")
    objects = _objects(connection)
    _empty(connection)
    publish_shipped(connection, now=now)
    return objects


def _objects(connection: Connection) -> list[str]:
    photos = connection.scalars(select(Attachment.object_key))
    return [
        *(key for photo in photos for key in objects_of(photo)),
        *connection.scalars(select(AuditAnchor.place)),
        NEWEST_HEAD,
    ]


def _empty(connection: Connection) -> None:
    names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    guarded = connection.scalars(GUARDED).all()
    for table in guarded:
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    connection.execute(text(f"TRUNCATE {names}, procrastinate_jobs RESTART IDENTITY CASCADE"))
    for table in guarded:
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
