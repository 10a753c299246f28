"""Answers that come as messages: from a stored reply to a submission, a wish kept, or words that are read.

Whoever stores a reply calls `take_reply` in the same transaction, so that a wish to stop holds at once. What
is asked of somebody is the newest invitation of their number that takes replies; where several are open, that
is noted. Whoever answers a message that takes no answers is told once where to answer. Taking the same reply
twice is taking it once.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from server import audit, queue
from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork import drafts, responding
from server.fieldwork.carrying import PageAnswers
from server.fieldwork.links import code_page
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.reach import ASKED_ABOUT, invited_at
from server.fieldwork.outreach.reply_forms import ReplyQuestion, reply_question
from server.fieldwork.responding import Task
from server.intake.prepare import Ask, Incoming, Prepared, prepare
from server.intake.record import record
from server.intake.shelf import FormShelf, ShelvedForm
from server.keys import KeyRing
from server.models.messages import InboundMessage
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.replies import BARE, Meaning, Reply, meaning_of
from server.notify.respect.opt_outs import opt_in, opt_out
from server.notify.texts import compose_reply, compose_way

# What a gateway may have understood itself; everything else it leaves to us.
WISHES: Final = ("stop", "start", "help")
# An answer to an answer is of no use on the next day.
KEPT: Final = timedelta(hours=12)
# More invitations than that nobody has; the newest are enough to find the one that is meant.
MOST_CANDIDATES: Final = 50


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a reply answers: an invitation, its wave's names, and its form as it is answered by a message."""

    task: Task
    row: AnyRow
    shelved: ShelvedForm
    question: ReplyQuestion | None
    open_ones: int
    is_open: bool

    @property
    def takes_answers(self) -> bool:
        return self.question is not None and self.open_ones > 0

    @property
    def answers_elsewhere(self) -> bool:
        """Whether it can be answered now, but on a page alone."""
        return self.is_open and not self.row.settings.get("reply")


@dataclass(frozen=True, slots=True)
class _Desk:
    """The hands of one reply."""

    connection: Connection
    sender: Sender
    forms: FormShelf
    inbound: AnyRow
    now: datetime

    @property
    def keys(self) -> KeyRing:
        return self.sender.keys

    @property
    def phone(self) -> str:
        return self.keys.decrypt(self.inbound.sender)


def take_reply(
    connection: Connection, inbound_id: UUID, sender: Sender, now: datetime, *, forms: FormShelf
) -> Meaning:
    """Understand a stored reply and do what it asks, in the caller's transaction.

    Returns:
        What it was taken for, as `inbound_message.meaning` keeps it.
    """
    inbound = connection.execute(
        select(*InboundMessage.__table__.columns).where(InboundMessage.id == inbound_id).with_for_update()
    ).one()
    if inbound.meaning is not None and inbound.meaning not in WISHES:
        return cast(Meaning, inbound.meaning)
    desk = _Desk(connection, sender, forms, inbound, now)
    asked = _asked(desk)
    reply = _understood(desk, asked)
    ACTS[reply.meaning](desk, asked, reply)
    connection.execute(
        update(InboundMessage)
        .where(InboundMessage.id == inbound_id)
        .values(meaning=reply.meaning, invitation_id=asked.task.id if asked else None)
    )
    if asked is not None:
        detail = {"inbound": str(inbound_id), "meaning": reply.meaning, "open": asked.open_ones}
        entry = audit.Entry(asked.task.actor, "reply_taken", asked.task.actor, detail)
        audit.record(connection, [entry], at=now)
    return reply.meaning


def _understood(desk: _Desk, asked: _Asked | None) -> Reply:
    if desk.inbound.meaning is not None:
        return Reply(desk.inbound.meaning)
    question = asked.question if asked else None
    reply = meaning_of(desk.keys.decrypt(desk.inbound.text), question.scale if question else BARE)
    misplaced = reply.meaning == "answer" and asked is not None and asked.answers_elsewhere
    return replace(reply, meaning="misplaced") if misplaced else reply


