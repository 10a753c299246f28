"""What was confirmed about employees, for whoever answers for them: by week, with its n, to be disputed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Date, cast, func, select

from server.catalogue import ZONE
from server.db import AnyRow
from server.followup.callbacks.attributing import dispute_days, standing_of
from server.followup.callbacks.cases import case_query
from server.followup.callbacks.invited import INVITED
from server.followup.callbacks.standing import CONFIRMED, FACT_STATES, PERSON, Standing
from server.models.accounts import Person
from server.models.callbacks import CallBackCase, CallBackStep
from server.models.contacts import ServiceEvent
from server.models.organisation import Unit
from server.models.submissions import Submission
from server.models.tasks import Invitation
from server.scope import Scope

LOOKED_BACK: Final = timedelta(days=180)
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Attributed:
    """One answer that was confirmed to be about an employee.

    Attributes:
        case: its unit and id; nothing of the customer.
        week: the Monday of the week of the answer: no day, which would tell who it was.
        said: the last step that says who it was, with `person`, `person_name` and `reason`.
        share, n: how many of the answers about the employee in that month were attributed, of how many.
        until: the last moment for a dispute, None when there is none any more.
    """

    case: AnyRow
    week: date
    said: AnyRow
    standing: Standing
    share: int
    n: int
    until: datetime | None


def attributed(connection: Connection, scope: Scope, now: datetime) -> Sequence[Attributed]:
    """What was confirmed about employees below the reader's units in the last months, the newest first."""
    since = (now - LOOKED_BACK).date().replace(day=1)
    settled = list(_settled(connection, scope, since))
    confirmed = Counter(
        (said.person_id, case.answered_on.replace(day=1))
        for case, said, stands in settled
        if stands.state == CONFIRMED
    )
    heard = _heard(connection, {said.person_id for _, said, _ in settled}, since)
    found = []
    for case, said, stands in settled:
        month = (said.person_id, case.answered_on.replace(day=1))
        until = stands.disputable_until(dispute_days(connection, case))
        found.append(
            Attributed(
                case=case,
                week=case.answered_on - timedelta(days=case.answered_on.weekday()),
                said=said,
                standing=stands,
                share=confirmed[month],
                n=heard.get(month, 0),
                until=until if until is not None and until > now and not stands.disputed else None,
            )
        )
    return found


def _settled(connection: Connection, scope: Scope, since: date) -> Iterator[tuple[AnyRow, AnyRow, Standing]]:
    """Cases that two people agreed were about an employee, with who said so, and how that stands."""
    named = select(CallBackStep.case_id).where(CallBackStep.person_id.is_not(None))
    query = (
        case_query()
        .where(CallBackCase.answered_on >= since, CallBackCase.id.in_(named))
        .order_by(CallBackCase.answered_on.desc(), CallBackCase.id)
        .limit(MOST)
    )
    cases = connection.execute(scope.units(query)).all()
    steps = _steps(connection, [case.id for case in cases])
    for case in cases:
        stands = standing_of(steps[case.id])
        said = next((row for row in reversed(steps[case.id]) if row.step in ("proposed", "changed")), None)
        if stands.state in FACT_STATES and said is not None and said.axis == PERSON:
            yield case, said, stands


def _steps(connection: Connection, cases: Sequence[UUID]) -> Mapping[UUID, list[AnyRow]]:
    query = (
        select(*CallBackStep.__table__.columns, Person.name.label("person_name"), Person.code.label("person"))
        .join(Person, Person.id == CallBackStep.person_id, isouter=True)
        .where(CallBackStep.case_id.in_(cases))
        .order_by(CallBackStep.case_id, CallBackStep.number)
    )
    found: dict[UUID, list[AnyRow]] = {each: [] for each in cases}
    for row in connection.execute(query):
        found[row.case_id].append(row)
    return found


def _heard(connection: Connection, people: set[UUID], since: date) -> Mapping[tuple[UUID, date], int]:
    """Employee and first day of the month -> answers about somebody they served."""
    month = cast(func.date_trunc("month", func.timezone(Unit.timezone, Submission.received_at)), Date)
    query = (
        select(Person.id, month.label("month"), func.count().label("n"))
        .join_from(
            Submission,
            Invitation,
            INVITED,
        )
        .join(ServiceEvent, ServiceEvent.id == Invitation.event_id)
        .join(Unit, Unit.id == ServiceEvent.unit_id)
        .join(Person, Person.code == ServiceEvent.teller_code)
        .where(Person.id.in_(people))
        .where(Submission.received_at >= datetime.combine(since, time(), ZoneInfo(ZONE)))
        .group_by(Person.id, month)
    )
    return {(row.id, row.month): row.n for row in connection.execute(query)}
