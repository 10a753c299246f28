"""What reviewers do with a report: approve, take out, hold, correct, open again. Each act is a step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.running import checked_reason
from server.followup.corrections import corrected
from server.followup.reviewing.applying import apply, undo
from server.followup.reviewing.claiming import Reviewer, locked_review, own_report, sent_back
from server.followup.reviewing.deciding import Outcome, Standing, Wish, outcome_of
from server.intake.prepare import Rejected
from server.intake.revising import newest_revision, revise
from server.intake.shelf import FormShelf
from server.models.reviews import Review, ReviewStep
from server.models.submissions import ScoreSheet, Submission
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.programmes.reviewing import Review as Rules


@dataclass(frozen=True, slots=True)
class Judgement:
    """An act about a report as it was read.

    Attributes:
        read: the revision that was in front of the reviewer.
        note: why; for a correction it is the reason of the new revision.
        alone: why nobody else looks, where the programme asks for two and lets one.
        by: as audit lines name the reviewer.
    """

    submission_pk: UUID
    act: str
    read: UUID
    by: str
    note: str = ""
    alone: str = ""


def judge(
    connection: Connection, judgement: Judgement, who: Reviewer, scope: Scope, *, now: datetime
) -> Outcome:
    """Do what a reviewer decides, in one transaction with everything that follows from it.

    Raises:
        Refusal: not_found; conflict when the answers changed since they were read; invalid_fields:
            `review_own`, `review_claimed`, `review_sent_back` and what `outcome_of` names.
    """
    review = _refused(connection, judgement, who, scope, now)
    rules = _rules(connection, review.wave_id)
    outcome = _outcome(review, judgement, who, rules)
    _step(connection, judgement, who, judgement.read, outcome, now)
    if judgement.act == "reopen":
        undo(connection, review.submission_pk, review.state, review.decided_at)
    elif outcome.final:
        why = judgement.note.strip() or "approved"
        apply(connection, review.submission_pk, outcome.state, why=why, by=judgement.by, now=now)
    stand(connection, review.submission_pk, outcome, judgement.read, now)
    return outcome


def correct(
    connection: Connection,
    forms: FormShelf,
    judgement: Judgement,
    changes: Mapping[str, Any],
    doing: tuple[Reviewer, Scope, datetime],
) -> Outcome:
    """Correct answers with a reason. Somebody else approves them then, where the programme asks for two.

    Args:
        judgement: whose act is `correct`.
        changes: question -> its answer from now on.

    Raises:
        Refusal: as `judge`; invalid_fields with what is wrong with the answers, or `review_unchanged`.
    """
    who, scope, now = doing
    review = _refused(connection, judgement, who, scope, now)
    reason = checked_reason(judgement.note, "/note")
    outcome = _outcome(review, judgement, who, _rules(connection, review.wave_id))
    prepared = corrected(connection, forms, review.submission_pk, changes)
    if isinstance(prepared, Rejected):
        raise Refusal("invalid_fields", details=prepared.errors)
    revised = revise(connection, prepared, reason=reason, author=judgement.by, now=now, keeps_photos=True)
    if not revised.changed:
        raise Refusal("invalid_fields", details=[Detail("review_unchanged", "/answer")])
    _step(connection, judgement, who, revised.revision_id, outcome, now)
    stand(connection, review.submission_pk, outcome, revised.revision_id, now)
    return outcome


def standing_of(review: AnyRow) -> Standing:
    """How a review stands, as far as decisions look at it."""
    return Standing(review.state, review.second_look, review.proposed, review.proposed_by)


def _refused(
    connection: Connection, judgement: Judgement, who: Reviewer, scope: Scope, now: datetime
) -> AnyRow:
    """The review, locked, unless something keeps this reviewer from it."""
    review = locked_review(connection, judgement.submission_pk, scope)
    newest = newest_revision(connection, review.submission_pk)
    if newest.id != judgement.read:
        raise Refusal("conflict")
    facts = connection.execute(
        select(own_report(who).label("own"), sent_back().label("back")).where(
            Submission.id == review.submission_pk
        )
    ).one()
    other = review.claimed_by not in (None, who.account_id) and review.claimed_until > now
    checks = (
        (facts.own, Detail("review_own")),
        (other, Detail("review_claimed")),
        (facts.back and judgement.act in ("approve", "correct"), Detail("review_sent_back")),
    )
    problems = [detail for wrong, detail in checks if wrong]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return review


def _outcome(review: AnyRow, judgement: Judgement, who: Reviewer, rules: Rules) -> Outcome:
    wish = Wish(judgement.act, who.account_id, judgement.note, judgement.alone)
    outcome = outcome_of(standing_of(review), wish, rules)
    if not isinstance(outcome, Outcome):
        raise Refusal("invalid_fields", details=outcome)
    return outcome


def _rules(connection: Connection, wave_id: UUID) -> Rules:
    version = select(Wave.programme_version_id).where(Wave.id == wave_id)
    return programme_of(connection, connection.execute(version).scalar_one()).review


def _step(
    connection: Connection,
    judgement: Judgement,
    who: Reviewer,
    revision_id: UUID,
    outcome: Outcome,
    now: datetime,
) -> None:
    note, alone = judgement.note.strip() or None, judgement.alone.strip() or None
    write_step(
        connection,
        submission_pk=judgement.submission_pk,
        act=judgement.act,
        account_id=who.account_id,
        actor=judgement.by,
        revision_id=revision_id,
        note=note,
        final=outcome.final,
        alone=alone if outcome.alone else None,
        at=now,
    )
    detail = {"act": judgement.act, "state": outcome.state, "revision": str(revision_id)}
    told = {**({"reason": note} if note else {}), **({"alone": alone} if outcome.alone else {})}
    about = f"submission:{judgement.submission_pk}"
    entry = audit.Entry(judgement.by, "report_reviewed", about, {**detail, **told})
    audit.record(connection, [entry], at=now)


def write_step(connection: Connection, **values: Any) -> None:
    """The next step of a report's review. Args: values: of `ReviewStep`, but for its number and score."""
    number = select(func.count() + 1).where(ReviewStep.submission_pk == values["submission_pk"])
    score = select(ScoreSheet.published).where(ScoreSheet.revision_id == values["revision_id"])
    connection.execute(
        insert(ReviewStep).values(
            id=new_id(), number=number.scalar_subquery(), score=score.scalar_subquery(), **values
        )
    )


def stand(
    connection: Connection, submission_pk: UUID, outcome: Outcome, revision_id: UUID, now: datetime
) -> None:
    """How a review stands after an act; whoever had it open has it no more."""
    connection.execute(
        update(Review)
        .where(Review.submission_pk == submission_pk)
        .values(
            state=outcome.state,
            proposed=outcome.proposed,
            proposed_by=outcome.proposed_by,
            alone=outcome.alone,
            revision_id=revision_id,
            claimed_by=None,
            claimed_until=None,
            decided_at=now if outcome.final else None,
        )
    )
