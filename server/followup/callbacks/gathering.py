"""What the desk confirmed, as facts of a settlement: findings about employees and units, and their n."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Date, cast, func, select

from server.db import AnySelect
from server.fieldwork.judging import Judged
from server.followup.callbacks.invited import INVITED
from server.followup.callbacks.standing import (
    CONFIRMED,
    DISPUTED,
    FACT_STATES,
    PERSON,
    Standing,
    Step,
    standing,
)
from server.models.accounts import Person
from server.models.callbacks import CallBackCase, CallBackStep
from server.models.contacts import ServiceEvent
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.scoring.programmes.definition import Indicator, Programme

# Without an instrument that notes calls, and of what kind a finding is.
SOURCE: Final = "call_back"
DISSATISFIED, VILE = "dissatisfied", "vile_attitude"
# An indicator of this name is counted here: how many answers were about somebody whom they served.
ANSWERS_ABOUT: Final = "answers_about"

Fact = dict[str, Any]


def call_back_findings(
    connection: Connection, programme: Programme, programme_id: UUID, who: Judged, days: tuple[date, date]
) -> list[Fact]:
    """Every attribution that two people agreed on, of answers of these days, both included.

    What is only proposed is not among them; what is disputed is pending, and what was overturned stays
    listed as such. They are dated by the day of the answer, so that they belong to the period of their n.
    """
    cases = connection.execute(_cases(programme_id, days)).all()
    steps = _steps(connection, [case.id for case in cases])
    subjects = _subjects_of_people(connection)
    found = []
    for case in cases:
        stands = standing(steps.get(case.id, ()))
        about = stands.about
        state = FACT_STATES.get(stands.state)
        if about is None or state is None:
            continue
        person = subjects.get(about.person_id) if about.person_id else None
        code = person if about.axis == PERSON else who.codes.get(case.subject_id)
        if code is None or (about.axis == PERSON and code not in who.codes.values()):
            continue  # the programme judges nobody of that kind
        found.append(
            {
                "id": f"call_back/{case.id}",
                "subject": code,
                "date": case.answered_on.isoformat(),
                "status": state,
                "kind": VILE if about.grave else DISSATISFIED,
                "source": _source(programme, case.instrument_name),
                "fields": {"axis": about.axis, **_details(case, stands)},
            }
        )
    return found


def _details(case: Any, stands: Standing) -> Fact:
    settled = {"settled": stands.settled_at.date().isoformat()} if stands.settled_at else {}
    return {**({"wave": case.wave} if case.wave else {}), **settled}


def _source(programme: Programme, instrument: str | None) -> str:
    call_back = programme.call_backs.get(instrument or "")
    return call_back.record or SOURCE if call_back is not None else SOURCE


def _cases(programme_id: UUID, days: tuple[date, date]) -> AnySelect:
    return (
        select(
            CallBackCase.id, CallBackCase.answered_on, CallBackCase.instrument_name, CallBackCase.person_id,
            Subject.id.label("subject_id"), Wave.code.label("wave"),
        )
        .join(ProgrammeVersion, ProgrammeVersion.id == CallBackCase.programme_version_id)
        .join(Subject, Subject.unit_id == CallBackCase.unit_id)
        .join(Wave, Wave.id == CallBackCase.wave_id, isouter=True)
        .where(ProgrammeVersion.programme_id == programme_id)
        .where(CallBackCase.answered_on.between(*days))
        .order_by(CallBackCase.answered_on, CallBackCase.id)
    )  # fmt: skip


def _steps(connection: Connection, cases: Sequence[UUID]) -> Mapping[UUID, list[Step]]:
    query = (
        select(*CallBackStep.__table__.columns)
        .where(CallBackStep.case_id.in_(cases))
        .order_by(CallBackStep.case_id, CallBackStep.number)
    )
    found: dict[UUID, list[Step]] = {}
    for row in connection.execute(query):
        step = Step(row.step, row.axis, row.person_id, row.grave, row.account_id, row.at)
        found.setdefault(row.case_id, []).append(step)
    return found


def _subjects_of_people(connection: Connection) -> Mapping[UUID, str]:
    rows = connection.execute(select(Subject.person_id, Subject.code).where(Subject.person_id.is_not(None)))
    return {row.person_id: row.code for row in rows}


def answers_about(
    connection: Connection, programme: Programme, programme_id: UUID, who: Judged, days: tuple[date, date]
) -> list[Fact]:
    """How many answers of a period were about an employee: by the teller's code of the service, or because
    two people said so.

    Only for a programme that reads an indicator of this name, for each kind and period in which it does.
    """
    reading = [
        measure
        for measure in programme.measures.values()
        if isinstance(measure.source, Indicator) and measure.source.name == ANSWERS_ABOUT
    ]
    if not reading:
        return []
    kinds = {row["id"]: row["kind"] for row in who.rows}
    counted = [
        *((row.code, row.day, row.n) for row in connection.execute(_answers(programme, programme_id, days))),
        *_named(connection, programme_id, days),
    ]
    found: dict[tuple[str, str], int] = {}
    for measure in reading:
        for code, day, n in counted:
            if kinds.get(code) == measure.of:
                period = programme.calendar.containing(measure.per, day)
                if period is not None:
                    found[code, period.id] = found.get((code, period.id), 0) + n
    return list(_indicators(found))


def _named(
    connection: Connection, programme_id: UUID, days: tuple[date, date]
) -> Iterator[tuple[str, date, int]]:
    """Answers about an employee of whose service no event tells: a share of nothing would be none."""
    cases = connection.execute(_cases(programme_id, days)).all()
    steps = _steps(connection, [case.id for case in cases])
    subjects = _subjects_of_people(connection)
    for case in cases:
        stands = standing(steps.get(case.id, ()))
        about = stands.about
        if about is None or about.person_id is None or stands.state not in (CONFIRMED, DISPUTED):
            continue
        if about.person_id in subjects and about.person_id != case.person_id:
            yield subjects[about.person_id], case.answered_on, 1


def _indicators(counted: Mapping[tuple[str, str], int]) -> Iterator[Fact]:
    for (code, period), n in sorted(counted.items()):
        yield {"name": ANSWERS_ABOUT, "subject": code, "period": period, "value": n}


def _answers(programme: Programme, programme_id: UUID, days: tuple[date, date]) -> AnySelect:
    """Employee and day -> answers, on the clocks of the unit where they work."""
    zone = str(programme.zone)
    first = datetime.combine(days[0], time(), programme.zone)
    last = datetime.combine(days[1], time(), programme.zone) + timedelta(days=1)
    day = cast(func.timezone(func.coalesce(Unit.timezone, zone), Submission.received_at), Date)
    return (
        select(Subject.code, day.label("day"), func.count().label("n"))
        .join_from(Submission, Wave, Wave.id == Submission.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .join(
            Invitation,
            INVITED,
        )
        .join(ServiceEvent, ServiceEvent.id == Invitation.event_id)
        .join(Person, Person.code == ServiceEvent.teller_code)
        .join(Subject, Subject.person_id == Person.id)
        .join(Unit, Unit.id == ServiceEvent.unit_id)
        .where(ProgrammeVersion.programme_id == programme_id)
        .where(Submission.received_at >= first, Submission.received_at < last)
        .group_by(Subject.code, day)
        .order_by(Subject.code, day)
    )
