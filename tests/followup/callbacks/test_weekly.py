"""What a unit hears of a week: nothing of fewer than five, nothing that adds up to them, no names."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.followup.callbacks.weekly import (
    SMALL,
    TELLING,
    Heard,
    Place,
    content_of,
    league,
    rolled_up,
    without_names,
)

CITY = Place("C01", "C01/", "江城分行", "Jiangcheng")
OUTLETS = [Place(f"B{each}", f"C01/B{each}/", f"网点{each}", None) for each in range(1, 5)]


def heard(rated: int, satisfied: int = 0, **more: int) -> Heard:
    return Heard(Counter(answered=rated, rated=rated, satisfied=satisfied, asked=rated, **more))


def of_city(*sizes: tuple[int, int]) -> dict[str, Heard]:
    own = {place.path: heard(*size) for place, size in zip(OUTLETS, sizes, strict=False)}
    return rolled_up([CITY, *OUTLETS], own)


def test_numbers_of_a_subtree_with_their_n_and_one_decimal() -> None:
    content = content_of(CITY, of_city((20, 17), (7, 7), (10, 5)), OUTLETS)
    assert (content["rate"], content["counts"]["rated"], content["few"]) == ("78.4", 37, False)
    assert [(row["code"], row["rate"], row["n"]) for row in content["league"]] == [
        ("B2", "100.0", 7), ("B1", "85.0", 20), ("B3", "50.0", 10),
    ]  # fmt: skip


def test_fewer_than_five_are_told_nothing_about() -> None:
    own = of_city((4, 1))
    own["C01/B1/"].quotes.append("等了一个小时")
    own["C01/B1/"].reasons["等得太久", "Waited"] += 1
    content = content_of(OUTLETS[0], own, [])
    assert content["few"]
    assert content["rate"] is None
    assert (content["quotes"], content["reasons"], content["axes"]) == ([], [], {})
    assert all(content["counts"][name] is None for name in TELLING)


def test_one_hidden_cell_takes_the_next_smallest_with_it() -> None:
    rows = {
        row["code"]: row for row in content_of(CITY, of_city((20, 17), (3, 0), (7, 7)), OUTLETS)["league"]
    }
    assert {code: row["rate"] for code, row in rows.items()} == {"B1": "85.0", "B2": None, "B3": None}
    assert (rows["B2"]["n"], rows["B3"]["n"]) == (None, 7)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=4))
def test_no_small_cell_is_told_nor_left_over(sizes: list[tuple[int, int]]) -> None:
    below = [(place, heard(n, min(happy, n))) for place, (n, happy) in zip(OUTLETS, sizes, strict=False)]
    told = {row["code"] for row in league(below) if row["rate"] is not None}
    rated = {place.code: each.counts["rated"] for place, each in below}
    assert all(rated[code] >= SMALL for code in told)
    left = [n for code, n in rated.items() if code not in told and n]
    # What is hidden is together as large as a cell that may be told, or there is nothing else to subtract.
    assert not left or sum(left) >= SMALL or not told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("李娜态度很差", "＊＊态度很差"),
        ("王经理说不能办", "＊经理说不能办"),
        ("大堂经理很好", "大堂经理很好"),
        ("打我电话13800001000", "打我电话＊＊＊"),
        ("卡号6222 0212-3456 7890不能用", "卡号＊＊＊不能用"),
        ("写信到 a.b@example.com", "写信到 ＊＊＊"),
        ("等了40分钟", "等了40分钟"),
        ("陈先生叫我等", "＊先生叫我等"),
    ],
)
def test_words_without_names_and_numbers(text: str, expected: str) -> None:
    assert without_names(text, ["李娜", ""]) == expected
