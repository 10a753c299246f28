"""A message fits what was approved: word by word, with variables where variables were."""

import pytest

from server.notify.approved import Mismatch, mismatch

APPROVED = "您在${unit}办理过业务，请评价：${link}"


@pytest.mark.parametrize(
    ("approved", "template"),
    [
        (APPROVED, "您在{unit}办理过业务，请评价：{link}"),
        ("您在{1}办理过业务，请评价：{2}", "您在{unit}办理过业务，请评价：{link}"),
        ("【江城银行】您在#unit#办理过业务。拒收请回复R", "您在{unit}办理过业务。{optout}"),
        ("Please rate {1}: {2}", "[Bank] Please rate {unit}: {link} Reply R to stop"),
    ],
)
def test_what_fits(approved: str, template: str) -> None:
    assert mismatch(approved, template) is None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("您在{unit}办理过业务，请评分：{link}", Mismatch("请评价：", "请评分：")),
        ("您在{unit}办理过业务，请评价：", Mismatch("${link}", "")),
        ("您在{unit}办理过业务，请评价：{link}，谢谢", Mismatch("", "，谢谢")),
        ("您在青年路办理过业务，请评价：{link}", Mismatch("您在", "您在青年路办理过业务，请评价")),
    ],
)
def test_the_first_place_that_differs_is_told(template: str, expected: Mismatch) -> None:
    assert mismatch(APPROVED, template) == expected
