"""A form that was handed in while a duty was open is its proof; each form of one duty."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, insert, select

from server.db import new_id
from server.errors import Refusal
from server.fieldwork.duties.doing import Deed, mark_done, take_back
from server.fieldwork.duties.forms import follow_forms
from server.fieldwork.duties.owed import state_of
from server.fieldwork.duties.reading import Wanted, ledger_total
from server.models.duties import DutyOccurrence
from server.models.submissions import Submission
from server.models.waves import Wave
from server.scope import EVERYTHING
from server.scoring.duties.standing import completion
from tests import builders
from tests.fieldwork.duties.halls_for_tests import (
    at,
    begin,
    create_halls,
    create_person,
    doer,
    publish,
    rows,
    states,
)

SCHEME = {
    "title": "自查",
    "subjects": [{"name": "supervisor"}, {"name": "hall", "parent": "supervisor"}],
    "instruments": [{"name": "visit", "kind": "visit", "form": "bank-branch-visit", "version": 1}],
    "duties": [
        {
            "name": "check",
            "of": "hall",
            "by": "branch_manager",
            "every": "day",
            "proof": "form",
            "instrument": "visit",
        }
    ],
}
MONDAY = at("05-11")


@pytest.fixture
def halls(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        create_halls(connection)
        publish(connection, "checks", SCHEME, at("01-01"))
        begin(connection, "checks", "2026-05-11", MONDAY)
        yield connection


def wave(halls: Connection) -> UUID:
    return builders.create_wave(
        halls, state="launched", programme="checks", instrument="visit", code="W", opens_at=at("05-01")
    )


def handed_in(halls: Connection, wave_id: UUID, unit: str, moment: datetime) -> UUID:
    form = halls.scalar(select(Wave.form_version_id).where(Wave.id == wave_id))
    pk = new_id()
    halls.execute(
        insert(Submission).values(
            id=pk, wave_id=wave_id, submission_id=new_id(), form_version_id=form, door="page",
            subject_id=builders.subject_of(halls, unit), content_hash="", received_at=moment,
        )
    )  # fmt: skip
    return pk


def test_a_self_check_ticks_its_day_off(halls: Connection) -> None:
    wave_id = wave(halls)
    first = handed_in(halls, wave_id, "H11", at("05-11", "21:00"))
    handed_in(halls, wave_id, "H11", at("05-11", "22:00"))
    handed_in(halls, wave_id, "H11", at("05-13", "00:00"))
    assert follow_forms(halls, now=at("05-14")) == 2
    assert follow_forms(halls, now=at("05-14")) == 0
    found = states(halls, at("05-14"), subject="H11")
    assert found[:4] == ["check 05-11 done", "check 05-12 missed", "check 05-13 done", "check 05-14 open"]
    assert rows(halls, subject="H11")[0].submission_id == first
    assert "check 05-11 missed" in states(halls, at("05-14"), subject="H12")


def test_nobody_ticks_it_off_by_hand_or_takes_it_back(halls: Connection) -> None:
    manager = doer(halls, create_person(halls, "li", "branch_manager", "H11"))
    row = rows(halls, subject="H11")[0]
    with pytest.raises(Refusal) as refused:
        mark_done(halls, row.id, Deed(), manager, now=MONDAY)
    assert [each.code for each in refused.value.details] == ["duty_form_missing"]
    handed_in(halls, wave(halls), "H11", MONDAY)
    follow_forms(halls, now=MONDAY)
    with pytest.raises(Refusal):
        take_back(halls, row.id, manager, now=MONDAY)


@pytest.mark.parametrize("days", [-1, 0, 3, 20])
def test_the_database_counts_states_as_the_pure_code_does(halls: Connection, days: int) -> None:
    now = MONDAY + timedelta(days=days)
    found = rows(halls)
    # A state of each kind: done in time and late, excused, and what the time makes of the others.
    changes = (
        {"done_at": MONDAY, "done_by": "a"},
        {"done_at": found[1].due_at, "done_by": "a"},
        {"excused_at": MONDAY, "excused_by": "a", "excuse": "b"},
    )
    for row, values in zip(found, changes, strict=False):
        halls.execute(DutyOccurrence.__table__.update().where(DutyOccurrence.id == row.id).values(**values))
    found = rows(halls)
    wanted = Wanted(found[0].programme_id, at("05-01").date(), at("05-31").date())
    assert ledger_total(halls, wanted, EVERYTHING, now=now) == completion(state_of(row, now) for row in found)
