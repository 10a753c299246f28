"""The desk as people see it: the queue of their units, one case with all that is known, what awaits them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, literal, or_, select, text
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.followup.callbacks.attributing import standing_of, steps_of
from server.followup.callbacks.cases import HELD_FOR, case_query
from server.followup.callbacks.invited import INVITED
from server.followup.callbacks.standing import Standing
from server.intake.own_words import joined
from server.keys import KeyRing
from server.models.accounts import Account, Person
from server.models.audit import DESK, AuditLine
from server.models.callbacks import SEVERITIES, CallBackAttempt, CallBackCase, CallBackStep
from server.models.contacts import ServiceEvent
from server.models.messages import InboundMessage
from server.models.organisation import Unit
from server.models.submissions import Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Invitation
from server.scope import Scope

PAGE: Final = 40
MOST_UNITS: Final = 2_000
VIEWS: Final = ("todo", "mine", "later", "closed")
# What the last step left for somebody else to say.
AWAITING: Final = {"confirm": ("proposed", "changed"), "decide": ("disputed",)}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of the queue is wanted. `severity` and `unit` narrow it; "" is all."""

    view: str = "todo"
    severity: str = ""
    unit: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue. `counts`: view -> how many, and `overdue` of all that are open."""

    rows: Sequence[AnyRow]
    counts: Mapping[str, int]
    more: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What the customer answered, with the version of the form."""

    form_version_id: UUID
    values: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case with all that is known about it.

    Attributes:
        unseen: the attempts that were noted by somebody to whom the number had not been shown for them.
    """

    case: AnyRow
    answers: Answers | None
    words: str
    event: AnyRow | None
    attempts: Sequence[AnyRow]
    unseen: frozenset[int]
    steps: Sequence[AnyRow]
    standing: Standing
    record: Answers | None


def queue_of(connection: Connection, scope: Scope, asked: Asked, account_id: UUID, now: datetime) -> Queue:
    """A page of the cases below the reader's units: the reader's own first, then by severity, then by age."""
    views = _views(account_id, now)
    rank = case({name: place for place, name in enumerate(SEVERITIES)}, value=CallBackCase.severity)
    query = _listed().where(views.get(asked.view, views["todo"]))
    if asked.severity in SEVERITIES:
        query = query.where(CallBackCase.severity == asked.severity)
    if asked.unit:
        within = select(Unit.path).where(Unit.code == asked.unit).scalar_subquery()
        query = query.where(Unit.path.startswith(within))
    if asked.view == "closed":
        query = query.order_by(CallBackCase.closed_at.desc())
    elif asked.view == "later":
        query = query.order_by(CallBackCase.ring_at, CallBackCase.id)
    else:
        query = query.order_by(_held_by(account_id, now).desc(), rank, CallBackCase.due_at, CallBackCase.id)
    page = query.limit(PAGE + 1).offset((max(asked.page, 1) - 1) * PAGE)
    rows = connection.execute(scope.units(page)).all()
    return Queue(rows[:PAGE], _counts(connection, scope, views, now), len(rows) > PAGE)


def _views(account_id: UUID, now: datetime) -> dict[str, ColumnElement[bool]]:
    is_open = CallBackCase.closed_at.is_(None)
    return {
        "todo": and_(is_open, CallBackCase.ring_at <= now),
        "mine": and_(is_open, _held_by(account_id, now)),
        "later": and_(is_open, CallBackCase.ring_at > now),
        "closed": CallBackCase.closed_at.is_not(None),
    }


def _held_by(account_id: UUID, now: datetime) -> ColumnElement[bool]:
    held = and_(CallBackCase.holder_id == account_id, CallBackCase.moved_at > now - HELD_FOR)
    return func.coalesce(held, literal(False))


def _listed() -> AnySelect:
    holder = aliased(Person)
    tries = (
        select(func.count())
        .where(CallBackAttempt.case_id == CallBackCase.id)
        .correlate(CallBackCase)
        .scalar_subquery()
    )
    return (
        case_query(tries.label("tries"), holder.name.label("holder_name"))
        .join(Account, Account.id == CallBackCase.holder_id, isouter=True)
        .join(holder, holder.id == Account.person_id, isouter=True)
    )


def _counts(
    connection: Connection, scope: Scope, views: Mapping[str, ColumnElement[bool]], now: datetime
) -> dict[str, int]:
    # A case that was put off is as late as before.
    overdue = CallBackCase.due_at <= now
    wanted = {**{name: views[name] for name in ("todo", "mine", "later")}, "overdue": overdue}
    counted = [func.count().filter(condition).label(name) for name, condition in wanted.items()]
    query = (
        select(*counted)
        .select_from(CallBackCase)
        .join(Unit, Unit.id == CallBackCase.unit_id)
        .where(CallBackCase.closed_at.is_(None))
    )
    row = connection.execute(scope.units(query)).one()
    return {name: getattr(row, name) for name in wanted}


def find_case(connection: Connection, case_id: UUID, scope: Scope, keys: KeyRing) -> CaseFile:
    """One case of the scope. No number and no name of the customer is read.

    Raises:
        Refusal: not_found.
    """
    row = connection.execute(scope.units(_listed().where(CallBackCase.id == case_id))).first()
    if row is None:
        raise Refusal("not_found")
    steps = steps_of(connection, case_id)
    attempts = connection.execute(
        select(*CallBackAttempt.__table__.columns)
        .where(CallBackAttempt.case_id == case_id)
        .order_by(CallBackAttempt.number)
    ).all()
    return CaseFile(
        case=row,
        answers=_answers(connection, row.submission_pk),
        words=_words(connection, row, keys),
        event=_event(connection, row),
        attempts=attempts,
        unseen=_unseen(connection, case_id, attempts),
        steps=steps,
        standing=standing_of(steps),
        record=_answers(connection, row.record_pk),
    )


def _unseen(connection: Connection, case_id: UUID, attempts: Sequence[AnyRow]) -> frozenset[int]:
    """By the audit lines: the customer may have rung, which is no fault, but is said."""
    looks = connection.execute(
        select(AuditLine.actor, AuditLine.at)
        .where(AuditLine.subject == f"call_back:{case_id}", AuditLine.action == "call_back_number_shown")
        .where(text(DESK))
    ).all()
    before = [None, *(each.at for each in attempts)]
    return frozenset(
        each.number
        for each, since in zip(attempts, before, strict=False)
        if not any(
            look.actor == each.by and look.at <= each.at and (since is None or look.at > since)
            for look in looks
        )
    )


def _answers(connection: Connection, submission_pk: UUID | None) -> Answers | None:
    if submission_pk is None:
        return None
    row = connection.execute(
        select(
            Submission.form_version_id, SubmissionRevision.id, SubmissionRevision.answers,
            Invitation.variables,
        )
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(
            Invitation,
            INVITED,
            isouter=True,
        )
        .where(Submission.id == submission_pk)
        .order_by(SubmissionRevision.number.desc())
        .limit(1)
    ).one()  # fmt: skip
    texts = connection.execute(
        select(SubmissionText.question, SubmissionText.text).where(SubmissionText.revision_id == row.id)
    )
    values = joined(row.answers, {each.question: each.text for each in texts})
    return Answers(row.form_version_id, values, row.variables or {})


def _words(connection: Connection, row: AnyRow, keys: KeyRing) -> str:
    if row.words or row.inbound_id is None:
        return row.words or ""
    sent = connection.scalar(select(InboundMessage.text).where(InboundMessage.id == row.inbound_id))
    return keys.decrypt(sent) if sent is not None else ""


def _event(connection: Connection, row: AnyRow) -> AnyRow | None:
    """What the customer had done there, and who served them."""
    query = (
        select(
            ServiceEvent.happened_at, ServiceEvent.business, ServiceEvent.channel,
            ServiceEvent.teller_code, ServiceEvent.waited_minutes, Person.name.label("teller_name"),
        )
        .join(Invitation, Invitation.event_id == ServiceEvent.id)
        .join(
            Submission,
            and_(
                Submission.submission_id == Invitation.submission_id,
                Submission.wave_id == Invitation.wave_id,
            ),
        )
        .join(Person, Person.code == ServiceEvent.teller_code, isouter=True)
        .where(Submission.id == row.submission_pk)
    )  # fmt: skip
    return connection.execute(query).first()


def units_to_name(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """The reader's units that there still are, by their place: `code`, `name` and `name_en`."""
    query = (
        select(Unit.code, Unit.name, Unit.name_en)
        .where(Unit.closed_at.is_(None))
        .order_by(Unit.path)
        .limit(MOST_UNITS)
    )
    return connection.execute(scope.units(query)).all()


