"""How long things took, from what was noted inside."""

from datetime import timedelta

import pytest

from server.fieldwork.visiting.spans import spans_of
from tests.builders import NOW


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ({}, {}),
        ({"entered": 0, "ticket": 2, "called": 14.9, "served": 20, "left": 21},
         {"waiting": 12, "service": 5, "stay": 21}),
        ({"entered": 0, "called": 5}, {"waiting": 5}),
        ({"ticket": 3, "called": 3}, {"waiting": 0}),
        ({"called": 9, "served": 4, "left": 30}, {}),
    ],
)  # fmt: skip
def test_spans_follow_from_moments(minutes: dict[str, float], expected: dict[str, int]) -> None:
    moments = {name: NOW + timedelta(minutes=each) for name, each in minutes.items()}
    assert spans_of(moments) == expected
