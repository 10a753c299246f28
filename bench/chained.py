"""A form of 30 questions whose conditions hang on each other, and answers to it, for whoever can check them.

The vocabulary is SurveyJS's alone, so that survey-core reads the same definition. What is wrong with an
answer is wrong at the end of a chain: checkers agree there, while a refused answer in the middle closes the
rest for us and not for survey-core.
"""

import random
from typing import Any

Json = dict[str, Any]

ERRANDS = ("cash", "card", "loan", "other")
WAIT_REASONS = ("queue", "system", "papers", "other")
COMPLAINTS = ("slow", "dirty", "rude", "other")
AGAIN_REASONS = ("price", "distance", "service", "other")
CHANNELS = ("counter", "machine", "phone", "mail")
ASPECTS = {
    "hall": "大厅环境",
    "staff": "员工态度",
    "speed": "办理速度",
    "machines": "自助设备",
    "safety": "安全",
}
PHONE = "^1[0-9]{10}$"
LEAST_DETAIL = 4
MOST_CHANNELS = 3
# With so many low ratings we ask why somebody does not recommend us.
LOW_ASPECTS = 2
MOST_CLOSED = 3

# An answer that closes a chain, and the questions that are then not asked.
_CLOSED: dict[str, tuple[tuple[Any, ...], tuple[str, ...]]] = {
    "errand": (("cash", "card", "other"), ("loan_amount", "loan_explained", "loan_wanted")),
    "loan_explained": ((4, 5), ("loan_wanted",)),
    "waited": ((0, 3, 10), ("wait_reason", "wait_note", "wait_call", "wait_phone")),
    "wait_reason": ((["queue"], ["system", "papers"]), ("wait_note", "wait_call", "wait_phone")),
    "wait_call": ((False,), ("wait_phone",)),
    "again": ((True,), ("again_why",)),
    "recommend": ((7, 9, 10), ("recommend_why",)),
} | {name: ((3, 4, 5), (f"{name}_why", f"{name}_detail")) for name in ASPECTS}
_WRONG: dict[str, Any] = {
    "wait_phone": "12345",
    "email": "nobody",
    "staff_detail": "脏",
    "safety_detail": "乱",
    "channels": list(CHANNELS),
}
_LEFT_OUT = ("again_why", "wait_phone", "hall_detail", "loan_explained")


def definition() -> Json:
    """Chains of up to five questions, on three pages."""
    return {
        "title": "服务满意度",
        "locale": "zh-CN",
        "clearInvisibleValues": "onHidden",
        "calculatedValues": [
            {"name": "low", "expression": " + ".join(f"iif({{{name}}} <= 2, 1, 0)" for name in ASPECTS)}
        ],
        "pages": [
            {"name": "visit", "elements": [*_loan(), *_waiting()]},
            {"name": "aspects", "elements": [each for name in ASPECTS for each in _aspect(name)]},
            {"name": "end", "elements": _end()},
        ],
    }


def answers(chance: random.Random) -> Json:
    """Answers to all 30 questions, of somebody with much to say; a third of them with something wrong."""
    said = _everything(chance)
    if chance.random() < 1 / 3:
        for name in chance.sample(sorted(_WRONG), chance.randint(1, 3)):
            said[name] = _WRONG[name]
    return said


def shorter_answers(chance: random.Random) -> Json:
    """Answers that close some chains and leave out this and that, required or not."""
    said = answers(chance)
    for name in chance.sample(sorted(_CLOSED), chance.randint(1, MOST_CLOSED)):
        if name not in said:
            continue
        values, unasked = _CLOSED[name]
        said[name] = chance.choice(values)
        for each in unasked:
            said.pop(each, None)
    for name in chance.sample(_LEFT_OUT, chance.randint(0, 2)):
        said.pop(name, None)
    if "loan_explained" not in said:
        said.pop("loan_wanted", None)
    if "recommend_why" not in said and "again_why" not in said:
        said.pop("email", None)
    return said


