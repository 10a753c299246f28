"""What is owed appears in time, once, and follows people, units, versions and holidays."""

import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, update

from server.errors import Refusal
from server.fieldwork.definitions.programmes import find_programme
from server.fieldwork.duties.doing import Deed, mark_done
from server.fieldwork.duties.generating import keep_next
from server.fieldwork.duties.keeping import NewLedger, start_keeping, stop_keeping
from server.models.accounts import Account, Person
from server.models.audit import AuditLine
from server.models.duties import DutyLedger, DutyOccurrence
from server.models.organisation import Unit
from server.scope import EVERYTHING, Scope
from tests.builders import BY
from tests.fieldwork.duties.halls_for_tests import (
    E4,
    at,
    begin,
    create_halls,
    create_person,
    doer,
    keep,
    person_subject,
    publish,
    rows,
    states,
)

MONDAY = at("05-11")
SMALL: dict[str, Any] = {
    "title": "台账",
    "subjects": [{"name": "supervisor"}, {"name": "hall", "parent": "supervisor"}, {"name": "employee"}],
    "duties": [{"name": "drill", "of": "hall", "by": "branch_manager", "every": "day", "days": ["working"]}],
}


@pytest.fixture
def halls(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        create_halls(connection)
        yield connection


def small(halls: Connection, starts: str = "2026-05-11", **duty: Any) -> None:
    """A ledger with one duty, from 11 May unless said."""
    content = copy.deepcopy(SMALL)
    content["duties"][0] |= duty
    publish(halls, "small", content, at("01-01"))
    begin(halls, "small", starts, MONDAY)


def counted(halls: Connection) -> int:
    return halls.scalar(select(func.count()).select_from(DutyOccurrence)) or 0


def test_two_weeks_ahead_are_owed_once_however_often_the_clock_runs(halls: Connection) -> None:
    small(halls)
    # 11 to 25 May without weekends: eleven days, three halls.
    assert counted(halls) == 33
    keep(halls, MONDAY)
    assert counted(halls) == 33
    keep(halls, MONDAY + timedelta(days=1))
    assert counted(halls) == 36


def test_two_clocks_at_once_generate_once(engine: Engine, halls: Connection) -> None:
    small(halls)
    halls.commit()
    with engine.begin() as first, engine.begin() as second:
        later = MONDAY + timedelta(days=3)
        assert keep_next(first, now=later) is False
        # The ledger is locked: the second clock leaves it alone instead of waiting.
        assert keep_next(second, now=later) is False
    with engine.begin() as connection:
        assert len({(row.subject, row.period) for row in rows(connection)}) == counted(connection) == 42


def test_a_clock_that_was_down_for_five_weeks_catches_up_and_its_days_are_missed(halls: Connection) -> None:
    small(halls)
    keep(halls, at("06-29"))
    found = states(halls, at("06-29"), subject="H11")
    # The Dragon Boat Festival is on 19 June; nothing is owed on it.
    assert "drill 06-18 missed" in found
    assert not [line for line in found if "06-19" in line]
    assert found[0] == "drill 05-11 missed"
    assert found[-1] == "drill 07-13 upcoming"
    assert len(found) == 45


def test_a_clock_put_back_a_day_loses_and_repeats_nothing(halls: Connection) -> None:
    small(halls)
    before = [row.id for row in rows(halls)]
    keep(halls, MONDAY - timedelta(days=1))
    assert [row.id for row in rows(halls)] == before


def test_days_end_in_the_zone_of_the_unit(halls: Connection) -> None:
    halls.execute(update(Unit).where(Unit.code == "H12").values(timezone="Asia/Kathmandu"))
    small(halls)
    opens = {row.subject: row.opens_at.isoformat() for row in rows(halls) if row.period == "2026-05-12"}
    assert opens["H11"] == "2026-05-11T16:00:00+00:00"
    assert opens["H12"] == "2026-05-11T18:15:00+00:00"


def test_a_hall_that_closes_owes_nothing_from_that_day(halls: Connection) -> None:
    small(halls)
    halls.execute(update(Unit).where(Unit.code == "H11").values(closed_at=at("05-13", "00:00")))
    keep(halls, at("05-12"))
    assert states(halls, at("05-12"), subject="H11") == ["drill 05-11 missed", "drill 05-12 open"]
    assert len(states(halls, at("05-12"), subject="H12")) == 12


def test_what_is_open_when_a_hall_closes_is_excused_and_said_so(halls: Connection) -> None:
    small(halls, every="month", days=[])
    halls.execute(update(Unit).where(Unit.code == "H11").values(closed_at=at("05-20", "00:00")))
    keep(halls, at("05-20"))
    (row,) = rows(halls, subject="H11")
    assert (row.excused_by, row.excuse) == ("system", "withdrawn")
    line = halls.execute(
        select(AuditLine.detail).where(AuditLine.action == "duties_kept").order_by(AuditLine.id.desc())
    ).first()
    assert line is not None
    assert line.detail["withdrawn"] == 1


def test_who_leaves_owes_nothing_and_who_comes_does(halls: Connection) -> None:
    first = create_person(halls, "li", "branch_manager", "H11")
    small(halls, each="person")
    assert {row.subject for row in rows(halls)} == {"H11"}
    second = create_person(halls, "wu", "branch_manager", "H11")
    left = select(Account.person_id).where(Account.id == first).scalar_subquery()
    halls.execute(update(Person).where(Person.id == left).values(left_at=at("05-12")))
    keep(halls, at("05-12", "12:00"))
    people = {row.person_id for row in rows(halls)}
    assert len(people) == 2
    newcomer = halls.scalar(select(Account.person_id).where(Account.id == second))
    open_days = [row.person_id for row in rows(halls) if row.period == "2026-05-13"]
    assert open_days == [newcomer]


def test_somebody_who_is_judged_owes_it_alone(halls: Connection) -> None:
    account = create_person(halls, "zhao", "lobby_manager", "H11")
    other = create_person(halls, "qian", "employee", "H11")
    for each, code in ((account, "P1"), (other, "P2")):
        person_subject(halls, each, code)
    small(halls, of="employee", by="lobby_manager")
    assert {row.subject for row in rows(halls)} == {"P1"}
    assert {row.person_id for row in rows(halls)} == {doer(halls, account).person_id}


def test_a_new_version_moves_what_has_not_opened_and_leaves_what_has(halls: Connection) -> None:
    small(halls, every="month", due=20, days=[])
    keep(halls, at("05-25"))
    assert [row.due_on.isoformat() for row in rows(halls, subject="H11")] == ["2026-05-20", "2026-06-20"]
    content = copy.deepcopy(SMALL)
    content["duties"][0] |= {"every": "month", "due": 10, "days": []}
    content["duties"].append({"name": "report", "of": "hall", "every": "month"})
    publish(halls, "small", content, at("05-26"))
    keep(halls, at("05-26"))
    found = [f"{row.duty} {row.due_on.isoformat()}" for row in rows(halls, subject="H11")]
    assert found == ["drill 2026-05-20", "report 2026-05-31", "drill 2026-06-10", "report 2026-06-30"]


def test_a_duty_that_a_new_version_drops_is_no_longer_owed(halls: Connection) -> None:
    small(halls)
    content = {**SMALL, "duties": [{"name": "other", "of": "hall", "every": "month"}]}
    publish(halls, "small", content, at("05-12"))
    keep(halls, at("05-12"))
    found = states(halls, at("05-12"), subject="H11")
    assert found == ["drill 05-11 missed", "drill 05-12 excused", "other 05-31 open"]


def test_what_was_done_stays_whatever_comes(halls: Connection) -> None:
    manager = create_person(halls, "li", "branch_manager", "H11")
    small(halls)
    (row, *_) = rows(halls, subject="H11")
    mark_done(halls, row.id, Deed(), doer(halls, manager), now=MONDAY)
    halls.execute(update(Unit).where(Unit.code == "H11").values(closed_at=at("05-11", "00:00")))
    keep(halls, at("05-11", "12:00"))
    assert states(halls, at("05-12"), subject="H11") == ["drill 05-11 done"]


def test_a_ledger_that_was_stopped_owes_nothing_new(halls: Connection) -> None:
    small(halls)
    stop_keeping(halls, "small", EVERYTHING, by=BY, now=MONDAY)
    keep(halls, at("06-29"))
    assert counted(halls) == 33


def test_a_ledger_asks_for_the_settings_its_duties_read(halls: Connection) -> None:
    content = copy.deepcopy(SMALL)
    content["parameters"] = [{"name": "often", "type": "whole"}]
    content["duties"][0] |= {"times": "{often}"}
    publish(halls, "small", content, at("01-01"))

    def problems(key: str, **settings: Any) -> list[tuple[str, str]]:
        new = NewLedger(key, MONDAY.date(), settings)
        with pytest.raises(Refusal) as refused:
            start_keeping(halls, new, EVERYTHING, by=BY, now=MONDAY)
        return [(each.code, each.pointer) for each in refused.value.details]

    assert problems("small") == [("parameter_missing", "/settings/often")]
    assert problems("small", often="many", seldom=1) == [
        ("scoring_not_exact", "/settings/often"),
        ("unknown_parameter", "/settings/seldom"),
    ]
    assert problems("county-banks") == [("duties_none", "/key")]
    begin(halls, "small", "2026-05-11", MONDAY, often="2")
    assert [row.number for row in rows(halls, subject="H11")[:2]] == [1, 2]


def test_only_who_reaches_everything_starts_a_ledger(halls: Connection) -> None:
    new = NewLedger(E4, MONDAY.date())
    with pytest.raises(Refusal) as refused:
        start_keeping(halls, new, Scope(unit_paths=("X01/S1/",)), by=BY, now=MONDAY)
    assert refused.value.code == "forbidden"
    assert halls.scalar(select(func.count()).select_from(DutyLedger)) == 0


def test_the_shipped_scheme_is_the_one_that_is_kept(halls: Connection) -> None:
    assert "duties" in find_programme(halls, E4, EVERYTHING).content
    begin(halls, E4, "2026-05-01", MONDAY)
    talks = [row for row in rows(halls, "one_to_one") if row.period == "2026-05"]
    assert [(row.subject, row.due_on.isoformat()) for row in talks] == [
        ("S1", "2026-05-10"), ("S1", "2026-05-10"), ("S2", "2026-05-10"),
    ]  # fmt: skip
