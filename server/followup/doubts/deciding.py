"""What people say of a doubt: dismissed, or upheld; with a note, and as often as they learn better."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, and_, select, update

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.followup.doubts.storing import locked, stand
from server.followup.reviewing.opening import open_reviews
from server.models.doubts import DISMISSED, UPHELD, VisitDoubt
from server.models.submissions import Submission
from server.models.tasks import Assignment
from server.scope import Scope

VERDICTS: Final = (DISMISSED, UPHELD)
LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of `VERDICTS`, and why."""

    state: str
    note: str


def decide(
    connection: Connection, doubt_id: UUID, verdict: Verdict, scope: Scope, *, by: str, now: datetime
) -> UUID:
    """Decide about one doubt; returns the inner id of its submission, whose confidence follows.

    No score and no report changes by it; the risk of the report's review does.

    Raises:
        Refusal: not_found when there is none within the scope, or invalid_fields.
    """
    doubt = _found(connection, doubt_id, scope)
    note = verdict.note.strip()
    checks = (
        (verdict.state not in VERDICTS, Detail("doubt_verdict_missing", "/state")),
        (not note, Detail("doubt_note_missing", "/note")),
        (len(note) > LONGEST, Detail("text_too_long", "/note", {"limit": LONGEST})),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    locked(connection, doubt.submission_pk)
    decided = {"state": verdict.state, "note": note, "decided_by": by, "decided_at": now}
    connection.execute(update(VisitDoubt).where(VisitDoubt.id == doubt_id).values(**decided))
    stand(connection, doubt.submission_pk, {})
    open_reviews(connection, [doubt.submission_pk], now=now)
    detail = {"code": doubt.code, "before": doubt.state}
    action = "doubt_upheld" if verdict.state == UPHELD else "doubt_dismissed"
    entry = audit.Entry(by, action, f"assignment:{doubt.assignment_id}", detail)
    audit.record(connection, [entry], at=now)
    return UUID(str(doubt.submission_pk))


def _found(connection: Connection, doubt_id: UUID, scope: Scope) -> AnyRow:
    of_assignment = and_(
        Assignment.submission_id == Submission.submission_id, Assignment.wave_id == Submission.wave_id
    )
    query = (
        select(
            VisitDoubt.submission_pk, VisitDoubt.code, VisitDoubt.state, Assignment.id.label("assignment_id")
        )
        .join(Submission, Submission.id == VisitDoubt.submission_pk)
        .join(Assignment, of_assignment)
        .where(VisitDoubt.id == doubt_id)
    )
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row
