"""Filing an objection or an appeal: about an item, a whole report, a ledger line; with evidence."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.followup.appealing.standing import ANSWERED_IN, Windows, filing_problems
from server.followup.evidence_photos import keep_photo
from server.followup.publishing.checking import check_of
from server.followup.publishing.publishing import newest
from server.followup.working_days import end_of_wave_after
from server.intake.uploads import Place
from server.models.appeals import OPEN, TAKEN_BACK, Appeal
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Subject
from server.models.publications import PUBLISHED, Publication, PublishedReport
from server.models.settlements import LedgerLine, Settlement
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.waves import Wave
from server.photo_rules import PhotoRules
from server.scope import Scope
from server.storage.protocol import ObjectStore


@dataclass(frozen=True, slots=True)
class NewAppeal:
    """What is disputed, and why.

    Attributes:
        ref: the name by which branches know the report.
        item: of the report; None for the whole of it.
        line_id: a line of the ledger, instead of a report.
        by: `account:<id>` or `person:<id>`.
    """

    said: str
    by: str
    ref: str | None = None
    item: str | None = None
    line_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _About:
    wave_id: UUID
    subject_id: UUID
    submission_pk: UUID | None
    ledger_line_id: UUID | None


def file_appeal(connection: Connection, new: NewAppeal, scope: Scope, *, now: datetime) -> UUID:
    """File it; what is disputed is held from then on.

    Raises:
        Refusal: not_found outside the scope; invalid_fields: `appeal_closed` outside the windows,
            `appeal_twice` while the same is open, `unknown_question` for what is no item of the report,
            `field_required`, `text_too_long`.
    """
    about = _about_report(connection, new, scope) if new.ref else _about_line(connection, new, scope)
    wave = _wave(connection, about.wave_id)
    item = (new.item or "").strip() or None
    same = select(Appeal.id).where(
        Appeal.state == OPEN,
        Appeal.submission_pk.is_not_distinct_from(about.submission_pk),
        Appeal.item.is_not_distinct_from(item),
        Appeal.ledger_line_id.is_not_distinct_from(about.ledger_line_id),
    )
    stage = windows_of(connection, about.wave_id).stage(now)
    twice = connection.scalar(same) is not None
    problems = list(filing_problems(stage, new.said, open_already=twice))
    if item is not None and not _has_item(connection, about.submission_pk, item):
        problems.append(Detail("unknown_question", "/item", {"name": item, "suggestion": ""}))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    appeal_id = new_id()
    # Two who press at once: one of them is told that it is filed already.
    filed = connection.scalar(
        insert(Appeal)
        .on_conflict_do_nothing()
        .returning(Appeal.id)
        .values(
            id=appeal_id,
            wave_id=about.wave_id,
            stage=stage,
            subject_id=about.subject_id,
            submission_pk=about.submission_pk,
            item=item,
            ledger_line_id=about.ledger_line_id,
            said=new.said.strip(),
            filed_by=new.by,
            filed_at=now,
            decides_until=end_of_wave_after(connection, wave, ANSWERED_IN, now),
        )
    )
    if filed is None:
        raise Refusal("invalid_fields", details=[Detail("appeal_twice")])
    entry = audit.Entry(new.by, "appeal_filed", f"appeal:{appeal_id}", {"stage": stage, "item": item or ""})
    audit.record(connection, [entry], at=now)
    return appeal_id


def add_evidence(
    connection: Connection,
    store: ObjectStore,
    appeal_id: UUID,
    data: bytes,
    *,
    rules: PhotoRules,
    now: datetime,
) -> None:
    """A photo that backs an appeal up, stored and looked at like every other.

    Raises:
        PhotoRefused: as `keep_photo`.
    """
    wave_id = connection.execute(select(Appeal.wave_id).where(Appeal.id == appeal_id)).scalar_one()
    keep_photo(connection, store, Place(appeal_id, wave_id, "appeal"), data, rules=rules, now=now)


def take_back(connection: Connection, appeal_id: UUID, scope: Scope, *, by: str, now: datetime) -> None:
    """Raises: Refusal: not_found, also for what somebody else filed or what is decided."""
    query = (
        select(Appeal.id)
        .join(Subject, Subject.id == Appeal.subject_id)
        .where(Appeal.id == appeal_id, Appeal.filed_by == by, Appeal.state == OPEN)
        .with_for_update(of=Appeal)
    )
    if connection.scalar(scope.subjects(query)) is None:
        raise Refusal("not_found")
    connection.execute(update(Appeal).where(Appeal.id == appeal_id).values(state=TAKEN_BACK))
    audit.record(connection, [audit.Entry(by, "appeal_taken_back", f"appeal:{appeal_id}", {})], at=now)


def windows_of(connection: Connection, wave_id: UUID) -> Windows:
    """When the wave may be disputed. Says nothing of units, so it takes no scope."""
    check, last = check_of(connection, wave_id), newest(connection, wave_id)
    return Windows(
        check_closes=check.closes_at if check else None,
        published=last is not None,
        seen_from=last.visible_from if last else None,
        appeals_until=last.appeals_until if last else None,
    )


def _about_report(connection: Connection, new: NewAppeal, scope: Scope) -> _About:
    query = (
        select(Submission.id, Submission.wave_id, Submission.subject_id)
        .join(PublishedReport, PublishedReport.submission_pk == Submission.id)
        .where(PublishedReport.ref == new.ref)
    )
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    return _About(row.wave_id, row.subject_id, row.id, None)


def _has_item(connection: Connection, submission_pk: UUID | None, item: str) -> bool:
    """Whether the report was ever scored on an item: also one that a correction took away since."""
    scored = (
        select(ScoreSheet.revision_id)
        .join(SubmissionRevision, SubmissionRevision.id == ScoreSheet.revision_id)
        .where(SubmissionRevision.submission_pk == submission_pk)
        .where(ScoreSheet.sheet["lines"].contains([{"item": item}]))
    )
    return connection.scalar(scored.limit(1)) is not None


def _about_line(connection: Connection, new: NewAppeal, scope: Scope) -> _About:
    """A line of the ledger belongs to the newest wave of its programme that was published."""
    query = (
        select(LedgerLine.id, Subject.id.label("subject_id"), Settlement.programme_id)
        .join(Settlement, Settlement.id == LedgerLine.settlement_id)
        .join(Subject, Subject.code == LedgerLine.subject)
        .where(LedgerLine.id == new.line_id, LedgerLine.reverses_id.is_(None))
    )
    row = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    wave_id = connection.scalar(
        select(Publication.wave_id)
        .join(Wave, Wave.id == Publication.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == row.programme_id, Publication.state == PUBLISHED)
        .order_by(Publication.published_at.desc())
        .limit(1)
    )
    if wave_id is None:
        raise Refusal("invalid_fields", details=[Detail("appeal_closed")])
    return _About(wave_id, row.subject_id, None, row.id)


def _wave(connection: Connection, wave_id: UUID) -> AnyRow:
    return connection.execute(
        select(Wave.id, Wave.programme_version_id, Wave.timezone).where(Wave.id == wave_id)
    ).one()
