"""What a visit is compared with: earlier photos and texts, and where the same person was that day.

Among a million photos the same file is found by the index on SHA-256, and a picture that differs in fewer
than six of 64 bits by `photo_pairs`: of seven parts of a hash at least two are equal then, and the few
pictures that share such a pair are counted out. Wider than that there is no such index, so suspects are
looked for among the photos of one person, a month back.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, cast, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import BIT

from server.db import AnyRow, AnySelect
from server.evidence.pictures import ALIKE, SUSPECT
from server.evidence.visit import MOMENTS, EarlierNarrative, EarlierPhoto, OtherVisit, Place
from server.evidence.wording import OWN
from server.models.doubts import LEAST_DETAIL
from server.models.organisation import Subject, Unit
from server.models.submissions import Attachment, Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment
from server.models.visits import VisitEvent

SUSPECTS: Final = timedelta(days=30)
NEARBY: Final = timedelta(days=1)
# Who hands in after the deadline was out before it; further back nobody's assignments are looked through.
OVERDUE: Final = timedelta(days=30)
# Of each: the same person's, firm's and wave's visits, the newest first.
MOST_VISITS: Final = 500
MOST_MATCHES: Final = 200
LONGEST_TEXT: Final = 5_000
UNSIGNED: Final = (1 << 64) - 1


def earlier_photos(connection: Connection, visit: AnyRow, days: int) -> tuple[EarlierPhoto, ...]:
    """Photos of other submissions, announced before this one's, that may be the same pictures.

    A query a photo: joined with one another, the planner reads all photos there are.

    Args:
        visit: as `gathering.visit_row` gives it.
        days: how far back.
    """
    own = select(
        Attachment.id, Attachment.sha256, Attachment.difference_hash, Attachment.detail, Attachment.created_at
    ).where(
        Attachment.submission_id == visit.submission_id, Attachment.wave_id == visit.wave_id, Attachment.named
    )
    since = visit.received_at - timedelta(days=days)
    # Nothing is known of how rare pairs are: a tenth of all photos is expected, and helpers are started for
    # the hundred that there are, which takes ten times as long as reading them.
    connection.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
    found = {
        row.id: row
        for photo in connection.execute(own).all()
        for condition in _conditions(photo, visit)
        for row in connection.execute(_handed_in(visit, photo, condition, since))
    }
    return tuple(_earlier(row, visit) for _, row in sorted(found.items()))


def _conditions(photo: AnyRow, visit: AnyRow) -> Iterator[ColumnElement[bool]]:
    yield Attachment.sha256 == photo.sha256
    if photo.difference_hash is None or (photo.detail or 0) < LEAST_DETAIL:
        return
    bits = cast(photo.difference_hash, BIT(64))
    apart = func.bit_count(Attachment.difference_hash.op("#")(bits))
    seen = Attachment.detail >= LEAST_DETAIL
    shared = func.photo_pairs(Attachment.difference_hash).op("&&")(func.photo_pairs(bits))
    yield and_(seen, shared, apart < ALIKE)
    if visit.person_id is not None:
        mine = select(Assignment.submission_id).where(Assignment.person_id == visit.person_id)
        lately = Attachment.created_at > visit.received_at - SUSPECTS
        yield and_(seen, lately, Attachment.submission_id.in_(mine), apart <= SUSPECT)


def _handed_in(visit: AnyRow, photo: AnyRow, condition: ColumnElement[bool], since: datetime) -> AnySelect:
    """Photos of other visits, the newest first."""
    of_photo = and_(
        Submission.submission_id == Attachment.submission_id, Submission.wave_id == Attachment.wave_id
    )
    return (
        select(
            Attachment.id, Attachment.sha256, Attachment.detail,
            cast(Attachment.difference_hash, BigInteger).label("difference_hash"),
            Submission.id.label("submission_pk"), Submission.wave_id, Submission.subject_id,
            Assignment.person_id,
        )
        .join_from(Attachment, Submission, of_photo)
        .join(Assignment, Assignment.submission_id == Submission.submission_id, isouter=True)
        .where(condition, Submission.id != visit.id, Attachment.named)
        .where(tuple_(Attachment.created_at, Attachment.id) < tuple_(photo.created_at, photo.id))
        .where(Attachment.created_at > since)
        .order_by(Attachment.created_at.desc(), Attachment.id)
        .limit(MOST_MATCHES)
    )  # fmt: skip


def _earlier(row: AnyRow, visit: AnyRow) -> EarlierPhoto:
    same_person = row.person_id is not None and row.person_id == visit.person_id
    same_place = row.subject_id == visit.subject_id
    return EarlierPhoto(
        id=str(row.id),
        visit=str(row.submission_pk),
        sha256=row.sha256,
        difference_hash=unsigned(row.difference_hash),
        detail=row.detail,
        same_task=same_person and same_place and row.wave_id == visit.wave_id,
        same_person=same_person,
        same_place=same_place,
    )


def unsigned(bits: int | None) -> int | None:
    """64 bits, which the database reads as a number with a sign."""
    return None if bits is None else bits & UNSIGNED


def earlier_narratives(connection: Connection, visit: AnyRow, days: int) -> tuple[EarlierNarrative, ...]:
    """What was written in earlier visits of the same person, firm and wave, the newest first."""
    among = or_(*(Submission.id.in_(each) for each in _related(visit, days)))
    query = (
        select(Submission.id, SubmissionText.text)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(SubmissionText, SubmissionText.revision_id == SubmissionRevision.id)
        .where(among, SubmissionRevision.number == 1)
        .where(func.char_length(SubmissionText.text).between(OWN, LONGEST_TEXT))
        # A signature is kept beside the texts.
        .where(~SubmissionText.text.startswith("data:"))
        .order_by(Submission.received_at.desc(), Submission.id, SubmissionText.question)
    )
    return tuple(EarlierNarrative(str(row.id), row.text) for row in connection.execute(query))


def _related(visit: AnyRow, days: int) -> Iterator[AnySelect]:
    since = visit.received_at - timedelta(days=days)
    before = (
        select(Submission.id)
        .where(Submission.id != visit.id)
        .where(Submission.received_at <= visit.received_at, Submission.received_at > since)
        .order_by(Submission.received_at.desc())
        .limit(MOST_VISITS)
    )
    yield before.where(Submission.wave_id == visit.wave_id)
    assigned = before.join(Assignment, Assignment.submission_id == Submission.submission_id)
    if visit.person_id is not None:
        yield assigned.where(Assignment.person_id == visit.person_id)
    if visit.firm_id is not None:
        yield assigned.where(Assignment.firm_id == visit.firm_id)


def other_visits(
    connection: Connection, visit: AnyRow, span: tuple[datetime, datetime]
) -> tuple[OtherVisit, ...]:
    """Where the same person was within a day, by the moments that were noted there and handed in."""
    if visit.person_id is None:
        return ()
    came, went = span
    of_person = and_(
        Submission.submission_id == Assignment.submission_id, Submission.wave_id == Assignment.wave_id
    )
    query = (
        select(
            Submission.id, VisitEvent.at, VisitEvent.asked_at, VisitEvent.received_at,
            Unit.longitude, Unit.latitude, Unit.datum,
        )
        .join_from(Assignment, Submission, of_person)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(VisitEvent, VisitEvent.submission_id == Assignment.submission_id)
        .where(Assignment.person_id == visit.person_id, Assignment.expires_at > came - OVERDUE)
        .where(Submission.id != visit.id, VisitEvent.kind.in_(MOMENTS), Unit.longitude.is_not(None))
        .where(VisitEvent.received_at > came - NEARBY)
    )  # fmt: skip
    told = defaultdict[Any, list[AnyRow]](list)
    for row in connection.execute(query):
        told[row.id].append(row)
    found = (_other(rows) for _, rows in sorted(told.items()))
    return tuple(each for each in found if each.went > came - NEARBY and each.came < went + NEARBY)


def _other(rows: list[AnyRow]) -> OtherVisit:
    times = [row.at + (row.received_at - row.asked_at) for row in rows]
    return OtherVisit(str(rows[0].id), place_of(rows[0]), min(times), max(times))


def place_of(row: AnyRow) -> Place:
    """Where a unit is; its row has a position."""
    return Place(float(row.longitude), float(row.latitude), row.datum)
