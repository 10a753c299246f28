"""Taking the demo out: every row and every photo of it, so that real data can come in."""

from datetime import datetime

from sqlalchemy import Connection, select, text

from server.audit import NEWEST_HEAD
from server.db import Base
from server.demo.showing import NoDemo
from server.fieldwork.definitions.shipping import publish_shipped
from server.intake.uploads import LARGE, SMALL
from server.models.audit import AuditAnchor
from server.models.submissions import Attachment
from server.reports.deployment import is_demo

# Their guards forbid exactly this to everybody else; a demo's lines witness nothing.
GUARDED = (
    "audit_line", "audit_seal", "settlement", "ledger_line",
    "call_back_attempt", "call_back_step", "call_back_bulletin",
)  # fmt: skip


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
        *(key + size for key in photos for size in ("", SMALL, LARGE)),
        *connection.scalars(select(AuditAnchor.place)),
        NEWEST_HEAD,
    ]


def _empty(connection: Connection) -> None:
    names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    for table in GUARDED:
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    connection.execute(text(f"TRUNCATE {names}, procrastinate_jobs RESTART IDENTITY CASCADE"))
    for table in GUARDED:
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
