"""Opening cases: at once, once for each answer, and with a number only where that was promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.catalogue import ZONE
from server.db import AnyRow, AnySelect, new_id
from server.fieldwork.definitions.compiled import programme_of
from server.followup.callbacks.invited import INVITED
from server.followup.callbacks.promise import wanted
from server.models.accounts import Person
from server.models.callbacks import CallBackCase
from server.models.contacts import Contact, ContactPrivate, ServiceEvent
from server.models.messages import InboundMessage
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission, SubmissionRevision
from server.models.tasks import Invitation
from server.models.waves import Wave

WITHIN: Final = timedelta(hours=24)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to open.

    Attributes:
        key: `submission:<id>`, `inbound:<id>` or whatever names its cause: the same twice is one case.
        cause: of `CAUSES`.
        contact_id: who may be rung; None where nobody may.
        within: how soon.
    """

    key: str
    cause: str
    unit_id: UUID
    answered_on: date
    severity: str = "normal"
    within: timedelta = WITHIN
    locale: str = "zh"
    asked: bool = False
    programme_version_id: UUID | None = None
    instrument_name: str | None = None
    wave_id: UUID | None = None
    submission_pk: UUID | None = None
    inbound_id: UUID | None = None
    contact_id: UUID | None = None
    person_id: UUID | None = None
    words: str | None = None


def open_case(connection: Connection, new: NewCase, now: datetime) -> UUID:
    """Open a case, or find the one that this belongs to; returns its id.

    Who wants to be rung and has an open case of the same wave is rung once: the wish joins it. The contact
    is not asked elsewhere while a case is open.
    """
    if new.contact_id is not None:
        # Two causes at once, an answer and a message, take turns.
        connection.execute(select(Contact.id).where(Contact.id == new.contact_id).with_for_update())
    known = connection.scalar(select(CallBackCase.id).where(CallBackCase.key == new.key))
    if known is not None:
        return known
    joined = _join(connection, new, now)
    return joined if joined is not None else _insert(connection, new, now)


def _join(connection: Connection, new: NewCase, now: datetime) -> UUID | None:
    """The open case of the same contact and wave that this is one with."""
    if new.contact_id is None:
        return None
    query = (
        select(CallBackCase.id, CallBackCase.submission_pk, CallBackCase.due_at, CallBackCase.severity)
        .where(CallBackCase.contact_id == new.contact_id, CallBackCase.closed_at.is_(None))
        .where(CallBackCase.wave_id.is_not_distinct_from(new.wave_id))
        .order_by(CallBackCase.opened_at)
        .limit(1)
        .with_for_update()
    )
    row = connection.execute(query).first()
    if row is None or (row.submission_pk is not None and new.submission_pk is not None):
        return None
    changes: dict[str, object] = {"due_at": min(row.due_at, now + new.within)}
    if new.asked:
        changes["asked"] = True
    if new.submission_pk is not None:
        changes |= {"submission_pk": new.submission_pk, "cause": new.cause, "person_id": new.person_id}
        changes |= {"answered_on": new.answered_on}
    if "high" in (new.severity, row.severity):
        changes["severity"] = "high"
    connection.execute(update(CallBackCase).where(CallBackCase.id == row.id).values(**changes))
    return row.id if isinstance(row.id, UUID) else None


def _insert(connection: Connection, new: NewCase, now: datetime) -> UUID:
    case_id = new_id()
    values = {
        name: getattr(new, name)
        for name in (
            "key", "cause", "severity", "unit_id", "programme_version_id", "instrument_name", "wave_id",
            "submission_pk", "inbound_id", "contact_id", "person_id", "asked", "locale", "answered_on",
            "words",
        )
    }  # fmt: skip
    added = connection.scalar(
        insert_or_skip(CallBackCase)
        .values(
            id=case_id,
            opened_at=now,
            due_at=now + new.within,
            ring_at=now,
            marks_contact=_mark(connection, new),
            **values,
        )
        .on_conflict_do_nothing()
        .returning(CallBackCase.id)
    )
    if added is None:
        same = CallBackCase.key == new.key
        if new.submission_pk is not None:
            same = same | (CallBackCase.submission_pk == new.submission_pk)
        return connection.execute(select(CallBackCase.id).where(same)).scalar_one()
    detail = {"cause": new.cause, "severity": new.severity, "number": new.contact_id is not None}
    audit.record(
        connection, [audit.Entry("system", "call_back_opened", f"call_back:{case_id}", detail)], at=now
    )
    return case_id


def _mark(connection: Connection, new: NewCase) -> bool:
    """Keep the contact from being asked meanwhile; False where a mark of the bank's own is there already."""
    if new.contact_id is None:
        return False
    marked = connection.execute(
        update(Contact)
        .where(Contact.id == new.contact_id, Contact.open_case_since.is_(None))
        .values(open_case_since=new.answered_on)
    )
    return marked.rowcount == 1


