"""A form of 30 questions such as a hall survey has, and answers to it."""

import random
from typing import Any

KEY = "bench-thirty-questions"
SECTIONS = ("environment", "staff", "business", "after_sales")
# 24 rated questions, then one of each other type that surveys use: 30 answers in all.
RATED = 24
NOTES = ("办理很快，工作人员态度热情，讲解清楚。", "等候时间有点长，希望高峰时段多开一个窗口。", "总体满意。")


def definition() -> dict[str, Any]:
    """A page of rated questions for each section, and a last page of other types."""
    pages = [
        {
            "name": section,
            "elements": [_rated(number) for number in range(RATED) if _section(number) == section],
        }
        for section in SECTIONS
    ]
    return {
        "title": {"default": "服务满意度", "en": "Satisfaction with the service"},
        "locale": "zh-CN",
        "variables": [{"name": "unit"}],
        "scoring": {
            "method": "weighted_sections",
            "sections": [{"name": section, "weight": "25"} for section in SECTIONS],
            "bands": [
                {"grade": grade, "min": least} for grade, least in (("A", "90"), ("B", "75"), ("C", "0"))
            ],
        },
        "pages": [*pages, {"name": "about", "elements": _others()}],
    }


def answers(chance: random.Random) -> dict[str, Any]:
    """Somebody's 30 answers."""
    rated = {f"q{number:02}": chance.choice([5, 5, 5, 4, 4, 3, 2, "na"]) for number in range(RATED)}
    return rated | {
        "recommend": chance.randrange(11),
        "waited": chance.randrange(60),
        "errand": chance.choice(["cash", "card", "loan"]),
        "channels": chance.sample(["counter", "machine", "phone"], 2),
        "again": chance.random() < 0.9,
        "note": chance.choice(NOTES),
    }


def _section(number: int) -> str:
    return SECTIONS[number % len(SECTIONS)]


def _rated(number: int) -> dict[str, Any]:
    texts = {5: "很满意", 4: "满意", 3: "一般", 2: "不满意", 1: "很不满意", "na": "没有接触到"}
    return {
        "type": "radiogroup",
        "name": f"q{number:02}",
        "title": {"default": f"您对{{unit}}的第{number + 1}项服务满意吗？"},
        "isRequired": True,
        "choices": [{"value": value, "text": text} for value, text in texts.items()],
        "scoring": {
            "section": _section(number),
            "awards": {"5": "100", "4": "75", "3": "50", "2": "25", "1": "0"},
            "naValue": "na",
        },
    }


def _others() -> list[dict[str, Any]]:
    return [
        {"type": "rating", "name": "recommend", "title": "您会推荐我们吗？", "rateMin": 0, "rateMax": 10},
        {
            "type": "text",
            "name": "waited",
            "title": "等候了多少分钟？",
            "inputType": "number",
            "min": 0,
            "max": 600,
        },
        {"type": "dropdown", "name": "errand", "title": "办理的业务", "choices": ["cash", "card", "loan"]},
        {
            "type": "checkbox",
            "name": "channels",
            "title": "使用的渠道",
            "choices": ["counter", "machine", "phone"],
        },
        {"type": "boolean", "name": "again", "title": "还会再来吗？"},
        {
            "type": "comment",
            "name": "note",
            "title": "其他意见",
            "visibleIf": "{recommend} >= 0",
            "maxLength": 500,
        },
    ]
