"""Opening reviews of reports that came in, and weighing them again when more is known.

May run as often as it likes: what people decided stands until the answers themselves change.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import aliased

from server.db import AnyRow, new_id
from server.fieldwork.definitions.compiled import programme_of
from server.followup.reviewing.applying import confirm_findings
from server.followup.reviewing.deciding import Risk, Signs, risk_of
from server.models.definitions import ProgrammeVersion
from server.models.doubts import VisitConfidence
from server.models.reviews import APPROVED, DECIDED_STATES, WAITING, Review, ReviewStep
from server.models.submissions import Attachment, ScoreSheet, Submission, SubmissionRevision
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.sampling.random_numbers import derived_key, prn
from server.scoring.means import mean
from server.scoring.programmes.definition import Programme

BY_RULE: Final = "system:review"
# Earlier scores of the outlet that are its usual, and scores of a wave that make one.
USUAL: Final = 3
LEAST_OF_WAVE: Final = 5
# Enough for a mean; a wave of ten thousand must not be read for each of its reports.
MOST_OF_WAVE: Final = 500


def open_reviews(connection: Connection, submissions: Iterable[UUID], *, now: datetime) -> int:
    """Open or weigh again the reviews of reports; returns how many there are. Others are passed over."""
    rows = connection.execute(_reports(submissions)).all()
    return sum(_open(connection, row, now) for row in rows)


def _open(connection: Connection, row: AnyRow, now: datetime) -> bool:
    programme = programme_of(connection, row.programme_version_id)
    if not programme.review.covers(row.instrument, row.instrument_name):
        return False
    risk = risk_of(_signs(connection, row, programme), programme.review)
    second_look = bool(_number(row, "second") * 100 < programme.review.second)
    by_rule = not risk.looked_at and programme.review.required and _is_complete(connection, row)
    if row.state is None:
        _insert(connection, row, risk, second_look, by_rule, now)
    elif row.state in DECIDED_STATES:
        _look_again(connection, row, risk, now)
    else:
        changed = {"risk": risk.points, "reasons": list(risk.reasons), "revision_id": row.revision_id}
        connection.execute(update(Review).where(Review.submission_pk == row.id).values(**changed))
    return True


def _insert(
    connection: Connection, row: AnyRow, risk: Risk, second_look: bool, by_rule: bool, now: datetime
) -> None:
    values = {
        "submission_pk": row.id,
        "wave_id": row.wave_id,
        "revision_id": row.revision_id,
        "state": APPROVED if by_rule else WAITING,
        "risk": risk.points,
        "reasons": list(risk.reasons),
        "second_look": second_look,
        "opened_at": now,
        "decided_at": now if by_rule else None,
    }
    stored = connection.execute(
        insert_or_skip(Review).values(**values).on_conflict_do_nothing().returning(Review.submission_pk)
    ).first()
    if stored is not None and by_rule:
        connection.execute(insert(ReviewStep).values(**_step_by_rule(row, now)))
        confirm_findings(connection, row.id)


def _step_by_rule(row: AnyRow, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "submission_pk": row.id,
        "number": 1,
        "act": "approve",
        "actor": BY_RULE,
        "revision_id": row.revision_id,
        "score": row.published,
        "final": True,
        "at": now,
    }


def _look_again(connection: Connection, row: AnyRow, risk: Risk, now: datetime) -> None:
    """Answers that changed after a rule approved them are looked at; what a person decided is reopened by a
    person, so that nothing published moves by itself."""
    by_person = select(ReviewStep.id).where(
        ReviewStep.submission_pk == row.id, ReviewStep.final, ReviewStep.account_id.is_not(None)
    )
    if row.reviewed_id == row.revision_id or connection.scalar(by_person.limit(1)) is not None:
        return
    values = {"state": WAITING, "decided_at": None, "revision_id": row.revision_id, "opened_at": now}
    reasons = {"risk": risk.points, "reasons": list(risk.reasons)}
    connection.execute(update(Review).where(Review.submission_pk == row.id).values(**values, **reasons))


def _signs(connection: Connection, row: AnyRow, programme: Programme) -> Signs:
    usual, against = _usual(connection, row)
    score = None if row.raw is None else Fraction(row.raw)
    return Signs(
        critical=row.critical or 0,
        confidence=None if row.confidence is None else int(row.confidence),
        review=row.review or 0,
        doubts=row.open_doubts or 0,
        apart=None if usual is None or score is None else score - usual,
        against=against,
        revised=row.number > 1,
        drawn=_number(row, "look"),
    )


def _number(row: AnyRow, purpose: str) -> Fraction:
    """The report's own random number: nobody who sends or reads reports can know it, or choose it."""
    number = prn(derived_key(row.prn_key, f"review:{purpose}"), str(row.submission_id))
    return Fraction(number, 2**64)


