"""What a decision about a report does to its sheet, its findings and its pay."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Select, select, update

from server.followup.pay.withholding import withhold
from server.models.reviews import APPROVED, REJECTED, SET_ASIDE
from server.models.submissions import Finding, ScoreSheet, Submission, SubmissionRevision
from server.models.tasks import Assignment


def confirm_findings(connection: Connection, submission_pk: UUID) -> None:
    """What an approved report found counts from now on."""
    connection.execute(
        update(Finding)
        .where(Finding.submission_pk == submission_pk, Finding.state == "pending")
        .where(Finding.withdrawn_at.is_(None))
        .values(state="confirmed")
    )


def apply(
    connection: Connection, submission_pk: UUID, state: str, *, why: str, by: str, now: datetime
) -> None:
    """A report was approved, excluded or rejected."""
    if state == APPROVED:
        confirm_findings(connection, submission_pk)
    if state in SET_ASIDE:
        _mark_sheets(connection, submission_pk, aside=True)
        # All at the very moment of the decision: by it they are found again.
        standing = (Finding.submission_pk == submission_pk, Finding.withdrawn_at.is_(None))
        connection.execute(update(Finding).where(*standing).values(withdrawn_at=now))
    if state == REJECTED:
        for assignment_id in connection.scalars(_assignments(submission_pk)):
            withhold(connection, assignment_id, why, by=by, now=now)


def undo(connection: Connection, submission_pk: UUID, state: str, decided_at: datetime) -> None:
    """A decision is open again: what it took out is back, what it confirmed waits. Pay stays as it is."""
    own = Finding.submission_pk == submission_pk
    if state in SET_ASIDE:
        _mark_sheets(connection, submission_pk, aside=False)
        taken = (own, Finding.withdrawn_at == decided_at)
        connection.execute(update(Finding).where(*taken).values(withdrawn_at=None, state="pending"))
    else:
        confirmed = (own, Finding.state == "confirmed")
        connection.execute(update(Finding).where(*confirmed).values(state="pending"))


def _mark_sheets(connection: Connection, submission_pk: UUID, *, aside: bool) -> None:
    revisions = select(SubmissionRevision.id).where(SubmissionRevision.submission_pk == submission_pk)
    connection.execute(
        update(ScoreSheet).where(ScoreSheet.revision_id.in_(revisions)).values(set_aside=aside)
    )


def _assignments(submission_pk: UUID) -> Select[UUID]:
    return (
        select(Assignment.id)
        .join(
            Submission,
            (Submission.submission_id == Assignment.submission_id)
            & (Submission.wave_id == Assignment.wave_id),
        )
        .where(Submission.id == submission_pk, Assignment.firm_id.is_(None))
    )
