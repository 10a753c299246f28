"""What one number was sent and what it sent back, for a complaint; links and codes in it are hidden.

Reading it leaves an audit line with a keyed hash of the number, never the number.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from server import audit
from server.db import AnyRow
from server.fieldwork.outreach.refusing import named, number_of
from server.keys import KeyLost, KeyRing
from server.models.contacts import BadNumber, OptOut, ProgrammeOptOut
from server.models.definitions import Programme
from server.models.messages import InboundMessage, Message, MessageEvent
from server.models.waves import Wave
from server.notify.texts import WrittenLetter
from server.scope import Scope

# The last part of a personal address, whatever it opens; a code as `keys.grouped` writes it.
_TOKEN: Final = re.compile(r"/[A-Za-z0-9_-]{16,}", re.ASCII)
_CODE: Final = re.compile(r"(?<!\d)\d{4} \d{4} \d{4}(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One message to or from the number, or one thing that was heard of one, in the order of time.

    `reason` is why it stands where it stands, in our code; `code` the provider's, or the rule it met.
    """

    at: datetime
    what: str
    kind: str
    state: str
    code: str | None
    text: str
    wave: AnyRow | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of a number; `opted_out` and `bad` are rows with their moments, or None.

    `without` are the programmes that it wants no more of.
    """

    lines: list[Line]
    opted_out: AnyRow | None
    bad: AnyRow | None
    without: Sequence[AnyRow] = ()


def history_of(
    connection: Connection, typed: str, keys: KeyRing, scope: Scope, *, by: str, now: datetime
) -> History:
    """Everything about one number, oldest first.

    Raises:
        Refusal: forbidden for whoever does not see the whole organisation, invalid_fields for no number.
    """
    number = number_of(connection, typed, scope)
    hashes = keys.lookup_hashes(number)
    audit.record(connection, [audit.Entry(by, "message_history_read", named(keys, number), {})], at=now)
    heard = [*_sent(connection, hashes, keys), *_heard(connection, hashes)]
    lines = [*heard, *_received(connection, hashes, keys)]
    stopped = select(OptOut.source, OptOut.at).where(OptOut.phone_hash.in_(hashes))
    bad = select(BadNumber.code, BadNumber.at).where(BadNumber.phone_hash.in_(hashes))
    without = (
        select(Programme.key, ProgrammeOptOut.source, ProgrammeOptOut.at)
        .join(Programme, Programme.id == ProgrammeOptOut.programme_id)
        .where(ProgrammeOptOut.phone_hash.in_(hashes))
        .order_by(ProgrammeOptOut.at)
    )
    return History(
        sorted(lines, key=lambda line: line.at),
        connection.execute(stopped).first(),
        connection.execute(bad).first(),
        connection.execute(without).all(),
    )


def _sent(connection: Connection, hashes: list[bytes], keys: KeyRing) -> Iterator[Line]:
    rows = connection.execute(
        select(
            Message.created_at, Message.claimed_at, Message.kind, Message.state, Message.reason, Message.rule,
            Message.provider_code, Message.channel, Message.text, Wave.title, Wave.title_en,
        )
        .join(Wave, Wave.id == Message.wave_id, isouter=True)
        .where(Message.recipient_hash.in_(hashes))
    )  # fmt: skip
    for row in rows:
        code = row.provider_code or row.rule
        at = row.claimed_at or row.created_at
        said = _readable(row.text, keys)
        if said and row.channel == "letter":
            said = WrittenLetter.from_text(said).body  # where somebody lives is no part of it
        yield Line(at, "sent", row.kind, row.state, code, said, row, row.reason or "")


def _heard(connection: Connection, hashes: list[bytes]) -> Iterator[Line]:
    rows = connection.execute(
        select(MessageEvent.at, Message.kind, MessageEvent.state, MessageEvent.code)
        .join(Message, Message.id == MessageEvent.message_id)
        .where(Message.recipient_hash.in_(hashes))
    )
    for row in rows:
        yield Line(row.at, "heard", row.kind, row.state, row.code, "")


def _received(connection: Connection, hashes: list[bytes], keys: KeyRing) -> Iterator[Line]:
    rows = connection.execute(
        select(InboundMessage.received_at, InboundMessage.meaning, InboundMessage.text).where(
            InboundMessage.sender_hash.in_(hashes)
        )
    )
    for row in rows:
        yield Line(row.received_at, "received", "", row.meaning or "", None, _readable(row.text, keys))


def _readable(text: bytes, keys: KeyRing) -> str:
    try:
        return _without_keys(keys.decrypt(text))
    except KeyLost:
        return ""


def _without_keys(text: str) -> str:
    """What a message said, but for what opens something: a reader could answer, or sign in, instead."""
    return _CODE.sub("•••• •••• ••••", _TOKEN.sub("/…", text))
