"""What was heard in a week at each unit: counts, reasons and words, for the bulletins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from server.catalogue import ZONE
from server.db import AnyRow, AnySelect
from server.fieldwork.definitions.compiled import programme_of
from server.followup.callbacks.invited import INVITED
from server.followup.callbacks.weekly import Heard, Place, without_names
from server.forms import CompiledForm, compile_form, display_text
from server.keys import KeyRing
from server.models.accounts import Person
from server.models.callbacks import CallBackCase, CallBackStep
from server.models.contacts import ContactPrivate
from server.models.definitions import FormVersion
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Invitation
from server.models.waves import Wave

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Span:
    """A week from its Monday: the first moment, and the first one after it."""

    first: datetime
    last: datetime

    @classmethod
    def of(cls, monday: date) -> "Span":
        zone = ZoneInfo(ZONE)
        return cls(datetime.combine(monday, time(), zone), datetime.combine(monday + WEEK, time(), zone))

    def has(self, column: Any) -> ColumnElement[bool]:
        return and_(column >= self.first, column < self.last)


def places(connection: Connection) -> list[Place]:
    """Every unit there is."""
    rows = connection.execute(select(Unit.code, Unit.path, Unit.name, Unit.name_en).order_by(Unit.path))
    return [Place(row.code, row.path, row.name, row.name_en) for row in rows]


def heard_in(connection: Connection, monday: date, keys: KeyRing) -> Mapping[str, Heard]:
    """Path -> what the unit itself heard in the week."""
    span = Span.of(monday)
    found: dict[str, Heard] = {}
    for name, query in _countings(span):
        for row in connection.execute(query):
            found.setdefault(row.path, Heard()).counts[name] += row.n
    for row in connection.execute(_rounds(span)).all():
        _count_satisfied(connection, found, row, span)
    for row in connection.execute(_confirmed(span)):
        found.setdefault(row.path, Heard()).axes[row.axis] += row.n
    _listen(connection, found, span, keys)
    return found


def _countings(span: Span) -> Iterable[tuple[str, AnySelect]]:
    """Name -> path and n."""
    invited = (
        select(Unit.path, func.count().label("n"))
        .join_from(Invitation, Subject, Subject.id == Invitation.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .group_by(Unit.path)
    )
    yield "asked", invited.where(span.has(Invitation.created_at))
    yield "answered", invited.where(span.has(Invitation.completed_at))
    cases = (
        select(Unit.path, func.count().label("n"))
        .join_from(CallBackCase, Unit, Unit.id == CallBackCase.unit_id)
        .group_by(Unit.path)
    )
    opened = span.has(CallBackCase.opened_at)
    yield "opened", cases.where(opened)
    yield "dissatisfied", cases.where(opened, CallBackCase.cause == "dissatisfied")
    yield "closed", cases.where(span.has(CallBackCase.closed_at))
    still_open = or_(CallBackCase.closed_at.is_(None), CallBackCase.closed_at >= span.last)
    yield "overdue", cases.where(CallBackCase.due_at < span.last, still_open)


def _answers(span: Span, *columns: Any) -> AnySelect:
    return (
        select(*columns)
        .select_from(Submission)
        .join(Wave, Wave.id == Submission.wave_id)
        .join(
            Invitation,
            INVITED,
        )
        .where(span.has(Submission.received_at))
    )


def _rounds(span: Span) -> AnySelect:
    """The instruments that were answered in the week."""
    return _answers(span, Wave.programme_version_id, Wave.instrument_name).distinct()


def _count_satisfied(connection: Connection, found: dict[str, Heard], of: AnyRow, span: Span) -> None:
    """By the score from which the programme calls somebody satisfied."""
    call_back = programme_of(connection, of.programme_version_id).call_backs.get(of.instrument_name)
    if call_back is None or call_back.satisfied is None:
        return
    least = call_back.satisfied
    # Published scores are decimals, and so is every line that a programme draws through them.
    happy = ScoreSheet.published * least.denominator >= least.numerator
    query = (
        _answers(span, Unit.path, func.count().label("n"), func.count().filter(happy).label("happy"))
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id)
        .where(SubmissionRevision.number == 1, ScoreSheet.published.is_not(None))
        .where(Wave.programme_version_id == of.programme_version_id)
        .where(Wave.instrument_name == of.instrument_name)
        .group_by(Unit.path)
    )
    for row in connection.execute(query):
        counts = found.setdefault(row.path, Heard()).counts
        counts["rated"] += row.n
        counts["satisfied"] += row.happy


def _confirmed(span: Span) -> AnySelect:
    """What two people agreed on in the week, by axis."""
    agreed = or_(
        CallBackStep.step == "confirmed",
        and_(CallBackStep.step == "changed", CallBackStep.axis != "person"),
    )
    return (
        select(Unit.path, CallBackStep.axis, func.count().label("n"))
        .join_from(CallBackStep, CallBackCase, CallBackCase.id == CallBackStep.case_id)
        .join(Unit, Unit.id == CallBackCase.unit_id)
        .where(span.has(CallBackStep.at), agreed)
        .group_by(Unit.path, CallBackStep.axis)
    )


def _listen(connection: Connection, found: dict[str, Heard], span: Span, keys: KeyRing) -> None:
    """Reasons and own words of those who were not satisfied."""
    rows = connection.execute(
        select(
            CallBackCase.programme_version_id, CallBackCase.instrument_name, Unit.path,
            Submission.form_version_id, SubmissionRevision.id.label("revision_id"),
            SubmissionRevision.answers, ContactPrivate.name,
        )
        .join(Unit, Unit.id == CallBackCase.unit_id)
        .join(Submission, Submission.id == CallBackCase.submission_pk)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ContactPrivate, ContactPrivate.contact_id == CallBackCase.contact_id, isouter=True)
        .where(span.has(CallBackCase.opened_at), SubmissionRevision.number == 1)
    ).all()  # fmt: skip
    forms: dict[UUID, CompiledForm] = {}
    texts = _texts(connection, [row.revision_id for row in rows])
    names = _names(connection, {row.path for row in rows})
    for row in rows:
        heard = found.setdefault(row.path, Heard())
        own = keys.decrypt(row.name) if row.name is not None else ""
        known = [*names.get(row.path, ()), own]
        heard.quotes += [without_names(each, known) for each in texts.get(row.revision_id, ())]
        if row.form_version_id not in forms:
            forms[row.form_version_id] = _form(connection, row.form_version_id)
        for reason in _reasons(connection, row, forms[row.form_version_id]):
            heard.reasons[reason] += 1


def _reasons(connection: Connection, row: AnyRow, form: CompiledForm) -> Iterable[tuple[str, str]]:
    call_back = programme_of(connection, row.programme_version_id).call_backs.get(row.instrument_name)
    question = call_back.reasons if call_back is not None else ""
    given = row.answers.get(question)
    for value in given if isinstance(given, list) else [given] if given is not None else []:
        # Their own words behind "other" are no reason of the list.
        if value != "other":
            yield (
                display_text(form, question, [value] if isinstance(given, list) else value, "zh"),
                display_text(form, question, [value] if isinstance(given, list) else value, "en"),
            )


def _form(connection: Connection, version_id: UUID) -> CompiledForm:
    query = select(FormVersion.content).where(FormVersion.id == version_id)
    return compile_form(connection.execute(query).scalar_one())


def _texts(connection: Connection, revisions: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    query = select(SubmissionText.revision_id, SubmissionText.text).where(
        SubmissionText.revision_id.in_(revisions)
    )
    found: dict[UUID, list[str]] = {}
    for row in connection.execute(query):
        if row.text.strip():
            found.setdefault(row.revision_id, []).append(row.text.strip())
    return found


def _names(connection: Connection, paths: Iterable[str]) -> Mapping[str, list[str]]:
    """Path -> who works there."""
    query = select(Unit.path, Person.name).join(Unit, Unit.id == Person.unit_id).where(Unit.path.in_(paths))
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.path, []).append(row.name)
    return found
