"""What people read of publications: versions for whoever publishes, their own part for branches.

A branch reads what is visible, limited to its units, by names that tell neither order nor time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, cast, func, or_, select, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import aliased

from server import wire
from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.followup.publishing.checking import check_of
from server.followup.settlements import ledger_lines
from server.models.accounts import Account, Person
from server.models.organisation import Subject, Unit
from server.models.publications import PROPOSED, PUBLISHED, FactsCheck, Publication, PublishedReport
from server.models.reviews import SET_ASIDE, Review
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.waves import Wave
from server.scope import Scope

# Rows of one's own history that a page shows.
OWN: Final = 200
# What is read of the whole wave beside one's own numbers.
OF_WAVE: Final = ("wave", "ranked", "mean", "interval")


@dataclass(frozen=True, slots=True)
class Report:
    """One report as a branch may read it.

    Attributes:
        revision_id: the answers that were published, or stand while facts are checked.
        published: False while facts are checked.
    """

    ref: str
    submission_pk: UUID
    wave_id: UUID
    revision_id: UUID
    published: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A version as somebody may read it: the snapshot is limited to what they may see."""

    id: UUID
    wave_id: UUID
    number: int
    snapshot: Mapping[str, Any]
    snapshot_hash: str
    reason: str | None
    alone: str | None
    published_at: datetime
    appeals_until: datetime | None
    settlement_id: UUID | None


def versions(connection: Connection, wave_id: UUID, scope: Scope) -> Sequence[AnyRow]:
    """All versions of a wave, newest first, with who proposed and who published them; without snapshots."""
    proposer, publisher = aliased(Account), aliased(Account)
    proposing, publishing = aliased(Person), aliased(Person)
    columns = [each for each in Publication.__table__.columns if each.name != "snapshot"]
    query = (
        select(*columns, proposing.name.label("proposer"), publishing.name.label("publisher"))
        .join(Wave, Wave.id == Publication.wave_id)
        .join(proposer, proposer.id == Publication.proposed_by)
        .join(proposing, proposing.id == proposer.person_id)
        .join(publisher, publisher.id == Publication.published_by, isouter=True)
        .join(publishing, publishing.id == publisher.person_id, isouter=True)
        .where(Publication.wave_id == wave_id)
        .order_by(Publication.proposed_at.desc())
    )
    return connection.execute(scope.waves(query)).all()


def find_version(connection: Connection, publication_id: UUID, scope: Scope) -> AnyRow:
    """A version with its whole snapshot, for whoever publishes.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = (
        select(*Publication.__table__.columns)
        .join(Wave, Wave.id == Publication.wave_id)
        .where(Publication.id == publication_id)
    )
    row = connection.execute(scope.waves(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def waiting(connection: Connection, scope: Scope, account_id: UUID) -> Sequence[AnyRow]:
    """Proposals that wait for somebody else than this account."""
    query = (
        select(Publication.id, Publication.wave_id, Wave.title, Wave.title_en, Publication.proposed_at)
        .join(Wave, Wave.id == Publication.wave_id)
        .where(Publication.state == PROPOSED, Publication.proposed_by != account_id)
        .order_by(Publication.proposed_at)
    )
    return connection.execute(scope.waves(query)).all()


def visible(connection: Connection, wave_id: UUID, scope: Scope, *, now: datetime) -> Shown | None:
    """The newest version that everybody may see, its snapshot limited to the scope's subjects.

    Ranks, n and the mean are the whole wave's.
    """
    row = connection.execute(_visible(now).where(Publication.wave_id == wave_id)).first()
    if row is None:
        return None
    whole = Shown(**{name: getattr(row, name) for name in Shown.__slots__})
    if reaches_all(connection, scope):
        return whole
    mine = set(connection.scalars(scope.subjects(select(Subject.code))))
    return replace(whole, snapshot=_limited(row.snapshot, mine))


def own_scores(connection: Connection, scope: Scope, *, now: datetime) -> Sequence[Mapping[str, Any]]:
    """The scope's subjects in the waves that were published, the newest wave first; for history.

    Taken out of the snapshots by the database: those of a province hold thousands of other rows.
    """
    shown = _visible(now).subquery("shown")
    subject = func.jsonb_array_elements(shown.c.snapshot["subjects"]).table_valued("value").lateral("each")
    code = subject.c.value.op("->>")("subject")
    reports = func.jsonb_path_query_array(
        shown.c.snapshot["reports"],
        cast("$[*] ? (@.subject == $code)", JSONPATH),
        func.jsonb_build_object("code", code),
        type_=JSONB,
    )
    snapshot = shown.c.snapshot
    query = (
        select(
            shown.c.wave_id, shown.c.number, type_coerce(subject.c.value, JSONB).label("subject"),
            snapshot["n"].label("whole"), *(snapshot[name].label(name) for name in OF_WAVE),
            reports.label("reports"),
        )
        .select_from(shown)
        .join(subject, true())
        .order_by(shown.c.published_at.desc(), shown.c.id, code)
        .limit(OWN)
    )  # fmt: skip
    if not reaches_all(connection, scope):
        query = query.where(code.in_(scope.subjects(select(Subject.code))))
    names = ("wave_id", "number", "whole", "reports")
    return [
        {**row.subject, **{name: getattr(row, name) for name in (*OF_WAVE, *names)}}
        for row in connection.execute(query)
    ]  # fmt: skip


def own_findings(connection: Connection, code: str, *, now: datetime) -> Sequence[Mapping[str, Any]]:
    """What was published of a subject's faults, the newest wave first; the caller knows who may read it."""
    shown = _visible(now).subquery("shown")
    each = func.jsonb_array_elements(shown.c.snapshot["findings"]).table_valued("value").lateral("each")
    query = (
        select(
            shown.c.wave_id,
            shown.c.snapshot["wave"].label("wave"),
            type_coerce(each.c.value, JSONB).label("finding"),
        )
        .select_from(shown)
        .join(each, true())
        .where(each.c.value.op("->>")("subject") == code)
        .order_by(shown.c.published_at.desc(), shown.c.id)
        .limit(OWN)
    )
    return [{**row.finding, "wave": row.wave, "wave_id": row.wave_id} for row in connection.execute(query)]


