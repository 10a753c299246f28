"""The desk against a database: from an unhappy answer to a fact of a settlement."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from server.db import new_id
from server.errors import Refusal
from server.followup.callbacks import (
    about_people,
    attributing,
    bulletins,
    cases,
    closing,
    counting,
    reading,
    recording,
)
from server.followup.callbacks.attributing import Said
from server.followup.callbacks.cases import HELD_FOR, Agent, Call, Ending
from server.followup.callbacks.opening import NewCase, open_case, open_for_submission, promise_for_wave
from server.followup.facts import Span, gather
from server.intake.following import follow_batch
from server.intake.prepare import Ask, Incoming, Prepared, prepare
from server.intake.record import record
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.accounts import Account, Person
from server.models.audit import AuditLine
from server.models.callbacks import CallBackAttempt, CallBackCase, CallBackStep
from server.models.contacts import Contact, ContactPrivate, ServiceEvent
from server.models.definitions import Programme, ProgrammeVersion
from server.models.messages import Message
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.notify.respect.opt_outs import opt_out
from server.scope import EVERYTHING, Scope
from server.scoring.programmes.compiling import compile_programme
from tests import builders
from tests.builders import NOW, hall_answers

DAY = timedelta(days=1)
EAST, WEST = Scope(("C01/D1/",)), Scope(("C01/D10/",))
TELLER = "T01"


class Desk:
    """A launched survey with answers, and people to work on them."""

    def __init__(self, connection: Connection, keys: KeyRing) -> None:
        self.connection, self.keys, self.forms = connection, keys, FormShelf()
        self.tasks = builders.create_invitations(connection, keys)
        connection.execute(update(Contact).values(consent_source="柜面签约"))
        self.agents = [self._somebody(f"agent{number}") for number in range(4)]
        self.teller = new_id()
        unit_id = connection.scalar(select(Unit.id).where(Unit.code == "B101"))
        values = {"id": self.teller, "code": TELLER, "name": "李娜", "unit_id": unit_id, "created_at": NOW}
        connection.execute(insert(Person).values(**values))
        connection.execute(
            insert(Subject).values(
                id=new_id(), code="P-T01", kind="person", person_id=self.teller, name="李娜"
            )
        )

    def _somebody(self, login: str) -> Agent:
        person_id, account_id = new_id(), new_id()
        self.connection.execute(insert(Person).values(id=person_id, name=login, created_at=NOW))
        self.connection.execute(
            insert(Account).values(
                id=account_id, person_id=person_id, login=login, password_hash="-", created_at=NOW
            )
        )
        return Agent(account_id, f"account:{account_id}")

    def answer(self, index: int, *, served: bool = True, **answers: Any) -> UUID:
        """Answer an invitation; returns the submission's inner id."""
        task = self.tasks[index]
        if served:
            self._serve(task.id)
        wave = self.connection.execute(select(Wave.form_version_id).where(Wave.id == task.wave_id)).one()
        shelved = self.forms.get(self.connection, wave.form_version_id)
        ask = Ask(task.wave_id, task.subject_id, shelved, {"unit": "青年路支行"}, NOW.date(), "page")
        prepared = prepare(Incoming(task.submission_id, hall_answers(**answers)), ask)
        assert isinstance(prepared, Prepared), prepared
        record(self.connection, [prepared], actor="invitation:1", now=NOW)
        query = select(Submission.id).where(Submission.submission_id == task.submission_id)
        return self.connection.execute(query).scalar_one()

    def _serve(self, invitation_id: UUID) -> None:
        row = self.connection.execute(
            select(Invitation.contact_id, Subject.unit_id)
            .join(Subject, Subject.id == Invitation.subject_id)
            .where(Invitation.id == invitation_id)
        ).one()
        event = {
            "id": new_id(), "external_id": str(invitation_id), "contact_id": row.contact_id,
            "unit_id": row.unit_id, "happened_at": NOW - DAY, "channel": "counter", "teller_code": TELLER,
            "created_at": NOW,
        }  # fmt: skip
        self.connection.execute(insert(ServiceEvent).values(**event))
        self.connection.execute(
            update(Invitation).where(Invitation.id == invitation_id).values(event_id=event["id"])
        )

    def opened(self, index: int = 0, **answers: Any) -> UUID:
        """The case of an unhappy answer."""
        found = open_for_submission(self.connection, self.answer(index, **answers), NOW)
        assert found is not None
        return found

    def case(self, case_id: UUID) -> Any:
        query = select(*CallBackCase.__table__.columns).where(CallBackCase.id == case_id)
        return self.connection.execute(query).one()

    def in_hand(self, index: int = 0, **answers: Any) -> UUID:
        case_id = self.opened(index, **{"stars": 1, "callback": True, **answers})
        cases.take(self.connection, case_id, self.agents[0], EVERYTHING, now=NOW)
        return case_id

    def ring(self, case_id: UUID, reach: str, *, days: int = 0, **call: Any) -> None:
        now = NOW + days * DAY
        cases.take(self.connection, case_id, self.agents[0], EVERYTHING, now=now)
        cases.attempt(self.connection, case_id, Call(reach, **call), self.agents[0], EVERYTHING, now=now)

    def step(self, case_id: UUID, step: str, by: int, **said: Any) -> None:
        attributing.take_step(
            self.connection, case_id, Said(step, **said), self.agents[by], EVERYTHING, now=NOW
        )


