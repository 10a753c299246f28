"""From a visit that was handed in to a statement that stays as it is."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine, Executable, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from server.db import new_id
from server.errors import Refusal
from server.followup.pay.approving import Chosen, Verdict, decide, preview
from server.followup.pay.closing import close_month
from server.followup.pay.proposing import Claim, NewLine, claim, propose, propose_for, reverse, visits_to_pay
from server.followup.pay.reading import find_statement, statement, statements_of, waiting_lines
from server.followup.pay.tabled import by_visit
from server.intake.following import follow_batch
from server.keys import KeyRing
from server.models.accounts import Account, Person
from server.models.audit import AuditLine
from server.models.pay import PayDecision, PayLine, PayStatement
from server.models.tasks import Assignment
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import DAY, NOW
from tests.followup.visits_for_tests import Visit, add_photo, create_visit, create_wave, hand_in, tell

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
LATER = datetime(2026, 6, 2, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def wave(connection: Connection) -> UUID:
    return create_wave(connection)


@pytest.fixture
def visit(connection: Connection, keys: KeyRing, wave: UUID) -> Visit:
    return create_visit(connection, keys, wave)


def account(connection: Connection, login: str) -> str:
    person_id, account_id = new_id(), new_id()
    connection.execute(insert(Person).values(id=person_id, name=login, created_at=NOW))
    values = {
        "id": account_id,
        "person_id": person_id,
        "login": login,
        "password_hash": "-",
        "created_at": NOW,
    }
    connection.execute(insert(Account).values(**values))
    return f"account:{account_id}"


def lines(connection: Connection) -> list[tuple[str, Decimal]]:
    rows = connection.execute(select(PayLine.kind, PayLine.amount).order_by(PayLine.amount))
    return [(row.kind, row.amount) for row in rows]


def only_line(connection: Connection) -> UUID:
    return connection.execute(select(PayLine.id)).scalar_one()


def approve(connection: Connection, *ids: UUID, by: str, now: datetime = NOW) -> Chosen:
    return decide(connection, Verdict(ids, True, "", by), EVERYTHING, now=now)


def expense(visit: Visit, amount: str, receipt: UUID | None, claim_id: UUID | None = None) -> Claim:
    return Claim(claim_id or uuid4(), visit.person_id, visit.id, Decimal(amount), "打车", receipt)


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.details[0].code if refused.value.details else refused.value.code


def test_a_visit_brings_its_fee_once(connection: Connection, visit: Visit) -> None:
    assert propose_for(connection, [visit.id], now=NOW) == 0
    hand_in(connection, visit)
    assert visits_to_pay(connection, now=NOW) == [visit.id]
    assert propose_for(connection, [visit.id, visit.id], now=NOW) == 1
    assert propose_for(connection, [visit.id], now=NOW) == 0
    assert visits_to_pay(connection, now=NOW) == []
    assert lines(connection) == [("fee", Decimal("80.00"))]
    told = select(AuditLine.action).where(AuditLine.action.startswith("pay_"))
    assert connection.scalars(told).all() == ["pay_proposed"]


def test_what_follows_a_submission_proposes_pay(connection: Connection, visit: Visit) -> None:
    hand_in(connection, visit)
    follow_batch(connection)
    jobs = "SELECT args->'assignments'->>0 FROM procrastinate_jobs WHERE task_name = 'propose_pay'"
    assert connection.scalar(text(jobs)) == str(visit.id)


@pytest.mark.parametrize(
    ("state", "found"), [("verified", ["attempt"]), ("expected", ["attempt"]), ("refused", [])]
)
def test_an_attempt_is_paid_with_proof(
    connection: Connection, visit: Visit, state: str, found: list[str]
) -> None:
    tell(connection, visit, "closed")
    add_photo(connection, visit, state=state)
    propose_for(connection, [visit.id], now=NOW)
    assert [kind for kind, _ in lines(connection)] == found


def test_firms_pay_their_people_themselves(connection: Connection, visit: Visit) -> None:
    hand_in(connection, visit)
    firm = builders.create_firm(connection)
    connection.execute(update(Assignment).values(firm_id=firm.id))
    assert propose_for(connection, [visit.id], now=NOW) == 0
    with pytest.raises(Refusal) as refused:
        claim(connection, expense(visit, "10", None), now=NOW)
    assert refused.value.code == "not_found"


def test_expenses_are_capped_and_sent_twice_without_harm(connection: Connection, visit: Visit) -> None:
    receipt, again = add_photo(connection, visit), uuid4()
    assert claim(connection, expense(visit, "30", receipt, again), now=NOW) == again
    assert claim(connection, expense(visit, "30", receipt, again), now=NOW) == again
    with pytest.raises(Refusal) as other:
        claim(connection, expense(visit, "31", receipt, again), now=NOW)
    assert other.value.code == "conflict"
    with pytest.raises(Refusal) as high:
        claim(connection, expense(visit, "20.01", receipt), now=NOW)
    assert high.value.details[0].params == {"most": "50.00", "left": "20.00"}
    with pytest.raises(Refusal) as unseen:
        claim(connection, expense(visit, "1", uuid4()), now=NOW)
    assert code_of(unseen) == "receipt_unknown"
    decide(
        connection,
        Verdict([again], False, "小票不清", f"account:{uuid4()}"),
        EVERYTHING,
        now=NOW,
    )
    claim(connection, expense(visit, "50", receipt), now=NOW)
    assert lines(connection) == [("expense", Decimal("30.00")), ("expense", Decimal("50.00"))]


def test_who_proposes_does_not_approve(connection: Connection, visit: Visit) -> None:
    one, two = account(connection, "one"), account(connection, "two")
    new = NewLine(visit.person_id, "deduction", Decimal(20), "照片迟交")
    line_id = propose(connection, new, EVERYTHING, by=one, now=NOW)
    assert preview(connection, [line_id], EVERYTHING, by=one).problems
    for by in (one, f"{two} for {one}"):
        with pytest.raises(Refusal) as own:
            approve(connection, line_id, by=by)
        assert code_of(own) == "pay_own"
    assert approve(connection, line_id, by=two).total == Decimal("-20.00")
    with pytest.raises(Refusal) as twice:
        approve(connection, line_id, by=two)
    assert code_of(twice) == "pay_decided"


def test_nobody_approves_their_own_pay(connection: Connection, visit: Visit) -> None:
    hand_in(connection, visit)
    propose_for(connection, [visit.id], now=NOW)
    payee = account(connection, "payee")
    connection.execute(update(Account).where(Account.login == "payee").values(person_id=visit.person_id))
    with pytest.raises(Refusal) as own:
        approve(connection, only_line(connection), by=payee)
    assert code_of(own) == "pay_own"


def test_all_or_nothing_is_decided_and_refusing_needs_a_reason(connection: Connection, visit: Visit) -> None:
    hand_in(connection, visit)
    propose_for(connection, [visit.id], now=NOW)
    by, line_id = account(connection, "one"), only_line(connection)
    for ids, reason, code in (((line_id,), " ", "field_required"), ((), "x", "nothing_chosen")):
        with pytest.raises(Refusal) as refused:
            decide(connection, Verdict(ids, False, reason, by), EVERYTHING, now=NOW)
        assert code_of(refused) == code
    with pytest.raises(Refusal) as unknown:
        approve(connection, line_id, uuid4(), by=by)
    assert unknown.value.code == "not_found"
    with pytest.raises(Refusal) as outside:
        decide(connection, Verdict([line_id], True, "", by), Scope(unit_paths=("C01/D10/",)), now=NOW)
    assert outside.value.code == "not_found"
    assert connection.scalars(select(PayDecision.line_id)).all() == []


def test_a_line_is_taken_back_by_another_and_never_twice(connection: Connection, visit: Visit) -> None:
    one, two = account(connection, "one"), account(connection, "two")
    hand_in(connection, visit)
    propose_for(connection, [visit.id], now=NOW)
    fee = only_line(connection)
    with pytest.raises(Refusal) as early:
        reverse(connection, fee, "重复", EVERYTHING, by=one, now=NOW)
    assert code_of(early) == "not_to_reverse"
    approve(connection, fee, by=two)
    taken_back = reverse(connection, fee, "重复", EVERYTHING, by=one, now=NOW)
    with pytest.raises(Refusal):
        reverse(connection, fee, "又来", EVERYTHING, by=two, now=NOW)
    decide(connection, Verdict([taken_back], False, "没有重复", two), EVERYTHING, now=NOW)
    again = reverse(connection, fee, "确实重复", EVERYTHING, by=one, now=NOW)
    approve(connection, again, by=two)
    with pytest.raises(Refusal):
        reverse(connection, again, "收回", EVERYTHING, by=one, now=NOW)
    month = statement(connection, visit.person_id, MAY)
    assert (month.number, month.total) == (None, Decimal("0.00"))
    assert [line.state for line in month.lines] == ["reversed", "refused", "approved"]


@pytest.mark.parametrize(
    "change",
    [
        update(PayLine).values(amount=1),
        delete(PayLine),
        update(PayDecision).values(approved=False, reason="x"),
        delete(PayDecision),
        text("TRUNCATE pay_line CASCADE"),
    ],
    ids=str,
)
def test_lines_and_decisions_are_never_changed(
    connection: Connection, visit: Visit, change: Executable
) -> None:
    hand_in(connection, visit)
    propose_for(connection, [visit.id], now=NOW)
    approve(connection, only_line(connection), by=account(connection, "one"))
    with pytest.raises(DatabaseError, match="never changed"):
        connection.execute(change)


def test_a_month_is_closed_once_and_what_comes_late_comes_next(
    engine: Engine, connection: Connection, keys: KeyRing, wave: UUID
) -> None:
    by = account(connection, "one")
    first, second = (create_visit(connection, keys, wave, unit) for unit in ("B101", "B102"))
    for each in (first, second):
        hand_in(connection, each)
    propose_for(connection, [first.id, second.id], now=NOW)
    receipt = add_photo(connection, first)
    claim(connection, expense(first, "12.50", receipt), now=NOW)
    late = claim(connection, expense(first, "3", receipt), now=NOW)
    waiting, more = waiting_lines(connection, EVERYTHING)
    assert (len(waiting), more) == (4, False)
    approve(connection, *(line.id for line in waiting if line.id != late), by=by)
    with pytest.raises(Refusal) as early:
        close_month(connection, MAY, EVERYTHING, by=by, now=NOW)
    assert code_of(early) == "month_not_over"
    assert close_month(connection, MAY, EVERYTHING, by=by, now=LATER) == 2
    assert close_month(connection, MAY, EVERYTHING, by=by, now=LATER) == 0
    approve(connection, late, by=by, now=LATER)
    own = statement(connection, first.person_id, MAY)
    assert own.number in (1, 2)
    assert (own.total, own.waiting) == (Decimal("92.50"), Decimal(0))
    assert [(dict(each.by_kind), each.total) for each in by_visit(own.lines)] == [
        ({"fee": Decimal("80.00"), "expense": Decimal("12.50")}, Decimal("92.50"))
    ]
    rows = statements_of(connection, MAY, EVERYTHING)
    assert [(row.number, row.total) for row in rows if row.person_id == first.person_id] == [
        (own.number, Decimal("92.50"))
    ]
    assert find_statement(connection, rows[0].id, EVERYTHING)[0].sums["fee"] == "80.00"
    assert close_month(connection, JUNE, EVERYTHING, by=by, now=LATER + 30 * DAY) == 1
    assert statement(connection, first.person_id, JUNE).total == Decimal("3.00")
    with pytest.raises(DatabaseError, match="never changed"):
        connection.execute(update(PayStatement).values(total=0))
