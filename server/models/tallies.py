"""How many of what each subject of a wave has, kept beside the rows that are counted.

Triggers write each change of a count as a `TallyChange`, in the transaction that causes it; a worker folds
them into `WaveTally` in batches. What is so at any moment is the sum over both tables, read in one statement
(docs/decisions/0014). Whoever writes rows need not know of it, and no two requests write the same row.
"""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base

# What is counted, and what `detail` says of it.
SUBMISSION = "submission"  # the firm that sent it, or ""
SCORE = "score"  # the raw score as its sheet has it, "" where nothing was applicable
MESSAGE_SUFFIX = "_message"  # the state of the message: `invitation_message`, `assignment_message`
# `invitation` and `assignment`, each also with `_started` and `_completed`, have no detail.


class WaveTally(Base):
    """A count as it was when it was last folded; a row may say 0, and even less while others wait."""

    __tablename__ = "wave_tally"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    counted: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("subject.id"), primary_key=True)
    detail: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class TallyChange(Base):
    """By how much a count changed since. No foreign keys: its row lies on the way of each submission."""

    __tablename__ = "tally_change"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    wave_id: Mapped[UUID]
    counted: Mapped[str]
    subject_id: Mapped[UUID]
    detail: Mapped[str]
    n: Mapped[int]

    __table_args__ = (Index("tally_change_wave_idx", "wave_id", "counted"),)
