from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.notify.respect.hours import DecentHours

SHANGHAI, URUMQI, KIRITIMATI = "Asia/Shanghai", "Asia/Urumqi", "Pacific/Kiritimati"
FRIDAY = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, a public holiday

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
LABOUR_DAYS = {date(2026, 5, day) for day in range(1, 6)}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "zone", "leaves"),
    [
        (DecentHours(), at(4, 4), SHANGHAI, at(4, 4)),
        (DecentHours(), at(4, 0, 59), SHANGHAI, at(4, 1)),
        (DecentHours(), at(4, 11, 59), SHANGHAI, at(4, 11, 59)),
        (DecentHours(), at(4, 12), SHANGHAI, at(5, 1)),
        (DecentHours(), at(4, 12), URUMQI, at(4, 12)),
        (DecentHours(), at(4, 1), URUMQI, at(4, 3)),
        (DecentHours(None, None), at(4, 18), SHANGHAI, at(4, 18)),
        (DecentHours(weekdays=(0, 1, 2, 3, 4)), at(2, 4), SHANGHAI, at(4, 1)),
        (DecentHours(None, None, weekdays=(0,)), at(2, 4), SHANGHAI, at(3, 16)),
        (DecentHours(holidays=True), FRIDAY, SHANGHAI, at(6, 1)),
    ],
)
def test_what_comes_at_an_indecent_hour_waits_for_the_next_decent_one(
    hours: DecentHours, moment: datetime, zone: str, leaves: datetime
) -> None:
    assert hours.first_from(moment, zone, lambda _, day: day in LABOUR_DAYS) == leaves


def test_rules_that_leave_no_hour_are_said_and_not_waited_for() -> None:
    with pytest.raises(ValueError, match="two months"):
        DecentHours(holidays=True).first_from(FRIDAY, SHANGHAI, lambda *_: True)


@given(
    some.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes)),
    some.sampled_from([SHANGHAI, URUMQI, KIRITIMATI, "Europe/Berlin", "America/St_Johns"]),
    some.sets(some.integers(0, 6)),
)
def test_the_answer_is_decent_not_earlier_and_stands_when_it_is_asked_again(
    moment: datetime, zone: str, weekdays: set[int]
) -> None:
    hours = DecentHours(time(21, 30), time(8, 15), tuple(sorted(weekdays)))
    leaves = hours.first_from(moment, zone)
    assert leaves >= moment
    assert hours.first_from(leaves, zone) == leaves
