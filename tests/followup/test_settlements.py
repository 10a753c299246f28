from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from server import wire
from server.errors import Refusal
from server.followup import settlements
from server.followup.settlements import NewSettlement, preview_settlement
from server.models.audit import AuditLine
from server.models.settlements import LedgerLine, Settlement
from server.models.submissions import Submission
from server.scope import EVERYTHING, Scope
from server.scoring.settling.settlement import settle
from tests import builders
from tests.builders import BY, NOW
from tests.followup.schemes_for_tests import AS_OF, KEY, published, scheme, settled, visit_wave

EAST = Scope(unit_paths=("C01/D1/",))
TOP = Scope(unit_paths=("C01/",))
SCORES = {"B101": "88", "B102": "95", "B201": "85"}
Sums = Mapping[tuple[str, str], Decimal]


def visited(connection: Connection) -> Connection:
    """Three outlets, a visit each: B101 and B201 are fined, the district of B102 gets the prize."""
    builders.create_units(connection)
    published(connection)
    wave_id = visit_wave(connection)
    for code, raw in SCORES.items():
        builders.create_scored(connection, wave_id, code, [raw])
    return connection


@pytest.fixture
def visits(connection: Connection) -> Connection:
    return visited(connection)


def overturned(connection: Connection, unit_code: str) -> dict[str, Any]:
    """A file of facts after an appeal about the unit's one visit."""
    subject_id = builders.subject_of(connection, unit_code)
    query = select(Submission.submission_id).where(Submission.subject_id == subject_id)
    return {"scores": [{"id": f"V1/{connection.scalar(query)}", "state": "overturned"}]}


def lines(connection: Connection, made: settlements.Made, scope: Scope = EVERYTHING) -> list[tuple[Any, ...]]:
    rows = settlements.ledger_lines(connection, made.id, scope)
    return [(row.line_id, row.amount, row.reverses_id is not None) for row in rows]


def ledger_sums(connection: Connection) -> Sums:
    """The whole ledger as the database adds it up, without payees who have come to nothing."""
    query = select(LedgerLine.payee_id, LedgerLine.direction, func.sum(LedgerLine.amount)).group_by(
        LedgerLine.payee_id, LedgerLine.direction
    )
    return {(payee, way): amount for payee, way, amount in connection.execute(query) if amount}


def result_sums(connection: Connection, made: settlements.Made) -> Sums:
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in settlements.result_of(connection, made.id, EVERYTHING)["ledger"]:
        sums[line["payee"]["id"], line["direction"]] += Decimal(line["amount"])
    return dict(sums)


def refused(connection: Connection, scope: Scope = EVERYTHING, **changes: Any) -> list[tuple[str, str]]:
    """What a settlement is refused for: pointers and codes."""
    new = NewSettlement(**{"key": KEY, "as_of": AS_OF, **changes})
    with pytest.raises(Refusal) as raised:
        settlements.make_settlement(connection, new, scope, by=BY, now=NOW)
    return [(each.pointer, each.code) for each in raised.value.details] or [("", raised.value.code)]


def test_a_settlement_is_stored_with_what_it_was_made_from(visits: Connection) -> None:
    made = settled(visits)
    row = visits.execute(select(*Settlement.__table__.columns)).one()
    assert (row.id, row.year, row.as_of, row.created_by) == (made.id, 2026, AS_OF, BY)
    assert row.facts_hash == wire.fingerprint(row.facts)
    assert row.definition_hash == wire.fingerprint(scheme())
    assert row.result_hash == wire.fingerprint(row.result)
    assert row.result == settle(scheme(), row.facts).to_json()
    assert lines(visits, made) == [
        ("fine/B101/2026", Decimal("1400.00"), False),
        ("fine/B201/2026", Decimal("2000.00"), False),
        ("prize/B102/2026", Decimal("500.00"), False),
    ]


def test_making_one_leaves_an_audit_line(visits: Connection) -> None:
    made = settled(visits)
    line = visits.execute(select(AuditLine.actor, AuditLine.subject, AuditLine.detail).where(
        AuditLine.action == "settlement_made"
    )).one()  # fmt: skip
    assert (line.actor, line.subject) == (BY, f"settlement:{made.id}")
    row = settlements.find_settlement(visits, made.id, EVERYTHING)
    assert line.detail == {
        "programme": f"{KEY}/1",
        "year": 2026,
        "as_of": "2026-12-31",
        "facts": row.facts_hash,
        "result": row.result_hash,
        "supersedes": None,
        "contra": 0,
        "lines": 3,
    }


