"""Notices of critical failures, once a submission: at once, and to branches when it unmasks nobody.

Told is what visits, videos and self-checks found, by the names of outlet and items; never an answer, a word
or a day. A branch that heard of a visit on its day would know the visitor, so its managers are told when the
wave has closed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select

from server import catalogue
from server.db import AnyRow, AnySelect
from server.fieldwork.timetable.notices import NewNotice, raise_notices, supersede
from server.forms import CompiledForm
from server.intake.shelf import FormShelf
from server.models.notices import Notice
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.waves import Wave
from server.scoring.programmes.vocabulary import VISITED

KIND: Final = "critical_failure"
COORDINATOR, MANAGER = "coordinator", "branch_manager"
UNNOTICED: Final = "visit"
# A line of an inbox names so many items, each in so many characters, and counts the others.
NAMED: Final = 3
LONGEST: Final = 40


def roles_told(instrument: str, state: str) -> tuple[str, ...]:
    """Whose notice a critical failure is, by the wave's instrument and state."""
    # What one customer, colleague or employee said is nobody's notice: it would lead to who said it.
    if instrument not in VISITED or state == "cancelled":
        return ()
    if instrument == UNNOTICED and state != "closed":
        return (COORDINATOR,)
    return (COORDINATOR, MANAGER)


def raise_critical(
    connection: Connection, forms: FormShelf, submissions: Sequence[UUID], *, now: datetime
) -> int:
    """Raise what the newest revisions of submissions ask for, and take back what they mended.

    Returns how many notices are new; a submission that was told of already brings none.
    """
    # A wave that closes meanwhile waits for this transaction, so that its branches hear of these too.
    waves = select(Submission.wave_id).where(Submission.id.in_(submissions))
    connection.execute(select(Wave.id).where(Wave.id.in_(waves)).order_by(Wave.id).with_for_update(read=True))
    notices, mended = list[NewNotice](), list[str]()
    for row in connection.execute(_newest(submissions)):
        items = [line["item"] for line in row.lines or () if line.get("critical")]
        if items:
            form = forms.get(connection, row.form_version_id).form
            notices.extend(_notices(row, _named(form, items)))
        else:
            mended.extend(_key(row.id, role) for role in (COORDINATOR, MANAGER))
    supersede(connection, mended, now=now)
    return raise_notices(connection, notices, now=now)


def tell_managers(connection: Connection, waves: Collection[UUID], *, now: datetime) -> int:
    """After visits have closed: what the coordinators were told becomes the branches' notice too."""
    told = connection.execute(
        select(Notice.key, Notice.unit_id, Notice.wave_id, Notice.params)
        .join(Wave, Wave.id == Notice.wave_id)
        .where(Notice.wave_id.in_(waves), Notice.kind == KIND, Notice.role == COORDINATOR)
        .where(Notice.superseded_at.is_(None), Notice.unit_id.is_not(None))
        .where(Wave.instrument == UNNOTICED, Wave.state == "closed")
        # In an order that says nothing of who was visited first.
        .order_by(func.md5(Notice.key))
    )
    notices = [
        NewNotice(
            key=row.key.removesuffix(COORDINATOR) + MANAGER,
            kind=KIND,
            role=MANAGER,
            at=now,
            unit_id=row.unit_id,
            wave_id=row.wave_id,
            params=row.params,
            replaces=False,
        )
        for row in told
    ]
    return raise_notices(connection, notices, now=now)


def submission_of(key: str) -> UUID:
    """The inner id of the submission that a notice is about, by the notice's key."""
    return UUID(key.split(":")[1])


def _key(submission_pk: UUID, role: str) -> str:
    return f"{KIND}:{submission_pk}:{role}"


def _newest(submissions: Sequence[UUID]) -> AnySelect:
    newest = (
        select(func.max(SubmissionRevision.number))
        .where(SubmissionRevision.submission_pk == Submission.id)
        .correlate(Submission)
        .scalar_subquery()
    )
    return (
        select(
            Submission.id, Submission.received_at, Submission.wave_id, Submission.form_version_id,
            Wave.instrument, Wave.state, ScoreSheet.sheet["lines"].label("lines"),
            Unit.id.label("unit_id"), func.coalesce(Unit.name, Subject.name).label("name"), Unit.name_en,
        )
        .join(Wave, Wave.id == Submission.wave_id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == func.coalesce(Subject.unit_id, Subject.parent_unit_id), isouter=True)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .where(Submission.id.in_(submissions), SubmissionRevision.number == newest)
    )  # fmt: skip


def _notices(row: AnyRow, items: Mapping[str, str]) -> Iterator[NewNotice]:
    params: dict[str, Any] = {"place": {"zh": row.name, "en": row.name_en or row.name}, "items": items}
    for role in roles_told(row.instrument, row.state):
        # What belongs to no unit is no branch's, and would be told to whoever runs all of them.
        if role == COORDINATOR or row.unit_id is not None:
            yield NewNotice(
                key=_key(row.id, role),
                kind=KIND,
                role=role,
                at=row.received_at,
                unit_id=row.unit_id,
                wave_id=row.wave_id,
                params=params,
                replaces=False,
            )


def _named(form: CompiledForm, items: Sequence[str]) -> dict[str, str]:
    """The items' titles by language. A title is told as it stands in the form, without what is piped in."""
    return {locale: _listed(form, items, locale) for locale in catalogue.LOCALES}


def _listed(form: CompiledForm, items: Sequence[str], locale: str) -> str:
    titles = [_title(form, item, locale) for item in items[:NAMED]]
    named = catalogue.text("alerts.comma", locale).join(titles)
    if len(items) <= NAMED:
        return named
    return catalogue.text("alerts.items", locale, named=named, count=len(items))


def _title(form: CompiledForm, item: str, locale: str) -> str:
    question = form.questions.get(item)
    title = question.title.render(locale, _unknown) if question is not None else item
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"


def _unknown(_name: str) -> str:
    return "…"
