"""Visits: assigning outlets to shoppers, with the message that brings them the link."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select

from server import audit
from server.db import new_id
from server.errors import Detail, Refusal
from server.fieldwork.links import new_token, visit_link
from server.intake import known
from server.keys import KeyRing
from server.models.accounts import PersonPrivate
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.notify.outbox import NewMessage, enqueue
from server.notify.texts import compose_visit


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


def assign_visit(
    connection: Connection, new: NewVisit, keys: KeyRing, *, public_url: str, by: str, now: datetime
) -> Assigned:
    """Create the assignment and queue its message.

    Raises:
        Refusal: invalid_fields for an unknown unit.
    """
    place = connection.execute(
        select(Subject.id, Unit.name, *known.COLUMNS)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Unit.code == new.unit_code)
    ).first()
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
    _tell_shopper(connection, new, assigned, place.name, keys, now)
    entry = audit.Entry(by, "visit_assigned", f"assignment:{assigned.assignment_id}", {"unit": new.unit_code})
    audit.record(connection, [entry], at=now)
    return assigned


def _tell_shopper(
    connection: Connection, new: NewVisit, assigned: Assigned, unit_name: str, keys: KeyRing, now: datetime
) -> None:
    phone = connection.scalar(select(PersonPrivate.phone).where(PersonPrivate.person_id == new.person_id))
    settings = connection.scalar(select(Wave.settings).where(Wave.id == new.wave_id))
    if phone is None or settings is None:
        return
    message = NewMessage(
        dedupe_key=f"{assigned.assignment_id}:visit:1",
        kind="visit",
        wave_id=new.wave_id,
        assignment_id=assigned.assignment_id,
        recipient=keys.decrypt(phone),
        text=compose_visit(organisation=settings["organisation"]["zh"], unit=unit_name, link=assigned.link),
        not_before=now,
        expires_at=new.expires_at,
    )
    enqueue(connection, [message], keys, now)
