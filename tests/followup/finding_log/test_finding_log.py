"""Entries of the log from one person's pen to the ledger, and a unit's history by item."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select

from server.errors import Refusal
from server.fieldwork.definitions.programmes import find_programme
from server.fieldwork.waves.reading import find_wave
from server.followup.finding_log import reading, recording
from server.followup.finding_log.deciding import NewFinding
from server.followup.publishing.publishing import correct
from server.followup.settlements import NewSettlement, make_settlement, result_of
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.finding_log import LoggedFinding
from server.models.notices import Notice
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY, NOW
from tests.followup.publishing.waves_for_tests import RULES, Closed, create_closed, published, publisher
from tests.followup.reviewing.reviews_for_tests import act
from tests.followup.visits_for_tests import KEY

ME, OTHER = "account:zhao", "account:qian"
B101, B102 = Scope(("C01/D1/B101/",)), Scope(("C01/D1/B102/",))
PRAISE = {
    "name": "praise", "title": "表扬加分", "for": "outlet", "per": "finding",
    "when": "{finding.kind} = 'praise'", "direction": "reward", "amount": "{finding.points}",
    "unit": "points", "payee": "subject",
}  # fmt: skip
CHANGES: Mapping[str, Any] = {"rules": [*RULES["rules"], PRAISE]}


@pytest.fixture
def closed(connection: Connection, keys: KeyRing) -> Closed:
    return create_closed(connection, keys, **CHANGES)


def recorded(connection: Connection, **changes: Any) -> UUID:
    scope, by = changes.pop("scope", EVERYTHING), changes.pop("by", ME)
    values = {
        "subject": "B101",
        "day": NOW.date(),
        "said": "客户来信",
        "kind": "praise",
        "points": Decimal(100),
    }
    version = find_programme(connection, KEY, EVERYTHING)
    return recording.record(connection, version, NewFinding(**{**values, **changes}), scope, by=by, now=NOW)


def decide(connection: Connection, finding_id: UUID, verdict: str, reason: str = "", by: str = OTHER) -> None:
    recording.decide(connection, finding_id, (verdict, reason), EVERYTHING, by=by, now=NOW)


def ledger(connection: Connection) -> list[tuple[str, str]]:
    made = make_settlement(connection, NewSettlement(KEY, NOW.date()), EVERYTHING, by=BY, now=NOW)
    lines = result_of(connection, made.id, EVERYTHING)["ledger"]
    return [(line["subject"], line["amount"]) for line in lines if line["rule"] == "praise"]


def test_an_entry_counts_once_somebody_else_confirmed_it(connection: Connection, closed: Closed) -> None:
    finding_id = recorded(connection)
    assert ledger(connection) == []
    with pytest.raises(Refusal) as refused:
        decide(connection, finding_id, "confirmed", by=ME)
    assert refused.value.details[0].code == "finding_own"
    decide(connection, finding_id, "confirmed")
    assert ledger(connection) == [("B101", "100.00")]
    assert connection.scalars(select(Notice.kind)).all() == ["finding_confirmed"]
    decide(connection, finding_id, "rejected", "来信有误")
    assert ledger(connection) == [], "what was taken back is taken back from the ledger"


def test_a_rejected_entry_stays_and_counts_nowhere(connection: Connection, closed: Closed) -> None:
    finding_id = recorded(connection)
    decide(connection, finding_id, "rejected", "证据不足")
    row = reading.find_entry(connection, finding_id, B101).row
    assert (row.state, row.reason, row.points) == ("rejected", "证据不足", 100)
    assert ledger(connection) == []
    assert [each.id for each in reading.list_findings(connection, B101, "decided")] == [finding_id]


def test_nobody_writes_about_or_reads_of_others(connection: Connection, closed: Closed) -> None:
    with pytest.raises(Refusal):
        recorded(connection, scope=B102)
    finding_id = recorded(connection)
    assert reading.list_findings(connection, B102, "pending") == []
    assert reading.count_pending(connection, B102) == 0
    assert reading.count_pending(connection, B101) == 1
    with pytest.raises(Refusal):
        reading.find_entry(connection, finding_id, B102)
    with pytest.raises(Refusal):
        recording.decide(connection, finding_id, ("confirmed", ""), B102, by=OTHER, now=NOW)


def test_a_slip_is_told_and_nothing_is_written(connection: Connection, closed: Closed) -> None:
    with pytest.raises(Refusal) as refused:
        recorded(connection, day=date(2030, 1, 1), kind="prize")
    assert [each.code for each in refused.value.details] == ["finding_future", "finding_kind"]
    assert connection.scalars(select(LoggedFinding.id)).all() == []


def test_the_history_of_a_unit_knows_repeats_and_forgets_what_was_taken_back(
    connection: Connection, closed: Closed
) -> None:
    assert reading.history_of(connection, "B101", B101, now=NOW) == [], "nothing was published yet"
    published(connection, closed)
    again = recorded(connection, kind="", item="TEL-01", said="再次发生")
    decide(connection, again, "confirmed")
    (past,) = reading.history_of(connection, "B101", B101, now=NOW)
    assert (past.code, len(past.times)) == ("TEL-01", 2)
    decide(connection, again, "rejected", "查错了")
    act(connection, closed.reports["B101"].pk, closed.ann, "reopen", note="复核")
    act(connection, closed.reports["B101"].pk, closed.ann, "exclude", note="走错了网点")
    act(connection, closed.reports["B101"].pk, closed.ben, "exclude", note="走错了网点")
    wave = find_wave(connection, closed.wave_id, EVERYTHING)
    correct(connection, FormShelf(), wave, "复核", publisher(closed.ben, now=NOW + DAY))
    assert reading.history_of(connection, "B101", B101, now=NOW + DAY) == []
    with pytest.raises(Refusal):
        reading.history_of(connection, "B101", B102, now=NOW)
