"""Set-up links: once, for three days, and looking changes nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from server.accounts import sessions
from server.errors import Refusal
from server.fieldwork.people import set_up
from server.fieldwork.people.closing import Leave, close_person
from server.fieldwork.people.set_up import Sending, find_link, newest_link, send_link, use_link
from server.keys import KeyRing
from server.models.accounts import Account, AccountSetUp
from server.models.audit import AuditLine
from server.models.messages import Message
from server.notify.segments import measure
from tests.builders import NOW, PUBLIC_URL, create_units
from tests.fieldwork.people.people_for_tests import STAFF, Desk, account_id, lines, person_id

PASSWORD = "correct horse battery"
BOTH = (PASSWORD, PASSWORD)
SECOND = timedelta(seconds=1)


@pytest.fixture
def desk(connection: Connection, keys: KeyRing) -> Desk:
    create_units(connection)
    desk = Desk(connection, keys)
    desk.load(STAFF)
    return desk


def texts(desk: Desk) -> Iterator[str]:
    for text in desk.connection.scalars(select(Message.text).order_by(Message.id)):
        yield desk.keys.decrypt(text)


def sent(desk: Desk, code: str = "M1", now: datetime = NOW) -> str:
    """Send somebody a link; returns its token."""
    send_link(desk.connection, desk.person(code), desk.who, Sending(desk.keys, PUBLIC_URL, now))
    return list(texts(desk))[-1].rpartition("/")[2]


def use(desk: Desk, token: str, passwords: tuple[str, str] = BOTH, now: datetime = NOW) -> None:
    use_link(desk.connection, token, passwords, address="192.0.2.1", now=now)


def refusal_of(desk: Desk, token: str, passwords: tuple[str, str] = BOTH, now: datetime = NOW) -> list[str]:
    with pytest.raises(Refusal) as caught:
        use(desk, token, passwords, now)
    return [caught.value.code, *(detail.code for detail in caught.value.details)]


def can_sign_in(desk: Desk, login: str = "m1", password: str = PASSWORD) -> bool:
    try:
        sessions.sign_in(desk.connection, login, password, address="192.0.2.1", now=NOW)
    except Refusal:
        return False
    return True


def test_the_link_sets_the_password_once(desk: Desk) -> None:
    assert not can_sign_in(desk, password="!")
    token = sent(desk)
    use(desk, token)
    assert can_sign_in(desk)
    assert refusal_of(desk, token, ("another horse battery",) * 2) == ["link_expired"]
    assert can_sign_in(desk)


def test_looking_at_it_changes_nothing(desk: Desk) -> None:
    token = sent(desk)
    for _ in range(3):
        assert find_link(desk.connection, token, now=NOW) is not None
    use(desk, token)
    assert find_link(desk.connection, token, now=NOW) is None


def test_the_message_says_who_asks_and_nothing_about_the_person(desk: Desk) -> None:
    sent(desk)
    [text] = texts(desk)
    assert text.startswith("【江城分行】您的登录名是m1。")
    assert f"{PUBLIC_URL}/console/set-up/" in text
    assert "青年路行长" not in text
    row = desk.connection.execute(select(Message.kind, Message.expires_at)).one()
    assert tuple(row) == ("set_up", NOW + set_up.VALID_FOR)
    assert measure(text).segments <= 3


def test_it_is_over_after_three_days(desk: Desk) -> None:
    token = sent(desk)
    end = NOW + set_up.VALID_FOR
    assert find_link(desk.connection, token, now=end - SECOND) is not None
    assert refusal_of(desk, token, now=end) == ["link_expired"]


def test_a_newer_link_voids_the_older_and_holds_its_message_back(desk: Desk) -> None:
    first, second = sent(desk), sent(desk)
    assert refusal_of(desk, first) == ["link_expired"]
    assert desk.connection.scalars(select(Message.state).order_by(Message.id)).all() == [
        "cancelled",
        "queued",
    ]
    use(desk, second)


def test_voided_by_hand(desk: Desk) -> None:
    token = sent(desk)
    set_up.void(desk.connection, desk.person("M1"), desk.who, now=NOW)
    assert refusal_of(desk, token) == ["link_expired"]
    link = newest_link(desk.connection, account_id(desk.connection, "M1"))
    assert link is not None
    assert link.voided_at == NOW
    assert lines(desk.connection, "M1")[-1][1] == "set_up_voided"


@pytest.mark.parametrize(
    ("passwords", "found"),
    [
        (("short", "short"), ["password_short"]),
        ((PASSWORD, PASSWORD + "!"), ["passwords_differ"]),
        (("short", "other"), ["password_short", "passwords_differ"]),
    ],
)
def test_a_bad_password_leaves_the_link_whole(
    desk: Desk, passwords: tuple[str, str], found: list[str]
) -> None:
    token = sent(desk)
    assert refusal_of(desk, token, passwords) == ["invalid_fields", *found]
    use(desk, token)


def test_setting_a_password_signs_out_whoever_was_in(desk: Desk) -> None:
    use(desk, sent(desk))
    signed_in = sessions.sign_in(desk.connection, "m1", PASSWORD, address="", now=NOW)
    use(desk, sent(desk), ("another horse battery",) * 2)
    assert sessions.find_session(desk.connection, signed_in.secret, now=NOW) is None


def test_whoever_leaves_takes_the_link_along(desk: Desk) -> None:
    token = sent(desk)
    leave = Leave(NOW.date(), "离职")
    close_person(desk.connection, person_id(desk.connection, "M1"), leave, desk.who, now=NOW)
    assert refusal_of(desk, token) == ["link_expired"]


def test_a_disabled_account_is_set_up_by_nobody(desk: Desk) -> None:
    token = sent(desk)
    desk.connection.execute(update(Account).values(disabled_at=NOW))
    assert refusal_of(desk, token) == ["link_expired"]


def test_guessing_one_link_ends_after_ten_tries(desk: Desk) -> None:
    for _ in range(sessions.ATTEMPTS_PER_LOGIN):
        assert refusal_of(desk, "guessed") == ["link_expired"]
    assert refusal_of(desk, "guessed") == ["too_many_attempts"]
    assert refusal_of(desk, "x" * 100_000) == ["link_expired"]


def test_who_cannot_be_reached_is_told_with_all_reasons(desk: Desk) -> None:
    desk.load("工号,姓名,所属机构\nX1,甲,B101\n")
    with pytest.raises(Refusal) as caught:
        sent(desk, "X1")
    assert [detail.code for detail in caught.value.details] == ["account_absent", "phone_absent"]


def test_nobody_sets_up_who_holds_more(desk: Desk) -> None:
    with pytest.raises(Refusal) as caught:
        sent(desk.as_("K1"), "A1")
    assert caught.value.code == "forbidden"


def test_only_the_hash_is_kept_and_no_line_has_the_token(desk: Desk) -> None:
    token = sent(desk)
    stored = [str(row) for row in desk.connection.execute(select(AccountSetUp.token_hash))]
    written = [str(row) for row in desk.connection.execute(select(AuditLine.detail))]
    assert token not in str(stored) + str(written)
    assert desk.connection.scalar(select(func.count()).select_from(AccountSetUp)) == 1
