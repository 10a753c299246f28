from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, func, select, text, update

from server.errors import Refusal
from server.fieldwork.outreach.inviting import BATCH
from server.fieldwork.waves.launching import invite_batch, launch_wave
from server.keys import KeyRing, token_hash
from server.models.messages import Message
from server.models.organisation import Unit
from server.models.tasks import Invitation, InvitationKey
from server.notify.respect.opt_outs import opt_out
from server.notify.texts import WORDINGS
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW, PUBLIC_URL, phone_of, tokens_sent


def launch(connection: Connection, wave_id: UUID, scope: Scope = EVERYTHING) -> None:
    launch_wave(connection, wave_id, scope, by=BY, now=NOW)


def batch(connection: Connection, wave_id: UUID, keys: KeyRing) -> int:
    return invite_batch(connection, wave_id, keys, public_url=PUBLIC_URL, now=NOW)


def bank(
    connection: Connection, keys: KeyRing, *, each: int = 4, state: str = "launched", **more: Any
) -> UUID:
    builders.create_units(connection)
    builders.create_contacts(connection, keys, each=each)
    return builders.create_wave(connection, state=state, **more)


def count(connection: Connection, table: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def texts(connection: Connection, keys: KeyRing) -> list[str]:
    return [keys.decrypt(each) for each in connection.scalars(select(Message.text))]


@pytest.mark.parametrize("state", ["planned", "launched", "closed"])
def test_only_a_drawn_wave_is_launched(connection: Connection, keys: KeyRing, state: str) -> None:
    wave_id = bank(connection, keys, state=state)
    with pytest.raises(Refusal, match="wrong_state"):
        launch(connection, wave_id)


def test_a_wave_whose_time_is_over_asks_nobody(connection: Connection, keys: KeyRing) -> None:
    wave_id = bank(connection, keys, state="drawn")
    with pytest.raises(Refusal) as refusal:
        launch_wave(connection, wave_id, EVERYTHING, by=BY, now=NOW + 14 * DAY)
    assert [each.code for each in refusal.value.details] == ["wave_over"]


def test_of_two_launches_at_once_one_counts(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        wave_id = bank(connection, keys, state="drawn")
    started = Barrier(2)

    def run(_: int) -> str:
        try:
            with engine.begin() as connection:
                connection.execute(text("SELECT 1"))
                started.wait(timeout=30)
                launch(connection, wave_id)
        except Refusal as refusal:
            return refusal.code
        return "launched"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == ["launched", "wrong_state"]
    with engine.connect() as connection:
        jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'launch_invitations'"
        assert connection.scalar(text(jobs)) == 1


def test_whoever_sees_a_part_does_not_launch_the_whole(connection: Connection, keys: KeyRing) -> None:
    wave_id = bank(connection, keys, state="drawn")
    with pytest.raises(Refusal, match="forbidden"):
        launch(connection, wave_id, Scope(unit_paths=("C01/D1/",)))


def test_everybody_selected_gets_one_invitation_and_one_message(
    connection: Connection, keys: KeyRing
) -> None:
    wave_id = bank(connection, keys)
    assert (batch(connection, wave_id, keys), batch(connection, wave_id, keys)) == (12, 0)
    assert count(connection, Invitation) == count(connection, Message) == 12
    hashes = set(connection.scalars(select(InvitationKey.hash)))
    assert {token_hash(token) for token in tokens_sent(connection, keys)} == hashes
    assert len(set(connection.scalars(select(Invitation.submission_id)))) == 12


def test_a_message_says_who_asks_where_to_and_how_to_refuse(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    rows = [("K1", phone_of(1), "B101", "2026-05-02", "zh"), ("K2", phone_of(2), "B101", "", "en")]
    builders.create_contacts(connection, keys, rows)
    batch(connection, builders.create_wave(connection, state="launched"), keys)
    chinese, english = sorted(texts(connection, keys), reverse=True)
    assert chinese.startswith("【江城分行】您在青年路支行办理过业务")
    assert english.startswith("[Jiangcheng Branch] Please rate Youth Road")
    for message, locale in ((chinese, "zh"), (english, "en")):
        assert f"{PUBLIC_URL}/r/" in message
        assert message.endswith(WORDINGS[locale].optout)


def test_invitations_carry_what_the_form_knows_and_end_with_the_wave(
    connection: Connection, keys: KeyRing
) -> None:
    wave_id = bank(connection, keys, each=1)
    batch(connection, wave_id, keys)
    row = connection.execute(
        select(*Invitation.__table__.columns).where(Invitation.variables["unit_en"].astext == "Youth Road")
    ).one()
    assert row.variables == {
        "unit": "青年路支行",
        "unit_en": "Youth Road",
        "unit_code": "B101",
        "unit_level": "outlet",
        "served_on": "2026-05-02",
    }
    assert row.expires_at == NOW + 14 * DAY


def test_messages_wait_for_the_wave_to_open_and_keep_their_units_hours(
    connection: Connection, keys: KeyRing
) -> None:
    wave_id = bank(connection, keys, opens_at=NOW + DAY)
    connection.execute(update(Unit).where(Unit.code == "B201").values(timezone="Asia/Urumqi"))
    batch(connection, wave_id, keys)
    assert set(connection.scalars(select(Message.not_before))) == {NOW + DAY}
    assert Counter(connection.scalars(select(Message.timezone))) == {"Asia/Shanghai": 8, "Asia/Urumqi": 4}


def test_a_crash_in_the_middle_loses_and_repeats_nothing(engine: Engine, keys: KeyRing) -> None:
    rows = builders.contact_rows(BATCH + 30, ["B101"])
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys, rows)
        wave_id = builders.create_wave(connection, state="launched")
    with engine.begin() as connection:
        assert batch(connection, wave_id, keys) == BATCH
        first = set(connection.scalars(select(InvitationKey.hash)))
    with engine.connect() as killed:
        assert batch(killed, wave_id, keys) == 30
        killed.rollback()
    with engine.begin() as connection:
        assert (batch(connection, wave_id, keys), batch(connection, wave_id, keys)) == (30, 0)
        assert first < set(connection.scalars(select(InvitationKey.hash)))
        assert count(connection, Invitation) == count(connection, Message) == len(rows)


def test_two_workers_at_once_invite_everybody_once(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        wave_id = bank(connection, keys)
    started = Barrier(2)

    def run(_: int) -> int:
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            started.wait(timeout=30)
            return batch(connection, wave_id, keys)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == [0, 12]
    with engine.connect() as connection:
        assert count(connection, Invitation) == count(connection, Message) == 12


def test_who_said_stop_after_the_draw_gets_no_message(connection: Connection, keys: KeyRing) -> None:
    wave_id = bank(connection, keys)
    opt_out(connection, keys.lookup_hashes("+86" + phone_of(0)), "reply", NOW)
    batch(connection, wave_id, keys)
    rows = connection.execute(
        select(Message.state, Message.reason, func.count()).group_by(Message.state, Message.reason)
    )
    assert {tuple(row) for row in rows} == {("queued", None, 11), ("skipped", "opt_out", 1)}


def test_no_table_holds_a_link(connection: Connection, keys: KeyRing) -> None:
    wave_id = bank(connection, keys, each=1)
    batch(connection, wave_id, keys)
    tokens = tokens_sent(connection, keys)
    for table in ("invitation", "message", "audit_line", "procrastinate_jobs"):
        for row in connection.execute(text(f'SELECT "{table}"::text FROM "{table}"')).scalars():
            assert not any(token in row for token in tokens)


def test_a_visit_brings_its_link_to_the_shopper(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    visit = builders.create_visit(connection, keys)
    [message] = texts(connection, keys)
    assert f"{PUBLIC_URL}/v/{visit.token}" in message
    assert "青年路支行" in message
    row = connection.execute(select(Message.recipient, Message.expires_at, Message.not_before)).one()
    assert keys.decrypt(row.recipient) == "+8613900139000"
    assert row.expires_at - row.not_before == timedelta(days=7)


def test_a_visit_to_nowhere(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    with pytest.raises(Refusal) as refusal:
        builders.create_visit(connection, keys, unit_code="nowhere")
    assert [each.code for each in refusal.value.details] == ["unknown_unit"]
    assert count(connection, Message) == 0
