"""What an order needs to know of what it is about: the report, its item, when a branch may know of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import aliased

from server import catalogue
from server.db import AnyRow
from server.fieldwork.waves.secrecy import is_covert, is_reviewed
from server.intake.shelf import FormShelf
from server.models.accounts import Person
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Subject, Unit
from server.models.publications import PUBLISHED, Publication
from server.models.submissions import Finding, Submission
from server.models.waves import Wave

LANGUAGES: Final = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Origin:
    """The report that an order is about.

    Attributes:
        item: of the report; None for the whole of it.
        about: the item's title by language.
        fixed: a photo shows it put right while the visitor was there.
    """

    submission_pk: UUID
    wave: AnyRow
    item: str | None
    about: Mapping[str, str]
    key_item: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is asked: a subject, with the unit where it is and that unit's clocks."""

    subject_id: UUID
    unit_id: UUID | None
    zone: ZoneInfo


def origin_of(connection: Connection, forms: FormShelf, programme_id: UUID, event: str) -> Origin | None:
    """What a settlement's event stands for: `wave/report` or `wave/report/item`. None for a period."""
    wave, _, rest = event.partition("/")
    report, _, item = rest.partition("/")
    try:
        submission_id = UUID(report)
    except ValueError:
        return None
    submission_pk = connection.scalar(
        select(Submission.id)
        .join(Wave, Wave.id == Submission.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == programme_id, Wave.code == wave)
        .where(Submission.submission_id == submission_id)
    )
    return None if submission_pk is None else report_as_origin(connection, forms, submission_pk, item or None)


def report_as_origin(
    connection: Connection, forms: FormShelf, submission_pk: UUID, item: str | None
) -> Origin:
    """A report, or one item of it."""
    wave = connection.execute(
        select(
            Wave.id, Wave.state, Wave.instrument, Wave.instrument_name, Wave.programme_version_id,
            Wave.timezone, Submission.form_version_id,
        )
        .join(Submission, Submission.wave_id == Wave.id)
        .where(Submission.id == submission_pk)
    ).one()  # fmt: skip
    found = connection.execute(
        select(
            func.bool_or(Finding.key_item).label("key"), func.bool_and(Finding.fixed).label("fixed")
        ).where(Finding.submission_pk == submission_pk, Finding.item == item, Finding.withdrawn_at.is_(None))
    ).one()
    question = forms.get(connection, wave.form_version_id).form.questions.get(item or "")
    about: dict[str, str] = {}
    if question is not None:
        about = {name: question.title.render(name, lambda _: "…") for name in LANGUAGES}
        about["default"] = about.pop(LANGUAGES[0])
    return Origin(submission_pk, wave, item, about, bool(found.key), bool(found.fixed))


def is_known(connection: Connection, origin: Origin, *, now: datetime) -> bool:
    """Whether the branch may know of the report: an order that came earlier would say that somebody was
    there."""
    wave = origin.wave
    if not is_reviewed(connection, wave):
        return wave.state == "closed" or not is_covert(connection, wave)
    shown = select(Publication.id).where(
        Publication.wave_id == wave.id, Publication.state == PUBLISHED, Publication.visible_from <= now
    )
    return connection.scalar(shown.limit(1)) is not None


def recipients(connection: Connection, codes: set[str]) -> Mapping[str, Recipient]:
    """By the codes of the subjects."""
    own = aliased(Unit)
    unit_id = func.coalesce(Subject.unit_id, Subject.parent_unit_id, Person.unit_id)
    rows = connection.execute(
        select(Subject.code, Subject.id, own.id.label("unit_id"), own.timezone)
        .join(Person, Person.id == Subject.person_id, isouter=True)
        .join(own, own.id == unit_id, isouter=True)
        .where(Subject.code.in_(codes))
    )
    return {
        row.code: Recipient(row.id, row.unit_id, ZoneInfo(row.timezone or catalogue.ZONE)) for row in rows
    }
