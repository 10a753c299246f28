from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, func, select, text, update

from server.errors import Refusal
from server.fieldwork.waves.drawing import (
    draw_wave,
    stored_draw,
    verify_draw,
)
from server.fieldwork.waves.previews import preview
from server.fieldwork.waves.reading import find_wave
from server.fieldwork.waves.shown_draws import ShownDraw, shown_draw
from server.keys import KeyRing
from server.models.contacts import Contact
from server.models.draws import Draw, FrameMember
from server.models.waves import Wave
from server.notify.respect.opt_outs import opt_out
from server.sampling.draws import DrawResult
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW, contact_rows, phone_of

HALF = {"ratio": Decimal("0.5"), "minimum": 1}


@pytest.fixture
def bank(connection: Connection, keys: KeyRing) -> Connection:
    """Units, and ten contacts at each outlet."""
    builders.create_units(connection)
    builders.create_contacts(connection, keys, each=10)
    return connection


def draw(connection: Connection, wave_id: UUID, scope: Scope = EVERYTHING) -> DrawResult:
    return draw_wave(connection, wave_id, scope, by=BY, now=NOW)


def outcomes(connection: Connection) -> dict[str, tuple[str, str | None]]:
    rows = connection.execute(select(FrameMember.member_id, FrameMember.outcome, FrameMember.excluded))
    return {row.member_id: (row.outcome, row.excluded) for row in rows}


def test_a_draw_is_recorded_with_its_frame(bank: Connection) -> None:
    wave_id = builders.create_wave(bank, **HALF)
    result = draw(bank, wave_id)
    assert len(result.selected) == 15
    found = outcomes(bank)
    assert {name for name, (outcome, _) in found.items() if outcome == "selected"} == set(result.selected)
    assert len(found) == 30
    stored = stored_draw(bank, wave_id)
    assert stored is not None
    assert stored.frame_fingerprint == result.frame_fingerprint
    assert stored.result_fingerprint == result.result_fingerprint
    assert verify_draw(bank, wave_id, EVERYTHING) == []


def test_the_preview_is_what_the_draw_gives_and_writes_nothing(bank: Connection) -> None:
    wave_id = builders.create_wave(bank, **HALF)
    ahead = preview(bank, find_wave(bank, wave_id, EVERYTHING), now=NOW)
    assert outcomes(bank) == {}
    assert stored_draw(bank, wave_id) is None
    assert draw(bank, wave_id).summary() == ahead.summary


def test_a_draw_repeats_after_the_contacts_have_changed(bank: Connection, keys: KeyRing) -> None:
    wave_id = builders.create_wave(bank, **HALF)
    draw(bank, wave_id)
    before = outcomes(bank)
    builders.create_contacts(bank, keys, contact_rows(40))
    bank.execute(update(Contact).values(unit_id=select(Contact.unit_id).limit(1).scalar_subquery()))
    opt_out(bank, keys.lookup_hashes("+86" + phone_of(0)), "reply", NOW)
    assert verify_draw(bank, wave_id, EVERYTHING) == []
    assert outcomes(bank) == before


def test_a_changed_frame_or_key_shows(bank: Connection) -> None:
    wave_id = builders.create_wave(bank, **HALF)
    draw(bank, wave_id)
    bank.execute(text("DELETE FROM frame_member WHERE member_id = (SELECT min(member_id) FROM frame_member)"))
    assert verify_draw(bank, wave_id, EVERYTHING)


def test_nothing_to_verify_before_the_draw(bank: Connection) -> None:
    wave_id = builders.create_wave(bank)
    with pytest.raises(Refusal, match="wrong_state"):
        verify_draw(bank, wave_id, EVERYTHING)


def test_a_wave_is_drawn_once(bank: Connection) -> None:
    wave_id = builders.create_wave(bank, state="drawn")
    before = outcomes(bank)
    with pytest.raises(Refusal, match="wrong_state"):
        draw(bank, wave_id)
    assert outcomes(bank) == before


def test_of_two_draws_at_once_one_counts(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys)
        wave_id = builders.create_wave(connection)
    started = Barrier(2)

    def run(_: int) -> str:
        try:
            with engine.begin() as connection:
                connection.execute(text("SELECT 1"))
                started.wait(timeout=30)
                draw(connection, wave_id)
        except Refusal as refusal:
            return refusal.code
        return "drawn"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == ["drawn", "wrong_state"]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Draw)) == 1
        assert verify_draw(connection, wave_id, EVERYTHING) == []