def open_for_submission(connection: Connection, submission_pk: UUID, now: datetime) -> UUID | None:
    """The case that an answer to an invitation opens, or None when it opens none."""
    row = connection.execute(_answered(submission_pk)).first()
    if row is None or row.unit_id is None:
        return None
    call_back = programme_of(connection, row.programme_version_id).call_backs.get(row.instrument_name)
    if call_back is None:
        return None
    day = row.received_at.astimezone(ZoneInfo(row.timezone)).date()
    case = wanted(call_back, {**row.variables, **row.answers}, day)
    if case is None:
        return None
    return open_case(
        connection,
        NewCase(
            key=f"submission:{submission_pk}",
            cause=case.cause,
            severity=case.severity,
            asked=case.asked,
            within=timedelta(hours=call_back.within_hours),
            unit_id=row.unit_id,
            answered_on=day,
            locale=row.locale,
            programme_version_id=row.programme_version_id,
            instrument_name=row.instrument_name,
            wave_id=row.wave_id,
            submission_pk=submission_pk,
            contact_id=row.contact_id if case.may_ring else None,
            person_id=row.person_id,
        ),
        now,
    )


def _answered(submission_pk: UUID) -> AnySelect:
    """An answer with who gave it, where, and who served them by the service event's teller code."""
    other = select(func.max(SubmissionRevision.number)).where(
        SubmissionRevision.submission_pk == submission_pk
    )
    return (
        select(
            Submission.received_at, Submission.wave_id, Wave.programme_version_id, Wave.instrument_name,
            SubmissionRevision.answers, Invitation.variables, Invitation.contact_id, Invitation.locale,
            Unit.id.label("unit_id"), func.coalesce(Unit.timezone, Wave.timezone).label("timezone"),
            Person.id.label("person_id"),
        )
        .join(Wave, Wave.id == Submission.wave_id)
        .join(
            Invitation,
            INVITED,
        )
        .join(Subject, Subject.id == Submission.subject_id)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ServiceEvent, ServiceEvent.id == Invitation.event_id, isouter=True)
        .join(Person, Person.code == ServiceEvent.teller_code, isouter=True)
        .join(Unit, Unit.id == func.coalesce(Subject.unit_id, Subject.parent_unit_id, Person.unit_id))
        .where(Submission.id == submission_pk, SubmissionRevision.number == other.scalar_subquery())
    )  # fmt: skip


def open_for_message(connection: Connection, inbound_id: UUID, now: datetime) -> UUID | None:
    """The case of somebody who asked by a text message to be rung; None when the message is gone."""
    message = connection.execute(
        select(InboundMessage.sender_hash, InboundMessage.invitation_id, InboundMessage.received_at).where(
            InboundMessage.id == inbound_id
        )
    ).first()
    if message is None:
        return None
    invited = connection.execute(_invited(message)).first()
    unit_id = invited.unit_id if invited is not None else _top(connection)
    if unit_id is None:
        log.warning("call_back_without_unit", inbound_id=str(inbound_id))
        return None
    call_back = None
    if invited is not None and invited.programme_version_id is not None:
        programme = programme_of(connection, invited.programme_version_id)
        call_back = programme.call_backs.get(invited.instrument_name)
    return open_case(
        connection,
        NewCase(
            key=f"inbound:{inbound_id}",
            cause="ring",
            asked=True,
            within=timedelta(hours=call_back.within_hours) if call_back else WITHIN,
            unit_id=unit_id,
            answered_on=message.received_at.astimezone(ZoneInfo(ZONE)).date(),
            inbound_id=inbound_id,
            **{
                name: getattr(invited, name)
                for name in ("locale", "programme_version_id", "instrument_name", "wave_id", "contact_id")
                if invited is not None
            },
        ),
        now,
    )


def _invited(message: AnyRow) -> AnySelect:
    """What the message answers; else the contact with that number."""
    query = (
        select(
            Contact.id.label("contact_id"), Contact.unit_id, Contact.locale, Wave.id.label("wave_id"),
            Wave.programme_version_id, Wave.instrument_name,
        )
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .join(
            Invitation,
            and_(Invitation.contact_id == Contact.id, Invitation.id == message.invitation_id),
            isouter=True,
        )
        .join(Wave, Wave.id == Invitation.wave_id, isouter=True)
    )  # fmt: skip
    if message.invitation_id is not None:
        query = query.where(Invitation.id == message.invitation_id)
    else:
        query = query.where(ContactPrivate.phone_hash == message.sender_hash)
    return query.order_by(Contact.served_on.desc().nulls_last(), Contact.id).limit(1)


def _top(connection: Connection) -> UUID | None:
    return connection.scalar(select(Unit.id).where(Unit.parent_id.is_(None)).order_by(Unit.path).limit(1))


def promise_for_wave(connection: Connection, wave_id: UUID) -> str:
    """What a wave's page promises about anonymity: the key of a sentence, `respond.promise.<key>`, or ""."""
    row = connection.execute(
        select(Wave.programme_version_id, Wave.instrument_name).where(Wave.id == wave_id)
    ).first()
    if row is None:
        return ""
    call_back = programme_of(connection, row.programme_version_id).call_backs.get(row.instrument_name)
    return call_back.anonymity if call_back is not None else ""


def release_contacts(connection: Connection, contact_ids: Sequence[UUID]) -> None:
    """After a case has ended: another open case keeps the contact from being asked, or nothing does.

    A mark that the bank itself had set before is left alone.
    """
    for contact_id in contact_ids:
        heir = connection.scalar(
            select(CallBackCase.id)
            .where(CallBackCase.contact_id == contact_id, CallBackCase.closed_at.is_(None))
            .order_by(CallBackCase.opened_at)
            .limit(1)
        )
        if heir is not None:
            connection.execute(update(CallBackCase).where(CallBackCase.id == heir).values(marks_contact=True))
        else:
            connection.execute(update(Contact).where(Contact.id == contact_id).values(open_case_since=None))
