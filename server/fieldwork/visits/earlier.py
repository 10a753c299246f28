"""What earlier waves, and files of earlier results, tell about outlets: the last visit and its score."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, exists, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from server.db import AnyRow
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.history.standing import VISITING, imported_visits
from server.models.definitions import ProgrammeVersion
from server.models.reviews import SET_ASIDE, Review
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.waves import Wave


@dataclass(frozen=True, slots=True)
class LastVisit:
    """The newest visit of an outlet before a wave; `score` is None where its sheet has none."""

    day: date
    score: Decimal | None


def last_visits(connection: Connection, wave: AnyRow) -> Mapping[UUID, LastVisit]:
    """Subject -> its newest visit in an earlier wave of the same programme, whichever version asked.

    Where no wave was yet, imported history tells.
    """
    zone = ZoneInfo(wave.timezone)
    programme = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == wave.programme_version_id)
    versions = select(ProgrammeVersion.id).where(ProgrammeVersion.programme_id.in_(programme))
    newest = (
        select(Submission.id, Submission.subject_id, Submission.received_at)
        .join(Wave, Wave.id == Submission.wave_id)
        .where(
            Wave.programme_version_id.in_(versions),
            Wave.instrument.in_(VISITING),
            Wave.id != wave.id,
            Wave.opens_at < wave.opens_at,
            ~_set_aside(),
        )
        .ext(distinct_on(Submission.subject_id))
        .order_by(Submission.subject_id, Submission.received_at.desc(), Submission.id.desc())
        .subquery("newest")
    )
    # One by one: a planner that expects as many visits as a survey has answers reads all revisions there are.
    judged = (
        select(ScoreSheet.published)
        .select_from(SubmissionRevision)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .where(SubmissionRevision.submission_pk == newest.c.id)
        .order_by(SubmissionRevision.number.desc())
        .limit(1)
        .lateral("judged")
    )
    rows = connection.execute(
        select(newest.c.subject_id, newest.c.received_at, judged.c.published).join(judged, true())
    )
    found = {
        row.subject_id: LastVisit(row.received_at.astimezone(zone).date(), row.published) for row in rows
    }
    return {**_imported(connection, wave, zone), **found}


def _set_aside() -> ColumnElement[bool]:
    """Whether a review took the report out: the outlet was not visited, as far as scores go."""
    return exists(
        select(Review.submission_pk).where(Review.submission_pk == Submission.id, Review.state.in_(SET_ASIDE))
    )


def _imported(connection: Connection, wave: AnyRow, zone: ZoneInfo) -> Mapping[UUID, LastVisit]:
    query = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == wave.programme_version_id)
    scheme = programme_of(connection, wave.programme_version_id)
    opens = wave.opens_at.astimezone(zone).date()
    told = imported_visits(connection, scheme, connection.execute(query).scalar_one(), opens)
    return {subject_id: LastVisit(visit.day, visit.score) for subject_id, visit in told.items()}
