"""What a coordinator decides about duties: excusing what could not be done, and correcting what is noted.

Each takes a reason and leaves an audit line with what stood there before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, update

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.duties.doing import LONGEST_NOTE
from server.fieldwork.duties.owed import find_owed, state_of
from server.models.duties import DutyOccurrence
from server.scope import Scope
from server.scoring.duties import standing

NOT_DONE: Final = "not_done"
# What a correction may say; `open` also takes an excuse back.
VERDICTS: Final = (standing.DONE, standing.DONE_LATE, NOT_DONE)


@dataclass(frozen=True, slots=True)
class Correction:
    """How a duty really stands, and why the ledger said otherwise."""

    verdict: str
    reason: str


def excuse(
    connection: Connection, occurrence_id: UUID, reason: str, scope: Scope, *, by: str, now: datetime
) -> None:
    """Take a duty out of what is due. The reason is read by those who are judged by it.

    Raises:
        Refusal: not_found, duty_done_already, duty_excused, or invalid_fields without a reason.
    """
    row = find_owed(connection, occurrence_id, scope, lock=True)
    given = _checked(reason)
    if row.excused_at is not None or row.done_at is not None:
        raise Refusal("duty_excused" if row.excused_at is not None else "duty_done_already")
    values = {"excused_at": now, "excused_by": by, "excuse": given}
    _write(connection, row, values, "duty_excused", by, now, reason=given)


def correct(
    connection: Connection,
    occurrence_id: UUID,
    correction: Correction,
    scope: Scope,
    *,
    by: str,
    now: datetime,
) -> None:
    """Say that a duty was done after all, in time or late, or that it was not. Takes an excuse back.

    Raises:
        Refusal: not_found, or invalid_fields without a reason or with another verdict than `VERDICTS`.
    """
    row = find_owed(connection, occurrence_id, scope, lock=True)
    given = _checked(correction.reason)
    if correction.verdict not in VERDICTS:
        raise Refusal("invalid_fields", details=[Detail("duty_verdict", "/verdict")])
    done_at = {
        # The last moment in time, and the first one that is late: when exactly nobody has written down.
        standing.DONE: min(now, row.due_at - row.due_at.resolution),
        standing.DONE_LATE: max(min(now, row.closes_at - row.closes_at.resolution), row.due_at),
    }.get(correction.verdict)
    values = {
        "done_at": done_at,
        "done_by": by if done_at else None,
        "noted": row.times if done_at else 0,
        "excused_at": None,
        "excused_by": None,
        "excuse": None,
        "corrected_at": now,
        "corrected_by": by,
        "correction": given,
    }
    detail = {"before": state_of(row, now), "after": correction.verdict, "reason": given}
    _write(connection, row, values, "duty_corrected", by, now, **detail)


def _checked(reason: str) -> str:
    given = reason.strip()
    if not given:
        raise Refusal("invalid_fields", details=[Detail("duty_reason_missing", "/reason")])
    if len(given) > LONGEST_NOTE:
        raise Refusal(
            "invalid_fields", details=[Detail("duty_note_long", "/reason", {"limit": LONGEST_NOTE})]
        )
    return given


def _write(
    connection: Connection,
    row: AnyRow,
    values: dict[str, Any],
    action: str,
    by: str,
    now: datetime,
    **detail: str,
) -> None:
    connection.execute(update(DutyOccurrence).where(DutyOccurrence.id == row.id).values(**values))
    audit.record(connection, [audit.Entry(by, action, f"duty:{row.id}", detail)], at=now)
