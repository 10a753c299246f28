"""Replies become answers by the same door as pages; wishes hold at once; words are kept and thanked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, cast, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from server.db import new_id
from server.errors import Refusal
from server.fieldwork.definitions.shipping import shipped
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.replies import take_reply
from server.fieldwork.outreach.reply_forms import reply_question
from server.forms import compile_form
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.contacts import OptOut
from server.models.messages import InboundMessage, Message
from server.models.submissions import Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Draft, Invitation
from server.models.waves import Wave
from server.notify.replies import meaning_of
from tests import builders
from tests.builders import DAY, NOW
from tests.fieldwork.forms_for_tests import published, version_id

PHONE = "+8613800000000"
CHOICES = [("满意", "Satisfied"), ("一般", "Neither"), ("不满意", "Dissatisfied")]


def survey(**more: Any) -> dict[str, Any]:
    """One question and a place for words, as an operator asks after every visit."""
    rating = {
        "type": "radiogroup",
        "name": "overall",
        "title": {"default": "您满意吗？", "en": "Were you satisfied?"},
        "isRequired": True,
        "choices": [
            {"value": number, "text": {"default": chinese, "en": english}}
            for number, (chinese, english) in enumerate(CHOICES, start=1)
        ],
        **more,
    }
    words = {"type": "comment", "name": "words", "maxLength": 40, "title": {"default": "原因", "en": "Why"}}
    return {
        "title": {"default": "评价", "en": "Rating"},
        "pages": [{"name": "one", "elements": [rating, words]}],
    }


@dataclass
class World:
    """A wave that takes replies, and the phone of one of those it asks."""

    connection: Connection
    keys: KeyRing
    wave_id: UUID
    sent: int = 0

    def says(self, words: str, *, phone: str = PHONE, now: datetime = NOW) -> str:
        """Send a reply, have it taken twice, and return what it was taken for."""
        self.sent += 1
        values = {
            "id": new_id(), "gateway": "inbox", "provider_id": f"in-{self.sent}", "received_at": now,
            "sender": self.keys.encrypt(phone), "sender_hash": self.keys.lookup_hash(phone),
            "text": self.keys.encrypt(words),
        }  # fmt: skip
        self.connection.execute(insert(InboundMessage), values)
        sender = Sender(self.keys, "http://anfang.test")
        taken = [take_reply(self.connection, values["id"], sender, now, forms=FormShelf()) for _ in range(2)]
        assert taken[0] == taken[1]
        return taken[0]

    def answers(self) -> list[tuple[str, dict[str, Any], list[str]]]:
        """The door, the answers and the words of every submission."""
        rows = self.connection.execute(
            select(Submission.door, SubmissionRevision.answers, SubmissionRevision.id).join(
                SubmissionRevision, SubmissionRevision.submission_pk == Submission.id
            )
        ).all()
        texts = select(SubmissionText.text)
        return [
            (
                row.door,
                {name: row.answers[name] for name in row.answers if name != "words"},
                list(self.connection.scalars(texts.where(SubmissionText.revision_id == row.id))),
            )
            for row in rows
        ]

    def told(self) -> list[tuple[str, str]]:
        """What was written back, by kind."""
        rows = self.connection.execute(
            select(Message.kind, Message.text).where(Message.kind != "invitation").order_by(Message.id)
        )
        return [(row.kind, self.keys.decrypt(row.text)) for row in rows]

    def count(self, query: str) -> int:
        return self.connection.scalar(text(f"SELECT count(*) FROM {query}")) or 0


@pytest.fixture
def world(connection: Connection, keys: KeyRing) -> World:
    builders.create_units(connection)
    builders.create_contacts(connection, keys, [("K1", PHONE, "B101", "2026-05-02", "zh")])
    wave_id = builders.create_wave(connection, state="launched")
    number = published(connection, survey())
    takes_replies = Wave.settings.op("||")(cast({"reply": True}, JSONB))
    changed = {"form_version_id": version_id(connection, number), "settings": takes_replies}
    connection.execute(update(Wave).where(Wave.id == wave_id).values(**changed))
    builders.invite_all(connection, keys, wave_id)
    return World(connection, keys, wave_id)


def test_a_number_is_an_answer_and_is_thanked_for_once(world: World) -> None:
    assert world.says("３") == "answer"
    assert world.answers() == [("sms", {"overall": 3}, [])]
    row = world.connection.execute(select(*Invitation.__table__.columns)).one()
    assert (row.started_at, row.completed_at) == (NOW, NOW)
    # One response an invitation: whoever changes their mind is heard by people, not counted twice.
    assert world.says("1") == "answer"
    assert len(world.answers()) == 1
    assert [kind for kind, _ in world.told()] == ["thanks"]
    assert world.told()[0][1].startswith("【江城分行】")
    noted = select(InboundMessage.meaning, InboundMessage.invitation_id)
    assert {tuple(each) for each in world.connection.execute(noted)} == {("answer", row.id)}


def test_words_before_and_beside_the_answer_belong_to_it(world: World) -> None:
    assert world.says("柜台只开了一个") == "words"
    assert (world.answers(), world.count("draft")) == ([], 1)
    assert world.says("不满意。等了一个小时") == "answer"
    assert world.answers() == [("sms", {"overall": 3}, ["柜台只开了一个\n等了一个小时"])]
    assert world.count("draft") == 0
    assert world.says("补充一句，保安很好") == "words"
    assert len(world.answers()) == 1
    assert [kind for kind, _ in world.told()] == ["thanks"]


def test_too_many_words_cost_nobody_the_answer(world: World) -> None:
    assert world.says("1，" + "很好" * 30) == "answer"
    assert world.answers() == [("sms", {"overall": 1}, [])]
    [kept] = world.connection.scalars(select(InboundMessage.text))
    assert "很好" in world.keys.decrypt(kept)


def test_nonsense_is_asked_about_once_and_words_never(world: World) -> None:
    assert [world.says(each) for each in ("7", "", "HELP", "这是谁？")] == [
        "impossible", "empty", "help", "words",
    ]  # fmt: skip
    kinds = [kind for kind, _ in world.told()]
    assert kinds == ["reprompt", "thanks"]
    asked_again = world.told()[0][1]
    assert "1满意 2一般 3不满意" in asked_again
    assert "回复9" in asked_again
    assert asked_again.endswith("拒收请回复R")
    assert world.says("2") == "answer"


def test_a_wish_to_stop_holds_at_once_and_can_be_taken_back(world: World) -> None:
    assert world.says("ＴＤ") == "stop"
    assert world.count("opt_out") == 1
    waiting = select(Message.state).where(Message.kind == "invitation")
    assert list(world.connection.scalars(waiting)) == ["cancelled"]
    assert world.says("7") == "impossible"
    skipped = select(Message.state).where(Message.kind == "reprompt")
    assert list(world.connection.scalars(skipped)) == ["skipped"]
    assert world.says("恢复") == "start"
    assert world.connection.scalar(select(func.count()).select_from(OptOut)) == 0
    actions = set(world.connection.scalars(select(AuditLine.action)))
    assert {"opted_out", "reply_taken"} <= actions


def test_nine_asks_for_a_call(world: World) -> None:
    assert world.says("9，下午三点后") == "ring"
    job = "procrastinate_jobs WHERE task_name = 'open_call_back'"
    arguments = world.connection.scalar(text(f"SELECT args FROM {job}"))
    assert set(arguments) == {"inbound_id"}
    assert world.count(job) == 1
    assert world.told()[0] == ("thanks", "【江城分行】已收到，我们会尽快给您回电，谢谢您！")
    assert list(world.connection.scalars(select(Draft.answers["words"].astext))) == ["下午三点后"]


def test_strangers_and_late_answers_change_nothing(world: World) -> None:
    assert world.says("1", phone="+8613900000009") == "answer"
    assert world.says("退订", phone="+8613900000009") == "stop"
    assert world.says("1", now=NOW + 14 * DAY) == "answer"
    assert world.answers() == []
    assert world.count("opt_out") == 1


def test_of_several_open_ones_the_newest_is_meant_and_it_is_noted(world: World) -> None:
    connection, keys = world.connection, world.keys
    newer = builders.create_wave(connection, state="launched", code="2026-05-SAT-2")
    older = select(Wave.form_version_id, Wave.settings).where(Wave.id == world.wave_id)
    row = connection.execute(older).one()
    connection.execute(
        update(Wave)
        .where(Wave.id == newer)
        .values(form_version_id=row.form_version_id, settings={**row.settings})
    )
    builders.invite_all(connection, keys, newer, now=NOW + DAY)
    assert world.says("2", now=NOW + DAY) == "answer"
    assert connection.scalar(select(Submission.wave_id)) == newer
    lines = select(AuditLine.detail).where(AuditLine.action == "reply_taken")
    assert [detail["open"] for detail in connection.scalars(lines)] == [2]
    assert world.says("3", now=NOW + DAY) == "answer"
    assert world.count("submission") == 2


@pytest.mark.parametrize(
    ("link", "way"),
    [
        ("unique", "【江城分行】谢谢！请打开之前短信里的链接填写。 拒收请回复R"),
        ("code", "【江城分行】谢谢！请打开 http://anfang.test/c 填写，编码在之前的短信里。 拒收请回复R"),
    ],
)
def test_who_answers_what_takes_no_answers_is_told_once_where_to(world: World, link: str, way: str) -> None:
    changed = Wave.settings.op("||")(cast({"reply": False, "link": link}, JSONB))
    world.connection.execute(update(Wave).values(settings=changed))
    assert [world.says(each) for each in ("满意", "5", "7")] == ["misplaced", "misplaced", "impossible"]
    assert world.told() == [("reprompt", way)]
    assert (world.answers(), world.count("draft")) == ([], 0)
    lines = select(AuditLine.detail["meaning"].astext).where(AuditLine.action == "reply_taken")
    assert set(world.connection.scalars(lines)) == {"misplaced", "impossible"}
    # What was said in words, and the wish to be rung, are heard all the same.
    assert [world.says(each) for each in ("排队太久了", "请回电")] == ["words", "ring"]
    assert [kind for kind, _ in world.told()] == ["reprompt", "thanks", "thanks"]
    # Behind the end there is no way to tell.
    assert world.says("5", now=NOW + 14 * DAY) == "answer"


FOLLOW_UP = {"type": "comment", "name": "why", "visibleIf": "{overall} = 3", "isRequired": True, "title": "?"}


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"choices": ["yes", "no"]}, [1, 2]),
        ({"type": "rating", "choices": None, "rateMax": 5}, [1, 2, 3, 4, 5]),
        ({"type": "checkbox"}, None),
        ({"choices": [{"value": number, "text": str(number)} for number in range(1, 30)]}, None),
    ],
)
def test_which_forms_can_be_answered_by_a_message(changes: dict[str, Any], numbers: list[int] | None) -> None:
    definition = survey(**changes)
    question = definition["pages"][0]["elements"][0]
    question |= {name: value for name, value in changes.items() if value is not None}
    if question["choices"] is None:
        del question["choices"]
    found = reply_question(compile_form(definition))
    assert (found and sorted(found.choices)) == numbers
    definition["pages"][0]["elements"].append(FOLLOW_UP)
    # Where an answer needs another one, a number alone is no answer.
    if numbers and 3 in numbers:
        assert reply_question(compile_form(definition)) is None


def test_a_wave_takes_replies_only_with_such_a_form(connection: Connection) -> None:
    builders.create_units(connection)
    for changes, code in (
        ({"reply": True}, "form_not_for_replies"),
        ({"link": "reply"}, "replies_not_taken"),
    ):
        with pytest.raises(Refusal) as caught:
            builders.create_wave(connection, **changes)
        assert [each.code for each in caught.value.details] == [code]


def test_the_rating_that_the_programme_asks_can_be_answered_by_sms() -> None:
    [*_, newest] = [each.content for each in shipped("programmes") if each.key == "sms-satisfaction"]
    asked = next(each for each in newest["instruments"] if each["name"] == "sms")
    [form] = [
        each.content
        for each in shipped("forms")
        if (each.key, each.version) == (asked["form"], asked["version"])
    ]
    assert reply_question(compile_form(form)) is not None


def test_the_shipped_rating_by_sms_can_be_answered_by_sms() -> None:
    forms = {int(each.version): each.content for each in shipped("forms") if each.key == "sms-service-rating"}
    assert reply_question(compile_form(forms[1])) is None  # asks the dissatisfied for more
    question = reply_question(compile_form(forms[2]))
    assert question is not None
    assert question.listed("zh") == "1满意 2一般 3不满意"
    assert meaning_of("非常不满意", question.scale).value == 3