def awaiting(connection: Connection, scope: Scope, kind: str) -> Sequence[AnyRow]:
    """Cases whose last step waits for somebody else: to `confirm` a proposal, or to `decide` a dispute."""
    later = aliased(CallBackStep)
    last = ~exists().where(later.case_id == CallBackStep.case_id, later.number > CallBackStep.number)
    open_change = or_(CallBackStep.step != "changed", CallBackStep.axis == "person")
    query = (
        case_query(
            CallBackStep.axis, CallBackStep.grave, CallBackStep.reason, CallBackStep.at,
            Person.name.label("person_name"), Person.code.label("person"),
        )
        .join(CallBackStep, CallBackStep.case_id == CallBackCase.id)
        .join(Person, Person.id == CallBackStep.person_id, isouter=True)
        .where(last, CallBackStep.step.in_(AWAITING[kind]), open_change)
        .order_by(CallBackStep.at)
        .limit(PAGE)
    )  # fmt: skip
    return connection.execute(scope.units(query)).all()


def due_soon(connection: Connection, scope: Scope, now: datetime) -> AnyRow:
    """For somebody's day: `overdue` cases, the others to do as `todo`, and the first of their deadlines."""
    late = CallBackCase.due_at <= now
    waiting = or_(late, CallBackCase.ring_at <= now)
    query = (
        select(
            func.count().filter(~late).label("todo"),
            func.count().filter(late).label("overdue"),
            func.min(CallBackCase.due_at).label("first_due"),
        )
        .select_from(CallBackCase)
        .join(Unit, Unit.id == CallBackCase.unit_id)
        .where(CallBackCase.closed_at.is_(None), waiting)
    )
    return connection.execute(scope.units(query)).one()
