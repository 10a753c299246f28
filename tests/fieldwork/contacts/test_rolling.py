from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, delete, select, text, update

from server.fieldwork.contacts.rolling.drawing import NightDraw, draw_night, rolling_waves
from server.fieldwork.contacts.rolling.inviting import invite_drawn
from server.fieldwork.contacts.rolling.reading import rolling_panel, verify_nights
from server.fieldwork.contacts.rolling.rules import RollingRules, rolling_problems
from server.fieldwork.outreach.inviting import BATCH
from server.fieldwork.waves.reading import find_wave
from server.fieldwork.waves.states import move_wave
from server.jobs import rounds
from server.keys import KeyRing
from server.models.draws import FrameMember
from server.models.messages import Message
from server.models.organisation import Unit
from server.models.rolling import RollingDraw
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import DAY, NOW, PUBLIC_URL
from tests.fieldwork.contacts.worlds import phone, put_contacts, put_events

# NOW is 10:00 on 4 May in Shanghai, so yesterday is the third.
YESTERDAY = date(2026, 5, 3)
HEADER = "external_id,contact,unit_code,happened_at,business,channel,teller_code"


def roll(connection: Connection, **rolling: Any) -> UUID:
    """A launched rolling wave; without rules it asks about everything."""
    wave_id = builders.create_wave(connection)
    settings = {**find_wave(connection, wave_id, EVERYTHING).settings, "rolling": {"rate": "1", **rolling}}
    connection.execute(update(Wave).where(Wave.id == wave_id).values(settings=settings))
    move_wave(connection, wave_id, before="planned", after="launched", now=NOW)
    return wave_id


@pytest.fixture
def bank(connection: Connection, keys: KeyRing) -> Connection:
    """Forty contacts; the events come from the tests."""
    builders.create_units(connection)
    put_contacts(connection, keys, *(f"K{n},{phone(n)},B101" for n in range(40)))
    return connection


def events(count: int, unit: str = "B101", day: str = "2026-05-03", first: int = 0) -> list[str]:
    return [f"E{unit}{day}{n},K{n},{unit},{day} 10:{n:02}" for n in range(first, first + count)]


def night(connection: Connection, wave_id: UUID, keys: KeyRing, now: datetime = NOW) -> NightDraw:
    done = draw_night(connection, wave_id, now=now)
    while invite_drawn(connection, wave_id, keys, public_url=PUBLIC_URL, now=now) == BATCH:
        pass
    return done


def draws(connection: Connection) -> list[Any]:
    return list(connection.execute(select(*RollingDraw.__table__.columns).order_by(RollingDraw.stratum)))


def asked(connection: Connection) -> list[Any]:
    return list(connection.execute(select(*Invitation.__table__.columns).order_by(Invitation.id)))


def test_yesterdays_customers_are_asked_once(bank: Connection, keys: KeyRing) -> None:
    put_events(bank, *events(3), *events(1, day="2026-05-04", first=5), *events(1, "B201", first=6))
    wave_id = roll(bank)
    assert night(bank, wave_id, keys) == NightDraw(draws=2, events=4, selected=4)
    assert night(bank, wave_id, keys) == NightDraw()
    assert len(asked(bank)) == len(bank.execute(select(Message.id)).all()) == 4
    assert {row.event_id for row in asked(bank)} == set(
        bank.scalars(select(FrameMember.event_id).where(FrameMember.outcome == "selected"))
    )


def test_an_invitation_knows_what_the_customer_came_for(bank: Connection, keys: KeyRing) -> None:
    put_events(bank, "E1,K1,B201,2026-05-03 23:30,开户,自助,T017", header=HEADER)
    night(bank, roll(bank), keys)
    [row] = asked(bank)
    known = {name: row.variables[name] for name in ("unit", "served_on", "business", "channel", "teller")}
    assert known == {
        "unit": "人民路支行", "served_on": "2026-05-03", "business": "开户", "channel": "self_service",
        "teller": "T017",
    }  # fmt: skip
    assert row.subject_id == builders.subject_of(bank, "B201")
    assert len(builders.tokens_sent(bank, keys)) == 1


def test_a_quota_holds_for_each_unit_and_day_over_all_rounds(bank: Connection, keys: KeyRing) -> None:
    wave_id = roll(bank, quota=3)
    put_events(bank, *events(2), *events(5, "B102", first=20))
    night(bank, wave_id, keys)
    put_events(bank, *events(4, first=5))
    night(bank, wave_id, keys, NOW + timedelta(hours=1))
    found = {row.stratum: (row.round, row.population, row.selected) for row in draws(bank)}
    assert found == {
        "B101/2026-05-03": (1, 2, 2),
        "B101/2026-05-03/2": (2, 4, 1),
        "B102/2026-05-03": (1, 5, 3),
    }


