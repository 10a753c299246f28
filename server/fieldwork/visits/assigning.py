"""Visits: assigning outlets to shoppers, staff and firms, with the message that brings a person the link."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import cycle, islice, repeat
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.links import NewToken, new_token, visit_link
from server.fieldwork.visits.given_up import given_up
from server.intake import known
from server.keys import KeyRing, token_hash
from server.models.accounts import PersonPrivate
from server.models.draws import FrameMember
from server.models.messages import Message
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose_visit

BATCH = 500


@dataclass(frozen=True, slots=True)
class NewVisit:
    """Who visits which outlet when. `variables` are what the form knows before the start."""

    wave_id: UUID
    person_id: UUID
    unit_code: str
    opens_at: datetime
    expires_at: datetime
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assigned:
    """`link` is shown once, here and in the message to the shopper."""

    assignment_id: UUID
    submission_id: UUID
    link: str


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """A visit of a roster: to a person, or to a firm that says later whom it sends.

    Attributes:
        expires_at: None for the end of the wave.
        replaces_id: the assignment whose place it takes.
    """

    unit_code: str
    person_id: UUID | None
    firm_id: UUID | None = None
    planned_on: date | None = None
    slot: str | None = None
    expires_at: datetime | None = None
    replaces_id: UUID | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


def assign_visit(
    connection: Connection, new: NewVisit, keys: KeyRing, *, public_url: str, by: str, now: datetime
) -> Assigned:
    """Create the assignment and queue its message.

    Raises:
        Refusal: invalid_fields for an unknown unit.
    """
    place = connection.execute(_places().where(Unit.code == new.unit_code)).first()
    if place is None:
        detail = Detail("unknown_unit", "/unit", {"unit": new.unit_code})
        raise Refusal("invalid_fields", details=[detail])
    token = new_token()
    assigned = Assigned(new_id(), uuid4(), visit_link(public_url, token.text))
    connection.execute(
        insert(Assignment).values(
            id=assigned.assignment_id,
            wave_id=new.wave_id,
            person_id=new.person_id,
            subject_id=place.id,
            submission_id=assigned.submission_id,
            token_hash=token.hash,
            variables={**known.of_unit(place), **new.variables},
            created_at=now,
            opens_at=new.opens_at,
            expires_at=new.expires_at,
        )
    )
    row = connection.execute(_untold(new.wave_id).where(Assignment.id == assigned.assignment_id)).first()
    if row is not None:
        enqueue(connection, [_message(row, token, keys, public_url, now)], keys, now)
    entry = audit.Entry(by, "visit_assigned", f"assignment:{assigned.assignment_id}", {"unit": new.unit_code})
    audit.record(connection, [entry], at=now)
    return assigned


def create_assignments(
    connection: Connection, wave: AnyRow, new: Sequence[NewAssignment], *, now: datetime
) -> list[UUID]:
    """Write the visits of a roster, with the reason and the chance by which each outlet was chosen.

    Nobody is told yet: the links are made with the messages, when the wave runs.
    """
    if not new:
        return []
    codes = [each.unit_code for each in new]
    places = {row.unit_code: row for row in connection.execute(_places().where(Unit.code.in_(codes)))}
    turns = _scenarios(connection, wave)
    chosen = {row.member_id: row for row in connection.execute(_chosen(wave.id, codes))}
    rows = [
        {
            "id": new_id(),
            "wave_id": wave.id,
            "person_id": each.person_id,
            "firm_id": each.firm_id,
            "subject_id": places[each.unit_code].id,
            "submission_id": uuid4(),
            "token_hash": _nobodys_token(),
            "variables": {
                **known.of_unit(places[each.unit_code]),
                **({"visit_date": each.planned_on.isoformat()} if each.planned_on else {}),
                **next(turns),
                **each.variables,
            },
            "created_at": now,
            "opens_at": wave.opens_at,
            "expires_at": each.expires_at or wave.closes_at,
            "planned_on": each.planned_on,
            "slot": each.slot,
            "reason": chosen[each.unit_code].reason if each.unit_code in chosen else None,
            "inclusion": chosen[each.unit_code].inclusion if each.unit_code in chosen else None,
            "replaces_id": each.replaces_id,
        }
        for each in new
    ]
    connection.execute(insert(Assignment), rows)
    return [row["id"] for row in rows]


def _scenarios(connection: Connection, wave: AnyRow) -> Iterator[Mapping[str, str]]:
    """What the next visits of a wave pretend, in turn, going on where those before them stopped."""
    version_id, name = connection.execute(
        select(Wave.programme_version_id, Wave.instrument_name).where(Wave.id == wave.id)
    ).one()
    scenarios = programme_of(connection, version_id).visits_of(name).scenarios
    if not scenarios:
        return repeat({})
    given = connection.scalar(select(func.count()).where(Assignment.wave_id == wave.id)) or 0
    values = [{"scenario": each.value} for each in scenarios]
    return islice(cycle(values), given % len(values), None)


def tell_batch(
    connection: Connection, wave_id: UUID, keys: KeyRing, *, public_url: str, now: datetime
) -> int:
    """Send their links to up to `BATCH` people of a running wave who have none yet; returns how many.

    Running it again after a crash goes on where it stopped: the message's dedupe key makes a second one
    impossible, and with it a second link.
    """
    # The lock makes a second worker wait: both would choose the same assignments.
    state = connection.scalar(select(Wave.state).where(Wave.id == wave_id).with_for_update(key_share=True))
    if state != "launched":
        return 0
    rows = connection.execute(_untold(wave_id).limit(BATCH)).all()
    messages = []
    for row in rows:
        token = new_token()
        connection.execute(update(Assignment).where(Assignment.id == row.id).values(token_hash=token.hash))
        messages.append(_message(row, token, keys, public_url, now))
    enqueue(connection, messages, keys, now)
    return len(rows)


def _places() -> Any:
    return select(Subject.id, Unit.name, *known.COLUMNS).join(Unit, Unit.id == Subject.unit_id)


def _chosen(wave_id: UUID, codes: Sequence[str]) -> Any:
    return select(FrameMember.member_id, FrameMember.reason, FrameMember.inclusion).where(
        FrameMember.wave_id == wave_id, FrameMember.member_id.in_(codes)
    )


def _nobodys_token() -> bytes:
    """The hash of a token that nobody was ever given."""
    return token_hash(secrets.token_urlsafe(32))


def _untold(wave_id: UUID) -> Any:
    told = select(Message.id).where(Message.assignment_id == Assignment.id, Message.kind == "visit")
    return (
        select(
            Assignment.id, Assignment.opens_at, Assignment.expires_at, PersonPrivate.phone,
            Unit.name.label("unit_name"), Wave.id.label("wave_id"), Wave.settings,
        )
        .join(PersonPrivate, PersonPrivate.person_id == Assignment.person_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Wave, Wave.id == Assignment.wave_id)
        .where(
            Assignment.wave_id == wave_id,
            Assignment.cancelled_at.is_(None),
            Assignment.completed_at.is_(None),
            # Who saw it in the app first may have said no before the message left.
            ~given_up(),
            PersonPrivate.phone.is_not(None),
            ~told.exists(),
        )
        .order_by(Assignment.id)
    )  # fmt: skip


def _message(row: AnyRow, token: NewToken, keys: KeyRing, public_url: str, now: datetime) -> NewMessage:
    text = compose_visit(
        organisation=row.settings["organisation"]["zh"],
        unit=row.unit_name,
        link=visit_link(public_url, token.text),
    )
    return NewMessage(
        dedupe_key=f"{row.id}:visit:1",
        kind="visit",
        wave_id=row.wave_id,
        assignment_id=row.id,
        recipient=keys.decrypt(row.phone),
        text=text,
        not_before=now,
        expires_at=row.expires_at,
    )
