"""Ledger lines on their way: proposed, approved by another person, held, closed once, taken back."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.exc import DBAPIError

from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.followup.appealing.deciding import Verdict
from server.followup.appealing.deciding import decide as decide_appeal
from server.followup.appealing.filing import NewAppeal, file_appeal
from server.followup.appealing.weighing import Effect
from server.followup.ledger.choosing import NewDecision, choose, chosen, decide_amount
from server.followup.ledger.reading import current_settlement, ledger, lines_of_close, totals
from server.followup.ledger.settling import approved_lines, close_month, decide, fingerprint
from server.followup.settlements import NewSettlement, make_settlement
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.definitions import ProgrammeVersion
from server.models.ledger import LedgerApproval, LedgerClose
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from server.scoring.programmes.reviewing import Publication
from tests.builders import BY, DAY, NOW
from tests.followup.publishing.waves_for_tests import (
    FINE,
    Closed,
    create_closed,
    published,
    publisher,
    ref_of,
)
from tests.followup.reviewing.reviews_for_tests import create_reviewer
from tests.followup.visits_for_tests import KEY

RULES = Publication()
MAY = date(2026, 5, 1)
PRIZE: Mapping[str, Any] = {
    "name": "prize", "for": "outlet", "per": "wave", "when": "{round_score} >= 100", "direction": "reward",
    "payee": "subject", "decided": {"from": "200", "to": "{most}"},
}  # fmt: skip
MOST = {"name": "most", "type": "money", "title": {"default": "最高奖励"}}


@pytest.fixture
def closed(connection: Connection, keys: KeyRing) -> Closed:
    made = create_closed(connection, keys)
    published(connection, made)
    return made


def programme_id(connection: Connection, closed: Closed) -> UUID:
    return connection.execute(
        select(ProgrammeVersion.programme_id)
        .join(Wave, Wave.programme_version_id == ProgrammeVersion.id)
        .where(Wave.id == closed.wave_id)
    ).scalar_one()


def states(connection: Connection, closed: Closed, scope: Scope = EVERYTHING) -> list[tuple[str, str, str]]:
    found = ledger(connection, programme_id(connection, closed), 2026, scope)
    return sorted((line.row.subject, f"{line.signed:f}", line.state) for line in found)


def approve(connection: Connection, closed: Closed, *, by: str = BY, **changes: Any) -> int:
    lines = ledger(connection, programme_id(connection, closed), 2026, EVERYTHING)
    ids = changes.pop("ids", [line.row.id for line in lines if line.state == "proposed"])
    verdict = (changes.pop("approved", True), changes.pop("reason", ""))
    rules = changes.pop("rules", RULES)
    return decide(connection, ids, verdict, rules, (EVERYTHING, by, NOW))


def close(connection: Connection, closed: Closed) -> UUID:
    about = (programme_id(connection, closed), 2026)
    return close_month(connection, about, MAY, (EVERYTHING, BY, NOW))


def uphold(connection: Connection, closed: Closed) -> None:
    ref = ref_of(connection, closed.reports["B101"])
    appeal = file_appeal(connection, NewAppeal("照片", BY, ref, "greeting"), EVERYTHING, now=NOW + DAY)
    verdict = Verdict(appeal, "upheld", "看得清", Effect({"greeting": "yes"}))
    cay = publisher(create_reviewer(connection, "cay"), now=NOW + DAY)
    decide_appeal(connection, FormShelf(), verdict, cay)


def codes_of(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [each.code for each in refused.value.details] or [refused.value.code]


def test_from_a_proposal_to_payroll(connection: Connection, closed: Closed) -> None:
    assert states(connection, closed) == [("B101", "-1800.00", "proposed")]
    with pytest.raises(Refusal) as refused:
        close(connection, closed)
    assert codes_of(refused) == ["ledger_nothing"]
    assert approve(connection, closed) == 1
    assert states(connection, closed) == [("B101", "-1800.00", "approved")]
    close_id = close(connection, closed)
    assert states(connection, closed) == [("B101", "-1800.00", "settled")]
    row, lines = lines_of_close(connection, close_id, EVERYTHING)
    assert row.totals == [{"kind": "outlet", "payee": "B101", "unit": "yuan", "amount": "-1800.00"}]
    assert fingerprint(lines) == row.lines_hash
    with pytest.raises(Refusal):
        close(connection, closed)


def test_who_settled_does_not_approve(connection: Connection, closed: Closed) -> None:
    settled_by = f"account:{closed.ben.account_id}"
    with pytest.raises(Refusal) as refused:
        approve(connection, closed, by=settled_by)
    assert codes_of(refused) == ["ledger_own"]
    with pytest.raises(Refusal, match="invalid_fields"):
        approve(connection, closed, by=f"account:deputy for {settled_by}")
    with pytest.raises(Refusal):
        approve(connection, closed, by=settled_by, rules=Publication(alone=True))
    approve(connection, closed, by=settled_by, rules=Publication(alone=True), reason="县里只有我一人")


def test_a_refused_line_is_paid_by_nobody_and_needs_a_reason(connection: Connection, closed: Closed) -> None:
    with pytest.raises(Refusal) as refused:
        approve(connection, closed, approved=False)
    assert codes_of(refused) == ["field_required"]
    approve(connection, closed, approved=False, reason="系统故障")
    assert states(connection, closed) == [("B101", "-1800.00", "refused")]
    line = connection.scalars(select(LedgerApproval.line_id)).one()
    with pytest.raises(Refusal) as refused:
        approve(connection, closed, ids=[line])
    assert codes_of(refused) == ["ledger_state"]


def test_what_is_disputed_is_held_and_not_closed(connection: Connection, closed: Closed) -> None:
    approve(connection, closed)
    ref = ref_of(connection, closed.reports["B101"])
    file_appeal(connection, NewAppeal("照片", BY, ref, "greeting"), EVERYTHING, now=NOW + DAY)
    assert states(connection, closed) == [("B101", "-1800.00", "held")]
    with pytest.raises(Refusal):
        close(connection, closed)


def test_a_line_that_fell_before_it_was_closed_moves_nothing(connection: Connection, closed: Closed) -> None:
    approve(connection, closed)
    uphold(connection, closed)
    assert states(connection, closed) == [("B101", "-1800.00", "reversed"), ("B101", "1800.00", "reversed")]
    with pytest.raises(Refusal):
        close(connection, closed)


def test_what_was_closed_is_paid_back_by_the_next_close(connection: Connection, closed: Closed) -> None:
    approve(connection, closed)
    close(connection, closed)
    uphold(connection, closed)
    assert states(connection, closed) == [("B101", "-1800.00", "settled"), ("B101", "1800.00", "proposed")]
    approve(connection, closed)
    close(connection, closed)
    sums = connection.scalars(select(LedgerClose.totals).order_by(LedgerClose.number)).all()
    assert [each[0]["amount"] for each in sums] == ["-1800.00", "1800.00"]


def test_an_amount_is_named_inside_its_range_once_the_numbers_are_chosen(
    connection: Connection, keys: KeyRing
) -> None:
    closed = create_closed(connection, keys, rules=[FINE, PRIZE], parameters=[MOST])
    published(connection, closed)
    assert states(connection, closed) == [], "nothing settles while a number is missing"
    about = (_programme(connection, closed), programme_id(connection, closed), 2026)
    doing = (EVERYTHING, BY, NOW)
    for values, code in (({"most": "viel"}, "scoring_not_exact"), ({"mist": "1"}, "unknown_parameter")):
        with pytest.raises(Refusal) as refused:
            choose(connection, about, values, "x", doing)
        assert codes_of(refused) == [code]
    choose(connection, about, {"most": "500"}, "行长办公会", doing)
    assert chosen(connection, about[1], 2026) == {"most": "500"}
    _settle(connection)
    assert states(connection, closed) == [("B101", "-1800.00", "proposed")]
    current = current_settlement(connection, KEY, 2026, EVERYTHING)
    assert current is not None
    open_row = next(row for row in current.result["open"] if row["subject"] == "B102")
    asked = (open_row["rule"], "B102", open_row["period"])
    for amount, code in ((Decimal(199), "decision_range"), (Decimal(501), "decision_range")):
        with pytest.raises(Refusal) as refused:
            decide_amount(connection, current, NewDecision(*asked, amount, "带教"), doing)
        assert codes_of(refused) == [code]
    with pytest.raises(Refusal) as refused:
        decide_amount(connection, current, NewDecision("fine", "B101", "V1", Decimal(1), "x"), doing)
    assert codes_of(refused) == ["not_found"]
    decide_amount(connection, current, NewDecision(*asked, Decimal(300), "带教新人"), doing)
    _settle(connection)
    assert ("B102", "300.00", "proposed") in states(connection, closed)


def test_a_part_of_the_organisation_sees_its_own_lines_and_decides_nothing(
    connection: Connection, closed: Closed
) -> None:
    east, west = Scope(("C01/D1/",)), Scope(("C01/D10/",))
    assert len(states(connection, closed, east)) == 1
    assert states(connection, closed, west) == []
    lines = ledger(connection, programme_id(connection, closed), 2026, EVERYTHING)
    with pytest.raises(Refusal) as refused:
        decide(connection, [lines[0].row.id], (True, ""), RULES, (east, BY, NOW))
    assert codes_of(refused) == ["forbidden"]


def test_two_people_who_close_at_once_close_once(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        made = create_closed(connection, keys)
        published(connection, made)
        approve(connection, made)
        close(connection, made)
    with engine.begin() as connection, pytest.raises(Refusal):
        close(connection, made)


def test_what_was_decided_is_never_changed(connection: Connection, closed: Closed) -> None:
    approve(connection, closed)
    with pytest.raises(DBAPIError, match="never changed"):
        connection.execute(update(LedgerApproval).values(approved=False, reason="x"))


def test_points_and_money_are_never_added(connection: Connection, closed: Closed) -> None:
    approve(connection, closed)
    lines = approved_lines(ledger(connection, programme_id(connection, closed), 2026, EVERYTHING))
    assert totals(lines) == {("outlet", "B101", "yuan"): Decimal("-1800.00")}


def _programme(connection: Connection, closed: Closed) -> Any:
    version = select(Wave.programme_version_id).where(Wave.id == closed.wave_id)
    return programme_of(connection, connection.execute(version).scalar_one())


def _settle(connection: Connection) -> None:
    make_settlement(connection, NewSettlement(KEY, NOW.date()), EVERYTHING, by=BY, now=NOW)
