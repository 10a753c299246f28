"""The demo's desk: cases of unhappy answers, some rung, some closed, some waiting for a second word."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select, update

from server.accounts import register
from server.demo.chance import stream
from server.demo.names import chinese_name
from server.followup.callbacks import attributing, bulletins, cases
from server.followup.callbacks.attributing import Said
from server.followup.callbacks.cases import Agent, Call, Ending
from server.followup.callbacks.opening import open_for_submission
from server.keys import KeyRing
from server.models.accounts import Account, Person
from server.models.callbacks import CallBackCase
from server.models.submissions import Submission
from server.scope import EVERYTHING

LOGIN = "agent"
FINISHED = 3
NOTES = (
    "客户说等了四十多分钟，已致歉，说明了新增窗口。",
    "误点了不满意，客户表示服务很好。",
    "柜员解释后客户接受。",
)
AXES = ("process", "mistake", "person")


def load_calls(connection: Connection, wave_id: UUID, keys: KeyRing, seed: int, now: datetime) -> None:
    """Open a case for each unhappy answer of a wave when it arrived, and work on the oldest few."""
    rows = connection.execute(
        select(Submission.id, Submission.received_at)
        .where(Submission.wave_id == wave_id)
        .order_by(Submission.received_at)
    ).all()
    opened = [
        (case_id, row.received_at)
        for row in rows
        if (case_id := open_for_submission(connection, row.id, row.received_at)) is not None
    ]
    account_id = connection.scalar(select(Account.id).where(Account.login == LOGIN))
    if account_id is None:
        return
    agent = Agent(account_id, f"account:{account_id}")
    _tellers(connection, [case_id for case_id, _ in opened], seed, now)
    ringable = [each for each in opened if _has_number(connection, each[0])]
    for place, (case_id, at) in enumerate(ringable[: FINISHED + 2]):
        rung = min(at + timedelta(hours=3), now - timedelta(minutes=5))
        cases.take(connection, case_id, agent, EVERYTHING, now=rung)
        cases.reveal(connection, case_id, agent, EVERYTHING, keys, now=rung)
        reach = "reached" if place < FINISHED else "no_answer"
        note = NOTES[place] if place < FINISHED else ""
        cases.attempt(connection, case_id, Call(reach, note), agent, EVERYTHING, now=rung)
        if place < FINISHED:
            _finish(connection, case_id, place, agent, rung)
    bulletins.make_all(connection, bulletins.last_week(now), keys, now=now)


def _finish(connection: Connection, case_id: UUID, place: int, agent: Agent, at: datetime) -> None:
    ending = Ending("resolved", NOTES[place])
    cases.close(connection, case_id, ending, agent, EVERYTHING, now=at + timedelta(minutes=6))
    unit_id = connection.scalar(select(CallBackCase.unit_id).where(CallBackCase.id == case_id))
    people = attributing.people_at(connection, unit_id, EVERYTHING) if unit_id else []
    axis = AXES[place] if AXES[place] != "person" or people else "process"
    said = Said("proposed", axis, people[0].code if axis == "person" else "", reason=NOTES[place])
    attributing.take_step(connection, case_id, said, agent, EVERYTHING, now=at + timedelta(minutes=7))


def _tellers(connection: Connection, case_ids: list[UUID], seed: int, now: datetime) -> None:
    """Two tellers at each unit that has a case."""
    units = connection.scalars(
        select(CallBackCase.unit_id)
        .where(CallBackCase.id.in_(case_ids))
        .distinct()
        .order_by(CallBackCase.unit_id)
    ).all()
    for place, unit_id in enumerate(units):
        for number in (1, 2):
            rng = stream(seed, "teller", f"{place}-{number}")
            name = chinese_name(rng, rng.randint(1980, 2000))
            person_id = register.add_person(connection, name, unit_id=unit_id, now=now)
            code = f"G{place + 1:02}{number}"
            connection.execute(update(Person).where(Person.id == person_id).values(code=code))


def _has_number(connection: Connection, case_id: UUID) -> bool:
    query = select(CallBackCase.contact_id).where(CallBackCase.id == case_id)
    return connection.scalar(query) is not None
