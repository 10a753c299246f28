"""Letters: one page each whatever was typed, and the same bytes each time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from server.notify.texts import LETTERS, WrittenLetter
from server.typesetting.letters import Sheet, letters
from tests.typesetting.test_posters import NAMES, NASTY, pages

SHEET = Sheet(
    locale="zh",
    dated="2026年5月4日",
    address=("张三", "江城市东城区青年路 5 号", "430000"),
    body="尊敬的客户：\n\n请评价。",
    code="1234 5678 9012",
    code_page="https://survey.example.cn/c",
    link="https://survey.example.cn/r/" + "Aa1_-" * 4 + "Zz",
)


def test_a_letter_is_one_page_whatever_was_typed() -> None:
    longest = "很长的一段话。" * 85
    sheets = [
        SHEET,
        replace(SHEET, locale="en", body=LETTERS["en"]),
        replace(SHEET, address=(NASTY, NASTY), body=NASTY),
        replace(SHEET, address=("一个名字",), body=longest, code=""),
    ]
    made = letters(NAMES, sheets)
    assert pages(made) == len(sheets)
    assert made == letters(NAMES, sheets)


def test_two_people_who_print_at_once_both_get_their_letters() -> None:
    runs = [[replace(SHEET, code=f"{run:04} 0000 {number:04}") for number in range(20)] for run in range(4)]
    with ThreadPoolExecutor(len(runs)) as people:
        made = list(people.map(lambda sheets: letters(NAMES, sheets), runs))
    assert [pages(pdf) for pdf in made] == [20] * 4
    assert made[3] == letters(NAMES, runs[3])


@pytest.mark.parametrize("body", ["一行", "第一段\n\n第二段", "\n", ""])
def test_a_letter_comes_back_from_its_message(body: str) -> None:
    written = WrittenLetter("张三\n青年路 5 号", body, "1234 5678 9012", "https://a/c", "https://a/r/x")
    assert WrittenLetter.from_text(written.to_text()) == written
