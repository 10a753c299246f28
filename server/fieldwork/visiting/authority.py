"""Letters of authority: a code on the visitor's phone that the client's own page confirms.

Whoever is asked what they are doing there shows the letter; whoever doubts it types the code. Showing it is
told as an event, since from then on the visit is no longer unnoticed.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import new_id
from server.fieldwork.visiting.mine import Mine
from server.keys import KeyRing
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.models.visits import LetterOfAuthority
from server.models.waves import Wave

DIGITS: Final = 10
# Of a visit that lasts until the counters close on its last day.
AFTERWARDS: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What somebody who types the code is told: who ordered the visit, of which place, until when."""

    organisation: dict[str, str]
    unit_name: str
    unit_name_en: str | None
    until: datetime
    timezone: str


def letter_code(connection: Connection, mine: Mine, keys: KeyRing, *, now: datetime) -> str:
    """The code of a visit's letter, the same one each time; "" where the programme has no letters."""
    if not mine.rules.letter:
        return ""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    made = insert_or_skip(LetterOfAuthority).values(
        id=new_id(),
        assignment_id=mine.row.id,
        hash=keys.lookup_hash(code),
        sealed=keys.encrypt(code),
        created_at=now,
        expires_at=mine.row.expires_at + AFTERWARDS,
    )
    # Another visit may have drawn these digits: then this one is drawn again the next time it is prepared.
    connection.execute(made.on_conflict_do_nothing())
    sealed = connection.scalar(
        select(LetterOfAuthority.sealed).where(LetterOfAuthority.assignment_id == mine.row.id)
    )
    return keys.decrypt(sealed) if sealed else ""


def confirm(connection: Connection, typed: str, keys: KeyRing, *, now: datetime) -> Confirmed | None:
    """The visit that a code belongs to, while its assignment stands. The first asking is witnessed."""
    digits = "".join(each for each in typed if each.isdigit())[: DIGITS + 1]
    row = connection.execute(
        select(
            LetterOfAuthority.id, LetterOfAuthority.expires_at, LetterOfAuthority.confirmed_at,
            Assignment.id.label("assignment_id"), Wave.settings, Unit.name, Unit.name_en, Unit.timezone,
        )
        .join(Assignment, Assignment.id == LetterOfAuthority.assignment_id)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(LetterOfAuthority.hash.in_(keys.lookup_hashes(digits)), LetterOfAuthority.expires_at > now)
        .where(Assignment.cancelled_at.is_(None), Assignment.given_back_at.is_(None))
    ).first()  # fmt: skip
    if row is None:
        return None
    first = connection.execute(
        update(LetterOfAuthority)
        .where(LetterOfAuthority.id == row.id, LetterOfAuthority.confirmed_at.is_(None))
        .values(confirmed_at=now)
    )
    if first.rowcount:
        about = f"assignment:{row.assignment_id}"
        audit.record(connection, [audit.Entry(about, "letter_confirmed", about, {})], at=now)
    return Confirmed(row.settings["organisation"], row.name, row.name_en, row.expires_at, row.timezone)