def test_the_same_inputs_give_the_same_settlement_again(visits: Connection) -> None:
    first, second = settled(visits), settled(visits)
    assert (first.replayed, second.replayed, second.id) == (False, True, first.id)
    assert second.difference.is_empty
    assert visits.scalar(select(func.count()).select_from(LedgerLine)) == 3


def test_an_upheld_appeal_writes_contra_lines_and_new_lines(visits: Connection) -> None:
    first = settled(visits)
    second = settled(visits, extra=overturned(visits, "B102"))
    assert lines(visits, second) == [
        ("contra:prize/B102/2026", Decimal("-500.00"), True),
        ("prize/B101/2026", Decimal("500.00"), False),
    ]
    assert ledger_sums(visits) == result_sums(visits, second)
    reversed_id = visits.scalar(select(LedgerLine.reverses_id).where(LedgerLine.reverses_id.is_not(None)))
    prize = visits.execute(select(LedgerLine.settlement_id, LedgerLine.line_id).where(
        LedgerLine.id == reversed_id
    )).one()  # fmt: skip
    assert tuple(prize) == (first.id, "prize/B102/2026")
    moved = {(move.measure, move.subject) for move in second.difference.moves}
    assert moved == {("year_score", "B102"), ("place", "B102"), ("place", "B101"), ("place", "B201")}


def test_an_appeal_taken_back_turns_the_ledger_back(visits: Connection) -> None:
    first = settled(visits)
    settled(visits, extra=overturned(visits, "B101"))
    third = settled(visits)
    assert not third.replayed
    assert third.id != first.id
    assert ledger_sums(visits) == result_sums(visits, first) == result_sums(visits, third)
    rows = settlements.list_settlements(visits, EVERYTHING)
    assert [row.current for row in rows] == [True, False, False]
    assert rows[0].result_hash == rows[2].result_hash


def test_a_line_that_changed_twice_is_reversed_twice(visits: Connection) -> None:
    settled(visits)
    wave_id = visit_wave(visits, "V2")
    made = []
    for raw in ("86", "87"):
        builders.create_scored(visits, wave_id, "B201", [raw])
        made.append(settled(visits))
    for each in made:
        assert [line[0] for line in lines(visits, each)] == ["contra:fine/B201/2026", "fine/B201/2026"]
    assert ledger_sums(visits) == result_sums(visits, made[-1])


def test_years_and_programmes_stand_apart(visits: Connection) -> None:
    settled(visits)
    later = settled(visits, as_of=date(2027, 12, 31))
    assert settlements.find_settlement(visits, later.id, EVERYTHING).supersedes_id is None
    assert lines(visits, later) == []


def test_a_new_version_settles_nothing_by_itself(visits: Connection) -> None:
    settled(visits)
    published(visits, fine="5000")
    again = settled(visits)
    assert (again.replayed, again.version) == (True, 1)
    asked = settled(visits, version=2)
    assert (asked.replayed, asked.version) == (False, 2)
    assert ledger_sums(visits)["B101", "penalty"] == Decimal("5400.00")
    goes_on = settled(visits, as_of=date(2026, 12, 31))
    assert (goes_on.replayed, goes_on.version) == (True, 2)


def test_a_year_that_nobody_settled_takes_the_newest_version(visits: Connection) -> None:
    published(visits, fine="5000")
    assert settled(visits).version == 2


def test_a_preview_stores_nothing(visits: Connection) -> None:
    found = preview_settlement(visits, NewSettlement(KEY, AS_OF), EVERYTHING)
    assert len(found.entries) == 3
    assert visits.scalar(select(func.count()).select_from(Settlement)) == 0


