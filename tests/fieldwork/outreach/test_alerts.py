"""Notices that leave as messages: to whoever sees them and asked for it, or never chose; once."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select, update

from server import catalogue
from server.db import new_id
from server.errors import Refusal
from server.fieldwork.outreach import alerts, wishes
from server.fieldwork.timetable.notices import NewNotice, raise_notices
from server.keys import KeyRing
from server.models.accounts import Account, PersonPrivate
from server.models.messages import Message
from server.models.notices import AlertWish, Notice
from server.models.organisation import Unit
from server.notify.respect.stops import stop
from tests.builders import NOW, create_units
from tests.fieldwork.people.people_for_tests import HEADER, STAFF, Desk, account_id, person_id

URL = "https://bank.example"
EVERY = frozenset({f"{kind}:{channel}" for kind in alerts.KINDS for channel in wishes.CHANNELS})


@pytest.fixture
def desk(connection: Connection, keys: KeyRing) -> Desk:
    create_units(connection)
    desk = Desk(connection, keys)
    desk.load(STAFF)
    return desk


def wish(desk: Desk, code: str, wanted: frozenset[str], address: str = "") -> None:
    own = (person_id(desk.connection, code), account_id(desk.connection, code))
    wishes.choose(desk.connection, wishes.Choice(*own, address, wanted), desk.keys, now=NOW)


def notice(desk: Desk, key: str, unit: str | None, role: str, kind: str = "critical_failure") -> None:
    unit_id = desk.connection.scalar(select(Unit.id).where(Unit.code == unit))
    raise_notices(desk.connection, [NewNotice(key, kind, role, NOW, unit_id=unit_id)], now=NOW)


def told(desk: Desk) -> list[tuple[str, str, str]]:
    """Channel, recipient and kind of all messages."""
    rows = desk.connection.execute(select(Message.channel, Message.recipient, Message.kind)).all()
    return sorted((row.channel, desk.keys.decrypt(row.recipient), row.kind) for row in rows)


def tell(desk: Desk) -> int:
    return alerts.tell(desk.connection, desk.keys, URL, now=NOW)


def test_who_sees_a_notice_and_asked_for_it_is_told_once_by_each_way(desk: Desk) -> None:
    wish(desk, "K1", EVERY, "k1@bank.example")
    wish(desk, "K2", frozenset({"critical:sms", "nonsense:sms", "critical:pigeon"}))
    notice(desk, "east", "B101", "coordinator")
    notice(desk, "other-role", "B101", "branch_manager")
    notice(desk, "other-kind", "B101", "coordinator", kind="publication")
    assert tell(desk) == 3
    assert tell(desk) == 0
    critical = [
        ("email", "k1@bank.example", "alert"),
        ("sms", "+8613800000002", "alert"),
        ("sms", "+8613800000003", "alert"),
    ]
    assert told(desk) == critical
    desk.connection.execute(update(Notice).values(alerted_at=None))
    assert tell(desk) == 3
    assert told(desk) == critical, "one notice is one message for each person and way"
    text = desk.keys.decrypt(desk.connection.scalars(select(Message.text)).all()[0])
    assert text.startswith("【")
    assert text.endswith(f"：发现严重问题，请尽快处理。 {URL}/console")


def test_a_notice_beyond_the_own_units_or_of_yesterday_or_dealt_with_is_not_told(desk: Desk) -> None:
    wish(desk, "K2", EVERY, "k2@bank.example")
    notice(desk, "everywhere", None, "coordinator")
    notice(desk, "west", "D10", "coordinator")
    raise_notices(
        desk.connection,
        [NewNotice("old", "critical_failure", "coordinator", NOW - timedelta(days=1))],
        now=NOW,
    )
    assert tell(desk) == 3
    assert told(desk) == []
    notice(desk, "own", "D1", "coordinator")
    desk.connection.execute(update(Notice).values(done_at=NOW, done_by="account:x"))
    assert tell(desk) == 1
    assert told(desk) == []


def test_a_stop_of_sending_and_the_bulletin_reach_a_group_and_who_asked(desk: Desk) -> None:
    alerts.choose_group(desk.connection, "administrator", "quality", ["sending"])
    wish(desk, "M1", frozenset({"bulletin:email"}), "m1@bank.example")
    notice(desk, "week", "B101", "branch_manager", kind="call_back_bulletin")
    stop(desk.connection, None, "misconfigured", NOW, {"code": "20003"})
    assert alerts.raise_stops(desk.connection, now=NOW) == 2
    assert alerts.raise_stops(desk.connection, now=NOW) == 0
    tell(desk)
    assert told(desk) == [("email", "m1@bank.example", "bulletin"), ("webhook", "quality", "alert")]
    alerts.choose_group(desk.connection, "administrator", "quality", [])
    desk.connection.execute(update(Notice).values(alerted_at=None, key=Notice.key + "+"))
    tell(desk)
    assert len([each for each in told(desk) if each[0] == "webhook"]) == 1


def test_ones_own_choice_replaces_the_last_one_and_e_mail_needs_an_address(desk: Desk) -> None:
    person, account = person_id(desk.connection, "K1"), account_id(desk.connection, "K1")

    def kept() -> tuple[frozenset[str], str]:
        return (
            wishes.wishes_of(desk.connection, account_id=account),
            wishes.address_of(desk.connection, person_id=person, keys=desk.keys),
        )

    assert kept() == (frozenset({"critical:email"}), ""), "what holds by default"
    wish(desk, "K1", frozenset({"orders:email"}), "k1@bank.example")
    assert kept() == (frozenset({"orders:email"}), "k1@bank.example")
    with pytest.raises(Refusal):
        wish(desk, "K1", frozenset({"orders:email"}))
    with pytest.raises(Refusal):
        wish(desk, "K1", frozenset(), "k1@")
    wish(desk, "K1", frozenset({"orders:sms"}))
    assert kept() == (frozenset({"orders:sms"}), "")
    wish(desk, "K1", frozenset())
    assert kept() == (frozenset(), "")


def know_address(desk: Desk, code: str, address: str) -> None:
    values = {"email": desk.keys.encrypt(address), "email_hash": desk.keys.lookup_hash(address)}
    private = update(PersonPrivate).where(PersonPrivate.person_id == person_id(desk.connection, code))
    desk.connection.execute(private.values(**values))


def test_who_never_chose_is_told_of_critical_failures_by_mail_and_of_nothing_else(desk: Desk) -> None:
    for code in ("K1", "K2", "M1"):
        know_address(desk, code, f"{code.lower()}@bank.example")
    wish(desk, "K2", frozenset(), "k2@bank.example")
    notice(desk, "failure", "B101", "coordinator")
    notice(desk, "failure", "B101", "coordinator", kind="call_back_overdue")
    notice(desk, "late", "B101", "coordinator", kind="call_back_overdue")
    tell(desk)
    assert told(desk) == [("email", "k1@bank.example", "alert")], "K2 chose nothing, and SMS cost money"
    know_address(desk, "K1", "new@bank.example")
    account = update(Account).where(Account.id == account_id(desk.connection, "K1"))
    desk.connection.execute(account.values(alerts_chosen_at=None))
    desk.connection.execute(
        insert(AlertWish).values(
            id=new_id(),
            account_id=account_id(desk.connection, "K1"),
            kind="orders",
            channel="sms",
            created_at=NOW,
        )
    )
    notice(desk, "another", "B101", "coordinator")
    tell(desk)
    assert len(told(desk)) == 1, "a choice that older code kept holds as well"


def test_one_cause_is_one_message_however_many_roles_see_it(desk: Desk) -> None:
    desk.load(
        f"{HEADER}\nK1,沈晓雯,13800000002,C01,项目经理,全辖\nK1,沈晓雯,13800000002,C01,网点负责人,B101\n"
    )
    wish(desk, "K1", frozenset({"critical:sms"}))
    for role in ("coordinator", "branch_manager"):
        notice(desk, f"critical_failure:1:{role}", "B101", role)
    assert tell(desk) == 2
    assert told(desk) == [("sms", "+8613800000002", "alert")]


@pytest.mark.parametrize("kind", sorted(set(alerts.CHOSEN_BY) - {"order_due"}))
def test_every_kind_has_its_sentences_in_the_inbox(kind: str) -> None:
    for locale in catalogue.LOCALES:
        assert catalogue.text(f"timetable.kind.{kind}", locale)
        assert catalogue.text(f"timetable.notice.{kind}", locale)
