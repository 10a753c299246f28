"""Critical failures: told once, to whom they concern, and to a branch when it unmasks nobody."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from server import catalogue
from server.db import new_id
from server.fieldwork.timetable.notices import list_notices
from server.fieldwork.waves.running import close_wave
from server.fieldwork.waves.states import close_due
from server.followup.critical import raise_critical, roles_told, submission_of, tell_managers
from server.intake.following import follow_batch
from server.intake.shelf import FormShelf
from server.models.notices import Notice
from server.models.submissions import Pending, ScoreSheet, Submission, SubmissionRevision
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW

BRANCH = Scope(("C01/D1/B101/",))
FAILING = {"critical": ["form"], "lines": [{"item": "OUT-01", "critical": "form"}, {"item": "queue"}]}
FINE: dict[str, Any] = {"critical": [], "lines": [{"item": "OUT-01", "critical": None}]}


@pytest.mark.parametrize(
    ("instrument", "state", "roles"),
    [
        ("visit", "launched", ("coordinator",)),
        ("visit", "paused", ("coordinator",)),
        ("visit", "closed", ("coordinator", "branch_manager")),
        ("visit", "cancelled", ()),
        ("video", "launched", ("coordinator", "branch_manager")),
        ("self_check", "closed", ("coordinator", "branch_manager")),
        ("survey", "closed", ()),
        ("panel", "closed", ()),
        ("ballot", "closed", ()),
        ("log", "closed", ()),
    ],
)
def test_whose_notice_it_is(instrument: str, state: str, roles: tuple[str, ...]) -> None:
    assert roles_told(instrument, state) == roles


def wave(connection: Connection, instrument: str = "visit") -> UUID:
    wave_id = builders.create_wave(connection, state="launched", instrument="visit")
    connection.execute(update(Wave).where(Wave.id == wave_id).values(instrument=instrument))
    return wave_id


def submitted(connection: Connection, wave_id: UUID, sheet: dict[str, Any], unit: str = "B101") -> UUID:
    pk = builders.create_scored(connection, wave_id, unit, ["80"])[0]
    revision = select(SubmissionRevision.id).where(SubmissionRevision.submission_pk == pk)
    of_revision = update(ScoreSheet).where(ScoreSheet.revision_id == revision.scalar_subquery())
    connection.execute(of_revision.values(sheet=sheet))
    connection.execute(insert(Pending).values(submission_pk=pk, created_at=NOW))
    return pk


def revised(connection: Connection, pk: UUID, sheet: dict[str, Any]) -> None:
    found = connection.execute(
        select(Submission.wave_id, Submission.subject_id).where(Submission.id == pk)
    ).one()
    revision = {"id": new_id(), "submission_pk": pk, "number": 2, "answers": {}, "created_at": NOW}
    connection.execute(insert(SubmissionRevision).values(**revision, reason="补正"))
    connection.execute(
        insert(ScoreSheet).values(
            revision_id=revision["id"], wave_id=found.wave_id, subject_id=found.subject_id, sheet=sheet
        )
    )
    connection.execute(insert(Pending).values(submission_pk=pk, created_at=NOW))


def work(connection: Connection) -> int:
    """Follow what is new, and run the jobs that this defers, twice each; returns how many notices are new."""
    follow_batch(connection)
    jobs = connection.execute(
        text("DELETE FROM procrastinate_jobs WHERE task_name = 'raise_critical' RETURNING args")
    )
    made = 0
    for (args,) in jobs.all() * 2:
        found = [UUID(each) for each in args.get("submissions", ())]
        made += raise_critical(connection, FormShelf(), found, now=NOW)
        made += tell_managers(connection, [UUID(each) for each in args.get("waves", ())], now=NOW)
    return made


def seen(connection: Connection, role: str, scope: Scope = EVERYTHING) -> list[UUID]:
    return sorted(submission_of(row.key) for row in list_notices(connection, scope, [role]))


def test_each_failing_visit_is_one_notice_for_coordinators_that_names_outlet_and_item(
    connection: Connection,
) -> None:
    builders.create_units(connection)
    wave_id = wave(connection)
    first, second = submitted(connection, wave_id, FAILING), submitted(connection, wave_id, FAILING, "B102")
    submitted(connection, wave_id, FINE)
    assert work(connection) == 2
    later = submitted(connection, wave_id, FAILING)
    connection.execute(update(Submission).where(Submission.id == later).values(received_at=NOW + DAY))
    assert work(connection) == 1
    assert seen(connection, "coordinator") == sorted([first, second, later]), "none takes another's place"
    assert seen(connection, "coordinator", BRANCH) == sorted([first, later])
    assert seen(connection, "branch_manager") == [], "the branch would know who had come that day"
    row = next(each for each in list_notices(connection, BRANCH, ["coordinator"]))
    for locale in catalogue.LOCALES:
        params = catalogue.spoken(row.params, locale)
        said = catalogue.text("timetable.notice.critical_failure", locale, **params)
        form = (
            FormShelf()
            .get(connection, connection.scalars(select(Wave.form_version_id).where(Wave.id == wave_id)).one())
            .form
        )
        assert form.questions["OUT-01"].title.render(locale, lambda _name: "…")[:20] in said
        assert (row.unit_name if locale == "zh" else row.unit_name_en or row.unit_name) in said


def test_branches_hear_of_visits_when_the_wave_has_closed(connection: Connection) -> None:
    builders.create_units(connection)
    wave_id = wave(connection)
    first = submitted(connection, wave_id, FAILING)
    work(connection)
    assert close_due(connection, now=NOW + 400 * DAY) == 1
    assert work(connection) == 1
    late = submitted(connection, wave_id, FAILING)
    assert work(connection) == 2
    assert seen(connection, "branch_manager", BRANCH) == sorted([first, late])


def test_a_wave_that_somebody_closes_tells_the_branches_too(connection: Connection) -> None:
    builders.create_units(connection)
    wave_id = wave(connection)
    failing = submitted(connection, wave_id, FAILING)
    work(connection)
    close_wave(connection, wave_id, "提前结束", EVERYTHING, by=BY, now=NOW)
    work(connection)
    assert seen(connection, "branch_manager") == [failing]


def test_a_revision_that_mends_it_takes_the_notice_back_and_one_that_fails_raises_it(
    connection: Connection,
) -> None:
    builders.create_units(connection)
    wave_id = wave(connection, "self_check")
    mended, worse = submitted(connection, wave_id, FAILING), submitted(connection, wave_id, FINE, "B102")
    assert work(connection) == 2
    revised(connection, mended, FINE)
    revised(connection, worse, FAILING)
    assert work(connection) == 2
    for role in ("coordinator", "branch_manager"):
        assert seen(connection, role) == [worse]


def test_what_customers_answered_is_nobodys_notice(connection: Connection) -> None:
    builders.create_units(connection)
    pk = submitted(connection, wave(connection, "survey"), FAILING)
    assert work(connection) == 0
    assert raise_critical(connection, FormShelf(), [pk], now=NOW) == 0
    assert connection.scalar(select(func.count()).select_from(Notice)) == 0