@pytest.fixture
def desk(connection: Connection, keys: KeyRing) -> Desk:
    return Desk(connection, keys)


def code_of(refused: Any) -> str:
    return str(refused.value.details[0].code)


def test_an_unhappy_answer_opens_one_case_and_keeps_the_contact_in_peace(desk: Desk) -> None:
    connection = desk.connection
    pk = desk.answer(0, stars=1, callback=True)
    assert follow_batch(connection) == 1
    job = connection.exec_driver_sql(
        "SELECT args FROM procrastinate_jobs WHERE task_name = 'open_call_back'"
    ).scalar_one()
    assert job == {"submissions": [str(pk)]}
    case_id = open_for_submission(connection, pk, NOW)
    assert open_for_submission(connection, pk, NOW + DAY) == case_id
    assert case_id is not None
    case = desk.case(case_id)
    assert (case.cause, case.severity, case.asked, case.person_id) == (
        "dissatisfied",
        "high",
        True,
        desk.teller,
    )
    assert (case.due_at, case.answered_on) == (NOW + DAY, date(2026, 5, 4))
    contact = select(Contact.open_case_since).where(Contact.id == case.contact_id)
    assert connection.scalar(contact) == date(2026, 5, 4)
    # A wish to be rung by SMS joins the same case.
    wish = NewCase(
        "inbound:1", "ring", case.unit_id, case.answered_on, wave_id=case.wave_id, contact_id=case.contact_id,
        asked=True,
    )  # fmt: skip
    assert open_case(connection, wish, NOW) == case_id
    desk.ring(case.id, "refused")
    assert desk.case(case.id).outcome == "refused"
    assert connection.scalar(contact) is None
    assert open_for_submission(connection, desk.answer(1, stars=5), NOW) is None


def test_who_declined_is_read_and_never_rung(desk: Desk) -> None:
    assert promise_for_wave(desk.connection, desk.tasks[0].wave_id) == "may_ring"
    case = desk.case(desk.opened(0, stars=2, callback=False))
    assert (case.contact_id, case.severity) == (None, "low")
    cases.take(desk.connection, case.id, desk.agents[0], EVERYTHING, now=NOW)
    with pytest.raises(Refusal) as refused:
        cases.reveal(desk.connection, case.id, desk.agents[0], EVERYTHING, desk.keys, now=NOW)
    assert code_of(refused) == "case_without_number"
    cases.close(desk.connection, case.id, Ending("no_number"), desk.agents[0], EVERYTHING, now=NOW)
    assert desk.case(case.id).outcome == "no_number"


def test_one_agent_at_a_time_and_every_look_at_a_number_is_noted(desk: Desk) -> None:
    connection, (first, second, *_) = desk.connection, desk.agents
    case_id = desk.in_hand()
    with pytest.raises(Refusal) as refused:
        cases.take(connection, case_id, second, EVERYTHING, now=NOW)
    assert code_of(refused) == "case_held"
    for _ in range(2):
        customer = cases.reveal(connection, case_id, first, EVERYTHING, desk.keys, now=NOW)
    assert customer.number.startswith("+86138")
    looks = select(func.count()).where(AuditLine.action == "call_back_number_shown")
    assert connection.scalar(looks) == 2
    with pytest.raises(Refusal) as refused:
        cases.reveal(connection, case_id, second, EVERYTHING, desk.keys, now=NOW)
    assert code_of(refused) == "case_not_taken"
    later = NOW + HELD_FOR
    cases.take(connection, case_id, second, EVERYTHING, now=later)
    with pytest.raises(Refusal) as refused:
        cases.attempt(connection, case_id, Call("no_answer"), first, EVERYTHING, now=later)
    assert code_of(refused) == "case_not_taken"
    with pytest.raises(Refusal, match="not_found"):
        cases.take(connection, case_id, first, WEST, now=later)
    found = reading.queue_of(connection, EAST, reading.Asked("mine"), second.account_id, later)
    assert [row.id for row in found.rows] == [case_id]
    assert not reading.queue_of(connection, WEST, reading.Asked(), second.account_id, later).rows
    served = reading.find_case(connection, case_id, EAST, desk.keys).event
    assert served is not None
    assert served.teller_name == "李娜"


