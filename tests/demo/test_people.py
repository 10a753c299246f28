"""The demo's customers, staff and shoppers."""

import csv
import io
import re
from collections import Counter
from datetime import date, timedelta

import pytest

from server.demo.city import build_city, outlets
from server.demo.people import (
    CONTACT_COLUMNS,
    FIRM,
    DemoContact,
    build_contacts,
    contacts_csv,
    shoppers,
    staff,
)
from server.fieldwork.contacts.imports import contact_rows
from server.phones import normalise
from server.tables import read_table

AS_OF = date(2026, 11, 22)
CITY = build_city(1)
CONTACTS = build_contacts(1, CITY, AS_OF)


def test_same_seed_same_bytes() -> None:
    assert contacts_csv(build_contacts(1, CITY, AS_OF)) == contacts_csv(CONTACTS)
    assert contacts_csv(build_contacts(2, CITY, AS_OF)) != contacts_csv(CONTACTS)
    assert shoppers(1) == shoppers(1)


def test_two_thousand_with_numbers_of_their_own() -> None:
    assert len(CONTACTS) == 2000
    assert len({contact.external_id for contact in CONTACTS}) == 2000
    phones = {contact.phone for contact in CONTACTS} | {shopper.phone for shopper in shoppers(1)}
    assert len(phones) == 2006
    assert all(re.fullmatch(r"1\d{2}0000\d{4}", phone) for phone in phones)


def test_more_people_than_made_up_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than population"):
        build_contacts(1, CITY, AS_OF, count=60_001)


def test_every_contact_was_served_at_an_outlet_in_the_last_thirty_days() -> None:
    codes = {unit.code for unit in outlets(CITY)}
    assert {contact.unit_code for contact in CONTACTS} == codes
    days = {contact.served_on for contact in CONTACTS}
    assert min(days) == AS_OF - timedelta(days=30)
    assert max(days) == AS_OF - timedelta(days=1)


def share(of: list[DemoContact]) -> float:
    return len(of) / len(CONTACTS)


def test_the_mix_is_believable() -> None:
    assert 0.05 < share([c for c in CONTACTS if c.large_type]) < 0.2
    assert 0 < share([c for c in CONTACTS if c.locale == "en"]) < 0.03
    surnames = Counter(contact.name[0] for contact in CONTACTS if contact.locale == "zh")
    assert {name for name, _ in surnames.most_common(3)} <= set("王李张刘")
    assert all(2 <= len(contact.name) <= 4 for contact in CONTACTS if contact.locale == "zh")
    assert {contact.channel for contact in CONTACTS} == {
        "counter",
        "self_service",
        "low_counter",
        "online_booking",
    }
    assert 0.95 < sum(contact.eagerness for contact in CONTACTS) / 2000 < 1.05


def test_bigger_outlets_have_more_customers() -> None:
    counts = Counter(contact.unit_code for contact in CONTACTS)
    halls = [unit.code for unit in outlets(CITY) if unit.code.endswith("01")]
    communities = [unit.code for unit in outlets(CITY) if "社区" in unit.tags]
    assert min(counts[code] for code in halls) > max(counts[code] for code in communities)


def test_the_file_has_the_columns_of_the_import() -> None:
    data = contacts_csv(CONTACTS)
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert tuple(rows[0]) == CONTACT_COLUMNS
    assert len(rows) == 2000
    assert {row["大字版"] for row in rows} == {"是", "否"}
    assert {row["语言"] for row in rows} == {"zh", "en"}
    assert date.fromisoformat(rows[0]["办理日期"]) == CONTACTS[0].served_on
    data.decode("utf-8-sig").encode("gb18030")


def test_staff_have_roles_and_units_that_exist() -> None:
    accounts = staff(CITY)
    codes = {unit.code: unit for unit in CITY}
    assert len({account.login for account in accounts}) == len(accounts)
    assert {account.role for account in accounts} == {
        "administrator",
        "coordinator",
        "reviewer",
        "owner",
        "analyst",
        "auditor",
        "branch_manager",
        "call_back_agent",
    }
    limited = {account.login: codes[account.unit_code].level for account in accounts if account.unit_code}
    assert limited["nanbu"] == "district"
    assert limited["manager"] == "outlet"
    assert all(account.login == account.login.lower() for account in accounts)


def test_six_shoppers_and_a_firm() -> None:
    people = shoppers(1)
    assert len({shopper.phone for shopper in people}) == 6
    assert FIRM.code
    assert FIRM.name


def test_the_import_reads_every_row() -> None:
    columns, required = contact_rows.COLUMNS, contact_rows.REQUIRED
    table = read_table(contacts_csv(CONTACTS), "contacts.csv", aliases=columns, required=required)
    phones = [normalise(row.cells["phone"]) for row in table.rows]
    assert phones == [f"+86{contact.phone}" for contact in CONTACTS]
    assert list(table.problems) == []
    assert list(table.ignored) == []
