"""Word templates of printed papers: of each kind the bank's newest one, else none."""

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from server import audit
from server.db import AnyRow, new_id
from server.models.orders import PaperTemplate

ORDER, BULLETIN = KINDS = ("order", "bulletin")
LONGEST_NAME: Final = 200


def newest_template(connection: Connection, kind: str) -> AnyRow | None:
    """The bank's own template; None before one was uploaded. Not limited to a scope: it is everybody's."""
    return connection.execute(
        select(*PaperTemplate.__table__.columns)
        .where(PaperTemplate.kind == kind)
        .order_by(PaperTemplate.uploaded_at.desc(), PaperTemplate.id.desc())
        .limit(1)
    ).first()


def keep_template(
    connection: Connection, kind: str, name: str, data: bytes, *, by: str, now: datetime
) -> None:
    """Papers of the kind are printed by it from now on. Args: data: checked before."""
    sha256 = hashlib.sha256(data).hexdigest()
    connection.execute(
        insert(PaperTemplate).values(
            id=new_id(),
            kind=kind,
            name=name[:LONGEST_NAME],
            data=data,
            sha256=sha256,
            uploaded_by=by,
            uploaded_at=now,
        )
    )
    audit.record(
        connection, [audit.Entry(by, "template_changed", f"template:{kind}", {"hash": sha256})], at=now
    )
