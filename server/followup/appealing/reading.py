"""Appeals as people read them: their own, those that wait, precedents, the answers about a report."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.models.accounts import Account, Person
from server.models.appeals import OPEN, REFUSED, UPHELD, Appeal
from server.models.organisation import Subject, Unit
from server.models.publications import PublishedReport
from server.models.settlements import LedgerLine
from server.models.submissions import Attachment, Submission
from server.models.waves import Wave
from server.scope import Scope

PAGE: Final = 100
PRECEDENTS: Final = 10


@dataclass(frozen=True, slots=True)
class AppealFile:
    """One appeal, its evidence, others of the wave about the same item, and decided ones of any wave."""

    row: AnyRow
    evidence: Sequence[AnyRow]
    alike: Sequence[AnyRow]
    precedents: Sequence[AnyRow]


def list_appeals(connection: Connection, scope: Scope, *, decided: bool) -> Sequence[AnyRow]:
    """Open appeals, the next promised answer first and like ones together; or the latest decided ones."""
    query = _appeals().where(Appeal.state != OPEN if decided else Appeal.state == OPEN)
    order = (
        (Appeal.decided_at.desc().nulls_last(), Appeal.id)
        if decided
        else (Appeal.decides_until, Appeal.wave_id, Appeal.item, Appeal.filed_at)
    )
    return connection.execute(scope.subjects(query).order_by(*order).limit(PAGE)).all()


def count_open(connection: Connection, scope: Scope) -> int:
    query = (
        select(func.count())
        .select_from(Appeal)
        .join(Subject, Subject.id == Appeal.subject_id)
        .where(Appeal.state == OPEN)
    )
    return connection.scalar(scope.subjects(query)) or 0


def find_appeal(connection: Connection, appeal_id: UUID, scope: Scope) -> AppealFile:
    """One appeal.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    row = connection.execute(scope.subjects(_appeals().where(Appeal.id == appeal_id))).first()
    if row is None:
        raise Refusal("not_found")
    same = (Appeal.item == row.item, Appeal.id != appeal_id)
    alike = _appeals().where(*same, Appeal.wave_id == row.wave_id, Appeal.state == OPEN)
    known = _appeals().where(*same, Appeal.state.in_((UPHELD, REFUSED)))
    return AppealFile(
        row,
        connection.execute(
            select(*Attachment.__table__.columns)
            .where(Attachment.submission_id == appeal_id, Attachment.named)
            .order_by(Attachment.created_at, Attachment.id)
        ).all(),
        connection.execute(scope.subjects(alike).order_by(Appeal.filed_at)).all(),
        connection.execute(scope.subjects(known).order_by(Appeal.decided_at.desc()).limit(PRECEDENTS)).all(),
    )


def appeals_of_report(connection: Connection, submission_pk: UUID, scope: Scope) -> Sequence[AnyRow]:
    """Everything disputed about a report, with its answers: all who read the report read them."""
    query = _appeals().where(Appeal.submission_pk == submission_pk).order_by(Appeal.filed_at)
    return connection.execute(scope.subjects(query)).all()


def appeals_of_lines(connection: Connection, lines: Collection[UUID], scope: Scope) -> Sequence[AnyRow]:
    """Everything disputed about ledger lines, with its answers."""
    query = _appeals().where(Appeal.ledger_line_id.in_(lines)).order_by(Appeal.filed_at)
    return connection.execute(scope.subjects(query)).all()


def _appeals() -> AnySelect:
    decider = aliased(Account)
    deciding = aliased(Person)
    return (
        select(
            *Appeal.__table__.columns, Unit.code, func.coalesce(Unit.name, Subject.name).label("name"),
            Unit.name_en, Wave.title, Wave.title_en, PublishedReport.ref, Submission.form_version_id,
            Submission.received_at, LedgerLine.rule, LedgerLine.amount, LedgerLine.unit,
            LedgerLine.direction, deciding.name.label("decider"),
        )
        .join(Subject, Subject.id == Appeal.subject_id)
        .join(Wave, Wave.id == Appeal.wave_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(Submission, Submission.id == Appeal.submission_pk, isouter=True)
        .join(PublishedReport, PublishedReport.submission_pk == Appeal.submission_pk, isouter=True)
        .join(LedgerLine, LedgerLine.id == Appeal.ledger_line_id, isouter=True)
        .join(decider, decider.id == Appeal.decided_by, isouter=True)
        .join(deciding, deciding.id == decider.person_id, isouter=True)
    )  # fmt: skip
