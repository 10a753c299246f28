"""When may be disputed what, who decides: tables of cases, nothing is looked up."""

from datetime import datetime
from uuid import UUID

import pytest

from server.followup.appealing.standing import (
    Imposed,
    Windows,
    deciding_problems,
    reach_of,
    verdict_problems,
)
from server.scope import EVERYTHING, Scope
from tests.builders import DAY, NOW

ANN, BEN = UUID(int=1), UUID(int=2)
CITY, DISTRICT, OUTLET = Scope(("C01/",)), Scope(("C01/D1/",)), Scope(("C01/D1/B101/",))
NEVER: datetime | None = None


@pytest.mark.parametrize(
    ("windows", "stage"),
    [
        (Windows(NEVER, False, NEVER, NEVER), None),
        (Windows(NOW + DAY, False, NEVER, NEVER), "objection"),
        (Windows(NOW, False, NEVER, NEVER), None),
        (Windows(NOW - DAY, True, NOW - DAY, NOW + DAY), "appeal"),
        # Nobody appeals against what nobody may know yet.
        (Windows(NEVER, True, NOW + DAY, NOW + 9 * DAY), None),
        (Windows(NEVER, True, NOW - 9 * DAY, NOW), None),
        (Windows(NEVER, True, NOW - DAY, NEVER), None),
    ],
)
def test_when_may_be_disputed(windows: Windows, stage: str | None) -> None:
    assert windows.stage(NOW) == stage


@pytest.mark.parametrize(
    ("scope", "reach"), [(EVERYTHING, 0), (CITY, 1), (DISTRICT, 2), (OUTLET, 3), (Scope(()), 1000)]
)
def test_how_high_somebody_stands(scope: Scope, reach: int) -> None:
    assert reach_of(scope) == reach


@pytest.mark.parametrize(
    ("imposed", "scope", "above", "own", "codes"),
    [
        (Imposed(frozenset({BEN}), 2), CITY, True, False, []),
        (Imposed(frozenset({ANN}), 2), CITY, True, False, ["appeal_imposed"]),
        (Imposed(frozenset({BEN}), 2), DISTRICT, True, False, ["appeal_above"]),
        (Imposed(frozenset({BEN}), 2), DISTRICT, False, False, []),
        (Imposed(frozenset({BEN}), 2), CITY, True, True, ["appeal_own"]),
        # Above the whole organisation there is nobody: another person decides.
        (Imposed(frozenset({BEN}), 0), EVERYTHING, True, False, []),
        (Imposed(frozenset({ANN}), 0), EVERYTHING, False, False, ["appeal_imposed"]),
    ],
)
def test_who_decides(imposed: Imposed, scope: Scope, above: bool, own: bool, codes: list[str]) -> None:
    found = deciding_problems(imposed, ANN, scope, above=above, filed_by_self=own)
    assert [each.code for each in found] == codes


@pytest.mark.parametrize(
    ("state", "verdict", "answer", "codes"),
    [
        ("open", "upheld", "照片看得清", []),
        ("open", "refused", "", ["field_required"]),
        ("upheld", "refused", "x", ["appeal_decided"]),
        ("open", "maybe", "x", ["appeal_verdict"]),
        ("open", "upheld", "x" * 1001, ["text_too_long"]),
    ],
)
def test_what_an_answer_needs(state: str, verdict: str, answer: str, codes: list[str]) -> None:
    assert [each.code for each in verdict_problems(state, verdict, answer)] == codes
