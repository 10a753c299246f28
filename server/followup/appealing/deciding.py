"""Deciding an appeal, by somebody above whoever imposed what it is about; and all that follows from it.

Upheld means: the report is revised or taken out, the wave gets its next version, the programme is settled
again with contra lines, in the transaction of the decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from server import audit
from server.accounts.actors import names_one, selves_in
from server.accounts.identity import of_account
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.reading import find_wave
from server.followup.appealing.standing import (
    Imposed,
    deciding_problems,
    reach_of,
    verdict_problems,
)
from server.followup.appealing.weighing import Effect, prepared_with
from server.followup.publishing.publishing import Publisher, correct
from server.followup.reviewing.acting import stand, write_step
from server.followup.reviewing.applying import apply, confirm_findings
from server.followup.reviewing.deciding import Outcome
from server.intake.revising import newest_revision, revise
from server.intake.shelf import FormShelf
from server.models.accounts import Account
from server.models.appeals import OPEN, UPHELD, Appeal
from server.models.organisation import Subject
from server.models.publications import PUBLISHED, Publication
from server.models.reviews import APPROVED, EXCLUDED, Review, ReviewStep
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides.

    Attributes:
        verdict: `upheld` or `refused`.
        answer: read by everybody who reads the report.
        effect: what being upheld does to the report; a ledger line is waived, whatever it says.
    """

    appeal_id: UUID
    verdict: str
    answer: str
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What followed: the wave's next version, and the settlement, where there are any."""

    publication_id: UUID | None
    settlement_id: UUID | None


def decide(connection: Connection, forms: FormShelf, verdict: Verdict, who: Publisher) -> Decided:
    """Uphold or refuse.

    Raises:
        Refusal: not_found outside the scope; invalid_fields: `appeal_imposed` for who had a part in it,
            `appeal_own`, `appeal_above` for who stands too low, `appeal_decided`, `appeal_verdict`,
            `appeal_effect` where nothing was said of what changes, and what is wrong with the answers.
    """
    row = locked_appeal(connection, verdict.appeal_id, who.scope)
    wave = find_wave(connection, row.wave_id, who.scope)
    problems = [
        *what_bars(connection, row, wave, who),
        *verdict_problems(row.state, verdict.verdict, verdict.answer),
    ]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    effect = verdict.effect if verdict.verdict == UPHELD and row.submission_pk else None
    _close(connection, row, verdict, effect, who)
    if verdict.verdict != UPHELD:
        return Decided(None, None)
    if row.submission_pk is not None:
        _apply(connection, forms, row, effect or Effect({}, excluded=True), who, verdict.answer)
    published = correct(connection, forms, wave, f"appeal:{row.id}", who)
    if published is None:
        return Decided(None, None)
    settled = connection.scalar(select(Publication.settlement_id).where(Publication.id == published))
    return Decided(published, settled)


def what_bars(connection: Connection, row: AnyRow, wave: AnyRow, who: Publisher) -> Sequence[Detail]:
    """What keeps somebody from deciding an appeal, whatever they would say."""
    above = programme_of(connection, wave.programme_version_id).publication.above
    imposed = imposed_by(connection, row, now=who.now)
    person = connection.scalar(select(Account.person_id).where(Account.id == who.account_id))
    own = names_one(row.filed_by, {*selves_in(who.actor), f"person:{person}"})
    problems = deciding_problems(imposed, who.account_id, who.scope, above=above, filed_by_self=own)
    return list(problems)


def locked_appeal(connection: Connection, appeal_id: UUID, scope: Scope) -> AnyRow:
    """An appeal; of two people who decide at once one waits.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = (
        select(*Appeal.__table__.columns)
        .join(Subject, Subject.id == Appeal.subject_id)
        .where(Appeal.id == appeal_id)
        .with_for_update(of=Appeal)
    )
    row = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def imposed_by(connection: Connection, row: AnyRow, *, now: datetime) -> Imposed:
    """Whoever decided about the report, or published the wave, and how far the farthest of them reaches."""
    accounts = {
        account
        for account in connection.scalars(
            select(ReviewStep.account_id).where(
                ReviewStep.submission_pk == row.submission_pk, ReviewStep.account_id.is_not(None)
            )
        )
        if account is not None
    }
    for publication in connection.execute(
        select(Publication.proposed_by, Publication.published_by).where(
            Publication.wave_id == row.wave_id, Publication.state == PUBLISHED, Publication.number == 1
        )
    ):
        accounts |= {publication.proposed_by, publication.published_by}
    reaches = [
        reach_of(identity.within("reviews.decide") if identity.may("reviews.decide") else identity.scope)
        for account in accounts
        if (identity := of_account(connection, account, now=now)) is not None
    ]
    return Imposed(frozenset(accounts), min(reaches, default=1000))


def _close(
    connection: Connection, row: AnyRow, verdict: Verdict, effect: Effect | None, who: Publisher
) -> None:
    told: dict[str, Any] | None = effect.to_json() if effect else None
    connection.execute(
        update(Appeal)
        .where(Appeal.id == row.id, Appeal.state == OPEN)
        .values(
            state=verdict.verdict,
            answer=verdict.answer.strip(),
            decided_by=who.account_id,
            decided_at=who.now,
            effect=told,
        )
    )
    detail = {"verdict": verdict.verdict, "effect": told, "answer": verdict.answer.strip()}
    entry = audit.Entry(who.actor, "appeal_decided", f"appeal:{row.id}", detail)
    audit.record(connection, [entry], at=who.now)


def _apply(
    connection: Connection, forms: FormShelf, row: AnyRow, effect: Effect, who: Publisher, answer: str
) -> None:
    pk = row.submission_pk
    reason = f"appeal:{row.id}"
    if effect.excluded:
        apply(connection, pk, EXCLUDED, why=reason, by=who.actor, now=who.now)
        revision_id = newest_revision(connection, pk).id
        _step(connection, pk, "exclude", revision_id, answer, who)
        taken_out = Outcome(EXCLUDED, None, None, final=True, alone=False)
        stand(connection, pk, taken_out, revision_id, who.now)
        return
    prepared = prepared_with(connection, forms, pk, effect.answers)
    revised = revise(connection, prepared, reason=reason, author=who.actor, now=who.now, keeps_photos=True)
    _step(connection, pk, "correct", revised.revision_id, answer, who)
    state = connection.scalar(select(Review.state).where(Review.submission_pk == pk))
    if state == APPROVED:
        confirm_findings(connection, pk)
    if state is not None:
        connection.execute(
            update(Review).where(Review.submission_pk == pk).values(revision_id=revised.revision_id)
        )


def _step(connection: Connection, pk: UUID, act: str, revision_id: UUID, answer: str, who: Publisher) -> None:
    """The report's own history has it too."""
    write_step(
        connection,
        submission_pk=pk,
        act=act,
        account_id=who.account_id,
        actor=who.actor,
        revision_id=revision_id,
        note=answer.strip(),
        final=True,
        at=who.now,
    )
