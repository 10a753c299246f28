"""The facts of a settlement, gathered from the database: who was judged, what was found, in which wave.

What has no table yet (imported lists, decisions …) comes from a file of facts that is laid over. The order is
always the same, so that the same database gives the same fingerprint.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, array
from sqlalchemy.orm import aliased

from server.db import AnyRow
from server.fieldwork.judging import Judged, judged
from server.followup.callbacks.gathering import answers_about, call_back_findings
from server.followup.duty_facts import duty_facts
from server.followup.finding_log.counting import log_facts
from server.followup.history_facts import history_facts
from server.followup.ledger.choosing import chosen, decision_facts
from server.followup.ledger.waiving import waiver_facts
from server.followup.orders.consequences import order_facts
from server.followup.settled_years import settled_history
from server.followup.spot.fines import fine_facts
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Subject, Unit
from server.models.reviews import APPROVED, SET_ASIDE, Review
from server.models.submissions import Finding, ScoreSheet, Submission, SubmissionRevision
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.scoring.programmes.definition import Programme

# The question, or the variable of a visit's assignment, that says on which day the visit was (law 12).
VISIT_DATE = "visit_date"
# Lists of facts whose rows have an id: a row of the file with the same id is laid over the gathered one.
BY_ID = ("subjects", "scores", "findings")
# Lists whose rows say something about the same by these: the file's row stands instead of the gathered one.
BY_NAME = {"history": ("measure", "subject", "period"), "indicators": ("name", "subject", "period")}
INSIDE = ("attributes", "roles", "fields")
# Lines that lost nothing decide nothing, and 79 of them a visit would be most of what is read and stored.
LOST = '$.lines[*] ? (@.lost != "0")'


@dataclass(frozen=True, slots=True)
class Gathered:
    """Facts, and what of the database is not among them: reason -> how many."""

    facts: dict[str, Any]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Span:
    """The days of the facts: the scheme year, and from which day scores are taken."""

    year: int
    starts: date
    as_of: date
    since: date


def gather(connection: Connection, programme: Programme, programme_id: UUID, span: Span) -> Gathered:
    """Subjects, waves, scores and findings of all waves of a programme, whatever version planned them.

    What was settled here in an earlier year stands instead of what was imported about it. Left out are
    `subjects` the programme has no kind for, `scores` of instruments it does not have or of subjects it does
    not judge, and imported `history` of what it does not have.
    """
    starts = datetime.combine(span.starts, time.min, programme.zone)
    who = judged(connection, programme, programme_id, starts)
    visits = [_Visit.of(row) for row in connection.execute(_visits(programme_id))]
    timely = [visit for visit in visits if span.since <= visit.day <= span.as_of]
    counted = [visit for visit in timely if visit.counts(programme, who)]
    past = history_facts(connection, programme, programme_id, who, span.year, (span.since, span.as_of))
    settled = settled_history(connection, programme, programme_id, who, span.year)
    numbers = {
        "history": [*_not_said_by(settled, past.lists["history"], BY_NAME["history"]), *settled],
        "indicators": past.lists["indicators"],
    }
    facts: dict[str, Any] = {
        "asOf": span.as_of.isoformat(),
        "year": f"{span.year:04d}",
        "subjects": list(who.rows),
        "waves": list(_waves(connection, programme_id, span.as_of)),
        "scores": [visit.score(programme, who) for visit in counted if visit.row.revision_id is not None],
        "findings": list(_findings(connection, programme_id, who, counted)),
        **{name: rows for name, rows in numbers.items() if rows},
        **duty_facts(connection, programme, programme_id, who, (span.starts, span.as_of)),
    }
    known = {
        (visit.row.wave, visit.row.submission_id): visit.about(who)
        for visit in counted
        if visit.state(programme) != "excluded"
    }
    facts["findings"] += fine_facts(connection, programme_id, known)
    facts["findings"] += log_facts(connection, programme_id, who.codes, (span.since, span.as_of))
    facts["findings"] += order_facts(connection, programme_id, who, (span.since, span.as_of))
    for name in ("scores", "findings"):
        facts[name] += past.lists[name]
    _add_call_backs(connection, facts, (programme, programme_id, who), span)
    people = {
        "parameters": dict(chosen(connection, programme_id, span.year)),
        "decisions": list(decision_facts(connection, programme, programme_id, span.year)),
        "waivers": list(waiver_facts(connection, programme_id, span.year)),
    }
    facts |= {name: said for name, said in people.items() if said}
    missing = {"subjects": who.left_out, "scores": len(timely) - len(counted), "history": past.left_out}
    left_out = Counter(missing)
    return Gathered(facts, +left_out)


def _add_call_backs(
    connection: Connection, facts: dict[str, Any], of: tuple[Programme, UUID, Judged], span: Span
) -> None:
    """What the call-back desk confirmed; a number that was imported stands instead of a counted one."""
    facts["findings"] += call_back_findings(connection, *of, (span.since, span.as_of))
    said = facts.get("indicators", [])
    counted = answers_about(connection, *of, (span.starts, span.as_of))
    fresh = _not_said_by(said, counted, BY_NAME["indicators"])
    if fresh:
        facts["indicators"] = [*said, *fresh]


def laid_over(facts: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with those of a file over them.

    A subject, score or finding with an id that is known gets the file's properties over its own (an
    overturned score needs no more than `{"id", "state"}`). A number of the file stands instead of the
    imported one about the same; other lists are added to.
    """
    merged = dict(facts)
    for name, value in extra.items():
        known = merged.get(name)
        if name in BY_ID and isinstance(value, list):
            merged[name] = list(_rows_over(known or [], value))
        elif isinstance(value, list) and isinstance(known, list):
            merged[name] = [*_not_said_by(value, known, BY_NAME.get(name, ())), *value]
        elif isinstance(value, dict) and isinstance(known, dict):
            merged[name] = {**known, **value}
        else:
            merged[name] = value
    return merged


