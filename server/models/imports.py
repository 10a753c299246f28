"""Files that were shown to somebody as a dry run and wait for being applied."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class KeptImport(HasId, Base):
    """One file, for an hour or two: what was shown is what will be applied.

    `content` is compressed and encrypted: lists of customers wait here too. `fingerprint` is the report's.
    """

    __tablename__ = "kept_import"

    kind: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    filename: Mapped[str]
    content: Mapped[bytes]
    fingerprint: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
