"""What of a wave counts now, gathered into what would be published of it."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select, true
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import aliased

from server import wire
from server.db import AnyRow
from server.fieldwork.definitions.compiled import programme_of
from server.followup.publishing.snapshot import in_order, subject_row
from server.followup.standings import Mark, Standing, least_shown, mean_of, standings
from server.intake.shelf import FormShelf
from server.models.definitions import Form, FormVersion, ProgrammeVersion
from server.models.organisation import Subject, Unit
from server.models.publications import PublishedReport
from server.models.reviews import APPROVED, OPEN_STATES, Review
from server.models.submissions import Finding, ScoreSheet, Submission, SubmissionRevision
from server.sampling.estimates import estimate_counted
from server.scoring.exact import rounded
from server.scoring.programmes.vocabulary import VISITED

PLACES: Final = 2
# Of the name by which branches know a report: nobody can guess one, and none says when it was made.
REF_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Replaced:
    """A report's score as it would be: for previews, before anything is written. None: it would not count."""

    submission_pk: UUID
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What would be published.

    Attributes:
        open: reports that nobody has decided about.
        counts_all: whether they count all the same, since the programme asks for no review.
    """

    snapshot: dict[str, Any]
    open: int
    counts_all: bool


def gather(
    connection: Connection, forms: FormShelf, wave: AnyRow, replaced: Sequence[Replaced] = ()
) -> Gathered:
    """The wave as it stands.

    Args:
        wave: as `find_wave` gives it.
        replaced: scores to be seen otherwise.
    """
    review = programme_of(connection, wave.programme_version_id).review
    waits = review.required and review.covers(wave.instrument, wave.instrument_name)
    single = wave.instrument in VISITED
    counted = _single(connection, wave, waits, replaced) if single else _together(connection, wave, waits)
    rules = forms.get(connection, wave.form_version_id).rules
    marks = {str(key): own for key, own in counted.marks.items()}
    least = least_shown(wave.instrument)
    stands = {key: _shown(own, least) for key, own in standings(marks, rules, least).items()}
    about = _subjects(connection, counted.marks)
    rows = {about[key]["subject"]: subject_row(about[key], stands[str(key)]) for key in counted.marks}
    every = [mark for own in counted.marks.values() for mark in own if mark.raw is not None]
    # The whole less what is shown would be the mean of the few that are hidden.
    hidden = sum(each.n for each in stands.values() if each.n < least)
    whole = None if 0 < hidden < least else rounded(mean_of(every), PLACES)
    snapshot: dict[str, Any] = {
        "wave": _about_wave(connection, wave),
        "n": sum(mark.count for mark in every),
        "mean": None if whole is None else f"{whole:f}",
        "interval": None if whole is None else _interval(every),
        "ranked": sum(each.rank is not None for each in stands.values()),
        "subjects": [rows[code] for code in in_order(rows.values())],
        "reports": sorted(counted.reports, key=lambda each: (each["subject"], each["ref"])),
        "findings": list(_findings(connection, wave, waits)) if single else [],
        "states": _states(connection, wave.id),
    }
    return Gathered(snapshot, _open(connection, wave.id), not waits)


@dataclass(frozen=True, slots=True)
class _Counted:
    marks: Mapping[UUID, list[Mark]]
    reports: Sequence[Mapping[str, Any]]


def _single(connection: Connection, wave: AnyRow, waits: bool, replaced: Iterable[Replaced]) -> _Counted:
    """Report by report, each by its opaque name."""
    instead = {each.submission_pk: each.mark for each in replaced}
    marks: defaultdict[UUID, list[Mark]] = defaultdict(list)
    reports = []
    for row in connection.execute(_reports(wave.id, waits)):
        mark: Mark | None = Mark(None if row.raw is None else Fraction(row.raw), row.grade)
        mark = instead.get(row.id, mark)
        if mark is None:
            continue
        marks[row.subject_id].append(mark)
        published = rounded(mark.raw, PLACES)
        reports.append(
            {
                "ref": row.ref or "",
                "subject": row.code,
                "score": None if published is None else f"{published:f}",
                "grade": mark.grade,
                "sheet": wire.fingerprint(row.sheet),
                "alone": bool(row.alone),
            }
        )
    return _Counted(dict(marks), reports)


def _interval(marks: Sequence[Mark]) -> list[str] | None:
    """The mean's 95 % interval, by which a branch sees how much of its distance is chance; None below two."""
    estimate = estimate_counted([(mark.raw, mark.count) for mark in marks if mark.raw is not None])
    if estimate is None or estimate.interval is None:
        return None
    return [f"{each:.{PLACES}f}" for each in (estimate.interval.low, estimate.interval.high)]


def _shown(standing: Standing, least: int) -> Standing:
    """Without what too few people said."""
    return standing if standing.n >= least else replace(standing, raw=None, score=None, grade=None)


