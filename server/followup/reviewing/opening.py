"""Opening reviews of reports that came in, and weighing them again when more is known.

May run as often as it likes: what people decided stands until the answers themselves change.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import aliased

from server import audit
from server.db import AnyRow
from server.fieldwork.definitions.compiled import programme_of
from server.followup.reviewing.acting import write_step
from server.followup.reviewing.applying import confirm_findings, undo
from server.followup.reviewing.deciding import Risk, Signs, risk_of
from server.models.definitions import ProgrammeVersion
from server.models.doubts import VisitConfidence
from server.models.reviews import APPROVED, SECOND, SET_ASIDE, WAITING, Review, ReviewStep
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
    wanted = list(submissions)
    # Whoever decides about one of them at this moment goes first, and is seen by what is read next.
    lock = select(Review.submission_pk).where(Review.submission_pk.in_(wanted))
    connection.execute(lock.order_by(Review.submission_pk).with_for_update())
    rows = connection.execute(_reports(wanted)).all()
    return sum(_open(connection, row, now) for row in rows)


def _open(connection: Connection, row: AnyRow, now: datetime) -> bool:
    programme = programme_of(connection, row.programme_version_id)
    if not programme.review.covers(row.instrument, row.instrument_name):
        return False
    risk = risk_of(_signs(connection, row, programme), programme.review)
    if row.state is None:
        waits = _insert(connection, row, risk, now, second=programme.review.second)
    else:
        waits = _weigh_again(connection, row, risk, now)
    by_rule = waits and not risk.looked_at and programme.review.required
    if by_rule and _is_complete(connection, row) and not _has_steps(connection, row.id):
        _approve_by_rule(connection, row, now)
    return True


def _insert(connection: Connection, row: AnyRow, risk: Risk, now: datetime, *, second: int) -> bool:
    """A new review that waits; False where somebody opened it meanwhile."""
    values = {
        "submission_pk": row.id,
        "wave_id": row.wave_id,
        "revision_id": row.revision_id,
        "state": WAITING,
        "risk": risk.points,
        "reasons": list(risk.reasons),
        "second_look": bool(_number(row, "second") * 100 < second),
        "opened_at": now,
    }
    stored = connection.execute(
        insert_or_skip(Review).values(**values).on_conflict_do_nothing().returning(Review.submission_pk)
    ).first()
    return stored is not None


def _weigh_again(connection: Connection, row: AnyRow, risk: Risk, now: datetime) -> bool:
    """What is known now; returns whether the review waits for a first person.

    Answers that changed outside the review are looked at again, whoever approved or proposed the earlier
    ones: nobody has agreed to these. What was published stays until the next version. What was taken out
    stays out.
    """
    values: dict[str, Any] = {"risk": risk.points, "reasons": list(risk.reasons)}
    changed = row.reviewed_id != row.revision_id
    if row.state in SET_ASIDE or (row.state == APPROVED and not changed):
        return False
    if changed:
        values["revision_id"] = row.revision_id
    if changed and row.state in (APPROVED, SECOND):
        values |= {"state": WAITING, "proposed": None, "proposed_by": None, "alone": False}
        values |= {"decided_at": None, "opened_at": now}
    if changed and row.state == APPROVED:
        undo(connection, row.id, row.state, row.decided_at)
    connection.execute(update(Review).where(Review.submission_pk == row.id).values(**values))
    return bool(row.state == WAITING)


def _has_steps(connection: Connection, submission_pk: UUID) -> bool:
    """Whether anybody has had it in hand: whoever opens a report again decides about it, not a rule."""
    steps = select(ReviewStep.id).where(ReviewStep.submission_pk == submission_pk)
    return connection.scalar(steps.limit(1)) is not None


def _approve_by_rule(connection: Connection, row: AnyRow, now: datetime) -> None:
    step = {"act": "approve", "actor": BY_RULE, "revision_id": row.revision_id, "final": True, "at": now}
    write_step(connection, submission_pk=row.id, **step)
    connection.execute(
        update(Review).where(Review.submission_pk == row.id).values(state=APPROVED, decided_at=now)
    )
    confirm_findings(connection, row.id)
    detail = {"act": "approve", "state": APPROVED, "revision": str(row.revision_id)}
    audit.record(
        connection, [audit.Entry(BY_RULE, "report_reviewed", f"submission:{row.id}", detail)], at=now
    )


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


def _reports(wanted: Sequence[UUID]) -> Any:
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
            Review.state, Review.revision_id.label("reviewed_id"), Review.decided_at,
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
