from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select

from server.errors import Refusal
from server.fieldwork.definitions.programmes import find_programme, retire_programme
from server.fieldwork.waves.instruments import instruments
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.reading import count_by_state, find_wave, find_wave_to_run, list_waves
from server.fieldwork.waves.states import close_due, move_wave
from server.models.definitions import ProgrammeVersion
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW, new_wave
from tests.followup import schemes_for_tests as schemes

EAST = Scope(unit_paths=("C01/D1/",))


@pytest.fixture
def units(connection: Connection) -> Connection:
    builders.create_units(connection)
    return connection


def plan(connection: Connection, **changes: Any) -> list[tuple[str, str]]:
    """The problems of a plan as pointers and codes."""
    try:
        plan_wave(connection, new_wave(**changes), by=BY, now=NOW)
    except Refusal as refusal:
        return [(each.pointer, each.code) for each in refusal.details]
    return []


def test_a_plan_becomes_a_wave_with_a_key_of_its_own(units: Connection) -> None:
    assert plan(units, code=" W1 ", title=" 五月 ", unit_code="D1") == []
    assert plan(units, code="W2") == []
    first, second = units.execute(select(*Wave.__table__.columns).order_by(Wave.code))
    assert (first.code, first.title, first.state, first.instrument) == ("W1", "五月", "planned", "survey")
    assert first.settings["organisation"] == {"zh": "江城分行", "en": "Jiangcheng Branch"}
    assert first.prn_key != second.prn_key


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"programme": "no-such"}, ("/instrument", "unknown_instrument")),
        ({"instrument": "no-such"}, ("/instrument", "unknown_instrument")),
        ({"code": "  "}, ("/code", "field_required")),
        ({"title": ""}, ("/title", "field_required")),
        ({"code": "坏 码/<>"}, ("/code", "wave_code_characters")),
        ({"code": "五月"}, ("/code", "wave_code_characters")),
        ({"code": "W" * 33}, ("/code", "wave_code_characters")),
        ({"title": "长" * 81}, ("/title", "text_too_long")),
        ({"title_en": "l" * 121}, ("/title_en", "text_too_long")),
        ({"closes_at": NOW - DAY}, ("/closes_at", "closes_before_opens")),
        ({"closes_at": NOW - DAY, "opens_at": NOW - 2 * DAY}, ("/closes_at", "closes_in_past")),
        ({"closes_at": NOW}, ("/closes_at", "closes_in_past")),
        ({"ratio": Decimal(0)}, ("/ratio", "ratio_out_of_range")),
        ({"ratio": Decimal("1.01")}, ("/ratio", "plan_ratio_out_of_range")),
        ({"minimum": -1}, ("/minimum", "plan_minimum_negative")),
        ({"unit_code": "nowhere"}, ("/unit", "unknown_unit")),
        ({"message": {}}, ("/message_zh", "field_required")),
        ({"message": {"zh": "没有链接"}}, ("/message_zh", "message_missing_link")),
        ({"message": {"zh": "{link}", "en": "{link} {name}"}}, ("/message_en", "message_unknown_variable")),
    ],
)
def test_what_is_wrong_with_a_plan(
    units: Connection, changes: dict[str, Any], problem: tuple[str, str]
) -> None:
    assert plan(units, **changes) == [problem]


@pytest.mark.parametrize("code", ["2026Q4-SMS", "a", "W_1.b", "W" * 32])
def test_codes_that_travel_well(units: Connection, code: str) -> None:
    assert plan(units, code=code, title="长" * 80) == []


def test_all_problems_of_a_plan_come_at_once(units: Connection) -> None:
    found = plan(units, instrument="?", code="", title="", ratio=Decimal(2), message={"zh": "", "en": ""})
    assert [pointer for pointer, _ in found] == [
        "/instrument", "/code", "/title", "/message_zh", "/message_en", "/ratio",
    ]  # fmt: skip


def test_a_code_is_given_once(units: Connection) -> None:
    assert plan(units) == []
    assert plan(units) == [("/code", "code_taken")]


def test_instruments_of_the_shipped_programmes(connection: Connection) -> None:
    assert {(each.programme, each.name, each.kind) for each in instruments(connection)} >= {
        ("branch-service", "satisfaction", "survey"),
        ("branch-service", "visit", "visit"),
    }


def offered(connection: Connection) -> dict[str, tuple[int, str]]:
    """The instruments of the test's programme: name -> version of the form, title."""
    found = [each for each in instruments(connection) if each.programme == schemes.KEY]
    return {each.name: (each.version, each.title["default"]) for each in found}


def test_what_has_no_form_or_no_wave_of_ours_is_not_offered(connection: Connection) -> None:
    more = [
        {"name": "bare", "kind": "visit"},
        {"name": "half", "kind": "survey", "form": "hall-satisfaction"},
        {"name": "panel", "kind": "panel", "form": "hall-satisfaction", "version": 1},
    ]
    schemes.published(connection, instruments=[*schemes.scheme()["instruments"], *more])
    assert set(offered(connection)) == {"visit", "hall"}


