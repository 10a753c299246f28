"""The facts that patterns are looked for in: answers of the last weeks by unit and by teller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, exists, false, func, or_, select

from server.db import AnyRow, AnySelect
from server.followup.callbacks.invited import INVITED
from server.followup.callbacks.patterns import RULES, Answer, Pattern, Rules, patterns
from server.models.accounts import Person, PersonPrivate
from server.models.contacts import Contact, ContactPrivate, ServiceEvent
from server.models.messages import Message
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.scope import Scope

MOST_ANSWERS: Final = 50_000
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """Something worth a look about a unit, or about somebody who served there (`person`, `person_name`)."""

    unit: AnyRow
    person: str | None
    person_name: str | None
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in how many answers since when; `cut` says that there were more."""

    seen: Sequence[Seen]
    answers: int
    since: datetime
    cut: bool


def look(connection: Connection, scope: Scope, now: datetime, rules: Rules = RULES) -> Look:
    """Everything worth a look below the reader's units, the most answers first."""
    since = now - timedelta(days=rules.days)
    rows = connection.execute(scope.units(_answers(since, now)).limit(MOST_ANSWERS)).all()
    places: dict[tuple[UUID, str | None], list[AnyRow]] = {}
    for row in rows:
        places.setdefault((row.unit_id, None), []).append(row)
        if row.teller_code:
            places.setdefault((row.unit_id, row.teller_code), []).append(row)
    seen = [
        Seen(each[0], person, each[0].person_name if person else None, pattern)
        for (_, person), each in places.items()
        for pattern in patterns([_answer(row) for row in each], rules)
    ]
    seen.sort(key=lambda each: (-each.pattern.count, each.unit.code, each.person or ""))
    return Look(seen[:MOST_SHOWN], len(rows), since, len(rows) == MOST_ANSWERS)


def _answer(row: AnyRow) -> Answer:
    return Answer(
        number=row.phone_hash.hex() if row.phone_hash is not None else str(row.id),
        local=row.received_at.astimezone(ZoneInfo(row.timezone)).replace(tzinfo=None),
        # Clocks of providers and ours differ by moments: nobody answers before a message is there.
        waited=row.received_at - row.delivered_at if row.delivered_at is not None else None,
        filled=row.received_at - row.started_at if row.started_at is not None else None,
        questions=row.questions,
        staff=row.staff,
        satisfied=None if row.raw is None else row.raw == "100",
    )


def _answers(since: datetime, now: datetime) -> AnySelect:
    delivered = (
        select(func.min(Message.delivered_at))
        .where(Message.invitation_id == Invitation.id)
        .correlate(Invitation)
        .scalar_subquery()
    )
    keys = (
        select(func.count()).select_from(func.jsonb_object_keys(SubmissionRevision.answers)).scalar_subquery()
    )
    own = exists().where(PersonPrivate.phone_hash == ContactPrivate.phone_hash)
    return (
        select(
            Submission.id, Submission.received_at, Invitation.started_at, delivered.label("delivered_at"),
            keys.label("questions"), ContactPrivate.phone_hash,
            or_(func.coalesce(Contact.staff, false()), own).label("staff"),
            ServiceEvent.teller_code, Person.name.label("person_name"), Unit.id.label("unit_id"),
            Unit.code, Unit.name, Unit.name_en, Unit.timezone, ScoreSheet.raw,
        )
        .join_from(Submission, Invitation, INVITED)
        .join(Wave, Wave.id == Submission.wave_id)
        # Whoever scanned a poster is no contact, and is looked at all the more; colleagues are no customers.
        .join(Contact, Contact.id == Invitation.contact_id, isouter=True)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id, isouter=True)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(SubmissionRevision, and_(
            SubmissionRevision.submission_pk == Submission.id, SubmissionRevision.number == 1
        ))
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .join(ServiceEvent, ServiceEvent.id == Invitation.event_id, isouter=True)
        .join(Person, Person.code == ServiceEvent.teller_code, isouter=True)
        .where(
            Submission.received_at > since,
            Submission.received_at <= now,
            Invitation.person_id.is_(None),
        )
        .order_by(Submission.received_at.desc(), Submission.id)
    )  # fmt: skip
