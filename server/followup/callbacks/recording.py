"""The record of a call: the form that the programme names for it, handed in through the one door for answers.

Records of a programme stand in its record book of the year, a wave that nobody plans and nobody is asked by.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.followup.callbacks import cases
from server.followup.callbacks.cases import (
    Agent,
    Ending,
    call_back_of,
    locked_case,
    mine,
    note_record,
    was_reached,
)
from server.forms import check
from server.intake import known
from server.intake.prepare import Ask, Incoming, Rejected, prepare
from server.intake.record import record
from server.intake.shelf import FormShelf, ShelvedForm
from server.models.definitions import Programme, ProgrammeVersion
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission
from server.models.waves import Wave
from server.scope import Scope

# Questions of a form that a call answers by itself.
REACHED: Final = "reached"
YES: Final = "yes"
OPINION: Final = "opinion"


@dataclass(frozen=True, slots=True)
class Record:
    """The form that notes a case's call, and what it knows before the start."""

    shelved: ShelvedForm
    variables: Mapping[str, Any]
    today: date


def record_of(connection: Connection, case: AnyRow, forms: FormShelf, now: datetime) -> Record | None:
    """The form for a case that was found within the scope, None where the programme names none."""
    call_back = call_back_of(connection, case)
    if call_back is None or not call_back.record:
        return None
    content = connection.scalar(
        select(ProgrammeVersion.content).where(ProgrammeVersion.id == case.programme_version_id)
    )
    listed: Sequence[dict[str, Any]] = (content or {}).get("instruments", ())
    log = next((each for each in listed if each["name"] == call_back.record), {})
    if "form" not in log or "version" not in log:
        return None
    shelved = forms.find(connection, log["form"], log["version"])
    if shelved is None:
        return None
    unit = connection.execute(select(*known.COLUMNS).where(Unit.id == case.unit_id)).one()
    today = now.astimezone(ZoneInfo(case.timezone)).date()
    return Record(shelved, known.of_unit(unit), today)


def carried(record: Record, attempts: Sequence[AnyRow]) -> Mapping[str, Any]:
    """What the call that reached the customer has said already, for a form that asks it again: `reached` with
    the choice `yes`, and the note as the customer's `opinion`."""
    form = record.shelved.form
    reached = next((each for each in reversed(attempts) if each.reach == "reached"), None)
    if reached is None:
        return {}
    said = {REACHED: YES, OPINION: reached.note}
    given = {name: value for name, value in said.items() if value and name in form.questions}
    checked = check(form, given, variables=record.variables, today=record.today)
    wrong = {each.question for each in checked.errors}
    return {name: value for name, value in given.items() if name not in wrong}


def close_recorded(
    connection: Connection,
    case_id: UUID,
    ending: Ending,
    agent: Agent,
    reach: tuple[Scope, FormShelf],
    *,
    now: datetime,
) -> None:
    """End a case, once what was said is recorded where the programme has a form for it.

    Raises:
        Refusal: what `cases.close` raises, and invalid_fields without the record.
    """
    scope, forms = reach
    case = mine(locked_case(connection, case_id, scope), agent, now)
    unsaved = case.record_pk is None and was_reached(connection, case_id)
    if unsaved and record_of(connection, case, forms, now) is not None:
        raise Refusal("invalid_fields", details=[Detail("case_not_recorded", "/outcome")])
    cases.close(connection, case_id, ending, agent, scope, now=now)


def hand_in(
    connection: Connection,
    case_id: UUID,
    answers: Mapping[str, Any],
    agent: Agent,
    reach: tuple[Scope, FormShelf],
    *,
    now: datetime,
) -> Sequence[Detail]:
    """Store the record of a call; returns what is wrong with the answers, nothing being stored then.

    Args:
        reach: the agent's scope, and the forms.

    Raises:
        Refusal: not_found, or invalid_fields when the case is not theirs or has its record.
    """
    scope, forms = reach
    case = mine(locked_case(connection, case_id, scope), agent, now)
    found = record_of(connection, case, forms, now)
    if found is None or case.record_pk is not None:
        raise Refusal("invalid_fields", details=[Detail("case_has_record", "/case")])
    subject_id = connection.execute(select(Subject.id).where(Subject.unit_id == case.unit_id)).scalar_one()
    book = _book(connection, case, found, now)
    ask = Ask(book, subject_id, found.shelved, found.variables, found.today, "page")
    # One id for one case: whoever presses twice hands in once.
    prepared = prepare(Incoming(uuid5(case.id, "record"), answers), ask)
    if isinstance(prepared, Rejected):
        return prepared.errors
    record(connection, [prepared], actor=agent.actor, now=now)
    submission_pk = connection.execute(
        select(Submission.id).where(
            Submission.wave_id == book, Submission.submission_id == prepared.incoming.submission_id
        )
    ).scalar_one()
    note_record(connection, case, submission_pk, now=now)
    return ()


def _book(connection: Connection, case: AnyRow, found: Record, now: datetime) -> UUID:
    """The record book of the programme's version for this year, made when the first record is written."""
    call_back = call_back_of(connection, case)
    programme = connection.execute(
        select(Programme.key, ProgrammeVersion.version, ProgrammeVersion.content["title"].label("title"))
        .join(ProgrammeVersion, ProgrammeVersion.programme_id == Programme.id)
        .where(ProgrammeVersion.id == case.programme_version_id)
    ).one()
    instrument = call_back.record if call_back is not None else ""
    code = f"{programme.key}-{instrument}-{programme.version}-{found.today:%Y}"
    zone, year = ZoneInfo(case.timezone), found.today.year
    title = programme.title if isinstance(programme.title, dict) else {"default": programme.title}
    connection.execute(
        insert_or_skip(Wave)
        .values(
            id=new_id(),
            programme_version_id=case.programme_version_id,
            code=code,
            title=f"{title['default']} {year}",
            title_en=f"{title['en']} {year}" if "en" in title else None,
            instrument="log",
            instrument_name=instrument,
            form_version_id=found.shelved.form_version_id,
            state="launched",
            opens_at=datetime.combine(date(year, 1, 1), time(), zone),
            closes_at=datetime.combine(date(year + 1, 1, 1), time(), zone),
            timezone=case.timezone,
            prn_key=secrets.token_bytes(32),
            launched_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["code"])
    )
    return connection.execute(select(Wave.id).where(Wave.code == code)).scalar_one()
