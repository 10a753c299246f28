"""A fine on the spot: within bounds, once, and a fact of the settlement."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select

from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.followup.facts import Span, gather
from server.followup.spot.fines import NewFine, fine_on_the_spot, fines_of, withdraw_fine
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.definitions import ProgrammeVersion
from server.models.waves import Wave
from server.scoring.settling.fact_reading import read_facts
from tests.builders import NOW
from tests.followup.visits_for_tests import Visit, create_visit, create_wave, hand_in


@pytest.fixture
def visit(connection: Connection, keys: KeyRing) -> Visit:
    return create_visit(connection, keys, create_wave(connection))


def fined(
    connection: Connection, visit: Visit, person: str = "T01", amount: str = "50", **changes: UUID
) -> UUID:
    values = {"id": uuid4(), "assignment_id": visit.id, **changes}
    new = NewFine(**values, item="greeting", person=person, amount=Decimal(amount), note="", by="person:x")
    return fine_on_the_spot(connection, FormShelf(), new, now=NOW)


def test_somebody_is_fined_once_for_an_item(connection: Connection, visit: Visit) -> None:
    fine_id = uuid4()
    assert fined(connection, visit, id=fine_id) == fine_id
    assert fined(connection, visit, id=fine_id) == fine_id
    with pytest.raises(Refusal) as other:
        fined(connection, visit, amount="60", id=fine_id)
    assert other.value.code == "conflict"
    with pytest.raises(Refusal) as twice:
        fined(connection, visit, " T01 ")
    assert twice.value.details[0].code == "fine_twice"
    with pytest.raises(Refusal) as high:
        fined(connection, visit, "李娜", "200.5")
    assert high.value.details[0].params == {"least": "20", "most": "200"}
    with pytest.raises(Refusal) as unknown:
        fined(connection, visit, assignment_id=uuid4())
    assert unknown.value.code == "not_found"
    withdraw_fine(connection, fine_id, "认错人", of=visit.id, by="account:x", now=NOW)
    with pytest.raises(Refusal):
        withdraw_fine(connection, fine_id, "认错人", of=visit.id, by="account:x", now=NOW)
    assert fined(connection, visit) != fine_id
    assert [row.person for row in fines_of(connection, visit.id)] == ["T01"]


def test_fines_of_a_report_are_facts_with_person_and_amount(connection: Connection, visit: Visit) -> None:
    fined(connection, visit, "T01", "50")
    withdrawn = fined(connection, visit, "T02", "50")
    fined(connection, visit, "李娜", "20.50")
    withdraw_fine(connection, withdrawn, "认错人", of=visit.id, by="account:x", now=NOW)
    version_id = connection.execute(select(Wave.programme_version_id)).scalar_one()
    programme_id = connection.execute(
        select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == version_id)
    ).scalar_one()
    programme = programme_of(connection, version_id)
    span = Span(2026, date(2026, 1, 1), date(2026, 12, 31), date(2026, 1, 1))
    assert gather(connection, programme, programme_id, span).facts["findings"] == []
    hand_in(connection, visit)
    facts = gather(connection, programme, programme_id, span).facts
    found = [(each["kind"], each["person"], each["amount"], each["points"]) for each in facts["findings"]]
    assert found == [("spot_fine", "T01", "50", "0"), ("spot_fine", "李娜", "20.5", "0")]
    assert len({each["id"] for each in facts["findings"]}) == 2
    read_facts(programme, facts)
