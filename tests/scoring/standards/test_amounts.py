"""Points and deductions as people write them; a text is read whole or not at all."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.standards.amounts import (
    Deductions,
    Points,
    is_negative,
    read_deductions,
    read_levels,
    read_number,
    read_points,
    read_title,
    single_award,
)

TWO, TEN = Fraction(2), Fraction(10)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("10", Points(TEN)),
        ("10.0", Points(TEN)),
        ("１０分", Points(TEN)),
        ("（10分）", Points(TEN)),
        (" 10 分 ", Points(TEN)),
        ("满分：10分", Points(TEN)),
        ("共计10分", Points(TEN)),
        ("10 points", Points(TEN)),
        ("2.5", Points(Fraction(5, 2))),
        ("半分", Points(Fraction(1, 2))),
        ("十分", Points(TEN)),
        ("二十五", Points(Fraction(25))),
        ("一百", Points(Fraction(100))),
        ("每项2分", Points(TWO, each=True)),
        ("2分/项", Points(TWO, each=True)),
        ("每项2分，共10分", Points(TWO, each=True, together=TEN)),
        ("满分10分，每项2分", Points(TWO, each=True, together=TEN)),
        ("0-10分", Points(TEN, graded=True)),
        ("0～10", Points(TEN, graded=True)),
        ("加2分", Points(TWO, bonus=True)),
        ("+2", Points(TWO, bonus=True)),
    ],
)
def test_points_that_are_read(text: str, points: Points) -> None:
    assert read_points(text) == points


@pytest.mark.parametrize(
    "text",
    [
        "",
        "酌情",
        "10%",
        "-2",
        "10-5分",
        "10分钟",
        "5分或3分",
        "10分，含附加",
        "2,3",
        "约10分",
        "一票否决",
        "1e3",
    ],
)
def test_points_that_are_not_read(text: str) -> None:
    assert read_points(text) is None


def test_a_circled_number_is_no_digit_of_the_points() -> None:
    assert read_points("①2分") == Points(TWO)
    assert read_deductions("①扣2分").amounts == (TWO,)


@pytest.mark.parametrize(("text", "negative"), [("-2", True), ("扣2分", True), ("－２", True), ("2", False)])
def test_a_deduction_among_the_points(text: str, negative: bool) -> None:
    assert is_negative(text) is negative


@pytest.mark.parametrize(
    ("text", "title", "points"),
    [
        ("一、营业环境（20分）", "一、营业环境", Points(Fraction(20))),
        ("一、营业环境\n（20分）", "一、营业环境", Points(Fraction(20))),
        ("营业环境20分", "营业环境", Points(Fraction(20))),
        ("营业环境　２０分", "营业环境", Points(Fraction(20))),
        ("二、柜面服务：共30分", "二、柜面服务", Points(Fraction(30))),
        ("便民设施(每项2分，共10分)", "便民设施", Points(TWO, each=True, together=TEN)),
        ("厅堂（含自助区）", "厅堂（含自助区）", None),
        ("厅堂（部分）", "厅堂（部分）", None),
        ("5分钟内响应", "5分钟内响应", None),
        ("网点（10分钟内）", "网点（10分钟内）", None),
    ],
)
def test_titles_with_their_points(text: str, title: str, points: Points | None) -> None:
    worth = read_title(text)
    assert (worth.title, worth.points, worth.unread) == (title, points, "")


@pytest.mark.parametrize("text", ["三、其他（若干分）", "三、其他（20分或30分）"])
def test_points_of_a_title_that_are_not_read_are_named(text: str) -> None:
    worth = read_title(text)
    assert (worth.title, worth.points) == (text, None)
    assert worth.unread


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每发现一次扣1分", Deductions((Fraction(1),), repeated=True)),
        ("每发现一次，扣 １ 分", Deductions((Fraction(1),), repeated=True)),
        ("发现一处不符合扣0.5分，扣完为止", Deductions((Fraction(1, 2),), repeated=True)),
        ("一人次不合格扣两分", Deductions((TWO,), repeated=True)),
        ("扣2分/次", Deductions((TWO,), repeated=True)),
        ("不达标扣2分", Deductions((TWO,))),
        ("此项不达标的，扣2分", Deductions((TWO,))),
        ("破损扣2分；过期扣10分", Deductions((TWO, TEN))),
        ("视情节扣2-10分", Deductions((TWO, TEN), ranged=True, unread=True)),
        ("扣2至10分", Deductions((TWO, TEN), ranged=True)),
        ("不达标不得分", Deductions(whole=True)),
        ("扣完本项分值", Deductions(whole=True)),
        ("缺一项扣2分，全缺不得分", Deductions((TWO,), repeated=True, whole=True)),
        ("酌情扣分", Deductions(unread=True)),
        ("扣若干分", Deductions(unread=True)),
        ("等候10-20分钟", Deductions()),
        ("扣完为止", Deductions()),
        ("5分", Deductions()),
    ],
)
def test_deductions_of_a_text(text: str, expected: Deductions) -> None:
    assert read_deductions(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", Deductions((TWO,))),
        ("-2", Deductions((TWO,))),
        ("2分", Deductions((TWO,))),
        ("每次2分", Deductions((TWO,), repeated=True)),
        ("2分/次", Deductions((TWO,), repeated=True)),
    ],
)
def test_a_column_of_deductions_needs_no_word_for_it(text: str, expected: Deductions) -> None:
    assert read_deductions(text, column=True) == expected
    assert not read_deductions(text.lstrip("-"))


def test_levels_come_best_first() -> None:
    text = "1.不达标不得分；2.基本达标的，得3分；3.完全达标得５分。"
    assert [(level.text, level.points) for level in read_levels(text)] == [
        ("完全达标", Fraction(5)),
        ("基本达标", Fraction(3)),
        ("不达标", Fraction(0)),
    ]


@pytest.mark.parametrize("text", ["达标得5分", "甲得5分，乙得5分", "甲得5分，乙得3分，丙得3分", "整洁"])
def test_one_award_or_equal_awards_are_no_levels(text: str) -> None:
    assert read_levels(text) == ()


@pytest.mark.parametrize(
    ("text", "award"), [("达标得5分，否则不得分", 5), ("得5分或得3分", None), ("", None)]
)
def test_the_only_award_of_a_text(text: str, award: int | None) -> None:
    assert single_award(text) == award


@given(st.integers(1, 999))
def test_chinese_numbers_are_read_as_they_are_counted(number: int) -> None:
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    text += digits[ones] if ones else ""
    assert read_number(text) == number


@given(st.text(max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    read_points(text)
    read_title(text)
    read_levels(text)
    read_deductions(text, column=True)
