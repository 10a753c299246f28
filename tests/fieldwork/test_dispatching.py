"""A firm sends its own people to the visits that it was given."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from server.accounts import register
from server.errors import Refusal
from server.fieldwork.visits.assigning import NewAssignment, create_assignments
from server.fieldwork.visits.dispatching import Sending, Share, firm_share, firm_waves, send
from server.fieldwork.waves.reading import find_wave
from server.keys import KeyRing
from server.models.accounts import Person
from server.models.draws import FrameMember
from server.models.messages import Message
from server.models.organisation import Unit
from server.models.people import CONFLICT, PersonBar
from server.models.tasks import Assignment
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, NOW

OUTLETS = ("B101", "B102", "B201")


class Firm:
    """A firm with two people, and its visits to all outlets of a launched wave."""

    def __init__(self, connection: Connection, keys: KeyRing) -> None:
        self.connection, self.keys = connection, keys
        builders.create_units(connection)
        self.id = builders.create_firm(connection).id
        self.scope = Scope(firm_ids=(self.id,))
        self.people = [self.hire(name, number) for number, name in enumerate(("甲", "乙"))]
        self.wave_id = builders.create_wave(connection, state="launched", instrument="visit")
        self.given(OUTLETS)

    def hire(self, name: str, number: int) -> UUID:
        phone = (f"+861380000010{number}", self.keys)
        person_id = register.add_person(self.connection, name, now=NOW, phone=phone)
        values = {"kind": "field_worker", "firm_id": self.id}
        self.connection.execute(update(Person).where(Person.id == person_id).values(**values))
        return person_id

    def given(self, codes: Sequence[str]) -> None:
        units = dict(self.connection.execute(select(Unit.code, Unit.id)).all())
        members = [
            {
                "wave_id": self.wave_id, "member_id": code, "unit_id": units[code], "stratum": "all",
                "outcome": "selected", "position": place, "reason": "random", "inclusion": "1",
            }
            for place, code in enumerate(codes)
        ]  # fmt: skip
        self.connection.execute(insert(FrameMember), members)
        wave = find_wave(self.connection, self.wave_id, EVERYTHING)
        new = [NewAssignment(code, None, firm_id=self.id, planned_on=NOW.date()) for code in codes]
        create_assignments(self.connection, wave, new, now=NOW)

    def share(self, scope: Scope | None = None) -> Share:
        return firm_share(self.connection, self.wave_id, self.id, scope or self.scope, self.keys)

    def visit(self, code: str) -> UUID:
        return next(row.id for row in self.share().rows if row.code == code)

    def send(self, **people: UUID) -> int:
        chosen = {self.visit(code): person_id for code, person_id in people.items()}
        sending = Sending(self.wave_id, self.id, chosen, BY, NOW)
        return send(self.connection, sending, self.scope, self.keys)

    def bar(self, person_id: UUID, code: str) -> None:
        unit_id = self.connection.execute(select(Unit.id).where(Unit.code == code)).scalar_one()
        self.connection.execute(
            insert(PersonBar).values(
                person_id=person_id, unit_id=unit_id, kind=CONFLICT, since=NOW.date(), created_at=NOW
            )
        )


@pytest.fixture
def firm(connection: Connection, keys: KeyRing) -> Firm:
    return Firm(connection, keys)


def test_a_proposal_for_every_visit_that_nobody_has(firm: Firm) -> None:
    share = firm.share()
    assert [row.code for row in share.rows] == list(OUTLETS)
    assert [name for _, name in share.people] == ["乙", "甲"]
    assert share.proposed.keys() == {row.id for row in share.rows}
    assert set(share.proposed.values()) <= {str(each) for each in firm.people}
    firm.send(B101=firm.people[0])
    assert len(firm.share().proposed) == 2


def test_a_visit_gets_its_person_and_the_person_a_link(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        firm = Firm(connection, keys)
        assert firm.send(B101=firm.people[0], B102=firm.people[1]) == 2
        [wave] = firm_waves(connection, firm.scope)
        assert (wave.given, wave.sent, wave.done) == (3, 2, 0)
    assert builders.tell(engine, keys, firm.wave_id) == 2
    assert builders.tell(engine, keys, firm.wave_id) == 0


def test_who_was_told_is_called_back_and_the_next_one_gets_a_link_of_their_own(
    engine: Engine, keys: KeyRing
) -> None:
    first, second = "B101", "B102"
    with engine.begin() as connection:
        firm = Firm(connection, keys)
        before = firm.visit(first)
        firm.send(**{first: firm.people[0], second: firm.people[0]})
    builders.tell(engine, keys, firm.wave_id)
    with engine.begin() as connection:
        firm.connection = connection
        # The same people once more change nothing.
        assert firm.send(**{first: firm.people[1], second: firm.people[0]}) == 1
        rows = {row.id: row for row in connection.execute(select(*Assignment.__table__.columns))}
        assert rows[before].cancelled_at == NOW
        [after] = [row for row in rows.values() if row.replaces_id == before]
        assert (after.person_id, after.firm_id) == (firm.people[1], firm.id)
        states = connection.scalars(select(Message.state).where(Message.assignment_id == before)).all()
        assert states == ["cancelled"]
    assert builders.tell(engine, keys, firm.wave_id) == 1


def test_nobody_goes_where_the_bank_forbids_it(firm: Firm) -> None:
    firm.bar(firm.people[0], "B101")
    assert firm.share().proposed[firm.visit("B101")] == str(firm.people[1])
    with pytest.raises(Refusal) as refused:
        firm.send(B101=firm.people[0])
    [detail] = refused.value.details
    assert (detail.code, detail.pointer) == ("dispatch_unfit", f"/person-{firm.visit('B101')}")


def test_only_the_firms_own_people_go(firm: Firm) -> None:
    stranger = builders.create_shopper(firm.connection, firm.keys, "外人", "+8613800000999")
    with pytest.raises(Refusal) as refused:
        firm.send(B101=stranger)
    assert [each.code for each in refused.value.details] == ["taker_unknown"]


def test_what_is_done_stays_done(firm: Firm) -> None:
    done = firm.visit("B101")
    firm.connection.execute(
        update(Assignment).where(Assignment.id == done).values(completed_at=NOW, person_id=firm.people[0])
    )
    with pytest.raises(Refusal) as refused:
        firm.send(B101=firm.people[1])
    assert [each.code for each in refused.value.details] == ["visit_is_over"]


@pytest.mark.parametrize("other", ["another", "a district"])
def test_others_learn_nothing_of_a_firms_visits(firm: Firm, other: str) -> None:
    rival = builders.create_firm(firm.connection, "rival").id
    scope = Scope(firm_ids=(rival,)) if other == "another" else Scope(unit_paths=("C01/D1/",))
    assert firm_waves(firm.connection, scope) == []
    with pytest.raises(Refusal, match="not_found"):
        firm.share(scope)
