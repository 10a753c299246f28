"""What waits for whom: each source by its cause, its going by doing, and nothing beyond the scope."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, update

from server.accounts.identity import Holding, Identity
from server.accounts.permissions import ROLES
from server.db import new_id
from server.fieldwork.visiting import threads
from server.fieldwork.waves import approvals, changing, drawing, running
from server.keys import KeyRing
from server.models.accounts import Account
from server.models.duties import DutyLedger, DutyOccurrence
from server.models.import_runs import ImportRun
from server.models.messages import Message
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.reports.today.items import URGENCIES, Item, urgency
from server.reports.today.listing import KINDS, SOURCES, waiting
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW
from tests.fieldwork.visiting.visits_for_tests import attempted, given_back

ACCOUNT = UUID(int=7)


def somebody(role: str, path: str | None = None) -> Identity:
    """Somebody with one role, everywhere or below a unit; there is no row of the account."""
    return Identity(
        f"account:{ACCOUNT}",
        "王芳",
        ROLES[role],
        Scope(unit_paths=(path,)) if path else EVERYTHING,
        account_id=ACCOUNT,
        roles=(role,),
        holdings=(Holding(role, path),),
    )


def lines(connection: Connection, who: Identity, *, later: timedelta = timedelta()) -> dict[str, Item]:
    found = waiting(connection, who, now=NOW + later)
    return {item.kind: item for name in URGENCIES for item in found[name]}


COORDINATOR = somebody("coordinator")


def test_a_planned_wave_waits_for_its_draw_and_then_for_its_launch(
    connection: Connection, keys: KeyRing
) -> None:
    builders.create_units(connection)
    builders.create_contacts(connection, keys)
    wave_id = builders.create_wave(connection)
    assert set(lines(connection, COORDINATOR)) == {"draw_sample"}
    drawing.draw_wave(connection, wave_id, EVERYTHING, by=BY, now=NOW)
    assert set(lines(connection, COORDINATOR)) == {"launch"}
    changing.cancel_wave(connection, wave_id, "名单有误", EVERYTHING, by=BY, now=NOW)
    assert lines(connection, COORDINATOR) == {}


def test_a_wave_far_ahead_waits_for_nobody_yet(connection: Connection) -> None:
    builders.create_units(connection)
    builders.create_wave(connection, opens_at=NOW + 15 * DAY, closes_at=NOW + 20 * DAY)
    assert lines(connection, COORDINATOR) == {}
    assert set(lines(connection, COORDINATOR, later=2 * DAY)) == {"draw_sample"}
    assert set(lines(connection, COORDINATOR, later=30 * DAY)) == {"wave_over"}


def test_an_approval_is_asked_of_who_has_not_agreed_to_what_stands(
    connection: Connection, keys: KeyRing
) -> None:
    builders.create_units(connection)
    builders.create_contacts(connection, keys)
    wave_id = builders.create_wave(connection, state="drawn", approvals=2)
    owner = somebody("owner")
    assert (lines(connection, owner)["approve"].count, set(lines(connection, COORDINATOR))) == (
        2,
        {"approve"},
    )
    for number in (7, 8):
        person_id = builders.register.add_person(connection, "王芳", now=NOW)
        connection.execute(
            insert(Account).values(
                id=UUID(int=number), person_id=person_id, login=f"l{number}", password_hash="-", locale="zh",
                created_at=NOW,
            )
        )  # fmt: skip
        read = approvals.approvals_of(connection, wave_id, EVERYTHING).hash
        agreed = approvals.Agreed(read, UUID(int=number), BY)
        approvals.approve(connection, wave_id, agreed, EVERYTHING, now=NOW)
        # Whoever launches does not count: the coordinator is the first who agreed.
        assert set(lines(connection, owner)) == set(lines(connection, COORDINATOR)) == set()
    approvals.approve(connection, wave_id, approvals.Agreed(read, ACCOUNT, BY), EVERYTHING, now=NOW)
    connection.execute(update(Wave).values(settings=Wave.settings.op("||")({"price": "9"})))
    assert lines(connection, owner)["approve"].count == 2


def test_visits_are_counted_as_the_grid_counts_them(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    visit = builders.create_visit(connection, keys)
    builders.create_visit(connection, keys, unit_code="B102", wave_id=visit.wave_id, expires_at=NOW + DAY)
    found = lines(connection, COORDINATOR)
    assert found["visits_at_risk"].count == 1
    assert "visits_late" not in found
    late = lines(connection, COORDINATOR, later=2 * DAY)["visits_late"]
    assert (late.count, urgency(late, NOW)) == (1, "now")
    connection.execute(update(Assignment).values(completed_at=NOW))
    assert not {"visits_late", "visits_at_risk"} & set(lines(connection, COORDINATOR, later=2 * DAY))


def test_what_was_given_up_and_asked_waits_for_who_plans_the_wave(
    connection: Connection, keys: KeyRing
) -> None:
    builders.create_units(connection)
    wave_id = builders.create_wave(connection, state="launched", instrument="visit", unit_code="D1")
    one = builders.create_visit(connection, keys, wave_id=wave_id)
    two = builders.create_visit(connection, keys, unit_code="B102", wave_id=wave_id)
    threads.say(connection, one.id, "怎么走？", author=BY, from_desk=False, now=NOW)
    threads.say(connection, two.id, "已寄出", author=BY, from_desk=True, now=NOW)
    given_back(connection, one.id)
    attempted(connection, two.id)
    for who in (COORDINATOR, somebody("coordinator", "C01/D1/")):
        found = lines(connection, who, later=8 * DAY)
        assert (found["visits_back"].count, found["visits_back"].params) == (2, {"state": "given_back"})
        assert (found["thread_unread"].count, urgency(found["thread_unread"], NOW)) == (1, "now")
        assert "visits_late" not in found
    for other in (somebody("coordinator", "C01/D10/"), somebody("analyst")):
        assert not {"visits_back", "thread_unread"} & set(lines(connection, other))


def test_lost_messages_and_a_short_survey_show(connection: Connection, keys: KeyRing) -> None:
    builders.create_invitations(connection, keys)
    connection.execute(update(Message).values(state="delivered"))
    assert lines(connection, COORDINATOR) == {}
    connection.execute(update(Message).values(state="unknown"))
    assert lines(connection, COORDINATOR)["messages_lost"].count == 12
    short = lines(connection, COORDINATOR, later=12 * DAY)["closing_survey"]
    assert (short.count, short.params["target"]) == (2, "10%")


def test_a_paused_wave_stands_still_until_it_runs_again(connection: Connection, keys: KeyRing) -> None:
    [task, *_] = builders.create_invitations(connection, keys)
    running.pause_wave(connection, task.wave_id, "系统维护", EVERYTHING, by=BY, now=NOW)
    assert waiting(connection, COORDINATOR, now=NOW)["now"][0].kind == "paused"
    running.resume_wave(connection, task.wave_id, EVERYTHING, by=BY, now=NOW)
    assert "paused" not in lines(connection, COORDINATOR)


def test_missed_duties_are_those_below_ones_units(connection: Connection) -> None:
    builders.create_units(connection)
    wave_id = builders.create_wave(connection)
    version = connection.execute(Wave.__table__.select().where(Wave.__table__.c.id == wave_id)).one()
    subject = builders.subject_of(connection, "B101")
    programme, unit = connection.exec_driver_sql(
        "SELECT v.programme_id, s.unit_id FROM programme_version v, subject s WHERE v.id = %s AND s.id = %s",
        (version.programme_version_id, subject),
    ).one()
    connection.execute(
        insert(DutyLedger).values(
            programme_id=programme, starts_on=NOW.date(), settings={}, started_at=NOW, started_by=BY
        )
    )
    row = {
        "id": new_id(), "programme_id": programme, "programme_version_id": version.programme_version_id,
        "duty": "drill", "subject_id": subject, "role": "branch_manager", "unit_id": unit, "period": "d",
        "number": 1, "times": 1, "due_on": (NOW - DAY).date(), "opens_at": NOW - 2 * DAY,
        "due_at": NOW - DAY, "closes_at": NOW - DAY, "created_at": NOW,
    }  # fmt: skip
    connection.execute(insert(DutyOccurrence).values(**row))
    assert lines(connection, somebody("branch_manager", "C01/D1/B101/"))["duties_missed"].count == 1
    assert "duties_missed" not in lines(connection, somebody("branch_manager", "C01/D10/"))
    connection.execute(update(DutyOccurrence).values(excused_at=NOW, excused_by=BY, excuse="停电"))
    assert "duties_missed" not in lines(connection, somebody("branch_manager", "C01/D1/B101/"))


def test_an_import_with_bad_rows_waits_for_its_sender_until_a_better_one(connection: Connection) -> None:
    def run(rejected: int, by: str, at: timedelta = timedelta()) -> None:
        connection.execute(
            insert(ImportRun).values(
                id=new_id(), kind="contacts", filename="客户.csv", sha256="", size=1, dry_run=False,
                state="done", by=by, rejected=rejected, created_at=NOW + at,
            )
        )  # fmt: skip

    run(3, COORDINATOR.actor)
    run(9, "account:other")
    assert lines(connection, COORDINATOR)["import_rejected"].count == 3
    run(0, COORDINATOR.actor, timedelta(minutes=5))
    assert "import_rejected" not in lines(connection, COORDINATOR, later=timedelta(hours=1))


def test_background_work_is_the_operators(connection: Connection) -> None:
    assert set(lines(connection, somebody("operator"))) == {"no_worker"}
    assert "no_worker" not in lines(connection, COORDINATOR)


def test_a_district_decides_about_its_own_waves_only(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    builders.create_contacts(connection, keys)
    builders.create_wave(connection, code="WHOLE")
    builders.create_wave(connection, code="WEST", unit_code="D10")
    builders.create_wave(connection, code="EAST", unit_code="D1")
    found = waiting(connection, somebody("coordinator", "C01/D1/"), now=NOW)
    assert [item.wave.code for each in found.values() for item in each if item.wave] == ["EAST"]


@pytest.mark.parametrize(
    ("days", "urgent", "expected"),
    [(None, False, "later"), (None, True, "now"), (-1, False, "now"), (1, False, "now"),
     (3, False, "soon"), (4, False, "later")],
)  # fmt: skip
def test_the_deadline_makes_the_urgency(days: int | None, urgent: bool, expected: str) -> None:
    due = None if days is None else NOW + days * DAY
    assert urgency(Item("launch", due_at=due, urgent=urgent), NOW) == expected


def test_each_kind_belongs_to_one_source() -> None:
    assert len(KINDS) == len(set(KINDS)) == sum(len(source.kinds) for source in SOURCES.values())
