"""The few words that a made form adds to those of its table, in the table's own language."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """`locale` and the words; `{points}` takes the full points of a question."""

    locale: str
    yes: str
    no: str
    passed: str
    failed: str
    not_applicable: str
    enter_earned: str
    enter_lost: str
    enter_lost_freely: str
    untitled: str
    others: str


CHINESE = Words(
    locale="zh-CN",
    yes="是",
    no="否",
    passed="合格",
    failed="不合格",
    not_applicable="不适用",
    enter_earned="请填得分，0～{points}分。",
    enter_lost="请填扣分，0～{points}分；不扣分填0。",
    enter_lost_freely="请填扣分；不扣分填0。",
    untitled="检查标准",
    others="其他",
)
ENGLISH = Words(
    locale="en",
    yes="Yes",
    no="No",
    passed="Passed",
    failed="Failed",
    not_applicable="Not applicable",
    enter_earned="Enter the points earned, 0 to {points}.",
    enter_lost="Enter the points lost, 0 to {points}; 0 if none.",
    enter_lost_freely="Enter the points lost; 0 if none.",
    untitled="Inspection standard",
    others="Others",
)


def words_of(texts: Iterable[str]) -> Words:
    """Chinese words for a table with any Chinese character in it."""
    return CHINESE if any(re.search("[\u4e00-\u9fff]", text) for text in texts) else ENGLISH
