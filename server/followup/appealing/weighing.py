"""What upholding an appeal would change: the report, the wave, the ranks, the money. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import reaches_all
from server.followup.corrections import corrected
from server.followup.publishing.gathering import Replaced, gather
from server.followup.publishing.snapshot import Moved, moved
from server.followup.settlements import NewSettlement, preview_settlement
from server.followup.standings import Mark
from server.intake.prepare import Prepared, Rejected
from server.intake.shelf import FormShelf
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.scope import Scope
from server.scoring.exact import rounded
from server.scoring.settling.contrast import Contrast


@dataclass(frozen=True, slots=True)
class Effect:
    """What being upheld does to a report: other answers, or `excluded` it counts no more."""

    answers: Mapping[str, Any]
    excluded: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"excluded": True} if self.excluded else {"answers": dict(self.answers)}


@dataclass(frozen=True, slots=True)
class Weighed:
    """What would change.

    Attributes:
        before, after: the report's score, published; None where it has none or counts no more.
        moved: subjects of the wave whose score, grade or rank would move.
        contrast: of the ledger; None where it cannot be settled, for the reasons in `problems`.
    """

    before: Decimal | None
    after: Decimal | None
    moved: Sequence[Moved]
    contrast: Contrast | None
    problems: Sequence[Detail]


def weigh_effect(
    connection: Connection,
    forms: FormShelf,
    about: tuple[AnyRow, UUID],
    effect: Effect,
    doing: tuple[Scope, datetime],
) -> Weighed:
    """Args: about: the wave, as `find_wave` gives it, and the inner id of the report.

    Raises:
        Refusal: invalid_fields with what is wrong with the answers.
    """
    wave, pk = about
    scope, now = doing
    prepared = None if effect.excluded else prepared_with(connection, forms, pk, effect.answers)
    mark = None if prepared is None else _mark(prepared)
    now_there = gather(connection, forms, wave).snapshot
    then = gather(connection, forms, wave, [Replaced(pk, mark)]).snapshot
    contrast, problems = _money(connection, wave, (pk, prepared), scope, now)
    return Weighed(
        before=_published(connection, pk),
        after=None if mark is None else rounded(mark.raw, 2),
        moved=moved(now_there, then),
        contrast=contrast,
        problems=problems,
    )


def prepared_with(connection: Connection, forms: FormShelf, pk: UUID, answers: Mapping[str, Any]) -> Prepared:
    """The report with other answers.

    Raises:
        Refusal: invalid_fields with what is wrong with them.
    """
    prepared = corrected(connection, forms, pk, answers)
    if isinstance(prepared, Rejected):
        raise Refusal("invalid_fields", details=prepared.errors)
    return prepared


def _mark(prepared: Prepared) -> Mark:
    sheet = prepared.sheet
    return Mark(None, None) if sheet is None else Mark(sheet.raw, sheet.grade)


def _published(connection: Connection, pk: UUID) -> Decimal | None:
    return connection.scalar(
        select(ScoreSheet.published)
        .join(SubmissionRevision, SubmissionRevision.id == ScoreSheet.revision_id)
        .where(SubmissionRevision.submission_pk == pk, ~ScoreSheet.superseded)
    )


def _money(
    connection: Connection,
    wave: AnyRow,
    report: tuple[UUID, Prepared | None],
    scope: Scope,
    now: datetime,
) -> tuple[Contrast | None, Sequence[Detail]]:
    """The settlement with the report as it would be, against the one that stands."""
    if not reaches_all(connection, scope):
        return None, [Detail("settles_elsewhere")]
    pk, prepared = report
    submission_id = connection.execute(
        select(Submission.submission_id).where(Submission.id == pk)
    ).scalar_one()
    changed: dict[str, Any] = {"id": f"{wave.code}/{submission_id}"}
    if prepared is None:
        changed["state"] = "excluded"
    elif prepared.sheet is not None:
        changed["sheet"] = prepared.sheet.to_json()
    day = now.astimezone(ZoneInfo(wave.timezone)).date()
    new = NewSettlement(wave.programme, day, extra={"scores": [changed]})
    try:
        return preview_settlement(connection, new, scope), ()
    except Refusal as refusal:
        return None, refusal.details or [Detail(refusal.code)]
