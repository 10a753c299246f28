"""What follows a submission after its receipt: taken from `pending` in batches by the worker."""

from collections.abc import Sequence
from uuid import UUID

from procrastinate.types import JSONValue
from sqlalchemy import Connection, any_, delete, func, or_, select

from server import queue
from server.db import AnySelect
from server.models.submissions import Attachment, Pending, ScoreSheet, Submission, SubmissionRevision
from server.models.tasks import Assignment, Invitation
from server.models.waves import Wave
from server.scoring.programmes.reviewing import REVIEWABLE
from server.scoring.programmes.vocabulary import VISITED

BATCH = 500


def follow_batch(connection: Connection) -> int:
    """Take up to `BATCH` pending rows and start what they need; returns how many were taken.

    Photos that the client sent without saying so are looked for once more here.
    """
    taken = select(Pending.id).order_by(Pending.id).limit(BATCH).with_for_update(skip_locked=True)
    # Not by IN: the planner may run a subquery with a limit once for each row, and take more than a batch.
    some = any_(func.array(taken.scalar_subquery()))
    submissions = list(
        connection.scalars(delete(Pending).where(Pending.id == some).returning(Pending.submission_pk))
    )
    expected = connection.scalars(
        select(Attachment.id)
        .join(
            Submission,
            (Submission.submission_id == Attachment.submission_id)
            & (Submission.wave_id == Attachment.wave_id),
        )
        .where(Submission.id.in_(submissions), Attachment.state == "expected")
    )
    for attachment_id in expected:
        queue.defer(connection, "inspect_attachment", attachment_id=str(attachment_id))
    for submission_pk in connection.scalars(_by_assignment(submissions)):
        queue.defer(connection, "weigh_visit", submission_pk=str(submission_pk))
    answered: list[JSONValue] = [str(each) for each in connection.scalars(_by_invitation(submissions))]
    if answered:
        queue.defer(connection, "open_call_back", submissions=answered)
    visited: list[JSONValue] = [str(each) for each in connection.scalars(_by_own_people(submissions))]
    if visited:
        queue.defer(connection, "propose_pay", assignments=visited)
    looked_at: list[JSONValue] = [str(each) for each in connection.scalars(_unweighed(submissions))]
    if looked_at:
        queue.defer(connection, "open_reviews", submissions=looked_at)
    failing: list[JSONValue] = [str(each) for each in connection.scalars(_critical(submissions))]
    if failing:
        queue.defer(connection, "raise_critical", submissions=failing)
    return len(submissions)


def _by_assignment(submissions: Sequence[UUID]) -> AnySelect:
    """Visits: what backs them up is weighed, once now and once more when the last photo was looked at."""
    return (
        select(Submission.id)
        .join(
            Assignment,
            (Assignment.submission_id == Submission.submission_id)
            & (Assignment.wave_id == Submission.wave_id),
        )
        .where(Submission.id.in_(submissions))
    )


def _unweighed(submissions: Sequence[UUID]) -> AnySelect:
    """Reports that no visit of ours stands behind, such as a firm's: a visit's review is opened when it was
    weighed."""
    of_visit = select(Assignment.id).where(
        Assignment.submission_id == Submission.submission_id, Assignment.wave_id == Submission.wave_id
    )
    return (
        select(Submission.id)
        .join(Wave, Wave.id == Submission.wave_id)
        .where(Submission.id.in_(submissions), Wave.instrument.in_(REVIEWABLE), ~of_visit.exists())
        .order_by(Submission.id)
    )


def _by_invitation(submissions: Sequence[UUID]) -> AnySelect:
    """Those of people whom we asked ourselves: an unhappy one of them may have to be rung."""
    return (
        select(Submission.id)
        .join(
            Invitation,
            (Invitation.submission_id == Submission.submission_id)
            & (Invitation.wave_id == Submission.wave_id),
        )
        .where(Submission.id.in_(submissions))
        .order_by(Submission.id)
    )


def _by_own_people(submissions: Sequence[UUID]) -> AnySelect:
    """The assignments of those whom no firm sent: they may have to be paid."""
    return (
        select(Assignment.id)
        .join(
            Submission,
            (Submission.submission_id == Assignment.submission_id)
            & (Submission.wave_id == Assignment.wave_id),
        )
        .where(Submission.id.in_(submissions), Assignment.firm_id.is_(None))
        .order_by(Assignment.id)
    )


def _critical(submissions: Sequence[UUID]) -> AnySelect:
    """Those with a critical failure, and those that were revised: theirs may be gone, or new."""
    failures = func.jsonb_array_length(ScoreSheet.sheet["critical"])
    return (
        select(Submission.id)
        .distinct()
        .join(Wave, Wave.id == Submission.wave_id)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id)
        .where(Submission.id.in_(submissions), Wave.instrument.in_(VISITED))
        .where(or_(failures > 0, SubmissionRevision.number > 1))
        .order_by(Submission.id)
    )