def test_three_days_without_an_answer_end_it_and_two_calls_on_one_day_are_one(desk: Desk) -> None:
    case_id = desk.opened(0, stars=1, callback=True)
    for days in (0, 0, 1):
        desk.ring(case_id, "no_answer", days=days)
    assert desk.case(case_id).outcome is None
    desk.ring(case_id, "ring_later", days=1, ring_at=NOW + 4 * DAY)
    assert desk.case(case_id).ring_at == NOW + 4 * DAY
    desk.ring(case_id, "no_answer", days=4)
    assert desk.case(case_id).outcome == "not_reached"
    for table, values in ((CallBackAttempt, {"by": "nobody"}), (CallBackAttempt, {"note": "polished"})):
        with pytest.raises(DBAPIError), desk.connection.begin_nested():
            desk.connection.execute(update(table).values(**values))
    desk.connection.execute(update(CallBackAttempt).values(note=None))


def test_a_case_is_put_off_to_a_decent_hour_soon_and_stays_as_late_as_it_was(desk: Desk) -> None:
    connection, late = desk.connection, NOW + 2 * DAY
    case_id = desk.opened(0, stars=1, callback=True)
    cases.take(connection, case_id, desk.agents[0], EVERYTHING, now=late)
    for at, code in (
        (None, "ring_at_missing"),
        (late - DAY, "ring_at_past"),
        (late + 15 * DAY, "ring_at_far"),
        (late + timedelta(hours=17), "ring_at_quiet"),
    ):
        call = Call("ring_later", ring_at=at)
        with pytest.raises(Refusal) as refused:
            cases.attempt(connection, case_id, call, desk.agents[0], EVERYTHING, now=late)
        assert [(each.code, each.pointer) for each in refused.value.details] == [(code, "/ring_at")]
    desk.ring(case_id, "ring_later", days=2, ring_at=late + DAY)
    found = reading.queue_of(connection, EAST, reading.Asked("later"), desk.agents[0].account_id, late)
    assert [row.due_at for row in found.rows] == [NOW + DAY]
    assert found.counts["overdue"] == 1
    today = reading.due_soon(connection, EAST, late)
    assert (today.todo, today.overdue) == (0, 1)


def test_a_call_that_is_noted_without_its_number_says_so(desk: Desk) -> None:
    case_id = desk.in_hand()
    cases.reveal(desk.connection, case_id, desk.agents[0], EVERYTHING, desk.keys, now=NOW)
    desk.ring(case_id, "no_answer")
    desk.ring(case_id, "reached", days=1)
    assert reading.find_case(desk.connection, case_id, EVERYTHING, desk.keys).unseen == {2}


def test_closing_needs_a_call_that_reached_somebody_and_its_record_is_a_submission(desk: Desk) -> None:
    connection, agent = desk.connection, desk.agents[0]
    case_id = desk.in_hand()
    with pytest.raises(Refusal) as refused:
        cases.close(connection, case_id, Ending("resolved"), agent, EVERYTHING, now=NOW)
    assert code_of(refused) == "case_not_spoken"
    desk.ring(case_id, "reached")
    reach = (EVERYTHING, desk.forms)
    wrong = recording.hand_in(connection, case_id, {"reached": "yes"}, agent, reach, now=NOW)
    assert {each.question for each in wrong} == {"opinion", "cause", "settled"}
    answers = {"reached": "yes", "opinion": "等太久", "cause": "waiting", "settled": True}
    assert recording.hand_in(connection, case_id, answers, agent, reach, now=NOW) == ()
    file = reading.find_case(connection, case_id, EVERYTHING, desk.keys)
    assert file.record is not None
    assert file.record.values["opinion"] == "等太久"
    with pytest.raises(Refusal) as refused:
        recording.hand_in(connection, case_id, answers, agent, reach, now=NOW)
    assert code_of(refused) == "case_has_record"
    passed = Ending("passed_on", "增开窗口", "D1")
    cases.close(connection, case_id, passed, agent, EVERYTHING, now=NOW)
    assert desk.case(case_id).outcome == "passed_on"


