"""By which channel somebody is asked, and with which words."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select

from server.errors import Refusal
from server.fieldwork.contacts.contact_import import import_contacts
from server.fieldwork.importing import SentFile
from server.fieldwork.outreach.channels import choose_channel
from server.keys import KeyRing
from server.models.messages import Message
from server.models.tasks import Invitation
from server.notify.outbox.claiming import claim
from server.notify.outbox.permits import permit
from server.notify.respect.opt_outs import opt_out
from server.scope import EVERYTHING
from tests import builders
from tests.builders import BY, NOW, csv_of
from tests.notify.sending import POLICY

HEADER = ("external_id", "phone", "unit_code", "email", "preferred_channel")
ROWS = (
    ("K1", "13800000001", "B101", "k1@customer.example", "email"),
    ("K2", "13800000002", "B101", "k2@customer.example", "sms"),
    ("K3", "13800000003", "B101", "", "email"),
    ("K4", "13800000004", "B101", "k4@customer.example", ""),
)


@pytest.mark.parametrize(
    ("allowed", "preferred", "email", "expected"),
    [
        (("sms",), "email", "a@b", "sms"),
        (("sms", "email"), "email", "a@b", "email"),
        (("sms", "email"), "email", None, "sms"),
        (("email", "sms"), None, "a@b", "email"),
        (("email", "sms"), None, None, "sms"),
        (("email", "sms"), "wechat", "a@b", "email"),
        (("email", "sms"), "sms", "a@b", "sms"),
        (("email",), "sms", None, None),
        ((), None, "a@b", None),
    ],
)
def test_what_somebody_prefers_where_it_is_allowed_and_known(
    allowed: Sequence[str], preferred: str | None, email: str | None, expected: str | None
) -> None:
    assert choose_channel(allowed, preferred, {"sms": "+86138", "email": email}) == expected


def invite(connection: Connection, keys: KeyRing, channels: Sequence[str], **changes: Any) -> None:
    builders.create_units(connection)
    import_contacts(
        connection, keys, SentFile(csv_of(HEADER, ROWS), "c.csv", BY, EVERYTHING), now=NOW, dry_run=False
    )
    wave_id = builders.create_wave(connection, state="launched", channels=tuple(channels), **changes)
    builders.invite_all(connection, keys, wave_id)


def sent(connection: Connection, keys: KeyRing) -> dict[str, str]:
    rows = connection.execute(select(Message.recipient, Message.text))
    return {keys.decrypt(row.recipient): keys.decrypt(row.text) for row in rows}


def test_one_invitation_goes_where_its_reader_wants_it(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        invite(connection, keys, ["email", "sms"])
        texts = sent(connection, keys)
    assert texts.keys() == {"k1@customer.example", "+8613800000002", "+8613800000003", "k4@customer.example"}
    letter, sms = texts["k1@customer.example"], texts["+8613800000002"]
    assert letter.endswith("/decline")
    assert "回复R" not in letter
    assert "回复R" in sms
    with engine.begin() as connection:
        opt_out(connection, keys.lookup_hashes("+8613800000001"), "reply", NOW)
        claimed = {keys.decrypt(each.recipient): each for each in claim(connection, POLICY, NOW, 10)}
        stopped = {
            recipient: permit(connection, each, keys.lookup_hashes(recipient), POLICY, NOW)
            for recipient, each in claimed.items()
        }
    assert {recipient for recipient, outcome in stopped.items() if outcome} == {"k1@customer.example"}, (
        "whoever says stop by phone is not written to by e-mail"
    )


def test_whom_no_channel_of_the_wave_reaches_gets_no_message(connection: Connection, keys: KeyRing) -> None:
    invite(connection, keys, ["email"])
    assert sent(connection, keys).keys() == {f"k{number}@customer.example" for number in (1, 2, 4)}
    assert connection.scalar(select(func.count()).select_from(Invitation)) == 4


def test_an_e_mail_has_a_link_of_its_own_where_sms_may_not(connection: Connection, keys: KeyRing) -> None:
    message = {"zh": "【江城银行】请打开{link}输入{code}", "en": "Open {link} and type {code}"}
    invite(connection, keys, ["email", "sms"], link="code", message=message)
    texts = sent(connection, keys)
    assert "/r/" in texts["k1@customer.example"]
    assert "/r/" not in texts["+8613800000002"]


@pytest.mark.parametrize("channels", [[], ["pigeon"], ["sms", "sms"], "sms"])
def test_a_wave_is_not_planned_with_channels_that_lead_nowhere(connection: Connection, channels: Any) -> None:
    builders.create_units(connection)
    with pytest.raises(Refusal) as refused:
        builders.create_wave(connection, channels=channels)
    assert [each.pointer for each in refused.value.details] == ["/channels"]
