"""Letters of a wave: who still gets one, what is printed together, and the file for the printer.

A letter that waits is looked at again when it is printed: whoever has answered or said stop since gets none.
The same run can be printed again for as long as its messages are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update

from server import audit
from server.catalogue import day
from server.db import AnyRow, AnySelect, new_id
from server.errors import Refusal
from server.fieldwork.outreach.reach import KNOWN_BY, with_reach
from server.keys import KeyRing
from server.models.contacts import OptOut, ProgrammeOptOut
from server.models.definitions import ProgrammeVersion
from server.models.messages import Letter, LetterRun, Message, SendingStop
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.notify.texts import WrittenLetter
from server.typesetting.letters import Sheet

# A file of so many pages is made in the time that somebody waits for a page.
MOST_TOGETHER: Final = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """Letters that can be printed now, and those that nobody needs any more."""

    ready: int
    settled: int


def count_waiting(connection: Connection, wave_id: UUID, *, now: datetime) -> Waiting:
    """How many letters of a wave were not printed."""
    ready = connection.scalar(select(func.count()).select_from(_ready(wave_id, now).subquery())) or 0
    unprinted = select(func.count()).select_from(_unprinted(wave_id).subquery())
    return Waiting(ready, (connection.scalar(unprinted) or 0) - ready)


def print_letters(connection: Connection, wave_id: UUID, *, by: str, now: datetime) -> UUID:
    """Take at most `MOST_TOGETHER` letters together; returns the run.

    Raises:
        Refusal: no_letters when there is none to print.
    """
    # Two people who press the button at once print different letters.
    taken = list(
        connection.scalars(
            _ready(wave_id, now)
            .order_by(Letter.message_id)
            .limit(MOST_TOGETHER)
            .with_for_update(of=Letter, skip_locked=True)
        )
    )
    if not taken:
        raise Refusal("no_letters")
    run_id = new_id()
    connection.execute(insert(LetterRun).values(id=run_id, wave_id=wave_id, printed_at=now, printed_by=by))
    connection.execute(update(Letter).where(Letter.message_id.in_(taken)).values(run_id=run_id))
    entry = audit.Entry(by, "letters_printed", f"wave:{wave_id}", {"run": str(run_id), "letters": len(taken)})
    audit.record(connection, [entry], at=now)
    return run_id


def list_runs(connection: Connection, wave_id: UUID) -> Sequence[AnyRow]:
    """What was printed, newest first: `id`, `printed_at`, `letters`."""
    return connection.execute(
        select(LetterRun.id, LetterRun.printed_at, func.count(Letter.message_id).label("letters"))
        .join(Letter, Letter.run_id == LetterRun.id, isouter=True)
        .where(LetterRun.wave_id == wave_id)
        .group_by(LetterRun.id)
        .order_by(LetterRun.printed_at.desc())
    ).all()


def sheets_of(connection: Connection, keys: KeyRing, wave_id: UUID, run_id: UUID) -> list[Sheet]:
    """The letters of a run, as the printer gets them.

    Raises:
        Refusal: not_found for no run of the wave, or one whose messages are not kept any more.
        KeyLost: the key that they were kept with is gone.
    """
    rows = connection.execute(
        select(Message.text, Invitation.locale, LetterRun.printed_at)
        .join(Letter, Letter.message_id == Message.id)
        .join(LetterRun, LetterRun.id == Letter.run_id)
        .join(Invitation, Invitation.id == Message.invitation_id)
        .where(LetterRun.id == run_id, LetterRun.wave_id == wave_id)
        .order_by(Message.id)
    ).all()
    if not rows:
        raise Refusal("not_found")
    return [_sheet(row, keys) for row in rows]


def _sheet(row: AnyRow, keys: KeyRing) -> Sheet:
    written = WrittenLetter.from_text(keys.decrypt(row.text))
    return Sheet(
        locale=row.locale,
        dated=day(row.printed_at, row.locale),
        address=tuple(written.envelope.split("\n")),
        body=written.body,
        code=written.code,
        code_page=written.code_page,
        link=written.link,
    )


def _unprinted(wave_id: UUID) -> AnySelect:
    return (
        select(Letter.message_id)
        .join(Message, Message.id == Letter.message_id)
        .join(Wave, Wave.id == Message.wave_id)
        .where(Wave.id == wave_id, Letter.run_id.is_(None))
    )


def _ready(wave_id: UUID, now: datetime) -> AnySelect:
    """Unprinted letters to people who have neither answered nor said stop, while they can still answer.

    None while sending is stopped; a spent cap stops none, since letters cost nothing here.
    """
    programme = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == Wave.programme_version_id)
    stopped = or_(
        exists().where(OptOut.phone_hash == KNOWN_BY),
        exists().where(
            and_(
                ProgrammeOptOut.phone_hash == KNOWN_BY,
                ProgrammeOptOut.programme_id == programme.correlate(Wave).scalar_subquery(),
            )
        ),
    )
    invited = _unprinted(wave_id).join(Invitation, Invitation.id == Message.invitation_id)
    held = exists().where(
        SendingStop.lifted_at.is_(None),
        SendingStop.reason != "cap_reached",
        or_(SendingStop.wave_id.is_(None), SendingStop.wave_id == Wave.id),
    )
    return with_reach(invited).where(
        Wave.state == "launched",
        Invitation.completed_at.is_(None),
        Invitation.expires_at > now,
        ~stopped,
        ~held.correlate(Wave),
    )