def _asked(desk: _Desk) -> _Asked | None:
    """The newest open invitation of the number that takes replies, else the newest there is, as it stands.

    What is over takes replies before what is over and never did.
    """
    rows = desk.connection.execute(
        select(
            Invitation.id, Invitation.wave_id, ASKED_ABOUT, Invitation.locale, Invitation.completed_at,
            Invitation.expires_at, Wave.settings, Wave.opens_at,
            Wave.state.label("wave_state"),
        )
        .join(Wave, Wave.id == Invitation.wave_id)
        .where(Invitation.id.in_(invited_at(desk.keys.lookup_hashes(desk.phone))))
        .order_by(Invitation.created_at.desc(), Invitation.id.desc())
        .limit(MOST_CANDIDATES)
    ).all()  # fmt: skip
    if not rows:
        return None
    takes = [row for row in rows if row.settings.get("reply")]
    open_ones = [row for row in takes if _is_open(row, desk.now)]
    newest = [row for row in rows[:1] if _is_open(row, desk.now)]
    row = (open_ones or newest or takes or rows)[0]
    task = responding.find_invitation(desk.connection, row.id)
    shelved = desk.forms.get(desk.connection, task.form_version_id)
    question = reply_question(shelved.form) if row.settings.get("reply") else None
    return _Asked(task, row, shelved, question, len(open_ones), _is_open(row, desk.now))


def _is_open(row: AnyRow, now: datetime) -> bool:
    running = row.wave_state == "launched" and row.opens_at <= now < row.expires_at
    return running and row.completed_at is None


def _stop(desk: _Desk, asked: _Asked | None, _reply: Reply) -> None:
    opt_out(desk.connection, desk.keys.lookup_hashes(desk.phone), "reply", desk.now)
    if asked is not None:
        entry = audit.Entry(asked.task.actor, "opted_out", asked.task.actor, {})
        audit.record(desk.connection, [entry], at=desk.now)


def _start(desk: _Desk, _asked: _Asked | None, _reply: Reply) -> None:
    opt_in(desk.connection, desk.keys.lookup_hashes(desk.phone))


def _ring(desk: _Desk, asked: _Asked | None, reply: Reply) -> None:
    if asked is None:
        return
    _keep_words(desk, asked, reply.words)
    queue.defer(desk.connection, "open_call_back", inbound_id=str(desk.inbound.id))
    _send(desk, asked, "ring", "thanks")


def _answer(desk: _Desk, asked: _Asked | None, reply: Reply) -> None:
    if asked is None:
        return
    if asked.takes_answers and not _hand_in(desk, asked, reply):
        _prompt(desk, asked, reply)
        return
    _send(desk, asked, "thanks", "thanks")


def _words(desk: _Desk, asked: _Asked | None, reply: Reply) -> None:
    """Kept, thanked for, and never argued with."""
    if asked is not None:
        _keep_words(desk, asked, reply.words)
        _send(desk, asked, "thanks", "thanks")


def _prompt(desk: _Desk, asked: _Asked | None, _reply: Reply) -> None:
    """Once, and only while there is something to answer."""
    if asked is not None and asked.takes_answers:
        _send(desk, asked, "reprompt", "reprompt")
    elif asked is not None and asked.answers_elsewhere:
        _show_way(desk, asked)


def _misplaced(desk: _Desk, asked: _Asked | None, _reply: Reply) -> None:
    """Nothing is stored, so nobody is thanked for it: the number stands for no question of the form."""
    if asked is not None:
        _show_way(desk, asked)


ACTS: Final[Mapping[Meaning, Callable[[_Desk, _Asked | None, Reply], None]]] = {
    "stop": _stop,
    "start": _start,
    "help": _prompt,
    "ring": _ring,
    "answer": _answer,
    "misplaced": _misplaced,
    "words": _words,
    "empty": _prompt,
    "impossible": _prompt,
}


