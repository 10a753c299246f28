"""Doing a duty: noting it with its proof while it is open, signing it, taking it back, entering what happens.

All that is wrong is said at once. What is done stays done: afterwards only a correction changes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.duties.keeping import kept_programme
from server.fieldwork.duties.owed import Doer, find_mine, state_of
from server.fieldwork.duties.rolls import midnight
from server.models.accounts import Person
from server.models.duties import DutyFile, DutyOccurrence
from server.models.organisation import Subject, Unit
from server.scoring.arithmetic import exact_value, number_in
from server.scoring.duties import standing
from server.scoring.programmes.definition import Duty
from server.scoring.programmes.duties import EVENT, FORM

LONGEST_NOTE: Final = 2_000
LONGEST_NAME: Final = 100
DAY: Final = timedelta(days=1)
# Why something that is not open cannot be done.
_CLOSED: Final = {
    standing.UPCOMING: "duty_not_yet",
    standing.MISSED: "duty_over",
    standing.DONE: "duty_done_already",
    standing.DONE_LATE: "duty_done_already",
    standing.EXCUSED: "duty_excused",
}


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody says of a duty that was done; `fields` are words as they were typed."""

    note: str = ""
    signed_by: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something that happened and asks for a duty: a customer without a file, an order to look at again."""

    programme: str
    duty: str
    subject: str
    due_on: date
    note: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def mark_done(connection: Connection, occurrence_id: UUID, deed: Deed, doer: Doer, *, now: datetime) -> str:
    """Note a duty once; returns how it stands then. What is counted is done with the last of its times.

    Raises:
        Refusal: not_found for what is not theirs to do, duty_not_yet, duty_over, duty_done_already or
            duty_excused by the time, invalid_fields with every proof that is missing.
    """
    row = find_mine(connection, occurrence_id, doer)
    standing_now = state_of(row, now)
    if standing_now != standing.OPEN:
        raise Refusal(_CLOSED[standing_now])
    duty = programme_of(connection, row.programme_version_id).duties[row.duty]
    details = [*_lacking(connection, duty, row, deed), *wrong_fields(duty, deed.fields)]
    if details:
        raise Refusal("invalid_fields", details=details)
    noted = row.noted + 1
    done = noted >= row.times
    values: dict[str, Any] = {
        "noted": noted,
        "note": deed.note.strip() or row.note,
        "signed_by": deed.signed_by.strip() or row.signed_by,
        "fields": {**row.fields, **read_fields(duty, deed.fields)},
    }
    if done:
        values |= {"done_at": now, "done_by": doer.actor}
    _write(connection, row.id, values)
    _audit(connection, doer.actor, "duty_done" if done else "duty_noted", row.id, now, noted=noted)
    return standing.OPEN if not done else standing.DONE if now < row.due_at else standing.DONE_LATE


def sign(connection: Connection, occurrence_id: UUID, name: str, doer: Doer, *, now: datetime) -> None:
    """Write down who signed the record, with it or afterwards.

    Raises:
        Refusal: not_found, or invalid_fields without a name, with a too long one, or for a duty that was not
            done or is signed.
    """
    row = find_mine(connection, occurrence_id, doer)
    if row.done_at is None or row.signed_by:
        raise Refusal("invalid_fields", details=[Detail("duty_not_to_sign", "/signed_by")])
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise Refusal("invalid_fields", details=[Detail("duty_signature_missing", "/signed_by")])
    _write(connection, row.id, {"signed_by": name.strip()})
    _audit(connection, doer.actor, "duty_signed", row.id, now)


def take_back(connection: Connection, occurrence_id: UUID, doer: Doer, *, now: datetime) -> None:
    """Undo a tap while the duty could still be done; afterwards it takes a correction.

    Raises:
        Refusal: not_found, or duty_over when its time is over, it was done by somebody else, or by a form.
    """
    row = find_mine(connection, occurrence_id, doer)
    own = row.done_by in (None, doer.actor) and row.submission_id is None
    if not row.noted or not own or now >= row.closes_at:
        raise Refusal("duty_over")
    _write(connection, row.id, {"noted": row.noted - 1, "done_at": None, "done_by": None})
    _audit(connection, doer.actor, "duty_taken_back", row.id, now, noted=row.noted - 1)


def enter(connection: Connection, new: NewEntry, doer: Doer, *, now: datetime) -> UUID:
    """Make an entry of a duty that has no periods; it is open from now until the end of its day.

    Raises:
        Refusal: not_found when the programme has no such duty, or no such subject within reach;
            invalid_fields with everything that is wrong.
    """
    kept = kept_programme(connection, new.programme)
    duty = kept.duty(new.duty)
    place = _place(connection, new.subject, doer, duty)
    zone = kept.programme.zone
    details = [*wrong_fields(duty, new.fields)]
    if duty.every != EVENT:
        details.append(Detail("duty_has_periods", "/duty"))
    if new.due_on < now.astimezone(zone).date():
        details.append(Detail("duty_due_past", "/due_on"))
    if details:
        raise Refusal("invalid_fields", details=details)
    occurrence_id = new_id()
    due_at = midnight(new.due_on + DAY, zone)
    connection.execute(
        insert(DutyOccurrence).values(
            id=occurrence_id, programme_id=kept.programme_id, programme_version_id=kept.version_id,
            duty=duty.name, subject_id=place.id, unit_id=place.unit_id, role=duty.by, number=1, times=1,
            person_id=place.person_id, period=f"{EVENT}/{occurrence_id.hex}", due_on=new.due_on, opens_at=now,
            due_at=due_at, closes_at=due_at + kept.agenda.grace(duty) * DAY, note=new.note.strip() or None,
            fields=read_fields(duty, new.fields), created_at=now,
        )
    )  # fmt: skip
    _audit(connection, doer.actor, "duty_entered", occurrence_id, now, duty=duty.name)
    return occurrence_id


def wrong_fields(duty: Duty, typed: Mapping[str, str]) -> Iterator[Detail]:
    """Fields that are missing or are not what they should be."""
    for each in duty.fields:
        raw = typed.get(each.name, "").strip()
        title = each.title.get("default") or each.name
        if not raw and each.required:
            yield Detail("duty_field_missing", f"/fields/{each.name}", {"title": title})
        elif raw and _READERS[each.type](raw) is None:
            yield Detail("duty_field_wrong", f"/fields/{each.name}", {"title": title})


def read_fields(duty: Duty, typed: Mapping[str, str]) -> dict[str, Any]:
    """The fields as they are kept: exact numbers as text, dates as ISO."""
    given = ((each, typed.get(each.name, "").strip()) for each in duty.fields)
    return {each.name: _READERS[each.type](raw) for each, raw in given if raw}


def _lacking(connection: Connection, duty: Duty, row: AnyRow, deed: Deed) -> Iterator[Detail]:
    """Proofs that are not there. A signature may follow later; who lacks it is counted by the programme."""
    if FORM in duty.proof:
        yield Detail("duty_form_missing", "/form")
    if "note" in duty.proof and not deed.note.strip():
        yield Detail("duty_note_missing", "/note")
    if len(deed.note) > LONGEST_NOTE:
        yield Detail("duty_note_long", "/note", {"limit": LONGEST_NOTE})
    if len(deed.signed_by) > LONGEST_NAME:
        yield Detail("duty_signature_missing", "/signed_by")
    if "file" in duty.proof:
        here = select(func.count()).where(DutyFile.occurrence_id == row.id, DutyFile.state != "refused")
        if not connection.scalar(here):
            yield Detail("duty_file_missing", "/file")


def _place(connection: Connection, code: str, doer: Doer, duty: Duty) -> AnyRow:
    """The subject that an entry is for, where the doer manages it or holds the role."""
    at = func.coalesce(Subject.unit_id, Person.unit_id)
    query = (
        select(Subject.id, Subject.person_id, Unit.id.label("unit_id"), Unit.path)
        .join(Person, Person.id == Subject.person_id, isouter=True)
        .join(Unit, Unit.id == at, isouter=True)
        .where(Subject.code == code)
    )
    row = connection.execute(query).first()
    if row is None or not _may_enter(row, doer, duty):
        raise Refusal("not_found")
    return row


def _may_enter(row: AnyRow, doer: Doer, duty: Duty) -> bool:
    path = row.path or ""
    holds = any(role == duty.by and path.startswith(held) for role, held in doer.held)
    own = row.person_id is not None and row.person_id == doer.person_id
    return holds or own or (doer.manages and doer.scope.reaches(path))


def _write(connection: Connection, occurrence_id: UUID, values: Mapping[str, Any]) -> None:
    connection.execute(update(DutyOccurrence).where(DutyOccurrence.id == occurrence_id).values(**values))


def _audit(
    connection: Connection, actor: str, action: str, occurrence_id: UUID, now: datetime, **detail: object
) -> None:
    audit.record(connection, [audit.Entry(actor, action, f"duty:{occurrence_id}", detail)], at=now)


def _exact(raw: str) -> str | None:
    return raw if number_in(exact_value(raw)) is not None else None


def _whole(raw: str) -> str | None:
    return raw if raw.isascii() and raw.isdigit() else None


def _day(raw: str) -> str | None:
    try:
        return date.fromisoformat(raw).isoformat()
    except ValueError:
        return None


_READERS = {
    "number": _exact,
    "money": _exact,
    "whole": _whole,
    "text": lambda raw: raw[:LONGEST_NOTE],
    "flag": lambda raw: raw in ("yes", "true", "1"),
    "date": _day,
}
