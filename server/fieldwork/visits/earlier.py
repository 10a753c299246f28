"""What earlier waves tell about outlets: the last visit, its score, who made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import distinct_on

from server.db import AnyRow
from server.models.definitions import ProgrammeVersion
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.waves import Wave

VISITING = ("visit", "video")


@dataclass(frozen=True, slots=True)
class LastVisit:
    """The newest visit of an outlet before a wave; `score` is None where its sheet has none."""

    day: date
    score: Decimal | None


def last_visits(connection: Connection, wave: AnyRow) -> Mapping[UUID, LastVisit]:
    """Subject -> its newest visit in an earlier wave of the same programme, whichever version asked."""
    zone = ZoneInfo(wave.timezone)
    programme = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == wave.programme_version_id)
    versions = select(ProgrammeVersion.id).where(ProgrammeVersion.programme_id.in_(programme))
    rows = connection.execute(
        select(Submission.subject_id, Submission.received_at, ScoreSheet.published)
        .join(Wave, Wave.id == Submission.wave_id)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .where(
            Wave.programme_version_id.in_(versions),
            Wave.instrument.in_(VISITING),
            Wave.id != wave.id,
            Wave.opens_at < wave.opens_at,
        )
        .ext(distinct_on(Submission.subject_id))
        .order_by(Submission.subject_id, Submission.received_at.desc(), SubmissionRevision.number.desc())
    )
    return {row.subject_id: LastVisit(row.received_at.astimezone(zone).date(), row.published) for row in rows}
