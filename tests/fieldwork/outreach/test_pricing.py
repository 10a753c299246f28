"""What asking costs is known before it is done, to the segment; and too long messages do not leave."""

from decimal import Decimal

import pytest
from sqlalchemy import Connection, select, update

from server.errors import Refusal
from server.fieldwork.outreach.pricing import outlay, refuse_long
from server.fieldwork.waves.reading import find_wave
from server.keys import KeyRing
from server.models.messages import Message
from server.models.organisation import Unit
from server.notify.respect.rules import write_rules
from server.scope import EVERYTHING
from tests import builders
from tests.builders import BY, NOW, PUBLIC_URL

LONG = "江城分行经济技术开发区人民东路与解放南路交叉口东侧综合营业大厅支行"
WORDY = {"zh": "您近日在{unit}办理过业务，" + "我们非常希望听到您的意见，" * 3 + "请用一分钟评价：{link}"}


@pytest.mark.parametrize("way", ["unique", "code"])
def test_the_price_is_that_of_the_messages_as_they_leave(
    connection: Connection, keys: KeyRing, way: str
) -> None:
    builders.create_units(connection)
    builders.create_contacts(connection, keys)
    connection.execute(update(Unit).where(Unit.code == "B201").values(name=LONG))
    message = {"zh": WORDY["zh"] + ("，填写{code}" if way == "code" else "")}
    wave_id = builders.create_wave(connection, state="drawn", message=message, link=way)
    before = outlay(connection, find_wave(connection, wave_id, EVERYTHING), PUBLIC_URL)
    assert before is not None
    assert before.cut == (LONG,)
    assert (before.people, before.links_too_long) == (12, False)

    builders.launch_wave(connection, wave_id, EVERYTHING, by=BY, now=NOW)
    builders.invite_all(connection, keys, wave_id)
    sent = list(connection.scalars(select(Message.segments)))
    assert (before.segments, before.longest) == (sum(sent), max(sent))
    assert before.cost == sum(sent) * Decimal("0.05")
    assert before.at_most == 12 * max(sent) * Decimal("0.05") >= before.cost
    texts = [keys.decrypt(each) for each in connection.scalars(select(Message.text))]
    assert sum(f"{LONG[:29]}…" in each for each in texts) == 4

    wave = find_wave(connection, wave_id, EVERYTHING)
    write_rules(connection, {"price": "0.04", "most_segments": before.longest}, by=BY, now=NOW)
    refuse_long(connection, wave, PUBLIC_URL)
    after = outlay(connection, wave, PUBLIC_URL)
    assert after is not None
    assert after.cost == sum(sent) * Decimal("0.04")
    write_rules(connection, {"most_segments": before.longest - 1}, by=BY, now=NOW)
    with pytest.raises(Refusal) as caught:
        refuse_long(connection, wave, PUBLIC_URL)
    assert [each.code for each in caught.value.details] == ["message_segments"]


def test_a_wave_keeps_to_what_was_approved(connection: Connection) -> None:
    builders.create_units(connection)
    approved = {"zh": {"text": "您在${unit}办理过业务，请评价：${link}", "id": "SMS_1"}}
    builders.create_wave(
        connection, approved=approved, message={"zh": "您在{unit}办理过业务，请评价：{link}"}
    )
    with pytest.raises(Refusal) as caught:
        builders.create_wave(connection, code="X", approved=approved, message={"zh": "请评价{unit}：{link}"})
    assert [each.code for each in caught.value.details] == ["message_not_approved"]