@pytest.mark.parametrize(
    ("late_days", "days", "expected"),
    [
        (0, ["2026-05-03"], 1),
        (0, ["2026-05-02"], 0),
        (1, ["2026-05-02"], 1),
        (9, ["2026-05-01", "2026-05-02"], 1),
    ],
)
def test_late_events_count_for_some_days_and_not_from_before_the_wave(
    bank: Connection, keys: KeyRing, late_days: int, days: list[str], expected: int
) -> None:
    """The wave opens on the third: the second is the first day it asks about."""
    put_events(bank, *(row for n, day in enumerate(days) for row in events(1, day=day, first=n)))
    assert night(bank, roll(bank, late_days=late_days), keys).events == expected


def test_a_day_is_the_units_own(bank: Connection, keys: KeyRing) -> None:
    bank.execute(update(Unit).where(Unit.code == "B201").values(timezone="Europe/London"))
    # 10:00 in Shanghai is 03:00 in London: 00:30 there is today, 23:30 is yesterday.
    put_events(bank, "E1,K1,B201,2026-05-04 00:30", "E2,K2,B201,2026-05-03 23:30")
    night(bank, roll(bank), keys)
    assert [row.variables["served_on"] for row in asked(bank)] == ["2026-05-03"]


def test_reasons_not_to_ask_hold_here_too(bank: Connection, keys: KeyRing) -> None:
    put_contacts(bank, keys, f"K0,{phone(0)},B101,是", header="external_id,phone,unit_code,员工")
    put_events(bank, *events(3), "X1,K1,B201,2026-05-03 18:00")
    wave_id = roll(bank, fatigue={"times": 1, "days": 30})
    assert night(bank, wave_id, keys).selected == 2
    put_events(bank, *events(4, "B102"), now=NOW + DAY)
    assert night(bank, wave_id, keys, NOW + timedelta(hours=2)).selected == 1
    panel = rolling_panel(bank, find_wave(bank, wave_id, EVERYTHING), EVERYTHING)
    assert panel.exclusions == {"staff": 2, "contacted_recently": 2, "duplicate_phone": 1}


def test_messages_leave_in_decent_hours_of_the_unit(bank: Connection, keys: KeyRing) -> None:
    put_events(bank, *events(1))
    early = datetime(2026, 5, 3, 21, 30, tzinfo=UTC)  # half past five in the morning of the fourth
    night(bank, roll(bank), keys, early)
    assert bank.scalar(select(Message.not_before)) == datetime(2026, 5, 4, 1, 0, tzinfo=UTC)


def test_nobody_is_drawn_who_could_only_be_asked_too_late(bank: Connection, keys: KeyRing) -> None:
    put_events(bank, *events(3))
    wave_id = roll(bank)
    bank.execute(update(Wave).where(Wave.id == wave_id).values(closes_at=NOW + timedelta(hours=1)))
    evening = NOW + timedelta(minutes=30)
    rules = {"rate": "1", "quiet_from": "10:20", "quiet_until": "09:00"}
    settings = find_wave(bank, wave_id, EVERYTHING).settings
    bank.execute(update(Wave).values(settings={**settings, "rolling": rules}))
    assert night(bank, wave_id, keys, evening) == NightDraw()
    assert bank.execute(select(FrameMember.member_id)).all() == []


def test_only_running_rolling_waves_draw(bank: Connection, keys: KeyRing) -> None:
    wave_id = roll(bank)
    builders.create_wave(bank, code="PLAIN", state="launched")
    assert rolling_waves(bank, now=NOW) == [wave_id]
    assert rolling_waves(bank, now=NOW + 15 * DAY) == []
    put_events(bank, *events(1))
    bank.execute(update(Wave).where(Wave.id == wave_id).values(state="paused"))
    assert (rolling_waves(bank, now=NOW), night(bank, wave_id, keys)) == ([], NightDraw())


def test_a_wave_of_a_subtree_leaves_other_units_alone(bank: Connection, keys: KeyRing) -> None:
    wave_id = roll(bank)
    east = bank.scalar(select(Unit.id).where(Unit.code == "D1"))
    bank.execute(update(Wave).where(Wave.id == wave_id).values(unit_id=east))
    put_events(bank, *events(2), *events(2, "B201", first=5))
    assert night(bank, wave_id, keys).events == 2


def test_every_night_repeats_from_its_record(bank: Connection, keys: KeyRing) -> None:
    wave_id = roll(bank, rate="0.5", quota=4)
    put_events(bank, *events(9), *events(8, "B102", first=20))
    night(bank, wave_id, keys)
    put_events(bank, *events(1, first=9))
    night(bank, wave_id, keys)
    wave = find_wave(bank, wave_id, EVERYTHING)
    assert verify_nights(bank, wave, EVERYTHING) == []
    members = list(
        bank.execute(select(*FrameMember.__table__.columns).where(FrameMember.stratum == "B102/2026-05-03"))
    )
    assert {row.inclusion for row in members} == {draws(bank)[-1].record["inclusion"]}
    chosen = next(row.member_id for row in members if row.outcome == "reserve")
    bank.execute(update(FrameMember).where(FrameMember.member_id == chosen).values(outcome="selected"))
    assert {each.pointer for each in verify_nights(bank, wave, EVERYTHING)} == {"/B102/2026-05-03/stored"}
    bank.execute(delete(FrameMember).where(FrameMember.stratum == "B101/2026-05-03/2"))
    assert "/B101/2026-05-03/2" in {each.pointer for each in verify_nights(bank, wave, EVERYTHING)}