def _everything(chance: random.Random) -> Json:
    # In the order of the choices: we put them into it, and the others leave them as they come.
    dropped = chance.choice(WAIT_REASONS[:-1])
    said: Json = {
        "errand": "loan",
        "loan_amount": chance.randrange(100_000, 900_000),
        "loan_explained": chance.randint(1, 3),
        "loan_wanted": "希望说明利率的计算方法。",
        "waited": chance.randrange(11, 90),
        "wait_reason": [each for each in WAIT_REASONS if each != dropped],
        "wait_note": "叫号机坏了，没有人引导。",
        "wait_call": True,
        "wait_phone": f"138{chance.randrange(10**8):08}",
    }
    for name in ASPECTS:
        said[name] = chance.randint(1, 2)
        said[f"{name}_why"] = [chance.choice(COMPLAINTS[:-1]), "other"]
        said[f"{name}_detail"] = chance.choice(("地面很湿，容易滑倒。", "问了两次都没有回答。"))
    return said | {
        "recommend": chance.randint(0, 6),
        "recommend_why": "附近的网点更方便。",
        "again": False,
        "again_why": chance.choice(AGAIN_REASONS),
        "channels": [chance.choice(CHANNELS[:-1]), "mail"],
        "email": f"k{chance.randrange(10**6)}@example.com",
    }


def _loan() -> list[Json]:
    return [
        _required("radiogroup", "errand", "办理的业务", choices=list(ERRANDS)),
        _required("text", "loan_amount", "贷款金额（元）", inputType="number", visibleIf="{errand} = 'loan'"),
        _required("rating", "loan_explained", "贷款讲解得清楚吗？", visibleIf="{errand} = 'loan'"),
        _asked(
            "comment",
            "loan_wanted",
            "希望怎样讲解？",
            visibleIf="{loan_explained} <= 3 and {loan_amount} >= 100000",
        ),
    ]


def _waiting() -> list[Json]:
    return [
        _required("text", "waited", "等候了多少分钟？", inputType="number"),
        _required(
            "checkbox", "wait_reason", "因为什么等候？", choices=list(WAIT_REASONS), visibleIf="{waited} > 10"
        ),
        _required("comment", "wait_note", "请说明原因", visibleIf="{wait_reason} contains 'other'"),
        _required("boolean", "wait_call", "可以给您回电吗？", visibleIf="{wait_note} notempty"),
        _required(
            "text",
            "wait_phone",
            "您的手机号",
            validators=[{"type": "regex", "regex": PHONE}],
            visibleIf="{wait_call} = true",
        ),
    ]


def _aspect(name: str) -> list[Json]:
    title = ASPECTS[name]
    return [
        _required("rating", name, f"您对{title}满意吗？"),
        _required(
            "checkbox",
            f"{name}_why",
            f"{title}有什么问题？",
            choices=list(COMPLAINTS),
            visibleIf=f"{{{name}}} <= 2",
        ),
        _required(
            "comment",
            f"{name}_detail",
            f"请说明{title}的问题",
            validators=[{"type": "text", "minLength": LEAST_DETAIL}],
            visibleIf=f"{{{name}_why}} contains 'other'",
        ),
    ]


def _end() -> list[Json]:
    return [
        _required("rating", "recommend", "您会推荐我们吗？", rateMin=0, rateMax=10),
        _asked(
            "comment",
            "recommend_why",
            "为什么不推荐？",
            visibleIf=f"{{recommend}} <= 6 and {{low}} >= {LOW_ASPECTS}",
        ),
        _required("boolean", "again", "还会再来吗？"),
        _required(
            "radiogroup",
            "again_why",
            "为什么不再来？",
            choices=list(AGAIN_REASONS),
            visibleIf="{again} = false",
        ),
        _asked(
            "checkbox",
            "channels",
            "希望怎样联系您？",
            choices=list(CHANNELS),
            validators=[{"type": "answercount", "maxCount": MOST_CHANNELS}],
        ),
        _asked(
            "text",
            "email",
            "您的邮箱",
            validators=[{"type": "email"}],
            visibleIf="{recommend_why} notempty or {again_why} notempty",
            requiredIf="{channels} contains 'mail'",
        ),
    ]


def _asked(kind: str, name: str, title: str, **properties: Any) -> Json:
    return {"type": kind, "name": name, "title": title} | properties


def _required(kind: str, name: str, title: str, **properties: Any) -> Json:
    return _asked(kind, name, title, isRequired=True, **properties)