def facts(desk: Desk) -> dict[str, Any]:
    """The facts of a programme that reads what the desk confirmed, over the survey's waves."""
    row = desk.connection.execute(
        select(ProgrammeVersion.content, Programme.id)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .join(Wave, Wave.programme_version_id == ProgrammeVersion.id)
        .where(Wave.id == desk.tasks[0].wave_id)
    ).one()
    employee = {"name": "teller", "of": "person", "per": "month", "indicator": "answers_about"}
    content = {
        **row.content,
        "subjects": [*row.content["subjects"], {"name": "person"}],
        "measures": [*row.content["measures"], employee],
    }
    as_of = date(2026, 6, 30)
    span = Span(2026, date(2026, 1, 1), as_of, date(2026, 1, 1))
    return gather(desk.connection, compile_programme(content), row.id, span).facts


def test_two_people_before_a_fact_lands_on_an_employee_with_its_n(desk: Desk) -> None:
    case_id = desk.in_hand()
    for index in range(1, 4):
        desk.answer(index, stars=5)
    desk.step(case_id, "proposed", 0, axis="person", person=TELLER)
    assert facts(desk)["findings"] == []
    for by, step, said in (
        (0, "confirmed", {}),
        (1, "changed", {"axis": "person", "person": "T99", "reason": "x"}),
    ):
        with pytest.raises(Refusal) as refused:
            desk.step(case_id, step, by, **said)
        assert code_of(refused) in {"attribution_same_person", "person_not_there"}
    desk.step(case_id, "confirmed", 1)
    gathered = facts(desk)
    [finding] = gathered["findings"]
    assert (finding["subject"], finding["status"], finding["source"]) == ("P-T01", "confirmed", "call_back")
    assert (finding["fields"]["axis"], finding["date"]) == ("person", "2026-05-04")
    n = {"name": "answers_about", "subject": "P-T01", "period": "2026-05", "value": 4}
    assert gathered["indicators"] == [n]
    [shown] = about_people.attributed(desk.connection, EAST, NOW)
    assert (shown.share, shown.n, shown.week, shown.until) == (1, 4, date(2026, 5, 4), NOW + 7 * DAY)
    assert about_people.attributed(desk.connection, WEST, NOW) == []
    desk.step(case_id, "disputed", 2, reason="当天休息")
    assert [row.id for row in reading.awaiting(desk.connection, EAST, "decide")] == [case_id]
    assert facts(desk)["findings"][0]["status"] == "pending"
    desk.step(case_id, "upheld", 3, reason="排班属实")
    assert facts(desk)["findings"][0]["status"] == "overturned"
    with pytest.raises(DBAPIError), desk.connection.begin_nested():
        desk.connection.execute(update(CallBackStep).values(axis="mistake", person_id=None))


def test_who_is_named_without_a_service_event_has_an_n_of_which_it_is_a_share(desk: Desk) -> None:
    case_id = desk.opened(0, stars=1, callback=True, served=False)
    desk.answer(1, stars=5)
    desk.step(case_id, "proposed", 0, axis="person", person=TELLER)
    desk.step(case_id, "confirmed", 1)
    [shown] = about_people.attributed(desk.connection, EAST, NOW)
    assert (shown.share, shown.n) == (1, 2)
    assert [fact["value"] for fact in facts(desk)["indicators"]] == [2]
    desk.step(case_id, "disputed", 2, reason="当天休息")
    [shown] = about_people.attributed(desk.connection, EAST, NOW)
    assert (shown.share, shown.n, shown.dispute.by_name, shown.dispute.for_other) == (0, 2, "agent2", True)
    desk.step(case_id, "upheld", 3, reason="排班属实")
    [shown] = about_people.attributed(desk.connection, EAST, NOW)
    assert (shown.share, shown.n, shown.ruling.by_name) == (0, 1, "agent3")


