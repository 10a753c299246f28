"""Months on the clocks by which people are paid."""

from datetime import UTC, date, datetime

import pytest

from server.errors import Refusal
from server.followup.pay.months import before, end_of, month_of, read_month


@pytest.mark.parametrize(
    ("month", "ends", "previous"),
    [
        (date(2026, 5, 1), datetime(2026, 5, 31, 16, tzinfo=UTC), date(2026, 4, 1)),
        (date(2026, 12, 1), datetime(2026, 12, 31, 16, tzinfo=UTC), date(2026, 11, 1)),
        (date(2026, 1, 1), datetime(2026, 1, 31, 16, tzinfo=UTC), date(2025, 12, 1)),
        (date(2028, 2, 1), datetime(2028, 2, 29, 16, tzinfo=UTC), date(2028, 1, 1)),
    ],
)
def test_a_month_ends_at_midnight_here(month: date, ends: datetime, previous: date) -> None:
    assert end_of(month) == ends
    assert month_of(ends) == end_of(month).date()
    assert before(month) == previous
    assert read_month(f"{month:%Y-%m}") == month


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-5", "2026-05-01", "五月"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_month(text)
    assert refused.value.details[0].code == "field_date"
