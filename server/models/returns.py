"""What came back of a report that was returned to who made it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class ReturnAnswer(Base):
    """The answer to a return: once, whoever sends it again.

    Attributes:
        revision_id: the state of the answers that the return was answered with: a new one where something
            was `changed`, else the one that stood before.
        late: it came after the deadline.
    """

    __tablename__ = "return_answer"

    return_id: Mapped[UUID] = mapped_column(ForeignKey("visit_return.id"), primary_key=True)
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("submission_revision.id"), index=True)
    changed: Mapped[bool]
    late: Mapped[bool]
    answered_at: Mapped[datetime]
