"""Weighing visits: when one is handed in or revised, and again when the last of its photos was looked at."""

from datetime import datetime
from fractions import Fraction
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, and_, exists, or_, select
from sqlalchemy.orm import aliased

from server import queue
from server.evidence.visit import Visit
from server.evidence.weighing import weigh
from server.fieldwork.definitions.compiled import programme_of
from server.followup.doubts.gathering import gather, visit_row
from server.followup.doubts.storing import keep, locked
from server.intake.shelf import FormShelf
from server.models.reviews import Review
from server.models.submissions import Attachment, Submission
from server.models.tasks import Assignment

# What nobody can find any more once positions were emptied.
OF_POSITIONS: Final = frozenset({"fixes_identical"})


def weigh_visit(
    connection: Connection, forms: FormShelf, submission_pk: UUID, *, now: datetime
) -> Fraction | None:
    """Gather, weigh and store; returns the confidence, None for a submission that is no visit.

    May run as often as it likes, and changes nothing that was decided.
    """
    if not locked(connection, submission_pk):
        return None
    row = visit_row(connection, submission_pk)
    if row is None:
        return None
    rules = programme_of(connection, row.programme_version_id).visits_of(row.instrument_name).evidence
    visit = gather(connection, forms, row, rules.days)
    lasting = OF_POSITIONS if _emptied(visit) else frozenset[str]()
    return keep(connection, submission_pk, weigh(visit, rules).doubts, rules, lasting=lasting, now=now)


def weigh_when_complete(connection: Connection, attachment_id: UUID) -> bool:
    """Have a visit weighed once nothing is waited for: call it when a photo was verified or refused.

    Reports of firms have no visit of ours, but their reviews wait for the photos as well.

    Returns:
        Whether a job was deferred. Two photos at once may defer two, which does no harm.
    """
    waiting = aliased(Attachment)
    same = and_(waiting.submission_id == Attachment.submission_id, waiting.wave_id == Attachment.wave_id)
    of_visit = (Submission.submission_id == Attachment.submission_id) & (
        Submission.wave_id == Attachment.wave_id
    )
    query = (
        select(Submission.id)
        .join_from(Attachment, Submission, of_visit)
        .join(Assignment, Assignment.submission_id == Submission.submission_id, isouter=True)
        .join(Review, Review.submission_pk == Submission.id, isouter=True)
        .where(or_(Assignment.id.is_not(None), Review.submission_pk.is_not(None)))
        .where(Attachment.id == attachment_id, Attachment.state != "expected")
        .where(~exists().where(same, waiting.named, waiting.state == "expected"))
    )
    submission_pk = connection.scalar(query)
    if submission_pk is None:
        return False
    queue.defer(connection, "weigh_visit", submission_pk=str(submission_pk))
    return True


def _emptied(visit: Visit) -> bool:
    """Whether positions were told and are gone: their distances stay."""
    return any(each.fix is None and each.distance is not None for each in visit.moments)
