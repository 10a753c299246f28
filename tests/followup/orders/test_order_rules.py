"""Decisions about orders, as tables: what is asked for, who may do what, who hears when."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from server.errors import Detail
from server.followup.orders.deciding import LONGEST, Standing, Wish, demands_of, problems_of, reached, week_of
from server.scoring.programmes.compiling import compile_programme

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN, BARE = Standing("open", None, signed=True), Standing("open", None, signed=False)
FIXED = Standing("fixed", "account:zhao", signed=True)
ME, OTHER = frozenset({"account:zhao"}), frozenset({"account:qian"})


@pytest.mark.parametrize(
    ("standing", "wish", "codes"),
    [
        (OPEN, Wish("fix", ME, "已换新"), []),
        (BARE, Wish("fix", ME, "已换新"), ["order_unsigned"]),
        (OPEN, Wish("fix", ME), ["field_required"]),
        (OPEN, Wish("fix", ME, "x" * (LONGEST + 1)), ["text_too_long"]),
        (FIXED, Wish("fix", ME, "已换新"), ["order_act"]),
        (FIXED, Wish("close", OTHER, way="desk"), []),
        (FIXED, Wish("close", OTHER, way="site"), []),
        (FIXED, Wish("close", OTHER), ["order_way"]),
        (FIXED, Wish("close", OTHER, way="spot"), ["order_way"]),
        (FIXED, Wish("close", ME, way="site"), ["order_own"]),
        # Whoever stands in for the one who fixed it has fixed it, too.
        (FIXED, Wish("close", frozenset({"account:qian", "account:zhao"}), way="site"), ["order_own"]),
        (OPEN, Wish("close", OTHER, way="site"), []),
        (OPEN, Wish("close", OTHER, way="desk"), ["order_unseen"]),
        (FIXED, Wish("return", OTHER, "看不清"), []),
        (FIXED, Wish("return", OTHER), ["field_required"]),
        (FIXED, Wish("return", ME, "看不清"), ["order_own"]),
        (FIXED, Wish("return", OTHER, "看不清", due_at=NOW), ["order_due_past"]),
        (OPEN, Wish("return", OTHER, "看不清"), ["order_act"]),
        (OPEN, Wish("extend", OTHER, "等备件", due_at=NOW + DAY), []),
        (OPEN, Wish("extend", OTHER, "等备件"), ["field_required"]),
        (OPEN, Wish("extend", OTHER, "等备件", due_at=NOW - DAY), ["order_due_past"]),
        (OPEN, Wish("withdraw", OTHER, "开错了"), []),
        (Standing("closed", "account:zhao", signed=True), Wish("withdraw", OTHER, "x"), ["order_act"]),
        (OPEN, Wish("burn", OTHER, "x"), ["order_act"]),
    ],
)
def test_what_keeps_somebody_from_an_act(standing: Standing, wish: Wish, codes: list[str]) -> None:
    found: list[Detail] = list(problems_of(standing, wish, NOW))
    assert [each.code for each in found] == codes


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-2, []),
        (-1, [(0, "branch_manager")]),
        (1, [(0, "branch_manager")]),
        (2, [(0, "branch_manager"), (3, "president")]),
        (6, [(0, "branch_manager"), (3, "president"), (7, "coordinator")]),
        (90, [(0, "branch_manager"), (3, "president"), (7, "coordinator")]),
    ],
)
def test_higher_ones_hear_the_longer_it_lasts(days: int, told: list[tuple[int, str]]) -> None:
    # The deadline is the first moment after the last day, so one day later is the second day too late.
    assert [(step, role) for step, role, _ in reached(NOW, NOW + days * DAY)] == told


@pytest.mark.parametrize(("day", "monday"), [(23, 23), (24, 23), (29, 23), (30, 30)])
def test_a_week_begins_on_monday(day: int, monday: int) -> None:
    assert week_of(date(2026, 11, day)) == date(2026, 11, monday)


def demanded(**changes: Any) -> list[tuple[str, str, date | None, str]]:
    action = {"do": "order_rectification", "title": "限期整改"}
    content = {
        "title": "检查",
        "subjects": [{"name": "county"}, {"name": "outlet", "parent": "county"}],
        "instruments": [{"name": "visit", "kind": "visit"}],
        "rules": [
            {"name": "fix", "title": "整改", "for": "outlet", "per": "finding", "actions": [action, "notify"]}
        ],
    }
    row = {
        "rule": "fix", "subject": "B1", "period": "w/1/a", "do": "order_rectification",
        "to": {"kind": "outlet", "id": "B1"}, "due": None, **changes,
    }  # fmt: skip
    found = demands_of(compile_programme(content), [row])
    return [(each.recipient, each.event, each.due, each.title["default"]) for each in found]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("B1", "w/1/a", None, "限期整改")]),
        ({"due": "2026-12-01"}, [("B1", "w/1/a", date(2026, 12, 1), "限期整改")]),
        # What is above the outlet is asked itself; somebody in a role is reached where the outlet is.
        ({"to": {"kind": "county", "id": "C1"}}, [("C1", "w/1/a", None, "限期整改")]),
        ({"to": {"kind": "manager", "id": "7"}}, [("B1", "w/1/a", None, "限期整改")]),
        ({"to": None}, [("B1", "w/1/a", None, "限期整改")]),
        ({"do": "notify"}, []),
        ({"rule": "gone"}, []),
        ({"period": "order/7/overdue"}, []),
    ],
)
def test_what_a_settlement_asks_for(changes: dict[str, Any], expected: list[Any]) -> None:
    assert demanded(**changes) == expected
