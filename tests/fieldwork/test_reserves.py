"""Reserves of a running wave: who stands in for whom, once, and never for silence."""

from decimal import Decimal

import pytest
from sqlalchemy import Connection, insert, select

from server.fieldwork.waves.reserves import release_reserves
from server.keys import KeyRing
from server.models.contacts import BadNumber, Contact, ContactPrivate, OptOut
from server.models.draws import FrameMember
from server.models.tasks import Invitation
from tests import builders
from tests.builders import NOW


@pytest.fixture
def launched(connection: Connection, keys: KeyRing) -> Connection:
    """A wave of which half of each outlet's contacts were invited."""
    builders.create_units(connection)
    builders.create_contacts(connection, keys, each=6)
    wave_id = builders.create_wave(connection, state="launched", ratio=Decimal("0.5"), minimum=0)
    builders.invite_all(connection, keys, wave_id)
    return connection


def invited(connection: Connection) -> list[str]:
    query = select(Contact.external_id).join(Invitation, Invitation.contact_id == Contact.id)
    return sorted(connection.scalars(query))


def lose(connection: Connection, member: str, *, refused: bool = False) -> None:
    phone_hash = connection.execute(
        select(ContactPrivate.phone_hash)
        .join(Contact, Contact.id == ContactPrivate.contact_id)
        .where(Contact.external_id == member)
    ).scalar_one()
    table, values = (OptOut, {"source": "link"}) if refused else (BadNumber, {"code": "30005"})
    connection.execute(insert(table).values(phone_hash=phone_hash, at=NOW, **values))


def stand_ins(connection: Connection) -> dict[str, str]:
    rows = connection.execute(
        select(FrameMember.stands_for, FrameMember.member_id, FrameMember.stratum).where(
            FrameMember.outcome == "released"
        )
    )
    return {row.stands_for: row.stratum for row in rows}


def test_a_dead_number_is_replaced_once_in_its_own_stratum(launched: Connection, keys: KeyRing) -> None:
    lost = invited(launched)[0]
    stratum = launched.scalar(select(FrameMember.stratum).where(FrameMember.member_id == lost))
    lose(launched, lost)
    [first] = release_reserves(launched, now=NOW)
    [again] = release_reserves(launched, now=NOW)
    assert (first.released, again.released) == (1, 0)
    assert stand_ins(launched) == {lost: stratum}
    before = len(invited(launched))
    builders.invite_all(launched, keys, first.wave_id)
    assert len(invited(launched)) == before + 1


def test_silence_and_refusal_release_nobody(launched: Connection) -> None:
    lose(launched, invited(launched)[0], refused=True)
    [result] = release_reserves(launched, now=NOW)
    assert (result.released, result.unreplaced) == (0, 1)


def test_a_stand_in_whose_number_is_dead_is_replaced_as_well(launched: Connection, keys: KeyRing) -> None:
    lose(launched, invited(launched)[0])
    [result] = release_reserves(launched, now=NOW)
    builders.invite_all(launched, keys, result.wave_id)
    stand_in = launched.scalar(select(FrameMember.member_id).where(FrameMember.outcome == "released"))
    lose(launched, stand_in or "")
    [result] = release_reserves(launched, now=NOW)
    assert result.released == 1
    assert stand_in in stand_ins(launched)
