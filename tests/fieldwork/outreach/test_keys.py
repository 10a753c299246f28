"""What opens an invitation: several keys each, kept as hashes, and over at their time."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, select, update

from server.fieldwork.outreach.keys import Holder, Sender, code_hashes, digits_of, grouped, new_link
from server.fieldwork.responding import find_by_hashes, find_by_token
from server.keys import KeyRing, token_hash
from server.models.messages import Message
from server.models.tasks import Invitation, InvitationKey
from tests import builders
from tests.builders import DAY, NOW, PUBLIC_URL

CODE = re.compile(r"\d{4} \d{4} \d{4}")
MESSAGE = {"zh": "请评价{unit}，{days}天内打开{link}，填写{code}"}
WAYS_TO_TYPE: list[Callable[[str], str]] = [
    lambda code: code,
    lambda code: code.replace(" ", ""),
    lambda code: code.replace(" ", "-"),
    lambda code: f" {code.replace(' ', '　')} ",
    lambda code: code.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}),
]


def sent(connection: Connection, keys: KeyRing) -> tuple[str, str, str]:
    """The text, the code and the phone of one message."""
    row = connection.execute(select(Message.text, Message.recipient).order_by(Message.id).limit(1)).one()
    text = keys.decrypt(row.text)
    return text, CODE.findall(text)[0], keys.decrypt(row.recipient)


def test_a_code_opens_with_the_phones_digits_until_it_is_over(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    builders.create_contacts(connection, keys)
    wave_id = builders.create_wave(connection, state="launched", message=MESSAGE, link="code")
    builders.invite_all(connection, keys, wave_id)
    text, code, phone = sent(connection, keys)
    assert f"14天内打开{PUBLIC_URL}/c，填写{code}" in text

    for typed in WAYS_TO_TYPE:
        found = find_by_hashes(connection, code_hashes(keys, typed(code), typed(phone[-4:])), now=NOW)
        assert found is not None
    wrong = [(code, "9999"), (code[:-1], phone[-4:]), ("", ""), (code, phone[-3:]), ("x" * 10_000, "一二")]
    for typed_code, last_four in wrong:
        assert find_by_hashes(connection, code_hashes(keys, typed_code, last_four), now=NOW) is None
    hashes = code_hashes(keys, code, phone[-4:])
    assert find_by_hashes(connection, hashes, now=NOW + 14 * DAY) is None
    assert find_by_token(connection, code, "invitation", now=NOW) is None
    # A stolen table says nothing: neither the code nor a hash that anybody could make.
    stored = connection.execute(select(InvitationKey.hash, InvitationKey.sealed)).all()
    plain = code.replace(" ", "")
    assert all(plain.encode() not in row.sealed for row in stored)
    assert not {token_hash(plain), token_hash(f"code:{plain}:{phone[-4:]}")} & {row.hash for row in stored}


def test_an_invitation_has_several_links_each_over_at_its_time(connection: Connection, keys: KeyRing) -> None:
    first = builders.create_invitation(connection, keys)
    sender, holder = Sender(keys, PUBLIC_URL), Holder(first.id, "+8613900000000", NOW + 2 * DAY)
    token = new_link(connection, holder, sender, NOW).removeprefix(f"{PUBLIC_URL}/r/")
    assert len(token) == 22
    connection.execute(
        update(Invitation).where(Invitation.id == first.id).values(token_hash=token_hash("old"))
    )
    for opens in (first.token, token, "old"):
        found = find_by_token(connection, opens, "invitation", now=NOW)
        assert found is not None
        assert found.id == first.id
    assert find_by_token(connection, token, "invitation", now=NOW + 2 * DAY) is None
    assert find_by_token(connection, first.token, "invitation", now=NOW + 2 * DAY) is not None
    assert find_by_token(connection, "old", "invitation", now=NOW + 14 * DAY) is None


@pytest.mark.parametrize(("code", "shown"), [("123456789012", "1234 5678 9012"), ("", "")])
def test_codes_are_shown_in_fours(code: str, shown: str) -> None:
    assert (grouped(code), digits_of(shown)) == (shown, code)