def test_a_title_is_a_text_or_texts_or_the_name(connection: Connection) -> None:
    visit, hall, _ = schemes.scheme()["instruments"]
    named = [{**visit, "title": "检查"}, {**hall, "title": {"default": "调查", "en": "Survey"}}]
    schemes.published(connection, instruments=[*named, {**visit, "name": "again"}])
    assert offered(connection) == {"visit": (1, "检查"), "hall": (1, "调查"), "again": (1, "again")}


def test_only_the_newest_published_version_is_offered(units: Connection) -> None:
    schemes.published(units)
    wave_id = schemes.visit_wave(units, "V1")
    visit = schemes.scheme()["instruments"][0]
    schemes.published(units, instruments=[{**visit, "title": "新"}], measures=[], rules=[])
    assert offered(units) == {"visit": (1, "新")}
    assert plan(units, programme=schemes.KEY, instrument="hall") == [("/instrument", "unknown_instrument")]
    schemes.visit_wave(units, "V2")
    versions = dict(units.execute(
        select(Wave.code, ProgrammeVersion.version).join(
            ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id
        )
    ).all())  # fmt: skip
    assert versions == {"V1": 1, "V2": 2}
    assert find_wave(units, wave_id, EVERYTHING).instrument_name == "visit"


def test_a_retired_version_gives_way_to_the_one_before(connection: Connection) -> None:
    schemes.published(connection)
    schemes.published(connection, instruments=[], measures=[], rules=[])
    row = find_programme(connection, schemes.KEY, EVERYTHING)
    retire_programme(connection, row, EVERYTHING, by=BY, now=NOW)
    assert set(offered(connection)) == {"visit", "hall"}


def test_a_scope_shows_waves_that_reach_into_it(units: Connection) -> None:
    firm = builders.create_firm(units)
    ids = {
        code: builders.create_wave(units, code=code, unit_code=unit_code)
        for code, unit_code in (
            ("all", None),
            ("city", "C01"),
            ("east", "D1"),
            ("b101", "B101"),
            ("west", "D10"),
        )
    }
    ids["firm"] = builders.create_firm_wave(units, firm, code="firm", unit_code="D10")

    def seen(scope: Scope) -> set[str]:
        found = {wave.code for wave in list_waves(units, scope)}
        assert sum(count_by_state(units, scope).values()) == len(found)
        for code, wave_id in ids.items():
            if code in found:
                assert find_wave(units, wave_id, scope).code == code
            else:
                with pytest.raises(Refusal, match="not_found"):
                    find_wave(units, wave_id, scope)
        return found

    assert seen(EVERYTHING) == set(ids)
    assert seen(EAST) == {"all", "city", "east", "b101"}
    assert seen(Scope(firm_ids=(firm.id,))) == {"firm"}
    assert seen(Scope(unit_paths=())) == seen(Scope(firm_ids=())) == set()


def test_whoever_sees_a_part_of_a_wave_does_not_run_it(units: Connection) -> None:
    above = builders.create_wave(units, code="above", unit_code="C01")
    whole = builders.create_wave(units, code="whole")
    mine = builders.create_wave(units, code="mine", unit_code="B101")
    assert find_wave_to_run(units, mine, EAST).code == "mine"
    for wave_id in (above, whole):
        with pytest.raises(Refusal, match="forbidden"):
            find_wave_to_run(units, wave_id, EAST)
        assert find_wave_to_run(units, wave_id, EVERYTHING)


def test_nobody_finds_what_there_is_not(connection: Connection) -> None:
    with pytest.raises(Refusal, match="not_found"):
        find_wave(connection, uuid4(), EVERYTHING)


def test_a_state_changes_once(units: Connection) -> None:
    wave_id = builders.create_wave(units)
    move_wave(units, wave_id, before="planned", after="drawn", now=NOW)
    with pytest.raises(Refusal) as refusal:
        move_wave(units, wave_id, before="planned", after="drawn", now=NOW)
    assert (refusal.value.code, refusal.value.params) == (
        "wrong_state", {"state": "drawn", "needed": "planned"},
    )  # fmt: skip


def state(connection: Connection, wave_id: UUID) -> str | None:
    return connection.scalar(select(Wave.state).where(Wave.id == wave_id))


def test_waves_close_when_their_time_is_over(units: Connection) -> None:
    launched = builders.create_wave(units, state="launched", instrument="visit", code="V")
    planned = builders.create_wave(units, code="P")
    end = NOW + 14 * DAY
    assert close_due(units, now=end - timedelta(seconds=1)) == 0
    assert close_due(units, now=end + timedelta(seconds=1)) == 1
    assert close_due(units, now=end + timedelta(seconds=1)) == 0
    assert (state(units, launched), state(units, planned)) == ("closed", "planned")