def _together(connection: Connection, wave: AnyRow, waits: bool) -> _Counted:
    """Many answers, whose single scores nobody publishes: counted by score."""
    counts: ColumnElement[bool] = Review.state == APPROVED if waits else true()
    rows = connection.execute(
        select(ScoreSheet.subject_id, ScoreSheet.raw, ScoreSheet.grade, func.count().label("n"))
        .join(SubmissionRevision, SubmissionRevision.id == ScoreSheet.revision_id)
        .join(Review, Review.submission_pk == SubmissionRevision.submission_pk, isouter=True)
        .where(ScoreSheet.wave_id == wave.id, ~ScoreSheet.superseded, ~ScoreSheet.set_aside, counts)
        .group_by(ScoreSheet.subject_id, ScoreSheet.raw, ScoreSheet.grade)
    )
    marks: defaultdict[UUID, list[Mark]] = defaultdict(list)
    for row in rows:
        raw = None if row.raw is None else Fraction(row.raw)
        marks[row.subject_id].append(Mark(raw, row.grade, row.n))
    return _Counted(dict(marks), ())


def name_reports(connection: Connection, wave: AnyRow) -> None:
    """Give each report of a wave the name by which branches know it, once. What people said has none."""
    if wave.instrument not in VISITED:
        return
    pks = connection.scalars(select(Submission.id).where(Submission.wave_id == wave.id))
    rows = [{"submission_pk": pk, "ref": secrets.token_urlsafe(REF_BYTES)} for pk in pks]
    if rows:
        connection.execute(insert_or_skip(PublishedReport).on_conflict_do_nothing(), rows)


def _reports(wave_id: UUID, waits: bool) -> Any:
    counts: ColumnElement[bool] = Review.state == APPROVED if waits else true()
    return (
        select(
            Submission.id, Submission.subject_id, Subject.code, ScoreSheet.raw, ScoreSheet.grade,
            ScoreSheet.sheet, PublishedReport.ref, Review.alone,
        )
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Review, Review.submission_pk == Submission.id, isouter=True)
        .join(PublishedReport, PublishedReport.submission_pk == Submission.id, isouter=True)
        .where(Submission.wave_id == wave_id, ~ScoreSheet.superseded, ~ScoreSheet.set_aside, counts)
        .order_by(Submission.subject_id, Submission.id)
    )  # fmt: skip


def _subjects(connection: Connection, ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    above = aliased(Unit)
    rows = connection.execute(
        select(
            Subject.id, Subject.code, func.coalesce(Unit.name, Subject.name).label("name"), Unit.name_en,
            above.name.label("parent"), above.name_en.label("parent_en"),
        )
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(above, above.id == Unit.parent_id, isouter=True)
        .where(Subject.id.in_(list(ids)))
    )  # fmt: skip
    return {
        row.id: {
            "subject": row.code,
            "name": row.name,
            "name_en": row.name_en or row.name,
            "parent": row.parent or "",
            "parent_en": row.parent_en or row.parent or "",
        }
        for row in rows
    }


def _findings(connection: Connection, wave: AnyRow, waits: bool) -> Iterator[Mapping[str, Any]]:
    stands = Finding.state == "confirmed" if waits else Finding.state != "overturned"
    rows = connection.execute(
        select(
            Finding.item, Finding.code, Finding.points, Finding.key_item, Finding.fixed,
            Subject.code.label("subject"), PublishedReport.ref,
        )
        .join(Subject, Subject.id == Finding.subject_id)
        .join(PublishedReport, PublishedReport.submission_pk == Finding.submission_pk, isouter=True)
        .where(Finding.wave_id == wave.id, Finding.withdrawn_at.is_(None), stands)
        .order_by(Subject.code, PublishedReport.ref, Finding.item)
    )  # fmt: skip
    for row in rows:
        yield {
            "subject": row.subject,
            "report": row.ref or "",
            "item": row.item,
            "code": row.code,
            "points": f"{row.points.normalize():f}",
            "key": row.key_item,
            "fixed": row.fixed,
        }


def _states(connection: Connection, wave_id: UUID) -> Mapping[str, int]:
    query = select(Review.state, func.count()).where(Review.wave_id == wave_id).group_by(Review.state)
    return dict(sorted(connection.execute(query.order_by(Review.state)).all()))


def _open(connection: Connection, wave_id: UUID) -> int:
    query = select(func.count()).where(Review.wave_id == wave_id, Review.state.in_(OPEN_STATES))
    return connection.scalar(query) or 0


def _about_wave(connection: Connection, wave: AnyRow) -> Mapping[str, Any]:
    form = connection.execute(
        select(Form.key, FormVersion.version, FormVersion.content_hash)
        .join(Form, Form.id == FormVersion.form_id)
        .where(FormVersion.id == wave.form_version_id)
    ).one()
    version = select(ProgrammeVersion.version).where(ProgrammeVersion.id == wave.programme_version_id)
    return {
        "code": wave.code,
        "title": wave.title,
        "title_en": wave.title_en or wave.title,
        "instrument": wave.instrument,
        "programme": f"{wave.programme}/{connection.execute(version).scalar_one()}",
        "form": f"{form.key}/{form.version}",
        "form_hash": form.content_hash,
    }
