"""Submissions that are sent again after their wave got another version of its form.

What is stored keeps the version it was made with, so what is sent again is judged by that one: a firm that
sends its file once more gets its first receipts, whatever the coordinator has changed since.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from server.intake.prepare import Ask, Incoming, Prepared, Rejected, prepare
from server.intake.record import Receipt, record
from server.intake.shelf import FormShelf
from server.models.submissions import Submission


def prepare_again(
    connection: Connection, shelf: FormShelf, incoming: Incoming, ask: Ask
) -> Prepared | Rejected:
    """Like `prepare`; what the wave's version does not accept may be what was stored by another one."""
    prepared = prepare(incoming, ask)
    if isinstance(prepared, Prepared):
        return prepared
    stored = _as_stored(connection, shelf, ask, incoming.submission_id)
    return prepared if stored is None else prepare(incoming, stored)


def record_again(
    connection: Connection, shelf: FormShelf, batch: Sequence[Prepared], *, actor: str, now: datetime
) -> list[Receipt]:
    """Like `record`; what differs from the stored answers may do so by its version only."""
    receipts = record(connection, batch, actor=actor, now=now)
    for index, receipt in enumerate(receipts):
        if receipt.outcome != "conflict":
            continue
        stored = _as_stored(connection, shelf, batch[index].ask, receipt.submission_id)
        again = prepare(batch[index].incoming, stored) if stored else None
        if isinstance(again, Prepared):
            [receipts[index]] = record(connection, [again], actor=actor, now=now)
    return receipts


def _as_stored(connection: Connection, shelf: FormShelf, ask: Ask, submission_id: UUID) -> Ask | None:
    """What was asked when this was stored; None when nothing is, or by the same version."""
    version_id = connection.scalar(
        select(Submission.form_version_id).where(
            Submission.wave_id == ask.wave_id, Submission.submission_id == submission_id
        )
    )
    if version_id is None or version_id == ask.shelved.form_version_id:
        return None
    return replace(ask, shelved=shelf.get(connection, version_id))