def test_who_said_stop_and_shared_numbers_are_excluded_with_the_reason(
    connection: Connection, keys: KeyRing
) -> None:
    builders.create_units(connection)
    rows = [("K1", phone_of(1)), ("K2", phone_of(1)), ("K3", phone_of(3)), ("K4", phone_of(4))]
    builders.create_contacts(connection, keys, [(*row, "B101", "", "") for row in rows])
    opt_out(connection, keys.lookup_hashes("+86" + phone_of(3)), "reply", NOW)
    wave_id = builders.create_wave(connection)
    result = draw(connection, wave_id)
    found = outcomes(connection)
    # One of the two stays, by random numbers and not by the order of the file.
    shared = {found.pop("K1"), found.pop("K2")}
    assert shared == {("selected", None), ("excluded", "duplicate_phone")}
    assert found == {"K3": ("excluded", "opted_out"), "K4": ("selected", None)}
    assert len(result.selected) == 2


def test_only_contacts_of_open_outlets_in_the_waves_subtree(bank: Connection) -> None:
    bank.execute(text("UPDATE unit SET closed_at = now() WHERE code = 'B102'"))
    wave_id = builders.create_wave(bank, unit_code="D1")
    assert {name[:6] for name in draw(bank, wave_id).selected} == {"K-B101"}


def test_waves_draw_different_people(bank: Connection, keys: KeyRing) -> None:
    builders.create_contacts(bank, keys, contact_rows(40))
    samples = [
        set(draw(bank, builders.create_wave(bank, code=code, **HALF)).selected) for code in ("W1", "W2")
    ]
    assert samples[0] != samples[1]


@pytest.mark.parametrize("kind", ["visit", "firm"])
def test_customers_are_drawn_only_where_we_ask_them(bank: Connection, kind: str) -> None:
    if kind == "visit":
        wave_id = builders.create_wave(bank, instrument="visit")
    else:
        wave_id = builders.create_firm_wave(bank, builders.create_firm(bank), state="planned")
    with pytest.raises(Refusal, match="wrong_state"):
        draw(bank, wave_id)
    assert bank.scalar(select(Wave.state).where(Wave.id == wave_id)) == "planned"


@pytest.mark.parametrize(
    ("scope", "code"),
    [(Scope(unit_paths=("C01/D1/",)), "forbidden"), (Scope(firm_ids=()), "not_found")],
)
def test_drawing_needs_the_whole_wave_in_scope(bank: Connection, scope: Scope, code: str) -> None:
    wave_id = builders.create_wave(bank)
    with pytest.raises(Refusal, match=code):
        draw(bank, wave_id, scope)


def test_nobody_is_drawn_for_a_wave_whose_time_is_over(bank: Connection) -> None:
    wave_id = builders.create_wave(bank)
    with pytest.raises(Refusal) as refusal:
        draw_wave(bank, wave_id, EVERYTHING, by=BY, now=NOW + 14 * DAY)
    assert [each.code for each in refusal.value.details] == ["wave_over"]


def strata(found: ShownDraw | None) -> list[str]:
    assert found is not None
    assert found.summary is not None
    return [stratum["stratum"] for stratum in found.summary["strata"]]


@pytest.mark.parametrize("drawn", [False, True])
def test_a_part_of_the_draw_for_whoever_sees_a_part_of_the_wave(
    bank: Connection, keys: KeyRing, drawn: bool
) -> None:
    builders.create_contacts(bank, keys)
    wave_id = builders.create_wave(bank, state="drawn" if drawn else "planned")
    whole = shown_draw(bank, wave_id, EVERYTHING, now=NOW)
    assert strata(whole) == ["B101", "B102", "B201"]
    assert whole is not None
    assert (whole.whole, whole.exclusions, whole.drawn_at is not None) == (True, {}, drawn)
    part = shown_draw(bank, wave_id, Scope(unit_paths=("C01/D1/",)), now=NOW)
    assert strata(part) == ["B101", "B102"]
    assert part is not None
    assert (part.whole, part.exclusions) == (False, None)
    assert "B201" not in str(part.summary)


def test_whoever_runs_a_districts_wave_sees_all_of_its_draw(bank: Connection, keys: KeyRing) -> None:
    builders.create_contacts(bank, keys)
    found = shown_draw(
        bank, builders.create_wave(bank, unit_code="D1"), Scope(unit_paths=("C01/D1/",)), now=NOW
    )
    assert found is not None
    assert found.whole


@pytest.mark.parametrize("kind", ["visit", "firm"])
def test_where_nobody_is_drawn_there_is_no_preview(bank: Connection, kind: str) -> None:
    if kind == "visit":
        wave_id = builders.create_wave(bank, instrument="visit")
    else:
        wave_id = builders.create_firm_wave(bank, builders.create_firm(bank), state="planned")
    assert shown_draw(bank, wave_id, EVERYTHING, now=NOW) is None


def test_only_whoever_runs_the_wave_repeats_its_draw(bank: Connection, keys: KeyRing) -> None:
    builders.create_contacts(bank, keys)
    wave_id = builders.create_wave(bank, state="drawn")
    with pytest.raises(Refusal, match="forbidden"):
        verify_draw(bank, wave_id, Scope(unit_paths=("C01/D1/",)))