def _keep_words(desk: _Desk, asked: _Asked, words: str) -> None:
    """With the answer that may still come; what comes after it stays with the message itself."""
    comment = asked.question.comment if asked.question else None
    if not words or comment is None or not asked.takes_answers:
        return
    answers = {comment.name: _joined(_so_far(desk, asked).get(comment.name), words)}
    if _prepared(desk, asked, answers, partly=True):
        page = PageAnswers(comment.page, answers)
        # Whoever handed in on a page this very second has said it all; the words stay with the message.
        with suppress(Refusal):
            drafts.save_draft(desk.connection, asked.task, page, desk.forms, now=desk.now)


def _hand_in(desk: _Desk, asked: _Asked, reply: Reply) -> bool:
    """Store the answer by the door that pages use; whether the form took it."""
    if asked.question is None or reply.value is None:
        return False
    answers = {**_so_far(desk, asked), asked.question.name: reply.value}
    comment = asked.question.comment
    if comment is not None and reply.words:
        with_words = {**answers, comment.name: _joined(answers.get(comment.name), reply.words)}
        answers = with_words if _prepared(desk, asked, with_words) else answers
    prepared = _prepared(desk, asked, answers)
    if prepared is None:
        return False
    begun = update(Invitation).where(Invitation.id == asked.task.id, Invitation.started_at.is_(None))
    desk.connection.execute(begun.values(started_at=desk.now))
    record(desk.connection, [prepared], actor=asked.task.actor, now=desk.now)
    return True


def _prepared(
    desk: _Desk, asked: _Asked, answers: Mapping[str, Any], *, partly: bool = False
) -> Prepared | None:
    """The answers as they are stored, or None when the form refuses them.

    Args:
        partly: with an answer that is still to come, for which any will do.
    """
    task = asked.task
    unit = task.unit_name_en if task.locale == "en" else task.unit_name
    ask = Ask(
        wave_id=task.wave_id,
        subject_id=task.subject_id,
        shelved=asked.shelved,
        variables={**task.variables, "unit": unit},
        today=desk.now.astimezone(ZoneInfo(task.timezone)).date(),
        door="sms",
    )
    if partly and asked.question is not None:
        answers = {asked.question.name: next(iter(asked.question.scale.numbers.values())), **answers}
    prepared = prepare(Incoming(task.submission_id, answers), ask)
    return prepared if isinstance(prepared, Prepared) else None


def _so_far(desk: _Desk, asked: _Asked) -> dict[str, Any]:
    draft = drafts.load_draft(desk.connection, asked.task, desk.forms, now=desk.now)
    return dict(draft.answers) if draft else {}


def _joined(before: object, words: str) -> str:
    return f"{before}\n{words}" if isinstance(before, str) and before else words


def _show_way(desk: _Desk, asked: _Asked) -> None:
    row = asked.row
    text = compose_way(
        "by_code" if row.settings.get("link") == "code" else "by_link",
        locale=row.locale,
        organisation=row.settings["organisation"][row.locale],
        page=code_page(desk.sender.public_url),
    )
    _enqueue(desk, asked, "way", "reprompt", text)


def _send(desk: _Desk, asked: _Asked, wording: Literal["thanks", "ring", "reprompt"], kind: str) -> None:
    row, question = asked.row, asked.question
    text = compose_reply(
        wording,
        locale=row.locale,
        organisation=row.settings["organisation"][row.locale],
        choices=question.listed(row.locale) if question else "",
        rings=question is not None and question.rings,
    )
    _enqueue(desk, asked, wording, kind, text)


def _enqueue(desk: _Desk, asked: _Asked, wording: str, kind: str, text: str) -> None:
    """One of each wording for an invitation, whatever else is written to us."""
    row = asked.row
    message = NewMessage(
        dedupe_key=f"{row.wave_id}:{row.asked_about}:{wording}:1",
        kind=kind,
        wave_id=row.wave_id,
        invitation_id=row.id,
        recipient=desk.phone,
        text=text,
        not_before=desk.now,
        expires_at=desk.now + KEPT,
        timezone=asked.task.timezone,
    )
    enqueue(desk.connection, [message], desk.keys, desk.now)
