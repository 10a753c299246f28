"""Orders from a settlement to their end: when they come, who gets which, what follows when nobody acts."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError

from server.errors import Refusal
from server.followup.appealing.deciding import Verdict, decide
from server.followup.appealing.filing import NewAppeal, file_appeal
from server.followup.appealing.weighing import Effect
from server.followup.orders import acting, issuing, reading, reminding
from server.followup.orders.acting import Act
from server.followup.orders.issuing import NewItem
from server.followup.settlements import NewSettlement, facts_of, make_settlement, result_of
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.notices import Notice
from server.models.orders import OrderItem, OrderStep, RectificationOrder
from server.models.submissions import Finding
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY, NOW
from tests.followup.publishing.waves_for_tests import (
    RULES,
    Closed,
    create_closed,
    published,
    publisher,
    ref_of,
)
from tests.followup.reviewing.reviews_for_tests import act, create_reviewer
from tests.followup.visits_for_tests import KEY

FORMS = FormShelf()
MANAGER, OTHER = "account:manager", "account:other"
B101, B102 = Scope(("C01/D1/B101/",)), Scope(("C01/D1/B102/",))
ORDER = {
    "name": "put_right", "for": "outlet", "per": "finding", "when": "{finding.source} = 'visit'",
    "actions": ["order_rectification"],
}  # fmt: skip
LATE = {
    "name": "too_late", "for": "outlet", "per": "finding", "when": "{finding.kind} = 'order_overdue'",
    "direction": "penalty", "amount": "200", "payee": "subject",
    "actions": [{"do": "circulate"}, {"do": "order_rectification"}],
}  # fmt: skip
CHANGES: Mapping[str, Any] = {"rules": [*RULES["rules"], ORDER, LATE], "orders": {"days": 5, "keyDays": 2}}


@pytest.fixture
def closed(connection: Connection, keys: KeyRing) -> Closed:
    return create_closed(connection, keys, **CHANGES)


def issued(connection: Connection, closed: Closed) -> UUID:
    """The order that follows the publication; returns its only item."""
    published(connection, closed)
    assert issuing.issue_due(connection, FORMS, now=NOW) == 1
    return connection.execute(select(OrderItem.id)).scalar_one()


def order_of(connection: Connection, item_id: UUID) -> UUID:
    return connection.execute(select(OrderItem.order_id).where(OrderItem.id == item_id)).scalar_one()


def signed(connection: Connection, item_id: UUID) -> UUID:
    acting.sign(connection, order_of(connection, item_id), "赵经理", B101, by=MANAGER, now=NOW)
    return item_id


def do(connection: Connection, item_id: UUID, act: str, by: str = MANAGER, **changes: Any) -> None:
    scope, now = changes.pop("scope", EVERYTHING), changes.pop("now", NOW + DAY)
    acting.do(connection, Act(item_id, act, by, **changes), scope, now=now)


def state_of(connection: Connection, item_id: UUID) -> str:
    return connection.execute(select(OrderItem.state).where(OrderItem.id == item_id)).scalar_one()


def acts(connection: Connection) -> list[str]:
    return list(connection.scalars(select(OrderStep.act).order_by(OrderStep.item_id, OrderStep.number)))


def told(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(
        select(Notice.kind, Notice.role).where(Notice.kind.like("order%")).order_by(Notice.at, Notice.key)
    )
    return [(row.kind, row.role) for row in rows]


def codes_of(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [each.code for each in refused.value.details] or [refused.value.code]


def settle(connection: Connection, day: date) -> dict[str, Any]:
    made = make_settlement(connection, NewSettlement(KEY, day), EVERYTHING, by=BY, now=NOW)
    facts, result = (read(connection, made.id, EVERYTHING) for read in (facts_of, result_of))
    return {"facts": facts, "result": result}


def test_an_order_comes_with_the_publication_and_once(connection: Connection, closed: Closed) -> None:
    make_settlement(connection, NewSettlement(KEY, NOW.date()), EVERYTHING, by=BY, now=NOW)
    assert issuing.issue_due(connection, FORMS, now=NOW) == 0, "nobody at the branch knows of the visit yet"
    item_id = issued(connection, closed)
    assert issuing.issue_due(connection, FORMS, now=NOW + DAY) == 0
    row = connection.execute(select(*OrderItem.__table__.columns)).one()
    assert (row.item, row.about["default"], row.key_item, row.state) == (
        "greeting",
        "问候了吗？",
        False,
        "open",
    )
    paper = reading.find_order(connection, order_of(connection, item_id), B101)
    assert (paper.row.year, paper.row.number, paper.row.code) == (2026, 1, "B101")
    assert paper.items[0].row.ref == ref_of(connection, closed.reports["B101"])
    with pytest.raises(Refusal):
        reading.find_order(connection, paper.row.id, B102)
    assert reading.list_orders(connection, B102, "all", now=NOW) == []


def test_an_embargo_holds_the_order_back(connection: Connection, closed: Closed) -> None:
    published(connection, closed, visible_from=NOW + 2 * DAY)
    assert issuing.issue_due(connection, FORMS, now=NOW + DAY) == 0
    assert issuing.issue_due(connection, FORMS, now=NOW + 3 * DAY) == 1


@pytest.mark.parametrize(("key_item", "days"), [(False, 5), (True, 2)])
def test_a_key_item_is_due_sooner(connection: Connection, closed: Closed, key_item: bool, days: int) -> None:
    connection.execute(update(Finding).values(key_item=key_item))
    item_id = issued(connection, closed)
    due = connection.execute(select(OrderItem.due_at).where(OrderItem.id == item_id)).scalar_one()
    working = [
        day for n in range(1, 30) if (day := NOW.date() + timedelta(days=n)).weekday() < 5
    ]  # fmt: skip
    # Without holidays in the calendar: Monday to Friday, the last day whole.
    assert due.astimezone(NOW.tzinfo).date() >= working[days - 1]
    assert due <= datetime.combine(working[days - 1] + 2 * DAY, datetime.min.time(), NOW.tzinfo)


def test_what_was_put_right_on_the_spot_is_closed_at_once(connection: Connection, closed: Closed) -> None:
    connection.execute(update(Finding).values(fixed=True))
    item_id = issued(connection, closed)
    assert state_of(connection, item_id) == "closed"
    assert connection.scalars(select(OrderStep.way).where(OrderStep.act == "close")).one() == "spot"


def test_one_paper_a_week_until_it_is_signed_for(connection: Connection, closed: Closed) -> None:
    first = issued(connection, closed)
    assert order_of(connection, by_hand(connection)) == order_of(connection, first)
    signed(connection, first)
    with pytest.raises(Refusal) as refused:
        signed(connection, first)
    assert codes_of(refused) == ["order_signed"]
    later = by_hand(connection)
    assert order_of(connection, later) != order_of(connection, first), "nobody signed for that"
    numbers = connection.scalars(select(RectificationOrder.number).order_by(RectificationOrder.number))
    assert list(numbers) == [1, 2]


def by_hand(connection: Connection, **changes: Any) -> UUID:
    version = connection.execute(select(Wave.programme_version_id).limit(1)).scalar_one()
    scope = changes.pop("scope", EVERYTHING)
    new = NewItem(**{"programme_version_id": version, "subject": "B101", "said": "补上公示牌", **changes})
    issuing.issue(connection, FORMS, new, scope, by=OTHER, now=NOW)
    return connection.execute(select(OrderItem.id).order_by(OrderItem.id.desc()).limit(1)).scalar_one()


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"said": " "}, ["field_required"]),
        ({"said": "x" * 1001}, ["text_too_long"]),
        ({"due": NOW.date() - DAY}, ["order_due_past"]),
        ({"subject": "none"}, ["not_found"]),
        ({"scope": B102}, ["not_found"]),
    ],
)
def test_what_cannot_be_issued_by_hand(
    connection: Connection, closed: Closed, changes: dict[str, Any], codes: list[str]
) -> None:
    with pytest.raises(Refusal) as refused:
        by_hand(connection, **changes)
    assert codes_of(refused) == codes


def test_by_hand_about_an_item_of_a_report(connection: Connection, closed: Closed) -> None:
    pk = closed.reports["B102"].pk
    item_id = by_hand(connection, subject="B102", submission_pk=pk, item="queue", due=NOW.date() + DAY)
    row = connection.execute(select(*OrderItem.__table__.columns).where(OrderItem.id == item_id)).one()
    assert (row.submission_pk, row.item, row.demand) == (pk, "queue", None)
    assert row.about["default"]


def test_fixed_given_back_fixed_again_and_closed_by_another(connection: Connection, closed: Closed) -> None:
    item_id = issued(connection, closed)
    with pytest.raises(Refusal) as refused:
        do(connection, item_id, "fix", note="已培训")
    assert codes_of(refused) == ["order_unsigned"]
    signed(connection, item_id)
    do(connection, item_id, "fix", note="已培训", scope=B101)
    assert state_of(connection, item_id) == "fixed"
    with pytest.raises(Refusal) as refused:
        do(connection, item_id, "close", way="desk")
    assert codes_of(refused) == ["order_own"]
    do(connection, item_id, "return", OTHER, note="照片看不清")
    assert told(connection) == [("order_returned", "branch_manager")]
    do(connection, item_id, "fix", note="重拍")
    do(connection, item_id, "close", OTHER, way="desk")
    assert state_of(connection, item_id) == "closed"
    assert acts(connection) == ["issue", "fix", "return", "fix", "close"]
    with pytest.raises(Refusal) as refused:
        do(connection, item_id, "fix", scope=B102, note="x")
    assert codes_of(refused) == ["not_found"]


def test_who_hears_when(connection: Connection, closed: Closed) -> None:
    item_id = issued(connection, closed)
    by_hand(connection, due=NOW.date() + timedelta(days=20))
    assert reminding.remind(connection, now=NOW) == 1
    assert reminding.remind(connection, now=NOW) == 0
    due = connection.execute(select(OrderItem.due_at).where(OrderItem.id == item_id)).scalar_one()
    assert reminding.remind(connection, now=due - 2 * DAY) == 0
    # The clock was down: whoever should have heard meanwhile hears now, each once.
    assert reminding.remind(connection, now=due + 3 * DAY) == 2
    assert reminding.remind(connection, now=due + 7 * DAY) == 1
    assert told(connection) == [
        ("order_issued", "branch_manager"),
        ("order_due", "branch_manager"),
        ("order_overdue", "president"),
        ("order_overdue", "coordinator"),
    ]
    assert reading.count_orders(connection, B101, now=due + DAY) == {"open": 2, "overdue": 1, "verify": 0}


def test_a_deadline_that_passed_has_the_consequence_of_the_programme(
    connection: Connection, closed: Closed
) -> None:
    item_id = signed(connection, issued(connection, closed))
    due = connection.execute(select(OrderItem.due_at).where(OrderItem.id == item_id)).scalar_one()
    before = settle(connection, due.date() - DAY)
    assert not any(each["source"] == "order" for each in before["facts"]["findings"])
    after = settle(connection, due.date() + 3 * DAY)
    fields = [each["kind"] for each in after["facts"]["findings"] if each["source"] == "order"]
    assert fields == ["order_overdue"]
    assert [line["amount"] for line in after["result"]["ledger"] if line["rule"] == "too_late"] == ["200.00"]
    # The rule asks for another order; one about an order would never end.
    assert issuing.issue_due(connection, FORMS, now=due + 4 * DAY) == 0


@pytest.mark.parametrize(("late", "facts"), [(-1, []), (1, ["order_overdue"])])
def test_what_counts_is_when_it_was_said_to_be_done(
    connection: Connection, closed: Closed, late: int, facts: list[str]
) -> None:
    item_id = signed(connection, issued(connection, closed))
    due = connection.execute(select(OrderItem.due_at).where(OrderItem.id == item_id)).scalar_one()
    do(connection, item_id, "fix", note="已培训", now=due + late * DAY)
    found = settle(connection, due.date() + 9 * DAY)["facts"]["findings"]
    assert [each["kind"] for each in found if each["source"] == "order"] == facts


def test_an_upheld_appeal_takes_the_order_back(connection: Connection, closed: Closed) -> None:
    item_id = issued(connection, closed)
    ref = ref_of(connection, closed.reports["B101"])
    new = NewAppeal("照片里柜员已问候", MANAGER, ref=ref, item="greeting")
    appeal_id = file_appeal(connection, new, B101, now=NOW + DAY)
    who = publisher(create_reviewer(connection, "cay"), now=NOW + DAY)
    decide(connection, FORMS, Verdict(appeal_id, "upheld", "照片看得清", Effect({"greeting": "yes"})), who)
    assert issuing.issue_due(connection, FORMS, now=NOW + DAY) == 0
    assert state_of(connection, item_id) == "withdrawn"
    assert acts(connection) == ["issue", "withdraw"]


def test_what_a_person_took_back_does_not_come_again(connection: Connection, closed: Closed) -> None:
    item_id = issued(connection, closed)
    do(connection, item_id, "withdraw", OTHER, note="已由专项工程处理")
    assert issuing.issue_due(connection, FORMS, now=NOW + DAY) == 0
    assert state_of(connection, item_id) == "withdrawn"


def test_a_demand_that_comes_again_opens_its_item_again(connection: Connection, closed: Closed) -> None:
    item_id = issued(connection, closed)
    pk = closed.reports["B101"].pk
    for who, act_name in ((closed.ann, "reopen"), (closed.ann, "exclude"), (closed.ben, "exclude")):
        act(connection, pk, who, act_name, note="走错了网点")
    make_settlement(connection, NewSettlement(KEY, NOW.date()), EVERYTHING, by=BY, now=NOW)
    issuing.issue_due(connection, FORMS, now=NOW)
    assert state_of(connection, item_id) == "withdrawn"
    act(connection, pk, closed.ann, "reopen", note="没有走错")
    act(connection, pk, closed.ann, "approve")
    make_settlement(connection, NewSettlement(KEY, NOW.date()), EVERYTHING, by=BY, now=NOW)
    assert issuing.issue_due(connection, FORMS, now=NOW + DAY) == 1
    assert state_of(connection, item_id) == "open"
    assert acts(connection) == ["issue", "withdraw", "reopen"]


def test_a_deadline_at_the_end_of_the_calendar_stops_nobody(connection: Connection, keys: KeyRing) -> None:
    far = {**ORDER, "actions": [{"do": "order_rectification", "within": {"months": "9999999"}}]}
    closed = create_closed(connection, keys, rules=[*RULES["rules"], far])
    item_id = issued(connection, closed)
    due = connection.execute(select(OrderItem.due_at).where(OrderItem.id == item_id)).scalar_one()
    assert due.year >= 2800


def test_steps_are_never_changed(connection: Connection, closed: Closed) -> None:
    issued(connection, closed)
    for statement in ("UPDATE order_step SET note = 'x'", "DELETE FROM order_step"):
        with pytest.raises(DBAPIError, match="never changed"), connection.begin_nested():
            connection.execute(text(statement))
