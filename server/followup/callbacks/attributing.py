"""Proposing, confirming and disputing who or what a case was about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import aliased

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.followup.callbacks.cases import Agent, locked_case
from server.followup.callbacks.standing import PERSON, Standing, Step, refused, standing
from server.models.accounts import Account, Person
from server.models.callbacks import AXES, CallBackStep
from server.models.organisation import Unit
from server.scope import Scope
from server.scoring.programmes.call_backs import DISPUTE_DAYS

LONGEST: Final = 500
MOST_PEOPLE: Final = 200
WITH_REASON: Final = frozenset({"changed", "disputed", "upheld", "dismissed"})


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says.

    Attributes:
        step: `proposed` and `changed` say who or what it was; the others are about what stands.
        person: the code of an employee, which is a teller's code as well.
    """

    step: str
    axis: str = ""
    person: str = ""
    grave: bool = False
    reason: str = ""


def steps_of(connection: Connection, case_id: UUID) -> Sequence[AnyRow]:
    """Every step of a case in its order; for a case that was found within the scope."""
    return steps_of_cases(connection, [case_id])[case_id]


def steps_of_cases(connection: Connection, cases: Sequence[UUID]) -> Mapping[UUID, Sequence[AnyRow]]:
    """Case -> its steps in their order: `person` and `person_name` are whom a step is about, `by_name` is who
    took it, `for_other` whether they spoke for the employee and not for themselves."""
    taker = aliased(Person)
    query = (
        select(
            *CallBackStep.__table__.columns,
            Person.name.label("person_name"),
            Person.code.label("person"),
            taker.name.label("by_name"),
            (CallBackStep.person_id.is_not(None) & (CallBackStep.person_id != taker.id)).label("for_other"),
        )
        .join(Account, Account.id == CallBackStep.account_id)
        .join(taker, taker.id == Account.person_id)
        .join(Person, Person.id == CallBackStep.person_id, isouter=True)
        .where(CallBackStep.case_id.in_(cases))
        .order_by(CallBackStep.case_id, CallBackStep.number)
    )
    found: dict[UUID, list[AnyRow]] = {each: [] for each in cases}
    for row in connection.execute(query):
        found[row.case_id].append(row)
    return found


def standing_of(rows: Sequence[AnyRow]) -> Standing:
    """How the attribution of a case stands after its steps."""
    return standing([_step_of(row) for row in rows])


def _step_of(row: AnyRow) -> Step:
    return Step(row.step, row.axis, row.person_id, row.grave, row.account_id, row.at)


def people_at(connection: Connection, unit_id: UUID, scope: Scope) -> Sequence[AnyRow]:
    """Who works at a unit or below it, whom a case may be about: `code` and `name`."""
    unit = connection.execute(scope.units(select(Unit.path).where(Unit.id == unit_id))).first()
    if unit is None:
        return []
    query = (
        select(Person.code, Person.name)
        .join(Unit, Unit.id == Person.unit_id)
        .where(Unit.path.startswith(unit.path, autoescape=True))
        .where(Person.code.is_not(None), Person.kind == "staff", Person.left_at.is_(None))
        .order_by(Person.code)
        .limit(MOST_PEOPLE)
    )
    return connection.execute(query).all()


def take_step(
    connection: Connection, case_id: UUID, said: Said, agent: Agent, scope: Scope, *, now: datetime
) -> None:
    """Add a step.

    Raises:
        Refusal: not_found outside the scope, invalid_fields also for what somebody else did meanwhile.
    """
    step = said.step
    case = locked_case(connection, case_id, scope)
    rows = steps_of(connection, case_id)
    before = standing_of(rows)
    about = before.about
    if step in ("proposed", "changed"):
        person_id = _check(connection, case, said)
        new = Step(step, said.axis, person_id, said.grave and said.axis == PERSON, agent.account_id, now)
    elif about is None:
        raise Refusal("invalid_fields", details=[Detail("attribution_moved", "/step")])
    else:
        new = Step(step, about.axis, about.person_id, about.grave, agent.account_id, now)
    if step in WITH_REASON and not said.reason.strip():
        raise Refusal("invalid_fields", details=[Detail("reason_missing", "/reason")])
    if len(said.reason) > LONGEST:
        raise Refusal("invalid_fields", details=[Detail("text_too_long", "/reason", {"limit": LONGEST})])
    code = refused(before, new, dispute_days=dispute_days(connection, case))
    if code is not None:
        raise Refusal("invalid_fields", details=[Detail(code, "/step")])
    _insert(connection, case_id, len(rows) + 1, new, said, agent)
    detail = {"step": step, "axis": new.axis, "person": str(new.person_id or "")}
    entry = audit.Entry(agent.actor, "call_back_attributed", f"call_back:{case_id}", detail)
    audit.record(connection, [entry], at=now)


def dispute_days(connection: Connection, case: AnyRow) -> int:
    """For how many days what was confirmed about this case can be disputed."""
    if case.programme_version_id is None:
        return DISPUTE_DAYS
    call_back = programme_of(connection, case.programme_version_id).call_backs.get(case.instrument_name)
    return call_back.dispute_days if call_back is not None else DISPUTE_DAYS


def _check(connection: Connection, case: AnyRow, said: Said) -> UUID | None:
    if said.axis not in AXES:
        raise Refusal("invalid_fields", details=[Detail("axis_missing", "/axis")])
    if said.axis != PERSON:
        return None
    if not said.person.strip():
        raise Refusal("invalid_fields", details=[Detail("person_missing", "/person")])
    person_id = connection.scalar(
        select(Person.id)
        .join(Unit, Unit.id == Person.unit_id)
        .where(Person.code == said.person.strip(), Person.kind == "staff")
        .where(Unit.path.startswith(case.path, autoescape=True))
    )
    if person_id is None:
        raise Refusal("invalid_fields", details=[Detail("person_not_there", "/person")])
    return person_id


def _insert(connection: Connection, case_id: UUID, number: int, step: Step, said: Said, agent: Agent) -> None:
    connection.execute(
        insert(CallBackStep).values(
            id=new_id(),
            case_id=case_id,
            number=number,
            step=step.step,
            axis=step.axis,
            person_id=step.person_id,
            grave=step.grave,
            reason=said.reason.strip() or None,
            account_id=step.account_id,
            by=agent.actor,
            at=step.at,
        )
    )