def open_checks(connection: Connection, scope: Scope, *, now: datetime) -> Sequence[AnyRow]:
    """Waves whose facts the scope's units may check now, each with the names of their reports."""
    query = (
        select(
            Wave.id, Wave.title, Wave.title_en, FactsCheck.closes_at, PublishedReport.ref, Unit.code,
            Unit.name, Unit.name_en,
        )
        .join(FactsCheck, FactsCheck.wave_id == Wave.id)
        .join(Submission, Submission.wave_id == Wave.id)
        .join(PublishedReport, PublishedReport.submission_pk == Submission.id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Review, Review.submission_pk == Submission.id, isouter=True)
        .where(FactsCheck.closes_at > now, or_(Review.state.is_(None), Review.state.not_in(SET_ASIDE)))
        .order_by(FactsCheck.closes_at, Unit.code, PublishedReport.ref)
    )  # fmt: skip
    return connection.execute(scope.submissions(query)).all()


def find_report(connection: Connection, ref: str, scope: Scope, *, now: datetime) -> Report:
    """A report by the name under which branches know it, as it was published.

    Raises:
        Refusal: not_found outside the scope, before its wave is visible or its facts are checked, and for
            what no longer counts.
    """
    query = (
        select(Submission.id, Submission.wave_id)
        .join(PublishedReport, PublishedReport.submission_pk == Submission.id)
        .where(PublishedReport.ref == ref)
    )
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    shown = connection.execute(_visible(now).where(Publication.wave_id == row.wave_id)).first()
    if shown is not None:
        listed = [each for each in shown.snapshot["reports"] if each["ref"] == ref]
        if not listed:
            raise Refusal("not_found")
        revision_id = _revision(connection, row.id, listed[0]["sheet"])
        return Report(ref, row.id, row.wave_id, revision_id, published=True)
    check = check_of(connection, row.wave_id)
    state = connection.scalar(select(Review.state).where(Review.submission_pk == row.id))
    if check is None or check.closes_at <= now or state in SET_ASIDE:
        raise Refusal("not_found")
    return Report(ref, row.id, row.wave_id, _revision(connection, row.id, None), published=False)


def money_of(connection: Connection, row: Shown, scope: Scope) -> Sequence[AnyRow]:
    """What the settlement of a version wrote about the scope's subjects."""
    return () if row.settlement_id is None else ledger_lines(connection, row.settlement_id, scope)


def _visible(now: datetime) -> AnySelect:
    """Of every wave the newest version that everybody may see."""
    later = aliased(Publication)
    followed = select(later.id).where(
        later.wave_id == Publication.wave_id,
        later.number > Publication.number,
        later.state == PUBLISHED,
        later.visible_from <= now,
    )
    return select(*Publication.__table__.columns).where(
        Publication.state == PUBLISHED, Publication.visible_from <= now, ~followed.exists()
    )


def _limited(snapshot: Mapping[str, Any], mine: set[str]) -> dict[str, Any]:
    limited = {
        name: [row for row in snapshot[name] if row["subject"] in mine]
        for name in ("subjects", "reports", "findings")
    }
    return {**snapshot, **limited}


def _revision(connection: Connection, submission_pk: UUID, sheet: str | None) -> UUID:
    """The revision whose sheet has this fingerprint; the newest where none is asked for, or found."""
    rows = connection.execute(
        select(SubmissionRevision.id, ScoreSheet.sheet)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .where(SubmissionRevision.submission_pk == submission_pk)
        .order_by(SubmissionRevision.number.desc())
    ).all()
    same: list[UUID] = [
        row.id for row in rows if sheet and row.sheet and wire.fingerprint(row.sheet) == sheet
    ]
    return same[0] if same else UUID(str(rows[0].id))
