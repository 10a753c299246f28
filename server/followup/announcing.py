"""Who is told what after a visit: windows for facts, publications, answers to appeals; each branch once.

Looked for by a chore, so that an embargo that ends while nobody is there is told all the same, and a clock
that was down tells it when it is back.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.fieldwork.timetable.notices import NewNotice, raise_notices
from server.followup.publishing.snapshot import moved
from server.models.appeals import REFUSED, UPHELD, Appeal
from server.models.notices import Notice
from server.models.organisation import Subject, Unit
from server.models.publications import PUBLISHED, FactsCheck, Publication
from server.models.submissions import Submission
from server.models.waves import Wave

TOLD: Final = "branch_manager"
CHECK, SCORES, ANSWER = KINDS = ("facts_to_check", "scores_published", "appeal_decided")
# Older news is no news: whoever looks finds it on the own pages.
LOOKED_BACK: Final = timedelta(days=7)


def announce_due(connection: Connection, *, now: datetime) -> int:
    """Raise what is due and was not told; returns how many notices are new. May run any number of times."""
    found = [*_checks(connection, now), *_published(connection, now), *_answers(connection, now)]
    return raise_notices(connection, found, now=now)


def _checks(connection: Connection, now: datetime) -> Iterator[NewNotice]:
    rows = connection.execute(
        select(FactsCheck.wave_id, FactsCheck.opened_at, FactsCheck.closes_at, *_ABOUT)
        .distinct()
        .join(Wave, Wave.id == FactsCheck.wave_id)
        .join(Submission, Submission.wave_id == Wave.id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(FactsCheck.opened_at > now - LOOKED_BACK, FactsCheck.closes_at > now)
        # In an order that says nothing of who was visited first.
        .order_by(Unit.id)
    )
    for row in rows:
        yield _notice(row, CHECK, row.wave_id, row.opened_at, due_at=row.closes_at)


def _published(connection: Connection, now: datetime) -> Iterator[NewNotice]:
    """Of a first version every branch hears; of a later one those whom it moves."""
    told = select(Notice.id).where(
        Notice.wave_id == Publication.wave_id,
        Notice.key.startswith(func.concat(SCORES, ":", Publication.id, ":")),
    )
    publications = connection.execute(
        select(Publication.id, Publication.wave_id, Publication.number, Publication.snapshot,
               Publication.visible_from, Wave.title, Wave.title_en)
        .join(Wave, Wave.id == Publication.wave_id)
        .where(Publication.state == PUBLISHED, Publication.visible_from <= now)
        # Reading two snapshots of a province again and again, to find out that all were told, takes a second.
        .where(Publication.visible_from > now - LOOKED_BACK, ~told.exists())
        .order_by(Publication.visible_from, Publication.id)
    ).all()  # fmt: skip
    for publication in publications:
        before = connection.scalar(
            select(Publication.snapshot).where(
                Publication.wave_id == publication.wave_id,
                Publication.number == publication.number - 1,
                Publication.state == PUBLISHED,
            )
        )
        codes = [each.subject for each in moved(before, publication.snapshot)]
        rows = connection.execute(
            select(*_ABOUT)
            .join(Subject, Subject.unit_id == Unit.id)
            .join(Wave, Wave.id == publication.wave_id)
            .where(Subject.code.in_(codes))
            .order_by(Unit.id)
        )
        for row in rows:
            yield _notice(row, SCORES, publication.id, publication.visible_from)


def _answers(connection: Connection, now: datetime) -> Iterator[NewNotice]:
    rows = connection.execute(
        select(Appeal.id, Appeal.decided_at, *_ABOUT)
        .join(Subject, Subject.id == Appeal.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Wave, Wave.id == Appeal.wave_id)
        .where(Appeal.state.in_((UPHELD, REFUSED)), Appeal.decided_at > now - LOOKED_BACK)
        .order_by(Appeal.decided_at, Appeal.id)
    )
    for row in rows:
        yield _notice(row, ANSWER, row.id, row.decided_at)


_ABOUT: Final = (
    Unit.id.label("unit_id"),
    Unit.name,
    Unit.name_en,
    Wave.id.label("of_wave"),
    Wave.title,
    Wave.title_en,
)


def _notice(row: Any, kind: str, cause: UUID, at: datetime, *, due_at: datetime | None = None) -> NewNotice:
    return NewNotice(
        key=f"{kind}:{cause}:{row.unit_id}",
        kind=kind,
        role=TOLD,
        at=at,
        unit_id=row.unit_id,
        wave_id=row.of_wave,
        params={
            "place": {"zh": row.name, "en": row.name_en or row.name},
            "wave": {"zh": row.title, "en": row.title_en or row.title},
        },
        due_at=due_at,
        replaces=False,
    )
