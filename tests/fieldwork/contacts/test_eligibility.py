import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, insert, select, update

from server.accounts import register
from server.db import new_id
from server.fieldwork.contacts.eligibility import REASONS, Judged, exclusions
from server.keys import KeyRing
from server.models.accounts import Person
from server.models.contacts import BadNumber, OptOut
from server.models.definitions import Programme, ProgrammeVersion
from server.models.organisation import Unit
from server.notify.respect.fatigue import EligibilityRules, FatigueRule, rule_problems, rules_of
from server.notify.respect.opt_outs import opt_out
from server.sampling.random_numbers import derived_key, prn
from tests import builders
from tests.builders import NOW
from tests.fieldwork.contacts.worlds import phone, put_contacts, send

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a wave decides."""

    settings: dict[str, Any] = field(default_factory=dict)
    unit_path: str | None = None
    programme_version_id: UUID = field(default_factory=new_id)
    prn_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))


@pytest.fixture
def bank(connection: Connection, keys: KeyRing) -> Connection:
    builders.create_units(connection)
    put_contacts(connection, keys, *(f"K{n},{phone(n)},{unit}" for n, unit in enumerate(builders.OUTLETS)))
    return connection


def judge(connection: Connection, wave: Asked, **options: Any) -> dict[str, Judged]:
    return {each.member_id: each for each in exclusions(connection, wave, now=NOW, **options)}


def reasons(connection: Connection, wave: Asked) -> dict[str, str | None]:
    return {name: each.excluded for name, each in judge(connection, wave).items()}


def test_whom_nothing_stands_against_is_asked(bank: Connection) -> None:
    assert reasons(bank, Asked()) == {"K0": None, "K1": None, "K2": None}


def test_a_frame_is_the_open_units_of_the_subtree(bank: Connection) -> None:
    bank.execute(update(Unit).where(Unit.code == "B102").values(closed_at=NOW))
    assert set(judge(bank, Asked(unit_path="C01/D1/"))) == {"K0"}
    [judged] = judge(bank, Asked(unit_path="C01/D1/")).values()
    assert (judged.unit_code, judged.parent_code, judged.unit_path) == ("B101", "D1", "C01/D1/B101/")


@pytest.mark.parametrize(("table", "reason"), [(OptOut, "opted_out"), (BadNumber, "bad_number")])
def test_a_number_that_is_marked_is_marked_wherever_it_occurs(
    bank: Connection, keys: KeyRing, table: Any, reason: str
) -> None:
    put_contacts(bank, keys, f"K9,{phone(0)},B201")
    source = {"source": "link"} if table is OptOut else {"code": "30005"}
    bank.execute(insert(table).values(phone_hash=keys.lookup_hash(phone(0)), at=NOW, **source))
    assert reasons(bank, Asked()) == {"K0": reason, "K9": reason, "K1": None, "K2": None}


def test_who_wants_no_more_of_a_programme_is_left_out_of_its_waves_alone(
    bank: Connection, keys: KeyRing
) -> None:
    version_id = bank.scalars(select(ProgrammeVersion.id).limit(1)).one()
    wave = Asked(programme_version_id=version_id)
    own = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == wave.programme_version_id)
    other = select(Programme.id).where(Programme.id != own.scalar_subquery()).limit(1)
    for number, programme in ((0, own), (1, other)):
        opt_out(
            bank, keys.lookup_hashes(phone(number)), "coordinator", NOW, programme_id=bank.scalar(programme)
        )
    assert reasons(bank, wave) == {"K0": "opted_out", "K1": None, "K2": None}


def test_staff_are_known_by_mark_or_number_until_they_leave(bank: Connection, keys: KeyRing) -> None:
    put_contacts(bank, keys, f"K1,{phone(1)},B102,是", header="external_id,phone,unit_code,员工")
    person_id = register.add_person(bank, "小周", now=NOW, phone=(phone(2), keys))
    assert reasons(bank, Asked()) == {"K0": None, "K1": "staff", "K2": "staff"}
    bank.execute(update(Person).where(Person.id == person_id).values(left_at=NOW))
    assert reasons(bank, Asked())["K2"] is None


def test_cases_and_consent(bank: Connection, keys: KeyRing) -> None:
    head = "external_id,phone,unit_code,同意来源,投诉处理开始"
    put_contacts(bank, keys, f"K0,{phone(0)},B101,柜面,", f"K1,{phone(1)},B102,柜面,2026-05-01", header=head)
    assert reasons(bank, Asked()) == {"K0": None, "K1": "open_case", "K2": None}
    wave = Asked({"consent_required": True})
    assert reasons(bank, wave) == {"K0": None, "K1": "open_case", "K2": "no_consent"}


def fatigue(**rule: Any) -> Asked:
    return Asked({"fatigue": [{"times": 2, "days": 90, **rule}]})


@pytest.mark.parametrize(
    ("days_ago", "rule", "expected"),
    [
        ([89, 10], {}, "contacted_recently"),
        ([10], {}, None),
        ([91, 10], {}, None),
        ([29], {"gap_days": 30}, "contacted_recently"),
        ([31], {"gap_days": 30}, None),
        ([60], {"times": 1, "days": 30, "gap_days": 61}, "contacted_recently"),
        ([-1], {"times": 1}, "contacted_recently"),
    ],
)
def test_fatigue_counts_what_was_sent_within_its_days(
    bank: Connection, keys: KeyRing, days_ago: list[int], rule: dict[str, int], expected: str | None
) -> None:
    for days in days_ago:
        send(bank, keys, phone(0), NOW - days * DAY)
    assert reasons(bank, fatigue(**rule)) == {"K0": expected, "K1": None, "K2": None}


@pytest.mark.parametrize(
    ("state", "kind", "expected"),
    [
        ("queued", "invitation", "contacted_recently"),
        ("unknown", "invitation", "contacted_recently"),
        ("accepted", "invitation", "contacted_recently"),
        ("skipped", "invitation", None),
        ("cancelled", "invitation", None),
        ("undelivered", "invitation", None),
        ("failed", "invitation", None),
        ("delivered", "reminder", None),
    ],
)
def test_only_what_reached_somebody_or_will_counts(
    bank: Connection, keys: KeyRing, state: str, kind: str, expected: str | None
) -> None:
    send(bank, keys, phone(0), NOW - DAY, state=state, kind=kind)
    assert reasons(bank, fatigue(times=1))["K0"] == expected


def test_fatigue_may_be_the_programmes_own(bank: Connection, keys: KeyRing) -> None:
    wave_id = builders.create_wave(bank)
    send(bank, keys, phone(0), NOW - DAY, wave_id=wave_id)
    send(bank, keys, phone(1), NOW - DAY)

    def version(operator: Any) -> UUID:
        of_wave = Programme.key == "branch-service"
        return bank.execute(
            select(ProgrammeVersion.id).join(Programme).where(of_wave if operator else ~of_wave).limit(1)
        ).scalar_one()

    rule = {"times": 1, "days": 30, "scope": "programme"}
    own, other = (Asked({"fatigue": rule}, programme_version_id=version(each)) for each in (True, False))
    assert reasons(bank, own) == {"K0": "contacted_recently", "K1": None, "K2": None}
    assert reasons(bank, other) == {"K0": None, "K1": None, "K2": None}
    everywhere = Asked({"fatigue": [rule, {"times": 1, "days": 30}]})
    assert reasons(bank, everywhere) == {"K0": "contacted_recently", "K1": "contacted_recently", "K2": None}


def test_of_several_with_one_number_the_key_keeps_one(bank: Connection, keys: KeyRing) -> None:
    same = [f"S{n}" for n in range(5)]
    put_contacts(bank, keys, *(f"{name},{phone(77)},B101" for name in same))
    wave = Asked()
    found = judge(bank, wave)
    kept = [name for name in same if found[name].excluded is None]
    key = derived_key(wave.prn_key, "one of each number")
    assert kept == [min(same, key=lambda name: prn(key, name))]
    assert {found[name].excluded for name in same if name not in kept} == {"duplicate_phone"}
    assert (found[kept[0]].multiplicity, found["K0"].multiplicity) == (5, 1)


def test_who_is_kept_does_not_depend_on_the_order_of_the_file(bank: Connection, keys: KeyRing) -> None:
    put_contacts(bank, keys, *(f"S{n},{phone(77)},B101" for n in range(5)))
    kept = {
        next(name for name, why in reasons(bank, Asked()).items() if name[0] == "S" and why is None)
        for _ in range(30)
    }
    assert len(kept) > 2


def test_an_excluded_one_does_not_stand_for_the_others(bank: Connection, keys: KeyRing) -> None:
    head = "external_id,phone,unit_code,投诉处理开始"
    put_contacts(bank, keys, f"S1,{phone(77)},B101,2026-05-01", f"S2,{phone(77)},B101,", header=head)
    for _ in range(5):
        found = judge(bank, Asked())
        assert (found["S1"].excluded, found["S2"].excluded) == ("open_case", None)
        assert found["S2"].multiplicity == 1


def test_one_per_subject_keeps_one_at_each_outlet(bank: Connection, keys: KeyRing) -> None:
    put_contacts(bank, keys, f"S1,{phone(77)},B101", f"S2,{phone(77)},B102", f"S3,{phone(77)},B102")
    found = reasons(bank, Asked({"one_per": "subject"}))
    assert found["S1"] is None
    assert {found["S2"], found["S3"]} == {None, "duplicate_phone"}


def test_an_attribute_comes_along_for_strata(bank: Connection, keys: KeyRing) -> None:
    put_contacts(bank, keys, f"K0,{phone(0)},B101,gold", header="external_id,phone,unit_code,attribute:tier")
    found = judge(bank, Asked(), attribute="tier")
    assert (found["K0"].attribute, found["K1"].attribute) == ("gold", None)


def test_many_are_streamed(bank: Connection, keys: KeyRing) -> None:
    put_contacts(bank, keys, *(f"M{n},{phone(1000 + n)},B101" for n in range(6_000)))
    found: Iterator[Judged] = exclusions(bank, Asked(), now=NOW)
    assert sum(1 for _ in found) == 6_003
    assert bank.scalar(select(func.count()).select_from(Unit)) == len(builders.UNITS)


def test_rules_are_read_from_settings() -> None:
    rule = {"times": 2, "days": 90, "gap_days": 30, "scope": "programme"}
    expected = EligibilityRules((FatigueRule(2, 90, 30, "programme"),))
    assert rules_of({"fatigue": rule}) == rules_of({"fatigue": [rule]}) == expected
    assert rules_of({"rolling": {"fatigue": [rule]}}) == expected
    assert rules_of({"fatigue": None}) == EligibilityRules()


@pytest.mark.parametrize(
    ("settings", "pointers"),
    [
        ({}, []),
        ({"fatigue": {"times": 1, "days": 30}}, []),
        ({"fatigue": [{"times": 0, "days": 30}]}, ["/fatigue/0/times"]),
        ({"fatigue": [{"times": 1, "days": "30"}]}, ["/fatigue/0/days"]),
        ({"fatigue": [{"times": 1, "days": 30, "gap": 3}]}, ["/fatigue/0/gap"]),
        (
            {"fatigue": [{"times": True, "days": 30, "scope": "all"}]},
            ["/fatigue/0/times", "/fatigue/0/scope"],
        ),
        ({"fatigue": [{"days": 30}, 7]}, ["/fatigue/0", "/fatigue/1"]),
        ({"fatigue": 7}, ["/fatigue"]),
        ({"one_per": "city"}, ["/one_per"]),
    ],
)
def test_wrong_rules_are_told_with_their_place(settings: dict[str, Any], pointers: list[str]) -> None:
    assert [each.pointer for each in rule_problems(settings)] == pointers


def test_every_reason_is_told_by_name() -> None:
    assert len(set(REASONS)) == len(REASONS) == 7