def test_a_week_is_frozen_and_corrected_by_a_new_number(desk: Desk) -> None:
    connection = desk.connection
    for index in range(4):
        desk.answer(index, stars=5)
    desk.opened(4, stars=1, callback=True)
    week = date(2026, 5, 4)
    assert bulletins.last_week(NOW + 7 * DAY) == week
    made = bulletins.make_all(connection, week, desk.keys, now=NOW + 7 * DAY)
    assert made == bulletins.make_all(connection, week, desk.keys, now=NOW + 8 * DAY) + made > 0
    city = bulletins.bulletin_for(connection, "C01", week, EVERYTHING)
    counts = city.content["counts"]
    assert (counts["answered"], counts["satisfied"], counts["dissatisfied"], city.content["rate"]) == (
        5,
        4,
        1,
        "80.0",
    )
    assert city.content["reasons"] == [{"default": "等得太久", "en": "Waited too long", "count": 1}]
    [outlet] = [row for row in connection.execute(select(Unit.code, Unit.id)) if row.code == "B101"]
    branch = bulletins.bulletin_for(connection, outlet.code, week, EAST).content
    assert (branch["few"], branch["rate"], branch["counts"]["dissatisfied"]) == (True, None, None)
    with pytest.raises(Refusal, match="not_found"):
        bulletins.bulletin_for(connection, "C01", week, EAST)
    with pytest.raises(DBAPIError), connection.begin_nested():
        connection.exec_driver_sql("UPDATE call_back_bulletin SET content = '{}'")
    desk.answer(5, stars=5)
    new = bulletins.Correction("C01", week, "漏计一份", "account:1")
    assert bulletins.correct(connection, new, EVERYTHING, desk.keys, now=NOW + 8 * DAY) == 2
    again = bulletins.bulletin_for(connection, "C01", week, EVERYTHING)
    assert (again.number, again.content["counts"]["answered"]) == (2, 6)
    first = bulletins.bulletin_for(connection, "C01", week, EVERYTHING, 1)
    assert (first.number, first.newest, first.content_hash) == (1, 2, city.content_hash)


def test_what_is_worth_a_look_says_how_many_of_how_many(desk: Desk) -> None:
    for index in range(4):
        desk.answer(index, stars=5)
    connection = desk.connection
    connection.execute(update(Invitation).values(started_at=NOW))
    one = connection.scalar(select(ContactPrivate.contact_id).limit(1))
    connection.execute(update(Contact).where(Contact.id == one).values(staff=True))
    found = counting.look(connection, EVERYTHING, NOW)
    assert found.answers == 4
    assert {(each.pattern.kind, each.pattern.n) for each in found.seen} >= {("unread", 4)}
    assert counting.look(connection, WEST, NOW).answers == 0


def test_the_closing_message_reaches_each_once_and_nobody_who_said_stop(desk: Desk) -> None:
    connection, wave_id = desk.connection, desk.tasks[0].wave_id
    for index in range(3):
        desk.answer(index, stars=5)
    stopped = connection.execute(
        select(ContactPrivate.phone_hash)
        .join(Invitation, Invitation.contact_id == ContactPrivate.contact_id)
        .where(Invitation.id == desk.tasks[0].id)
    ).scalar_one()
    opt_out(connection, [stopped], "reply", NOW)
    new = closing.NewClosing(
        wave_id, "", {"zh": "您提到等候太久，我们已加开窗口。", "en": "More counters now."}
    )
    shown = closing.preview(connection, new, EVERYTHING)
    reworded = replace(new, texts={**new.texts, "en": "Thanks"})
    assert closing.fingerprint(reworded, shown) != closing.fingerprint(new, shown)
    assert (shown.people, shown.segments) == (2, 2)
    assert shown.texts["zh"].startswith("【江城分行】")
    closing.send(connection, new, EVERYTHING, desk.keys, by="account:1", now=NOW)
    sent = select(func.count()).select_from(Message).where(Message.kind == "closing")
    assert connection.scalar(sent) == 2
    with pytest.raises(Refusal) as refused:
        closing.send(connection, new, EVERYTHING, desk.keys, by="account:1", now=NOW)
    assert code_of(refused) == "closing_nobody"


def test_a_closing_text_is_filled_for_each_unit_and_refused_at_its_field(desk: Desk) -> None:
    connection, wave_id = desk.connection, desk.tasks[0].wave_id
    desk.answer(0, stars=5)

    def closing_of(zh: str) -> closing.NewClosing:
        return closing.NewClosing(wave_id, "", {"zh": zh, "en": "More counters now."})

    for words, code in (
        ("{unit}{foo}", "message_unknown_variable"),
        ("{unit}{link}", "message_unknown_variable"),
        ("窗" * 390, "message_segments"),
        ("窗" * 5_000, "text_too_long"),
    ):
        with pytest.raises(Refusal) as refused:
            closing.send(connection, closing_of(words), EVERYTHING, desk.keys, by="account:1", now=NOW)
        assert [(each.code, each.pointer) for each in refused.value.details] == [(code, "/zh")]
    closing.send(connection, closing_of("{unit}已加开窗口。"), EVERYTHING, desk.keys, by="account:1", now=NOW)
    sent = connection.scalar(select(Message.text).where(Message.kind == "closing"))
    unit = connection.scalar(
        select(Unit.name)
        .join(Subject, Subject.unit_id == Unit.id)
        .where(Subject.id == desk.tasks[0].subject_id)
    )
    assert desk.keys.decrypt(sent) == f"【江城分行】{unit}已加开窗口。 拒收请回复R"
