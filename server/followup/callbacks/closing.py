"""The closing message, "you said, we changed": once to a person, only where that was agreed."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from server import audit, queue
from server.db import AnyRow, AnySelect, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.plans import organisation_names
from server.keys import KeyRing
from server.models.callbacks import AXES, CallBackCase, CallBackClosing, CallBackStep
from server.models.contacts import Contact, ContactPrivate, OptOut, ProgrammeOptOut
from server.models.definitions import Programme, ProgrammeVersion
from server.models.messages import Message
from server.models.organisation import Subject, Unit
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.respect.rules import read_rules
from server.notify.segments import measure
from server.notify.texts import TemplateRefused, check_words, compose_words
from server.scope import Scope

KIND: Final = "closing"
LANGUAGES: Final = ("zh", "en")
LONGEST: Final = 400
BATCH: Final = 500
LASTS: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class NewClosing:
    """A text by language for those who answered a wave; with an axis only for those whose case was that."""

    wave_id: UUID
    axis: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What sending would be.

    Attributes:
        texts: language -> the longest whole text that anybody would get.
        recipients: language -> people.
        each: language -> segments of the longest text.
        segments: of all texts to all people.
    """

    texts: Mapping[str, str]
    recipients: Mapping[str, int]
    each: Mapping[str, int]
    segments: int

    @property
    def people(self) -> int:
        return sum(self.recipients.values())


