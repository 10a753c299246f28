"""What another version of a form would make of a wave's answers: who would move, before anything is decided.

Nothing is changed here, and nothing anywhere is scored again by itself (scoring.md law 14).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, false, func, select
from sqlalchemy.orm import aliased

from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.waves.reading import find_wave_to_run
from server.followup.standings import Mark, Standing, least_shown, standings
from server.forms import check
from server.forms.answers.migrating import migrated
from server.intake import known
from server.intake.own_words import joined
from server.intake.shelf import FormShelf, ShelvedForm
from server.models.definitions import Form, FormVersion
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment, Invitation
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.rules import ScoreRules
from server.scoring.score import score

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Rescored:
    """One subject, as it stands and as it would stand.

    `unfit` counts answers that the other version would not accept; their score stays what it is.
    """

    code: str
    name: str
    n: int
    unfit: int
    before: Standing
    after: Standing

    @property
    def moves(self) -> bool:
        """Whether score, grade or rank would change."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Preview:
    """A wave under another version of its form; subjects by code."""

    wave: str
    form: str
    version: int
    subjects: tuple[Rescored, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A submission's marks. `fits` says whether the other version accepts the answers."""

    before: Mark
    after: Mark
    fits: bool


def preview_rescoring(
    connection: Connection, shelf: FormShelf, wave_id: UUID, version: int, scope: Scope
) -> Preview:
    """Score every answer of a wave by another version of its form, a draft included.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, or invalid_fields when the form
            has no such version or the version has no scores.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    new = _version(connection, shelf, wave, version)
    old_rules = shelf.get(connection, wave.form_version_id).rules
    if new.rules is None or old_rules is None:
        raise Refusal("invalid_fields", details=[Detail("form_not_scored", "/version")])
    names: dict[str, str] = {}
    pairs: defaultdict[str, list[_Pair]] = defaultdict(list)
    for row in _submissions(connection, wave_id):
        names[row.code] = row.name
        old = shelf.get(connection, row.form_version_id)
        pairs[row.code].append(_pair(old, new, new.rules, row))
    least = least_shown(wave.instrument)
    marks = {code: [each.before for each in own] for code, own in pairs.items()}
    before = standings(marks, old_rules, least)
    after = standings({code: [each.after for each in own] for code, own in pairs.items()}, new.rules, least)
    subjects = (
        Rescored(code, names[code], len(own), sum(not each.fits for each in own), before[code], after[code])
        for code, own in sorted(pairs.items())
    )
    return Preview(wave.code, new.key, version, tuple(subjects))


def _version(connection: Connection, shelf: FormShelf, wave: AnyRow, version: int) -> ShelvedForm:
    other = aliased(FormVersion)
    form = select(other.form_id).where(other.id == wave.form_version_id).scalar_subquery()
    version_id = connection.scalar(
        select(FormVersion.id)
        .join(Form, Form.id == FormVersion.form_id)
        .where(FormVersion.form_id == form, FormVersion.version == version)
    )
    if version_id is None:
        raise Refusal("invalid_fields", details=[Detail("form_not_published", "/version")])
    return shelf.get(connection, version_id)


def _pair(old: ShelvedForm, new: ShelvedForm, rules: ScoreRules, row: AnyRow) -> _Pair:
    before = Mark(None if row.raw is None else Fraction(row.raw), row.grade)
    given = joined(row.answers, row.texts or {})
    answers = {name: given[name] for name in given if name in old.answerable}
    checked = check(
        new.form,
        migrated(old.form, new.form, answers).answers,
        variables=_variables(row),
        today=row.received_at.astimezone(ZoneInfo(row.zone)).date(),
    )
    if checked.errors:
        return _Pair(before, before, fits=False)
    sheet = score(rules, checked.values, checked.visible)
    return _Pair(before, Mark(sheet.raw, sheet.grade), fits=True)


def _variables(row: AnyRow) -> Mapping[str, Any]:
    """What the form knew before the start: from the task, or as a firm's row has it."""
    if row.task_variables is not None:
        variables: Mapping[str, Any] = row.task_variables
        return variables
    return {**known.of_unit(row, row.name), "served_on": None}


def _submissions(connection: Connection, wave_id: UUID) -> Iterator[AnyRow]:
    """The wave's submissions with their newest answers and what they were asked with."""
    other = aliased(SubmissionRevision)
    newest = (
        select(func.max(other.number))
        .where(other.submission_pk == Submission.id)
        .correlate(Submission)
        .scalar_subquery()
    )
    texts = (
        select(func.jsonb_object_agg(SubmissionText.question, SubmissionText.text))
        .where(SubmissionText.revision_id == SubmissionRevision.id)
        .correlate(SubmissionRevision)
        .scalar_subquery()
    )
    query = (
        select(
            Submission.form_version_id, Submission.received_at, Subject.code, Subject.name,
            func.coalesce(Unit.timezone, Wave.timezone).label("zone"), *known.COLUMNS,
            SubmissionRevision.answers, texts.label("texts"), ScoreSheet.raw, ScoreSheet.grade,
            func.coalesce(Assignment.variables, Invitation.variables).label("task_variables"),
        )
        .join(Wave, Wave.id == Submission.wave_id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
        .join(Assignment, Assignment.submission_id == Submission.submission_id, isouter=True)
        .join(Invitation, Invitation.submission_id == Submission.submission_id, isouter=True)
        .where(Submission.wave_id == wave_id, SubmissionRevision.number == newest)
        .where(~func.coalesce(ScoreSheet.set_aside, false()))
        .order_by(Subject.code, Submission.submission_id)
    )  # fmt: skip
    yield from connection.execute(query, execution_options={"yield_per": _BATCH})


def shown(preview: Preview) -> dict[str, Any]:
    """A preview as JSON: the subjects that would move, and how many would not."""
    moved = [each for each in preview.subjects if each.moves]
    return {
        "wave": preview.wave,
        "form": preview.form,
        "version": preview.version,
        "unmoved": len(preview.subjects) - len(moved),
        "unfit": sum(each.unfit for each in preview.subjects),
        "subjects": [
            {
                "subject": each.code,
                "name": each.name,
                "n": each.n,
                "unfit": each.unfit,
                "from": _standing_json(each.before),
                "to": _standing_json(each.after),
            }
            for each in moved
        ],
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    published = None if standing.score is None else f"{standing.score:f}"
    return {"score": published, "grade": standing.grade, "rank": standing.rank}
