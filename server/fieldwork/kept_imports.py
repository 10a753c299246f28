"""Between a dry run and its applying: the very file that was shown, kept for a while.

It is encrypted, since it may hold customers' numbers, and only whoever sent it can apply it.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, insert

from server.db import new_id
from server.errors import Refusal
from server.fieldwork.importing import SentFile
from server.keys import KeyLost, KeyRing
from server.models.imports import KeptImport

KEPT_FOR = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was sent, and the fingerprint of what it was shown to change."""

    data: bytes
    filename: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where one person's files of one kind (`units`, `contacts`, …) wait."""

    kind: str
    account_id: UUID
    keys: KeyRing

    def keep(self, connection: Connection, sent: SentFile, fingerprint: str, *, now: datetime) -> UUID:
        """Put a file there; whatever waited too long, of anybody, is thrown away."""
        connection.execute(delete(KeptImport).where(KeptImport.created_at <= now - KEPT_FOR))
        kept_id = new_id()
        connection.execute(
            insert(KeptImport).values(
                id=kept_id,
                kind=self.kind,
                account_id=self.account_id,
                filename=sent.filename,
                content=self.keys.encrypt_bytes(zlib.compress(sent.data)),
                fingerprint=fingerprint,
                created_at=now,
            )
        )
        return kept_id

    def take(self, connection: Connection, kept_id: UUID, *, now: datetime) -> Kept:
        """Take a file out: it is applied once.

        Raises:
            Refusal: import_gone, when there is none of this person and kind, or it waited too long.
        """
        row = connection.execute(
            delete(KeptImport)
            .where(
                KeptImport.id == kept_id,
                KeptImport.kind == self.kind,
                KeptImport.account_id == self.account_id,
                KeptImport.created_at > now - KEPT_FOR,
            )
            .returning(KeptImport.content, KeptImport.filename, KeptImport.fingerprint)
        ).first()
        if row is None:
            raise Refusal("import_gone")
        try:
            data = zlib.decompress(self.keys.decrypt_bytes(row.content))
        except KeyLost:
            raise Refusal("import_gone") from None
        return Kept(data, row.filename, row.fingerprint)
