"""The visits of one person: what is to be done where and when, in the order of the way; what came of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, literal, select, tuple_

from server.coordinates import WGS84, Point, convert, metres
from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.visiting import quizzes
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.tasks import Assignment, Draft
from server.models.visits import ThreadLine, VisitRecord, VisitReturn
from server.models.waves import Wave
from server.scoring.programmes.visiting import Visits

# What is done stays in sight for the questions that may follow, and for the pay.
KEPT: Final = timedelta(days=60)
PAGE_SIZE: Final = 20

State = Literal["offered", "early", "accepted", "started", "late", "returned", "attempted", "done", "over"]


@dataclass(frozen=True, slots=True)
class Mine:
    """One visit as its visitor sees it.

    Attributes:
        row: the assignment with its unit, wave, record and draft: see `_rows`.
        rules: how the programme has such visits made.
        quiz: whether a quiz is still to be passed before it can be accepted.
        unread: lines of the desk that were not read yet.
        back: the questions with which the report came back, None when it did not.
    """

    row: AnyRow
    rules: Visits
    state: State
    quiz: bool
    unread: int
    back: AnyRow | None

    @property
    def place(self) -> Point | None:
        """Where it is, as satellites say it."""
        row = self.row
        if row.longitude is None or row.latitude is None:
            return None
        return convert(Point(float(row.longitude), float(row.latitude)), row.datum, WGS84)

    @property
    def day(self) -> date:
        """The day it is meant for; without one, the day it becomes possible."""
        opens: datetime = self.row.opens_at
        return self.row.planned_on or opens.astimezone(ZoneInfo(self.row.timezone)).date()


def visits_of(connection: Connection, person_id: UUID, *, now: datetime) -> list[Mine]:
    """Everything that somebody has to do, and what was done lately; in the order of the way."""
    rows = connection.execute(
        _rows()
        .where(Assignment.person_id == person_id)
        .where(Wave.state.in_(("launched", "paused", "closed")))
        .where(Assignment.cancelled_at.is_(None), Assignment.given_back_at.is_(None))
        .where(Assignment.expires_at > now - KEPT)
    ).all()
    return in_order(_seen(connection, person_id, rows, now))


def visit_of(connection: Connection, person_id: UUID, assignment_id: UUID, *, now: datetime) -> Mine:
    """One of somebody's own visits.

    Raises:
        Refusal: not_found, also for somebody else's.
    """
    rows = connection.execute(
        _rows().where(Assignment.person_id == person_id, Assignment.id == assignment_id)
    ).all()
    if not rows:
        raise Refusal("not_found")
    [mine] = _seen(connection, person_id, rows, now)
    return mine


def person_of(connection: Connection, assignment_id: UUID) -> UUID:
    """Who was sent on a visit.

    Raises:
        Refusal: not_found where nobody was.
    """
    found = connection.scalar(select(Assignment.person_id).where(Assignment.id == assignment_id))
    if found is None:
        raise Refusal("not_found")
    return found


def past_of(
    connection: Connection, person_id: UUID, *, before: UUID | None, now: datetime
) -> tuple[list[Mine], bool]:
    """Visits that somebody handed in or tried in vain, the latest first, and whether there are more.

    Args:
        before: the visit after which the page begins.
    """
    ended = func.coalesce(Assignment.completed_at, VisitRecord.attempted_at)
    query = _rows().where(Assignment.person_id == person_id, ended.is_not(None))
    if before is not None:
        edge = (
            select(ended)
            .select_from(Assignment)
            .join(VisitRecord, VisitRecord.assignment_id == Assignment.id, isouter=True)
            .where(Assignment.id == before, Assignment.person_id == person_id)
            .scalar_subquery()
        )
        query = query.where(tuple_(ended, Assignment.id) < tuple_(edge, literal(before)))
    rows = connection.execute(query.order_by(ended.desc(), Assignment.id.desc()).limit(PAGE_SIZE + 1)).all()
    return _seen(connection, person_id, rows[:PAGE_SIZE], now), len(rows) > PAGE_SIZE


def in_order(visits: Iterable[Mine]) -> list[Mine]:
    """By day, and within a day from the first place always to the nearest one."""
    days: dict[date, list[Mine]] = {}
    for visit in sorted(visits, key=lambda each: (each.day, each.row.expires_at, each.row.unit_code)):
        days.setdefault(visit.day, []).append(visit)
    return [visit for day in sorted(days) for visit in _walked(days[day])]


def _walked(visits: list[Mine]) -> Iterator[Mine]:
    """Visits without a place come last: nobody knows on which way they lie."""
    left = [visit for visit in visits if visit.place]
    at: Point | None = None
    while left:
        nearest = left[0] if at is None else min(left, key=lambda each: _metres(at, each.place))
        left.remove(nearest)
        at = nearest.place
        yield nearest
    yield from (visit for visit in visits if visit.place is None)


def _metres(one: Point | None, other: Point | None) -> float:
    return metres(one, other) if one and other else float("inf")


def _seen(connection: Connection, person_id: UUID, rows: Sequence[AnyRow], now: datetime) -> list[Mine]:
    ids = [row.id for row in rows]
    unread = _unread(connection, ids)
    returned = _returned(connection, ids)
    passed = quizzes.passed(connection, person_id)
    found = []
    for row in rows:
        rules = programme_of(connection, row.programme_version_id).visits_of(row.instrument_name)
        back = returned.get(row.id)
        quiz = rules.quiz is not None and (rules.quiz.form, rules.quiz.version) not in passed
        found.append(Mine(row, rules, _state(row, back, now), quiz, unread.get(row.id, 0), back))
    return found


def _state(row: AnyRow, back: AnyRow | None, now: datetime) -> State:
    cases: tuple[tuple[bool, State], ...] = (
        (row.cancelled_at is not None or row.given_back_at is not None, "over"),
        (back is not None, "returned"),
        (row.completed_at is not None, "done"),
        (row.attempted_at is not None, "attempted"),
        (row.wave_state == "closed", "over"),
        (now >= row.expires_at, "late"),
        (row.started_at is not None, "started"),
        (row.accepted_at is None, "offered"),
        (now < row.opens_at, "early"),
    )
    return next((state for holds, state in cases if holds), "accepted")


def _unread(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, int]:
    counted = (
        select(ThreadLine.assignment_id, func.count())
        .where(ThreadLine.assignment_id.in_(ids), ThreadLine.from_desk, ThreadLine.read_at.is_(None))
        .group_by(ThreadLine.assignment_id)
    )
    return dict(connection.execute(counted).all())


def _returned(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, AnyRow]:
    open_returns = (
        select(
            VisitReturn.assignment_id, VisitReturn.number, VisitReturn.questions, VisitReturn.text,
            VisitReturn.due_at,
        )
        .where(VisitReturn.assignment_id.in_(ids), VisitReturn.answered_at.is_(None))
        .order_by(VisitReturn.number)
    )  # fmt: skip
    return {row.assignment_id: row for row in connection.execute(open_returns)}


def _rows() -> AnySelect:
    """`Assignment`'s columns with the wave's, the unit's, the record's, the draft's and the result's."""
    score = (
        select(ScoreSheet.published)
        .join(SubmissionRevision, SubmissionRevision.id == ScoreSheet.revision_id)
        .where(SubmissionRevision.submission_pk == Submission.id, ~ScoreSheet.superseded)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Assignment.id, Assignment.person_id, Assignment.submission_id, Assignment.variables,
            Assignment.opens_at, Assignment.expires_at, Assignment.started_at, Assignment.completed_at,
            Assignment.planned_on, Assignment.slot, Assignment.cancelled_at, Assignment.accepted_at,
            Assignment.given_back_at, Assignment.briefed_at, Assignment.firm_id,
            Wave.id.label("wave_id"), Wave.title, Wave.title_en, Wave.state.label("wave_state"),
            Wave.programme_version_id, Wave.instrument_name, Wave.instrument, Wave.form_version_id,
            Wave.settings,
            Unit.code.label("unit_code"), Unit.name.label("unit_name"), Unit.name_en.label("unit_name_en"),
            Unit.address, Unit.longitude, Unit.latitude, Unit.datum, Unit.timezone, Unit.attributes,
            VisitRecord.outcome, VisitRecord.attempted_at, VisitRecord.identified_at,
            Draft.revision, Submission.received_at, score.label("score"),
        )
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(VisitRecord, VisitRecord.assignment_id == Assignment.id, isouter=True)
        .join(Draft, Draft.submission_id == Assignment.submission_id, isouter=True)
        .join(
            Submission,
            (Submission.wave_id == Wave.id) & (Submission.submission_id == Assignment.submission_id),
            isouter=True,
        )
    )  # fmt: skip


def scenario_of(mine: Mine) -> dict[str, Any] | None:
    """Which business is pretended: `{"title", "text"}` by language, None where nothing was said."""
    value = mine.row.variables.get("scenario")
    if not value:
        return None
    said = next((each for each in mine.rules.scenarios if each.value == value), None)
    return {"title": said.title, "text": said.text} if said else {"title": {"default": value}, "text": {}}