def test_the_stored_facts_settle_to_the_stored_result(visits: Connection) -> None:
    made = settled(visits)
    assert settlements.repeats(visits, made.id, EVERYTHING)
    visits.execute(text("SET LOCAL session_replication_role = replica"))
    visits.execute(text("""UPDATE settlement SET facts = jsonb_set(facts, '{asOf}', '"2026-12-30"')"""))
    assert not settlements.repeats(visits, made.id, EVERYTHING)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": "no-such"}, [("", "not_found")]),
        ({"version": 9}, [("", "not_found")]),
        ({"extra": {"asOf": "2026-12-30"}}, [("/asOf", "facts_other_day")]),
        ({"extra": {"year": "2025"}}, [("/year", "facts_other_day")]),
        ({"extra": {"parameters": {"x": 1}}}, [("/parameters/x", "unknown_parameter")]),
        ({"extra": {"no_such": []}}, [("/no_such", "programme_unknown_property")]),
        (
            {
                "extra": {
                    "findings": [{"id": "1", "subject": "X", "date": "2027-01-01", "status": "confirmed"}]
                }
            },
            [("/findings/0/date", "fact_after_as_of"), ("/findings/0/subject", "unlisted_subject")],
        ),
    ],
)
def test_what_is_refused(
    visits: Connection, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert refused(visits, **changes) == expected
    assert visits.scalar(select(func.count()).select_from(Settlement)) == 0


def test_an_earlier_day_takes_nothing_back(visits: Connection) -> None:
    settled(visits)
    assert refused(visits, as_of=AS_OF - timedelta(days=1)) == [("/asOf", "settled_later")]


def test_a_programme_that_cannot_be_settled_says_what_is_missing(visits: Connection) -> None:
    published(visits, parameters=[{"name": "target", "title": "t", "type": "number"}])
    assert refused(visits) == [("/parameters/target", "parameter_missing")]


def test_only_those_who_see_everything_settle(visits: Connection) -> None:
    assert refused(visits, EAST) == [("", "forbidden")]
    new = NewSettlement(KEY, AS_OF)
    with pytest.raises(Refusal, match="forbidden"):
        preview_settlement(visits, new, EAST)
    assert settlements.make_settlement(visits, new, TOP, by=BY, now=NOW).version == 1


def test_a_district_sees_its_own_rows(visits: Connection) -> None:
    made = settled(visits)
    mine = settlements.result_of(visits, made.id, EAST)
    whole = settlements.result_of(visits, made.id, EVERYTHING)
    assert {row["subject"] for row in mine["measures"]} == {"B101", "B102"}
    assert [row["id"] for row in mine["ledger"]] == ["fine/B101/2026", "prize/B102/2026"]
    assert [row["payee"]["id"] for row in mine["totals"]] == ["D1", "B101"]
    assert [row for row in whole["measures"] if row["subject"] == "B101"] == [
        row for row in mine["measures"] if row["subject"] == "B101"
    ]
    assert [line[0] for line in lines(visits, made, EAST)] == ["fine/B101/2026", "prize/B102/2026"]
    assert len(settlements.list_settlements(visits, EAST)) == 1
    with pytest.raises(Refusal, match="forbidden"):
        settlements.facts_of(visits, made.id, EAST)


def test_a_firm_sees_no_settlement(visits: Connection) -> None:
    made = settled(visits)
    firm = Scope(firm_ids=(builders.create_firm(visits).id,))
    assert settlements.list_settlements(visits, firm) == []
    for read in (settlements.find_settlement, settlements.result_of, settlements.ledger_lines):
        with pytest.raises(Refusal, match="not_found"):
            read(visits, made.id, firm)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE settlement SET created_by = 'x'",
        "DELETE FROM settlement",
        "TRUNCATE settlement CASCADE",
        "UPDATE ledger_line SET amount = 1",
        "DELETE FROM ledger_line",
        "TRUNCATE ledger_line CASCADE",
    ],
)
def test_nothing_settled_is_ever_changed(visits: Connection, statement: str) -> None:
    settled(visits)
    with pytest.raises(DBAPIError, match="never changed"), visits.begin_nested():
        visits.execute(text(statement))


def test_a_line_is_taken_back_once(visits: Connection) -> None:
    settled(visits)
    settled(visits, extra=overturned(visits, "B101"))
    again = text(
        "INSERT INTO ledger_line SELECT gen_random_uuid(), settlement_id, 'again', rule, subject, period,"
        " direction, unit, payee_kind, payee_id, amount, reverses_id FROM ledger_line WHERE amount < 0"
    )
    with pytest.raises(DBAPIError, match="ledger_line_reverses_id_key"), visits.begin_nested():
        visits.execute(again)


def test_two_at_once_are_one_settlement(engine: Engine) -> None:
    with engine.begin() as connection:
        visited(connection)
    started = Barrier(2)

    def make(_: int) -> settlements.Made:
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            started.wait(timeout=30)
            return settled(connection)

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(make, range(2)))
    assert sorted(each.replayed for each in made) == [False, True]
    assert len({each.id for each in made}) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(LedgerLine)) == 3
