from datetime import date

import pytest

from server.fieldwork.history.periods import any_period, period_with, read_period
from server.scoring.calendar import Calendar
from server.scoring.calendar.periods import Phase

CALENDAR = Calendar(phases=(Phase("first", (1, 1), (4, 30), {}), Phase("second", (5, 1), (12, 31), {})))
FROM_APRIL = Calendar(year_starts=(4, 1))


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        ("2025", "year", "2025"),
        ("2025年", "year", "2025"),
        ("2025年度", "year", "2025"),
        ("2025Q4", "quarter", "2025Q4"),
        ("2025q4", "quarter", "2025Q4"),
        ("２０２５Ｑ４", "quarter", "2025Q4"),
        ("2025年第四季度", "quarter", "2025Q4"),
        ("2025年4季度", "quarter", "2025Q4"),
        ("2025-Q4", "quarter", "2025Q4"),
        ("2025-12", "month", "2025-12"),
        ("2025/12", "month", "2025-12"),
        ("2025年12月", "month", "2025-12"),
        ("2025年12月份", "month", "2025-12"),
        ("202512", "month", "2025-12"),
        ("2025-12-01", "month", "2025-12"),
        ("2025H2", "half", "2025H2"),
        ("2025年下半年", "half", "2025H2"),
        ("2025/first", "phase", "2025/first"),
        ("2025年第二阶段", "phase", "2025/second"),
    ],
)
def test_a_period_is_read_as_people_write_it(cell: str, kind: str, expected: str) -> None:
    found = read_period(cell, CALENDAR, kind)
    assert found is not None
    assert (found.kind, found.id) == (kind, expected)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("2025Q5", "quarter"),
        ("2025-13", "month"),
        ("2025-12-02", "month"),
        ("2025", "quarter"),
        ("2025Q4", "year"),
        ("2025/third", "phase"),
        ("2025年第三阶段", "phase"),
        ("25Q4", "quarter"),
        ("0000", "year"),
        ("去年", "year"),
        ("2025", "wave"),
    ],
)
def test_what_is_no_period_of_the_kind_is_none(cell: str, kind: str) -> None:
    assert read_period(cell, CALENDAR, kind) is None


def test_a_month_is_that_of_its_calendar_year_and_a_quarter_that_of_the_scheme_year() -> None:
    month, quarter = read_period("2026-02", FROM_APRIL, "month"), read_period("2025Q4", FROM_APRIL, "quarter")
    assert month is not None
    assert quarter is not None
    assert (month.starts, quarter.starts) == (date(2026, 2, 1), date(2026, 1, 1))
    assert period_with(FROM_APRIL, "month", "2026-02") == month


def test_an_item_takes_a_period_of_whatever_kind() -> None:
    found = [any_period(cell, CALENDAR) for cell in ("2025-11", "2025Q4", "2025/first", "2025", "x")]
    assert [period and period.kind for period in found] == ["month", "quarter", "phase", "year", None]


def test_an_id_that_the_calendar_lost_is_none() -> None:
    assert period_with(Calendar(), "phase", "2025/first") is None
    assert period_with(CALENDAR, "phase", "x/first") is None
