from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, select, text

from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.waves.changing import cancel_wave, edit_wave
from server.fieldwork.waves.drawing import draw_wave
from server.fieldwork.waves.launching import launch_wave
from server.fieldwork.waves.reading import list_waves
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.draws import FrameMember
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.blocking import wait_for_blocked
from tests.builders import BY, DAY, NOW, new_wave

EAST = Scope(unit_paths=("C01/D1/",))


@pytest.fixture
def bank(connection: Connection, keys: KeyRing) -> Connection:
    builders.create_units(connection)
    builders.create_contacts(connection, keys)
    return connection


def edit(connection: Connection, wave_id: UUID, scope: Scope = EVERYTHING, **changes: Any) -> None:
    edit_wave(connection, wave_id, new_wave(**changes), scope, by=BY, now=NOW)


def cancel(
    connection: Connection, wave_id: UUID, reason: str = "名单有误", scope: Scope = EVERYTHING
) -> None:
    cancel_wave(connection, wave_id, reason, scope, by=BY, now=NOW)


def row(connection: Connection, wave_id: UUID) -> AnyRow:
    return connection.execute(select(*Wave.__table__.columns).where(Wave.id == wave_id)).one()


def audited(connection: Connection, action: str) -> list[dict[str, Any]]:
    return list(connection.scalars(select(AuditLine.detail).where(AuditLine.action == action)))


def problems(refusal: pytest.ExceptionInfo[Refusal]) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in refusal.value.details]


def test_an_edited_plan_keeps_its_key_and_says_what_changed(bank: Connection) -> None:
    wave_id = builders.create_wave(bank)
    before = row(bank, wave_id)
    later = NOW + 20 * DAY
    edit(
        bank, wave_id, title=" 六月 ", title_en="June", unit_code="D1", closes_at=later, ratio=Decimal("0.5")
    )
    after = row(bank, wave_id)
    assert (after.title, after.title_en, after.closes_at, after.code) == ("六月", "June", later, before.code)
    assert after.settings["sampling"]["ratio"] == "0.5"
    assert (after.state, after.prn_key) == ("planned", before.prn_key)
    assert after.unit_id is not None
    [detail] = audited(bank, "wave_edited")
    assert set(detail["changed"]) == {"title", "title_en", "unit_id", "closes_at", "settings"}
    assert detail["changed"]["title"] == ["五月满意度调查", "六月"]


def test_saving_what_is_already_there_leaves_no_line(bank: Connection) -> None:
    wave_id = builders.create_wave(bank)
    edit(bank, wave_id)
    assert audited(bank, "wave_edited") == []


def test_an_edited_plan_is_checked_like_a_new_one(bank: Connection) -> None:
    builders.create_wave(bank, code="TAKEN")
    wave_id = builders.create_wave(bank)
    with pytest.raises(Refusal) as refusal:
        edit(bank, wave_id, code="TAKEN", title="", closes_at=NOW, message={"zh": "没有链接"})
    assert problems(refusal) == [
        ("/title", "field_required"), ("/code", "code_taken"), ("/closes_at", "closes_in_past"),
        ("/message_zh", "message_missing_link"),
    ]  # fmt: skip
    assert row(bank, wave_id).title == "五月满意度调查"


def test_a_firms_wave_and_visits_are_edited_without_a_message(bank: Connection) -> None:
    firm = builders.create_firm(bank)
    for wave_id in (
        builders.create_firm_wave(bank, firm, state="planned"),
        builders.create_wave(bank, code="V", instrument="visit"),
    ):
        code = row(bank, wave_id).code
        edit(bank, wave_id, code=code, title="改名", message={}, firm_id=row(bank, wave_id).firm_id)
        assert row(bank, wave_id).title == "改名"


