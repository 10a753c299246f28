from sqlalchemy import Connection

from server.fieldwork.contacts import reading
from server.keys import KeyRing
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.fieldwork.contacts.worlds import phone, put_contacts


def test_units_are_counted_page_by_page(connection: Connection, keys: KeyRing) -> None:
    outlets = [f"X{n:03}" for n in range(reading.PAGE + 5)]
    builders.create_units(
        connection, [*builders.UNITS, *((code, code, code, "D1", "outlet") for code in outlets)]
    )
    put_contacts(
        connection, keys, *(f"K{n},{phone(n)},{code}" for n, code in enumerate([*outlets, "X000", "B201"]))
    )
    first, following = reading.unit_counts(connection, EVERYTHING)
    assert (len(first), following) == (reading.PAGE, f"C01/D1/{outlets[reading.PAGE - 1]}/")
    assert (first[0].code, first[0].contacts) == ("X000", 2)
    second, end = reading.unit_counts(connection, EVERYTHING, after=str(following))
    assert ([row.code for row in second], end) == ([*outlets[reading.PAGE :], "B201"], None)
    assert [row.code for row in reading.unit_counts(connection, Scope(unit_paths=("C01/D10/",)))[0]] == [
        "B201"
    ]
