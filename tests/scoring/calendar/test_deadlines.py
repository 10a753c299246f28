"""The dates of a scheme year, alone, repeated and one after another."""

from datetime import date

import pytest

from server.scoring.calendar import Calendar, DateRule, Deadline, Span

NEW_YEAR = frozenset({date(2027, 1, 1)})


def dates_of(*rules: DateRule, year: int = 2026, year_starts: tuple[int, int] = (1, 1)) -> list[date]:
    calendar = Calendar(year_starts=year_starts, holidays=NEW_YEAR, dates=rules)
    return [deadline.day for deadline in calendar.deadlines(year)]


@pytest.mark.parametrize(
    ("rule", "year", "expected"),
    [
        (DateRule("report", on=(None, 12, 15)), 2026, [date(2026, 12, 15)]),
        (DateRule("report", on=(None, 12, 15)), 2030, [date(2030, 12, 15)]),
        (DateRule("report", on=(2026, 12, 15)), 2026, [date(2026, 12, 15)]),
        (DateRule("report", on=(2026, 12, 15)), 2027, []),
        (DateRule("leap", on=(None, 2, 29)), 2026, [date(2026, 2, 28)]),
        (DateRule("leap", on=(None, 2, 29)), 2028, [date(2028, 2, 29)]),
        (DateRule("nothing"), 2026, []),
    ],
)
def test_dates_of_their_own(rule: DateRule, year: int, expected: list[date]) -> None:
    assert dates_of(rule, year=year) == expected


def test_each_month_on_the_31st_is_its_last_day() -> None:
    found = dates_of(DateRule("close", each="month", day=31))
    assert len(found) == 12
    assert found[:4] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_each_month_means_the_calendars_day_wherever_the_scheme_year_starts() -> None:
    found = dates_of(DateRule("meet", each="month", day=5), year_starts=(12, 26))
    assert (len(found), found[0], found[-1]) == (12, date(2027, 1, 5), date(2027, 12, 5))
    found = dates_of(DateRule("meet", each="month", day=5), year_starts=(4, 1))
    assert (len(found), found[0], found[-1]) == (12, date(2026, 4, 5), date(2027, 3, 5))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (5, [date(2026, 1, 5), date(2026, 4, 5), date(2026, 7, 5), date(2026, 10, 5)]),
        (31, [date(2026, 1, 31), date(2026, 5, 1), date(2026, 7, 31), date(2026, 10, 31)]),
        (999, [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]),
    ],
)
def test_each_quarter_counts_from_its_first_day(day: int, expected: list[date]) -> None:
    assert dates_of(DateRule("close", each="quarter", day=day)) == expected


def test_a_date_each_year_lies_in_the_scheme_year() -> None:
    assert dates_of(DateRule("report", on=(None, 2, 1)), year_starts=(4, 1)) == [date(2027, 2, 1)]
    assert dates_of(DateRule("report", on=(2027, 2, 1)), year_starts=(4, 1)) == [date(2027, 2, 1)]


def test_what_follows_a_date_belongs_to_its_year_however_late_it_is() -> None:
    rules = (
        DateRule("improve", after="feedback", span=Span(months=1)),
        DateRule("feedback", after="results", span=Span(months=1)),
        DateRule("results", on=(None, 12, 31)),
        DateRule("notice", after="results", span=Span(working_days=3)),
    )
    calendar = Calendar(holidays=NEW_YEAR, dates=rules)
    assert calendar.deadlines(2026) == (
        Deadline("results", date(2026, 12, 31)),
        Deadline("notice", date(2027, 1, 6)),
        Deadline("feedback", date(2027, 1, 31)),
        Deadline("improve", date(2027, 2, 28)),
    )


def test_a_rule_after_a_repeated_one_repeats_with_it() -> None:
    rules = (DateRule("close", each="quarter", day=15), DateRule("post", after="close", span=Span(days=2)))
    calendar = Calendar(dates=rules)
    assert [item.day for item in calendar.deadlines(2026) if item.name == "post"] == [
        date(2026, 1, 17),
        date(2026, 4, 17),
        date(2026, 7, 17),
        date(2026, 10, 17),
    ]


def test_dates_on_one_day_stand_in_the_order_of_the_rules() -> None:
    rules = (
        DateRule("b", on=(None, 12, 15)),
        DateRule("a", on=(None, 12, 15)),
        DateRule("c", on=(None, 1, 1)),
    )
    assert [item.name for item in Calendar(dates=rules).deadlines(2026)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "rules",
    [
        (DateRule("a", after="nobody", span=Span(days=1)),),
        (DateRule("a", after="a", span=Span(days=1)),),
        (DateRule("a", after="b", span=Span(days=1)), DateRule("b", after="a", span=Span(days=1))),
        (
            DateRule("into", after="b", span=Span(days=1)),
            DateRule("a", after="b", span=Span(days=1)),
            DateRule("b", after="a", span=Span(days=1)),
        ),
    ],
    ids=["unknown", "itself", "circle", "into a circle"],
)
def test_what_waits_for_nothing_has_no_date_and_holds_up_nobody(rules: tuple[DateRule, ...]) -> None:
    assert dates_of(*rules, DateRule("report", on=(None, 12, 15))) == [date(2026, 12, 15)]


def test_a_chain_of_thousands_is_followed_to_its_end() -> None:
    chain = [DateRule(f"d{n}", after=f"d{n + 1}", span=Span(days=1)) for n in range(5000)]
    found = dates_of(*chain, DateRule("d5000", on=(None, 1, 1)))
    assert len(found) == 5001


def test_years_that_do_not_exist_have_no_dates() -> None:
    assert dates_of(DateRule("report", on=(None, 12, 15)), year=9999) == []
    assert dates_of(DateRule("report", on=(None, 12, 15)), year=0) == []