def _usual(connection: Connection, row: AnyRow) -> tuple[Fraction | None, str]:
    """What the outlet had lately by the same instrument of the programme; else what the wave has so far."""
    standing = (~ScoreSheet.superseded, ~ScoreSheet.set_aside, ScoreSheet.raw.is_not(None))
    versions = select(ProgrammeVersion.id).where(
        ProgrammeVersion.programme_id
        == select(ProgrammeVersion.programme_id)
        .where(ProgrammeVersion.id == row.programme_version_id)
        .scalar_subquery()
    )
    own = (
        select(ScoreSheet.raw)
        .join(Wave, Wave.id == ScoreSheet.wave_id)
        .where(
            *standing, ScoreSheet.subject_id == row.subject_id, Wave.instrument_name == row.instrument_name
        )
        .where(Wave.programme_version_id.in_(versions), Wave.opens_at < row.opens_at)
        .order_by(Wave.opens_at.desc(), ScoreSheet.revision_id)
        .limit(USUAL)
    )
    earlier = [Fraction(raw) for raw in connection.scalars(own) if raw is not None]
    if earlier:
        return mean(earlier), "own"
    of_wave = select(ScoreSheet.raw).where(*standing, ScoreSheet.wave_id == row.wave_id).limit(MOST_OF_WAVE)
    others = [Fraction(raw) for raw in connection.scalars(of_wave) if raw is not None]
    return (mean(others), "wave") if len(others) >= LEAST_OF_WAVE else (None, "")


def _is_complete(connection: Connection, row: AnyRow) -> bool:
    """Whether a rule may judge the evidence: it was weighed, and no photo is on its way."""
    if row.assigned is not None and row.confidence is None:
        return False
    waiting = select(Attachment.id).where(
        Attachment.submission_id == row.submission_id, Attachment.named, Attachment.state == "expected"
    )
    return connection.scalar(waiting.limit(1)) is None


def _reports(submissions: Iterable[UUID]) -> Any:
    wanted: Sequence[UUID] = list(submissions)
    other = aliased(SubmissionRevision)
    newest = (
        select(func.max(other.number))
        .where(other.submission_pk == Submission.id)
        .correlate(Submission)
        .scalar_subquery()
    )
    return (
        select(
            Submission.id, Submission.submission_id, Submission.subject_id, Submission.wave_id,
            Wave.programme_version_id, Wave.instrument, Wave.instrument_name, Wave.prn_key, Wave.opens_at,
            SubmissionRevision.id.label("revision_id"), SubmissionRevision.number,
            ScoreSheet.raw, ScoreSheet.published,
            func.jsonb_array_length(ScoreSheet.sheet["critical"]).label("critical"),
            VisitConfidence.confidence, VisitConfidence.review, VisitConfidence.open_doubts,
            Assignment.id.label("assigned"),
            Review.state, Review.revision_id.label("reviewed_id"),
        )
        .join(Wave, Wave.id == Submission.wave_id)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .join(VisitConfidence, VisitConfidence.submission_pk == Submission.id, isouter=True)
        .join(
            Assignment,
            (Assignment.submission_id == Submission.submission_id)
            & (Assignment.wave_id == Submission.wave_id),
            isouter=True,
        )
        .join(Review, Review.submission_pk == Submission.id, isouter=True)
        .where(Submission.id.in_(wanted), SubmissionRevision.number == newest, Wave.state != "cancelled")
        .order_by(Submission.id)
    )  # fmt: skip