def test_the_panel_counts_day_by_day_within_the_scope(bank: Connection, keys: KeyRing) -> None:
    wave_id = roll(bank, quota=2)
    put_events(bank, *events(4), *events(3, "B201", first=20), *events(2, day="2026-05-02", first=30))
    night(bank, wave_id, keys)
    put_events(bank, *events(1, first=8))
    night(bank, wave_id, keys)
    wave = find_wave(bank, wave_id, EVERYTHING)
    days = rolling_panel(bank, wave, EVERYTHING).days
    assert [(each.day, each.units, each.events, each.selected, each.late) for each in days] == [
        (YESTERDAY, 2, 8, 4, 1),
        (date(2026, 5, 2), 1, 2, 2, 0),
    ]
    [east] = rolling_panel(bank, wave, Scope(unit_paths=("C01/D10/",))).days
    assert (east.units, east.events) == (1, 3)


def test_the_job_may_run_twice(app: Flask, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        put_contacts(connection, keys, *(f"K{n},{phone(n)},B101" for n in range(3)))
        put_events(connection, *events(3))
        roll(connection)
    with app.app_context():
        rounds.draw_rolling_waves()
        rounds.draw_rolling_waves()
    with engine.connect() as connection:
        assert len(asked(connection)) == 3
        lines = connection.scalars(text("SELECT detail FROM audit_line WHERE action = 'rolling_drawn'")).all()
        assert lines == [{"draws": 1, "events": 3, "selected": 3}]


def test_a_killed_worker_is_taken_over(app: Flask, engine: Engine, keys: KeyRing) -> None:
    """Drawn but not yet invited: the next run goes on with the invitations."""
    with engine.begin() as connection:
        builders.create_units(connection)
        put_contacts(connection, keys, *(f"K{n},{phone(n)},B101" for n in range(3)))
        put_events(connection, *events(3))
        draw_night(connection, roll(connection), now=NOW)
    with app.app_context():
        rounds.draw_rolling_waves()
    with engine.connect() as connection:
        assert len(asked(connection)) == 3


@pytest.mark.parametrize(
    ("at", "weekdays", "expected"),
    [
        ("2026-05-04T02:00", (), "2026-05-04T02:00"),
        ("2026-05-04T00:59", (), "2026-05-04T01:00"),
        ("2026-05-04T12:00", (), "2026-05-05T01:00"),
        ("2026-05-04T11:59", (), "2026-05-04T11:59"),
        ("2026-05-08T12:00", (0, 1, 2, 3, 4), "2026-05-11T01:00"),
        ("2026-05-09T03:00", (6,), "2026-05-10T01:00"),
        ("2026-05-10T13:00", (6,), "2026-05-17T01:00"),
    ],
)
def test_the_next_decent_moment(at: str, weekdays: tuple[int, ...], expected: str) -> None:
    rules = RollingRules(Decimal(1), weekdays=weekdays)
    moment = rules.decent(datetime.fromisoformat(at).replace(tzinfo=UTC), ZoneInfo("Asia/Shanghai"))
    assert moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_rules_are_stored_and_read() -> None:
    rules = RollingRules(Decimal("0.15"), 4, 3, weekdays=(0, 2), late_days=1)
    assert RollingRules.from_json(rules.to_json()) == rules
    assert RollingRules.from_json({"rate": "0.15"}) == RollingRules(Decimal("0.15"))


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, []),
        ({"rate": "0"}, ["/rolling/rate"]),
        ({"rate": "1.5"}, ["/rolling/rate"]),
        ({"rate": 0.5}, ["/rolling/rate"]),
        ({"rate": "NaN"}, ["/rolling/rate"]),
        ({"quota": 0}, ["/rolling/quota"]),
        ({"quota": True}, ["/rolling/quota"]),
        ({"late_days": 99, "delay_hours": -1}, ["/rolling/delay_hours", "/rolling/late_days"]),
        ({"quiet_from": "08:00"}, ["/rolling/quiet_from"]),
        ({"quiet_until": "nine"}, ["/rolling/quiet_from"]),
        ({"weekdays": [7]}, ["/rolling/weekdays"]),
        ({"fatigue": {"times": 0, "days": 1}}, ["/rolling/fatigue/0/times"]),
    ],
)
def test_wrong_rules_are_told_with_their_place(changes: dict[str, Any], pointers: list[str]) -> None:
    assert [each.pointer for each in rolling_problems({"rate": "0.2", **changes})] == pointers