@pytest.mark.parametrize("state", ["drawn", "launched", "closed", "cancelled"])
def test_only_a_planned_wave_is_edited(bank: Connection, state: str) -> None:
    wave_id = builders.create_wave(bank, state="planned" if state == "cancelled" else state)
    if state == "cancelled":
        cancel(bank, wave_id)
    with pytest.raises(Refusal, match="wrong_state"):
        edit(bank, wave_id, title="晚了")


@pytest.mark.parametrize("state", ["planned", "drawn"])
def test_a_cancelled_wave_stays_in_the_list_with_its_reason(bank: Connection, state: str) -> None:
    wave_id = builders.create_wave(bank, state=state)
    cancel(bank, wave_id, "  名单有误  ")
    [listed] = list_waves(bank, EVERYTHING)
    assert (listed.state, listed.cancel_reason, listed.cancelled_at) == ("cancelled", "名单有误", NOW)
    assert audited(bank, "wave_cancelled") == [{"state": state, "reason": "名单有误"}]
    for run in (draw_wave, launch_wave):
        with pytest.raises(Refusal, match="wrong_state"):
            run(bank, wave_id, EVERYTHING, by=BY, now=NOW)


@pytest.mark.parametrize("state", ["launched", "closed", "cancelled"])
def test_what_was_sent_is_not_called_off(bank: Connection, state: str) -> None:
    wave_id = builders.create_wave(bank, state="drawn" if state == "cancelled" else state)
    if state == "cancelled":
        cancel(bank, wave_id, "第一次")
    with pytest.raises(Refusal, match="wrong_state"):
        cancel(bank, wave_id, "第二次")
    assert row(bank, wave_id).cancel_reason in {None, "第一次"}


@pytest.mark.parametrize(("reason", "code"), [(" \u3000", "field_required"), ("长" * 201, "text_too_long")])
def test_calling_off_takes_a_reason(bank: Connection, reason: str, code: str) -> None:
    wave_id = builders.create_wave(bank)
    with pytest.raises(Refusal) as refusal:
        cancel(bank, wave_id, reason)
    assert problems(refusal) == [("/reason", code)]
    assert row(bank, wave_id).state == "planned"


def test_whoever_sees_a_part_changes_nothing(bank: Connection) -> None:
    wave_id = builders.create_wave(bank)
    with pytest.raises(Refusal, match="forbidden"):
        edit(bank, wave_id, EAST, title="改名")
    with pytest.raises(Refusal, match="forbidden"):
        cancel(bank, wave_id, scope=EAST)


def test_a_launch_and_a_cancellation_at_once(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys)
        wave_id = builders.create_wave(connection, state="drawn")
    started = Barrier(2)

    def run(act: str) -> str:
        try:
            with engine.begin() as connection:
                connection.execute(text("SELECT 1"))
                started.wait(timeout=30)
                if act == "cancel":
                    cancel(connection, wave_id)
                else:
                    launch_wave(connection, wave_id, EVERYTHING, by=BY, now=NOW)
        except Refusal as refusal:
            return refusal.code
        return act

    with ThreadPoolExecutor(2) as pool:
        ends = set(pool.map(run, ("cancel", "launch")))
    with engine.connect() as connection:
        state = row(connection, wave_id).state
    assert ends == {"wrong_state", {"cancelled": "cancel", "launched": "launch"}[state]}


def test_a_draw_takes_the_plan_that_was_saved_last(engine: Engine, keys: KeyRing) -> None:
    """The draw waits for the edit's lock, and must not go on with the plan it read before."""
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys)
        wave_id = builders.create_wave(connection)

    def draw() -> int:
        with engine.begin() as connection:
            return len(draw_wave(connection, wave_id, EVERYTHING, by=BY, now=NOW).selected)

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as editing:
            edit(editing, wave_id, unit_code="B101", closes_at=NOW + timedelta(days=9))
            drawn = pool.submit(draw)
            wait_for_blocked(engine, 1)
        assert drawn.result(timeout=30) == 4
    with engine.connect() as connection:
        assert set(connection.scalars(select(FrameMember.stratum))) == {"B101"}
