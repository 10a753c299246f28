"""What a bulletin says: who a rule calls by name for the round, and what failed most."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Connection

from server.fieldwork.waves.reading import find_wave
from server.followup.publishing.bulletins import Failed, called_by_name, failed_most
from server.followup.publishing.reading import find_version
from server.keys import KeyRing
from server.scope import EVERYTHING
from tests.followup.publishing.waves_for_tests import RULES, create_closed, published

MEETING = {
    "name": "meeting", "title": {"default": "通报会", "en": "To the meeting"}, "for": "outlet", "per": "wave",
    "when": "{place} >= 3", "actions": ["circulate", "order_improvement"],
}  # fmt: skip
PRIZE = {"name": "prize", "for": "outlet", "per": "wave", "when": "{place} = 1", "actions": ["commend"]}


def test_rules_call_by_name_for_the_round(connection: Connection, keys: KeyRing) -> None:
    closed = create_closed(connection, keys, rules=[*RULES["rules"], MEETING, PRIZE])
    version = find_version(connection, published(connection, closed), EVERYTHING)
    wave = find_wave(connection, closed.wave_id, EVERYTHING)
    found = [
        (each.rule, each.title.get("en", ""), each.act, [name["zh"] for name in each.names])
        for each in called_by_name(connection, version, wave)
    ]
    # Orders go to those they concern, not round.
    assert found == [
        ("meeting", "To the meeting", "circulate", ["青年路支行"]),
        ("prize", "", "commend", ["翠湖支行", "人民路支行"]),
    ]


def finding(report: str, item: str) -> Mapping[str, Any]:
    return {"report": report, "item": item, "code": item.upper()}


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], []),
        ([finding("a", "x")], [Failed("x", "X", 1)]),
        (
            [finding("a", "y"), finding("b", "x"), finding("c", "x")],
            [Failed("x", "X", 2), Failed("y", "Y", 1)],
        ),
        # Two lost points of one item in one report are one report.
        (
            [finding("a", "x"), finding("a", "x"), finding("b", "w")],
            [Failed("w", "W", 1), Failed("x", "X", 1)],
        ),
    ],
)
def test_what_failed_most(findings: list[Mapping[str, Any]], expected: list[Failed]) -> None:
    assert failed_most({"findings": findings}) == expected