def _not_said_by(rows: list[Any], known: list[Any], names: Iterable[str]) -> list[Any]:
    """The gathered rows about which the file's rows say nothing; all of a list without such names."""
    key = tuple(names)
    said = {tuple(str(row.get(name)) for name in key) for row in rows if isinstance(row, dict)}
    return [row for row in known if not key or tuple(str(row.get(name)) for name in key) not in said]


def _rows_over(known: Iterable[Mapping[str, Any]], rows: list[Any]) -> Iterator[Any]:
    ids = {row["id"] for row in known}
    changes: dict[str, Mapping[str, Any]] = {}
    added = []
    for row in rows:
        # What is no row of its own or names an id twice is added as it stands, and refused when it is read.
        row_id = row.get("id") if isinstance(row, dict) else None
        if isinstance(row_id, str) and row_id in ids and row_id not in changes:
            changes[row_id] = row
        else:
            added.append(row)
    for row in known:
        over = changes.get(row["id"], {})
        inside = {name: {**row.get(name, {}), **over[name]} for name in INSIDE if _is_object(over.get(name))}
        yield {**row, **over, **inside}
    yield from added


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A submission and the day it counts for."""

    row: AnyRow
    day: date

    @classmethod
    def of(cls, row: AnyRow) -> "_Visit":
        """The day that the answers or the assignment name, else that of the phone's clock where it can be
        true, else that of arrival, on the clocks of the unit."""
        named = next((day for text in (row.answered, row.assigned) if (day := _day(text))), None)
        if named is not None:
            return cls(row, named)
        told = row.client_time
        at = told if told and row.opens_at <= told <= row.received_at else row.received_at
        return cls(row, at.astimezone(ZoneInfo(row.zone)).date())

    @property
    def id(self) -> str:
        """A firm chooses its submission ids; within a wave they are unique."""
        return f"{self.row.wave}/{self.row.submission_id}"

    def counts(self, programme: Programme, who: Judged) -> bool:
        """Whether the programme has the instrument and judges the subject."""
        return self.row.instrument_name in programme.instruments and self.row.subject_id in who.codes

    def about(self, who: Judged) -> dict[str, Any]:
        """What every fact from the visit says of it."""
        return {
            "id": self.id,
            "instrument": self.row.instrument_name,
            "subject": who.codes[self.row.subject_id],
            "date": self.day.isoformat(),
        }

    def state(self, programme: Programme) -> str:
        """What a review said, where the programme waits for one; else every report counts until one takes
        it out."""
        if self.row.state == "cancelled" or self.row.review in SET_ASIDE or self.row.set_aside:
            return "excluded"
        waits = programme.review.required and programme.review.covers(
            self.row.instrument, self.row.instrument_name
        )
        return "pending" if waits and self.row.review != APPROVED else "approved"

    def score(self, programme: Programme, who: Judged) -> dict[str, Any]:
        """The score as a fact."""
        return {
            **self.about(who),
            "wave": self.row.wave,
            "state": self.state(programme),
            "sheet": _what_counts(self.row),
        }


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _what_counts(row: AnyRow) -> dict[str, Any]:
    """The sheet as it is stored, but for the lines that lost nothing."""
    published = None if row.published is None else f"{row.published:f}"
    return {"raw": row.raw, "published": published, "grade": row.grade, **row.sheet}


def _visits(programme_id: UUID) -> Any:
    other = aliased(SubmissionRevision)
    newest = (
        select(func.max(other.number))
        .where(other.submission_pk == Submission.id)
        .correlate(Submission)
        .scalar_subquery()
    )
    lost = func.jsonb_path_query_array(ScoreSheet.sheet, cast(LOST, JSONPATH))
    return (
        select(
            Submission.id, Submission.submission_id, Submission.subject_id, Submission.client_time,
            Submission.received_at, Wave.code.label("wave"), Wave.instrument, Wave.instrument_name,
            Wave.state, Wave.opens_at, Review.state.label("review"),
            func.coalesce(Unit.timezone, Wave.timezone).label("zone"),
            SubmissionRevision.answers[VISIT_DATE].astext.label("answered"),
            Assignment.variables[VISIT_DATE].astext.label("assigned"),
            ScoreSheet.revision_id, ScoreSheet.set_aside, ScoreSheet.raw, ScoreSheet.published,
            ScoreSheet.grade,
            func.jsonb_set(ScoreSheet.sheet, array(["lines"]), lost, type_=JSONB).label("sheet"),
        )
        .join(Wave, Wave.id == Submission.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .join(
            Assignment,
            and_(Assignment.submission_id == Submission.submission_id, Assignment.wave_id == Wave.id),
            isouter=True,
        )
        .join(Review, Review.submission_pk == Submission.id, isouter=True)
        .where(ProgrammeVersion.programme_id == programme_id, SubmissionRevision.number == newest)
        .order_by(Wave.code, Subject.code, Submission.submission_id)
    )  # fmt: skip


def _waves(connection: Connection, programme_id: UUID, as_of: date) -> Iterator[dict[str, str]]:
    """The waves that had begun, with their first and last days."""
    rows = connection.execute(
        select(Wave.code, Wave.opens_at, Wave.closes_at, Wave.timezone)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == programme_id, Wave.state != "cancelled")
        # The record book of the call-back desk is no round that anything is measured by.
        .where(Wave.instrument != "log")
        .order_by(Wave.code)
    )
    for row in rows:
        zone = ZoneInfo(row.timezone)
        opens = row.opens_at.astimezone(zone).date()
        # The last moment belongs to the day before: a wave until the 6th closes at midnight of the 7th.
        closes = (row.closes_at - row.closes_at.resolution).astimezone(zone).date()
        if opens <= as_of:
            yield {"name": row.code, "from": opens.isoformat(), "to": closes.isoformat()}


def _findings(
    connection: Connection, programme_id: UUID, who: Judged, visits: Iterable[_Visit]
) -> Iterator[dict[str, Any]]:
    """Findings that somebody has decided about: what is pending counts nowhere."""
    by_submission = {visit.row.id: visit for visit in visits}
    rows = connection.execute(
        select(*Finding.__table__.columns)
        .join(Submission, Submission.id == Finding.submission_pk)
        .join(Wave, Wave.id == Finding.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == programme_id, Finding.state != "pending")
        .where(Finding.withdrawn_at.is_(None))
        .order_by(Submission.submission_id, Finding.item)
    )
    for row in rows:
        visit = by_submission.get(row.submission_pk)
        if visit is not None:
            yield {
                "id": f"{visit.id}/{row.item}",
                "subject": who.codes[visit.row.subject_id],
                "date": visit.day.isoformat(),
                "item": row.item,
                "points": f"{row.points.normalize():f}",
                "status": row.state,
                "source": visit.row.instrument_name,
                **({"code": row.code} if row.code else {}),
                "fields": {"wave": visit.row.wave, **({"fixed": True} if row.fixed else {})},
            }