def fingerprint(new: NewClosing, shown: Preview) -> str:
    """Of what was shown: whoever changes a word afterwards is shown it again before it is sent."""
    told = [str(new.wave_id), new.axis, dict(new.texts), shown.people, shown.segments]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def closable_waves(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """Waves of programmes whose respondents agreed to hear what became of their answers, newest first."""
    query = (
        select(
            Wave.id, Wave.code, Wave.title, Wave.title_en, Wave.programme_version_id, Wave.instrument_name,
            Wave.closes_at,
        )
        .where(Wave.instrument == "survey", Wave.firm_id.is_(None))
        .where(Wave.state.in_(("launched", "paused", "closed")))
        .order_by(Wave.opens_at.desc())
        .limit(200)
    )  # fmt: skip
    return [row for row in connection.execute(scope.waves(query)) if _agreed(connection, row)]


def sent_closings(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """What was sent, newest first, with the wave's `title` and `title_en`."""
    query = (
        select(*CallBackClosing.__table__.columns, Wave.title, Wave.title_en)
        .join(Wave, Wave.id == CallBackClosing.wave_id)
        .order_by(CallBackClosing.sent_at.desc())
        .limit(50)
    )
    return connection.execute(scope.waves(query)).all()


def preview(connection: Connection, new: NewClosing, scope: Scope) -> Preview:
    """Who would hear it, and how long it is.

    Raises:
        Refusal: not_found, or invalid_fields with every problem.
    """
    wave = _checked(connection, new, scope)
    people = _recipients(wave, new.axis, scope).subquery()
    of = (people.c.locale, people.c.name, people.c.name_en)
    groups = connection.execute(select(*of, func.count().label("people")).group_by(*of)).all()
    names = organisation_names(connection)
    counts: Counter[str] = Counter()
    segments = 0
    for group in groups:
        counts[_language(group.locale)] += group.people
        segments += group.people * measure(_text(new, group, names)).segments
    longest = {language: _longest(new, language, groups, names) for language in LANGUAGES}
    each = {language: measure(text).segments for language, text in longest.items()}
    most = read_rules(connection).most_segments
    long = [
        Detail("message_segments", f"/{language}", {"segments": count, "most": most})
        for language, count in each.items()
        if count > most
    ]
    if long:
        raise Refusal("invalid_fields", details=long)
    return Preview(longest, counts, each, segments)


def send(
    connection: Connection, new: NewClosing, scope: Scope, keys: KeyRing, *, by: str, now: datetime
) -> Preview:
    """Queue the message, once for each person and wave, whatever is sent to others of it later.

    Raises:
        Refusal: what `preview` raises, and invalid_fields when this part of the wave has heard one.
    """
    wave = _checked(connection, new, scope)
    shown = preview(connection, new, scope)
    if not shown.people:
        raise Refusal("invalid_fields", details=[Detail("closing_nobody", "/wave")])
    _once(connection, new, shown, by=by, now=now)
    rows = connection.execute(_recipients(wave, new.axis, scope)).all()
    names = organisation_names(connection)
    for start in range(0, len(rows), BATCH):
        messages = [
            NewMessage(
                dedupe_key=f"{wave.id}:{row.contact_id}:{KIND}:1",
                kind=KIND,
                recipient=keys.decrypt(row.phone),
                text=_text(new, row, names),
                not_before=now,
                expires_at=now + LASTS,
                wave_id=wave.id,
            )
            for row in rows[start : start + BATCH]
        ]
        enqueue(connection, messages, keys, now)
    queue.defer_unless_waiting(connection, "send_messages")
    detail = {"axis": new.axis, "recipients": shown.people, "segments": shown.segments}
    audit.record(connection, [audit.Entry(by, "closing_sent", f"wave:{wave.id}", detail)], at=now)
    return shown


def _checked(connection: Connection, new: NewClosing, scope: Scope) -> AnyRow:
    query = (
        select(Wave.id, Wave.programme_version_id, Wave.instrument_name, Programme.id.label("programme_id"))
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(Wave.id == new.wave_id, Wave.firm_id.is_(None))
    )
    wave = connection.execute(scope.waves(query)).first()
    if wave is None:
        raise Refusal("not_found")
    details = []
    if not _agreed(connection, wave):
        details.append(Detail("closing_not_agreed", "/wave"))
    if new.axis and new.axis not in AXES:
        details.append(Detail("axis_missing", "/axis"))
    details += [problem for language in LANGUAGES for problem in _text_problems(new, language)]
    if details:
        raise Refusal("invalid_fields", details=details)
    return wave


def _text_problems(new: NewClosing, language: str) -> Iterator[Detail]:
    text = new.texts.get(language, "").strip()
    if not text:
        yield Detail("text_missing", f"/{language}")
    if len(text) > LONGEST:
        yield Detail("text_too_long", f"/{language}", {"limit": LONGEST})
    try:
        check_words(text)
    except TemplateRefused as refused:
        yield Detail("message_unknown_variable", f"/{language}", refused.params)


def _text(new: NewClosing, row: AnyRow, names: Mapping[str, str], language: str = "") -> str:
    """The whole text for whoever answered about the row's unit, in their language unless told otherwise."""
    language = language or _language(row.locale)
    unit = row.name_en or row.name if language == "en" else row.name
    words = new.texts[language].strip()
    return compose_words(words, organisation=names[language], unit=unit, locale=language)


def _longest(new: NewClosing, language: str, groups: Sequence[AnyRow], names: Mapping[str, str]) -> str:
    """Of what those of a language would read; where nobody reads it, of what anybody would."""
    readers = [group for group in groups if _language(group.locale) == language] or groups
    texts = [_text(new, group, names, language) for group in readers]
    words = new.texts[language].strip()
    empty = compose_words(words, organisation=names[language], unit="", locale=language)
    return max(texts, key=lambda text: (measure(text).segments, len(text)), default=empty)


def _agreed(connection: Connection, wave: AnyRow) -> bool:
    call_back = programme_of(connection, wave.programme_version_id).call_backs.get(wave.instrument_name)
    return call_back is not None and call_back.closing


def _recipients(wave: AnyRow, axis: str, scope: Scope) -> AnySelect:
    """Who answered the wave, gave consent, has not said stop, works elsewhere, and has heard none yet."""
    heard = aliased(Message)
    key = func.concat(str(wave.id), ":", Contact.id, f":{KIND}:1")
    query = (
        select(Contact.id.label("contact_id"), Contact.locale, ContactPrivate.phone, Unit.name, Unit.name_en)
        .join_from(Invitation, Contact, Contact.id == Invitation.contact_id)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .join(Subject, Subject.id == Invitation.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Invitation.wave_id == wave.id, Invitation.completed_at.is_not(None))
        .where(Contact.consent_source.is_not(None), Contact.staff.is_(False))
        .where(~exists().where(OptOut.phone_hash == ContactPrivate.phone_hash))
        .where(
            ~exists().where(
                ProgrammeOptOut.phone_hash == ContactPrivate.phone_hash,
                ProgrammeOptOut.programme_id == wave.programme_id,
            )
        )
        .where(~exists().where(heard.dedupe_key == key))
        .ext(distinct_on(Contact.id))
        .order_by(Contact.id, Invitation.id)
    )
    if axis:
        query = query.where(_case_of(axis))
    return scope.units(query)


def _case_of(axis: str) -> ColumnElement[bool]:
    """Whether the contact's case of the wave was about this, as it stands."""
    later = aliased(CallBackStep)
    return exists().where(
        CallBackCase.contact_id == Contact.id,
        CallBackCase.wave_id == Invitation.wave_id,
        CallBackStep.case_id == CallBackCase.id,
        CallBackStep.axis == axis,
        CallBackStep.step != "upheld",
        ~exists().where(and_(later.case_id == CallBackCase.id, later.number > CallBackStep.number)),
    )


def _once(connection: Connection, new: NewClosing, shown: Preview, *, by: str, now: datetime) -> None:
    known = connection.scalar(
        select(CallBackClosing.id).where(
            CallBackClosing.wave_id == new.wave_id,
            CallBackClosing.axis.is_not_distinct_from(new.axis or None),
        )
    )
    if known is not None:
        raise Refusal("invalid_fields", details=[Detail("closing_sent_before", "/wave")])
    connection.execute(
        insert(CallBackClosing).values(
            id=new_id(),
            wave_id=new.wave_id,
            axis=new.axis or None,
            texts=dict(new.texts),
            recipients=shown.people,
            segments=shown.segments,
            sent_at=now,
            sent_by=by,
        )
    )


def _language(locale: str) -> str:
    return "en" if locale.startswith("en") else "zh"
