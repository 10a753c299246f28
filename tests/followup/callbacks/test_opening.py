"""From a reply that is not satisfied to a case, by the programme that is shipped for it."""

from sqlalchemy import Connection, insert, select

from server.db import new_id
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.replies import take_reply
from server.followup.callbacks.opening import open_for_submission
from server.intake.following import follow_batch
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.callbacks import CallBackCase
from server.models.messages import InboundMessage
from server.models.submissions import ScoreSheet, Submission
from tests import builders
from tests.builders import NOW

PHONE = "+8613800000000"
PUBLIC_URL = "http://anfang.test"
ASKED = {"zh": "您满意吗？1满意 2一般 3不满意", "en": "Were you satisfied? 1 yes 2 neither 3 no"}


def test_a_dissatisfied_reply_is_scored_and_opens_a_case(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    builders.create_contacts(connection, keys, [("K1", PHONE, "B101", "2026-05-02", "zh")])
    wave_id = builders.create_wave(
        connection,
        state="launched",
        programme="sms-satisfaction",
        instrument="sms",
        message=ASKED,
        link="reply",
        reply=True,
    )
    builders.invite_all(connection, keys, wave_id)
    values = {
        "id": new_id(), "gateway": "inbox", "provider_id": "in-1", "received_at": NOW,
        "sender": keys.encrypt(PHONE), "sender_hash": keys.lookup_hash(PHONE),
        "text": keys.encrypt("不满意"),
    }  # fmt: skip
    connection.execute(insert(InboundMessage), values)
    assert take_reply(connection, values["id"], Sender(keys, PUBLIC_URL), NOW, forms=FormShelf()) == "answer"
    assert follow_batch(connection) == 1
    pk = connection.execute(select(Submission.id)).scalar_one()
    score = connection.execute(select(ScoreSheet.published)).scalar_one()
    assert str(score) == "0.00"
    case_id = open_for_submission(connection, pk, NOW)
    case = connection.execute(select(CallBackCase.id, CallBackCase.cause)).one()
    assert tuple(case) == (case_id, "dissatisfied")
