"""Who owes a duty: subjects, each person of a role, each unit below, and those who come and go."""

from datetime import date
from typing import Any

import pytest

from server.scoring.duties.occurrences import Member, Occurrence, Roll, occurrences
from tests.scoring.duties.duties_for_tests import compiled

A, B = {"area": "a"}, {"area": "b"}
ROLL = Roll(
    members=(
        Member("a", "area"),
        Member("b", "area"),
        Member("h1", "hall", A),
        Member("h2", "hall", A),
        Member("h3", "hall", B),
        Member("c1", "clerk", {"hall": "h1", "area": "a"}, person="p1"),
        Member("c2", "clerk", {"hall": "h1", "area": "a"}, person="p2"),
    ),
    holders={("h1", "keeper"): ("p1", "p2"), ("h2", "keeper"): ("p3",)},
    roles={"p1": frozenset({"lobby"})},
)


def owed(
    duty: dict[str, Any], roll: Roll = ROLL, last: str = "2026-06-01", **settings: Any
) -> list[Occurrence]:
    made, agenda = compiled(duty, settings)
    return list(occurrences(made, agenda, roll, date(2026, 6, 1), date.fromisoformat(last)))


@pytest.mark.parametrize(
    ("duty", "expected"),
    [
        ({"of": "hall"}, [("h1", "", ""), ("h2", "", ""), ("h3", "", "")]),
        ({"of": "hall", "by": "keeper"}, [("h1", "", ""), ("h2", "", ""), ("h3", "", "")]),
        # h3 has nobody in the role, so nobody owes it there by name.
        (
            {"of": "hall", "by": "keeper", "each": "person"},
            [("h1", "", "p1"), ("h1", "", "p2"), ("h2", "", "p3")],
        ),
        ({"of": "area", "by": "keeper", "each": "hall"}, [("a", "h1", ""), ("a", "h2", ""), ("b", "h3", "")]),
        ({"of": "clerk"}, [("c1", "", "p1"), ("c2", "", "p2")]),
        ({"of": "clerk", "by": "lobby"}, [("c1", "", "p1")]),
    ],
)
def test_who_owes_it(duty: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert [(each.subject, each.about, each.person) for each in owed(duty)] == expected


def test_several_times_stand_apart_or_are_counted() -> None:
    apart = owed({"of": "area", "times": "{patrols}"})
    assert [(each.subject, each.number, each.times) for each in apart] == [
        ("a", 1, 1), ("a", 2, 1), ("b", 1, 1), ("b", 2, 1),
    ]  # fmt: skip
    counted = owed({"of": "area", "times": "{patrols}", "counted": True})
    assert [(each.subject, each.number, each.times) for each in counted] == [("a", 1, 2), ("b", 1, 2)]
    assert owed({"of": "area", "times": "{patrols}"}, patrols="0") == []
    assert owed({"of": "area", "times": "{patrols}", "counted": True}, patrols="0") == []


def test_they_come_by_day_and_each_has_its_own_key() -> None:
    found = owed({"of": "hall"}, last="2026-06-03")
    assert [each.due for each in found] == sorted(each.due for each in found)
    assert len({each.key for each in found}) == len(found) == 9


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (date.min, date(2026, 6, 2), ["2026-06-01", "2026-06-02"]),
        (date(2026, 6, 2), date.max, ["2026-06-02", "2026-06-03"]),
    ],
)
def test_who_is_not_there_owes_nothing(starts: date, ends: date, expected: list[str]) -> None:
    roll = Roll((Member("h1", "hall", starts=starts, ends=ends),))
    assert [each.period for each in owed({"of": "hall"}, roll, last="2026-06-03")] == expected


def test_a_hall_that_closed_is_not_talked_to() -> None:
    closed = Member("h1", "hall", A, ends=date(2026, 5, 31))
    roll = Roll((Member("a", "area"), closed, Member("h2", "hall", A)))
    found = owed({"of": "area", "each": "hall", "every": "month"}, roll)
    assert [each.about for each in found] == ["h2"]
