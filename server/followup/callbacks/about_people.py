"""What was confirmed about employees, for whoever answers for them: by week, with its n, to be disputed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Date, cast, func, select

from server.catalogue import ZONE
from server.db import AnyRow
from server.followup.callbacks.attributing import dispute_days, standing_of, steps_of_cases
from server.followup.callbacks.cases import case_query
from server.followup.callbacks.invited import INVITED
from server.followup.callbacks.standing import CONFIRMED, FACT_STATES, OVERTURNED, PERSON, Standing
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
        dispute, ruling: the steps by which it was disputed and by which that was decided, with `by_name`.
    """

    case: AnyRow
    week: date
    said: AnyRow
    standing: Standing
    share: int
    n: int
    until: datetime | None
    dispute: AnyRow | None = None
    ruling: AnyRow | None = None


_Counts = Counter[tuple[UUID, date]]


@dataclass(frozen=True, slots=True)
class _Settled:
    """A case that two people agreed was about an employee; `said` is who said so last."""

    case: AnyRow
    said: AnyRow
    standing: Standing
    steps: Sequence[AnyRow]

    @property
    def month(self) -> tuple[UUID, date]:
        return self.said.person_id, self.case.answered_on.replace(day=1)


def attributed(connection: Connection, scope: Scope, now: datetime) -> Sequence[Attributed]:
    """What was confirmed about employees below the reader's units in the last months, the newest first."""
    since = (now - LOOKED_BACK).date().replace(day=1)
    settled = list(_settled(connection, scope, since))
    heard = _heard(connection, {each.said.person_id for each in settled}, since)
    confirmed = _Counts()
    for each in settled:
        confirmed[each.month] += each.standing.state == CONFIRMED
        # Two people said it was about them, whoever the service event knows or does not know.
        if each.standing.state != OVERTURNED and each.case.person_id != each.said.person_id:
            heard[each.month] += 1
    return [_shown(connection, each, confirmed, heard, now) for each in settled]


def _shown(
    connection: Connection, settled: _Settled, confirmed: _Counts, heard: _Counts, now: datetime
) -> Attributed:
    case, stands = settled.case, settled.standing
    until = stands.disputable_until(dispute_days(connection, case))
    return Attributed(
        case=case,
        week=case.answered_on - timedelta(days=case.answered_on.weekday()),
        said=settled.said,
        standing=stands,
        share=confirmed[settled.month],
        n=heard[settled.month],
        until=until if until is not None and until > now and not stands.disputed else None,
        dispute=_last(settled.steps, "disputed") if stands.disputed else None,
        ruling=_last(settled.steps, "upheld", "dismissed") if stands.disputed else None,
    )


def _settled(connection: Connection, scope: Scope, since: date) -> Iterator[_Settled]:
    """Cases that two people agreed were about an employee, with who said so, and how that stands."""
    named = select(CallBackStep.case_id).where(CallBackStep.person_id.is_not(None))
    query = (
        case_query()
        .where(CallBackCase.answered_on >= since, CallBackCase.id.in_(named))
        .order_by(CallBackCase.answered_on.desc(), CallBackCase.id)
        .limit(MOST)
    )
    cases = connection.execute(scope.units(query)).all()
    steps = steps_of_cases(connection, [case.id for case in cases])
    for case in cases:
        stands = standing_of(steps[case.id])
        said = _last(steps[case.id], "proposed", "changed")
        if stands.state in FACT_STATES and said is not None and said.axis == PERSON:
            yield _Settled(case, said, stands, steps[case.id])


def _last(steps: Sequence[AnyRow], *kinds: str) -> AnyRow | None:
    return next((row for row in reversed(steps) if row.step in kinds), None)


def _heard(connection: Connection, people: set[UUID], since: date) -> _Counts:
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
    return _Counts({(row.id, row.month): row.n for row in connection.execute(query)})
