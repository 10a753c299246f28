"""Visits as phones hand them in: rows that weighing reads, on the tables of a migrated database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from server.db import new_id
from server.models.accounts import Person
from server.models.doubts import VisitConfidence, VisitDoubt
from server.models.organisation import Unit
from server.models.submissions import Attachment, Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment
from server.models.visits import VisitEvent
from server.models.waves import Wave
from tests import builders
from tests.builders import DAY, NOW

MINUTE = timedelta(minutes=1)
# Ten in the morning on Monday the fourth of May in Shanghai.
CAME = NOW
MOMENTS = {"entered": 0, "ticket": 1, "called": 8, "served": 15, "left": 20}
PLACES = {"B101": (121.47, 31.23), "B102": (121.60, 31.30), "B201": (121.48, 31.24)}
HASH = 0x0F0F_3C3C_5A5A_9999


@dataclass(frozen=True, slots=True)
class Made:
    """A visit that was handed in."""

    pk: UUID
    submission_id: UUID
    assignment_id: UUID
    wave_id: UUID


def ground(connection: Connection) -> UUID:
    """Units with positions, and an open wave of visits."""
    builders.create_units(connection)
    for code, (longitude, latitude) in PLACES.items():
        position = {"longitude": longitude, "latitude": latitude, "datum": "WGS-84"}
        connection.execute(update(Unit).where(Unit.code == code).values(**position))
    return builders.create_wave(connection, state="launched", code="V1", instrument="visit")


def shopper(connection: Connection, name: str = "小周") -> UUID:
    person_id = new_id()
    connection.execute(insert(Person).values(id=person_id, name=name, created_at=NOW))
    return person_id


def visited(
    connection: Connection, wave_id: UUID, person_id: UUID, unit: str = "B101", **changes: Any
) -> Made:
    """A visit of twenty minutes, handed in an hour later. `came` is when; `texts` and `fix` may be given."""
    came: datetime = changes.pop("came", CAME)
    texts, moments = changes.pop("texts", {}), changes.pop("moments", MOMENTS)
    submission_id, assignment_id, pk = new_id(), new_id(), new_id()
    subject_id = builders.subject_of(connection, unit)
    received = came + 80 * MINUTE
    connection.execute(
        insert(Assignment).values(
            id=assignment_id, wave_id=wave_id, person_id=person_id, subject_id=subject_id,
            submission_id=submission_id, token_hash=submission_id.bytes, created_at=came - DAY,
            opens_at=came - DAY, expires_at=came + DAY, completed_at=received,
        )
    )  # fmt: skip
    form = connection.scalar(select(Wave.form_version_id).where(Wave.id == wave_id))
    connection.execute(
        insert(Submission).values(
            id=pk, wave_id=wave_id, submission_id=submission_id, form_version_id=form,
            subject_id=subject_id, door="page", content_hash="", received_at=received,
        )
    )  # fmt: skip
    revision_id = new_id()
    revision = {"id": revision_id, "submission_pk": pk, "number": 1, "answers": {}, "created_at": received}
    connection.execute(insert(SubmissionRevision).values(**revision))
    for question, text in texts.items():
        connection.execute(
            insert(SubmissionText).values(revision_id=revision_id, question=question, text=text)
        )
    for kind, minutes in moments.items():
        told = {"kind": kind, "at": came + minutes * MINUTE, "asked_at": received, "received_at": received}
        tell(connection, submission_id, **told, **changes)
    return Made(pk, submission_id, assignment_id, wave_id)


def tell(connection: Connection, submission_id: UUID, **event: Any) -> None:
    connection.execute(
        insert(VisitEvent).values(id=new_id(), submission_id=submission_id, detail={}, **event)
    )


def photographed(connection: Connection, visit: Made, **changes: Any) -> UUID:
    """A verified photo of a visit; `bits` is its hash."""
    attachment_id = new_id()
    bits = changes.pop("bits", None)
    values: dict[str, Any] = {
        "id": attachment_id, "submission_id": visit.submission_id, "attachment_id": attachment_id,
        "wave_id": visit.wave_id, "question": "OUT-01-photo", "object_key": f"photos/{attachment_id}",
        "media_type": "image/jpeg", "size": 1000, "sha256": attachment_id.hex, "named": True,
        "state": "verified", "created_at": CAME, "detail": 40,
        "difference_hash": None if bits is None else f"{bits:064b}",
    }  # fmt: skip
    connection.execute(insert(Attachment).values(**{**values, **changes}))
    return attachment_id


def doubts_of(connection: Connection, visit: Made) -> list[str]:
    query = select(VisitDoubt.code).where(VisitDoubt.submission_pk == visit.pk)
    return sorted(connection.scalars(query))


def confidence_of(connection: Connection, visit: Made) -> Any:
    query = select(VisitConfidence).where(VisitConfidence.submission_pk == visit.pk)
    return connection.execute(query.with_only_columns(*VisitConfidence.__table__.columns)).one()
