"""What somebody says to an assignment: read, accepted with a declaration, declined, handed back."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, update

from server import audit
from server.errors import Detail, Refusal
from server.fieldwork.visiting.devices import Holder
from server.fieldwork.visiting.mine import Mine
from server.models.tasks import Assignment

LONGEST_REASON: Final = 500
OPEN: Final = frozenset({"offered", "early", "accepted", "started", "late"})


def note_briefing(connection: Connection, holder: Holder, mine: Mine, *, now: datetime) -> None:
    """The briefing was read; said once."""
    if mine.row.briefed_at is None:
        _write(connection, mine.row.id, briefed_at=now)
        _witness(connection, holder, mine, "visit_briefed", now)


def accept(connection: Connection, holder: Holder, mine: Mine, *, no_ties: bool, now: datetime) -> None:
    """Somebody will go. Saying so twice is saying it once.

    Args:
        no_ties: they declare that neither they nor anybody close to them works there or has a quarrel with
            the place: who has ties declines.

    Raises:
        Refusal: wrong_state when it is over, or invalid_fields with ties_undeclared, briefing_unread or
            quiz_unpassed.
    """
    if mine.row.accepted_at is not None and mine.state in OPEN:
        return
    if mine.state != "offered":
        raise Refusal("wrong_state", state=mine.state, needed="offered")
    checks = (
        (not no_ties, Detail("ties_undeclared", "/no_ties")),
        (bool(mine.rules.briefing) and mine.row.briefed_at is None, Detail("briefing_unread", "/briefing")),
        (mine.quiz, Detail("quiz_unpassed", "/quiz")),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    _write(connection, mine.row.id, accepted_at=now)
    _witness(connection, holder, mine, "visit_accepted", now, no_ties=True)


def give_back(connection: Connection, holder: Holder, mine: Mine, reason: str, *, now: datetime) -> None:
    """Somebody will not go, before or after accepting: the desk looks for somebody else.

    Raises:
        Refusal: wrong_state when it is over or answers were handed in, or invalid_fields without a reason.
    """
    said = " ".join(reason.split())[:LONGEST_REASON]
    if mine.state not in OPEN:
        raise Refusal("wrong_state", state=mine.state, needed="accepted")
    if not said:
        raise Refusal("invalid_fields", details=[Detail("reason_missing", "/reason")])
    action = "visit_handed_back" if mine.row.accepted_at else "visit_declined"
    _write(connection, mine.row.id, given_back_at=now, given_back_reason=said)
    _witness(connection, holder, mine, action, now, reason=said)


def note_prepared(connection: Connection, assignment_id: UUID, *, now: datetime) -> None:
    """Everything was loaded onto a phone."""
    _write(connection, assignment_id, prepared_at=now)


def _write(connection: Connection, assignment_id: UUID, **values: object) -> None:
    connection.execute(update(Assignment).where(Assignment.id == assignment_id).values(**values))


def _witness(
    connection: Connection, holder: Holder, mine: Mine, action: str, now: datetime, **detail: object
) -> None:
    about = f"assignment:{mine.row.id}"
    entry = audit.Entry(holder.actor, action, about, {"unit": mine.row.unit_code, **detail})
    audit.record(connection, [entry], at=now)
