"""A customer's survey of 20 questions on one page, in SurveyJS's vocabulary so that both can draw it."""

from typing import Any

KEY = "bench-twenty-questions"

_SATISFIED = {5: "很满意", 4: "满意", 3: "一般", 2: "不满意", 1: "很不满意"}
_RATED = {
    "greeting": "进门时有工作人员主动招呼您吗？您对此满意吗？",
    "guidance": "大堂引导是否清楚？",
    "waiting": "您对等候的时间满意吗？",
    "attitude": "柜面人员的态度如何？",
    "skill": "柜面人员办理业务是否熟练？",
    "clarity": "费用和风险讲解得清楚吗？",
    "machines": "自助设备好用吗？",
}
_PICKED = {
    "errand": ("这次办理了什么业务？", ("存取款", "转账汇款", "银行卡", "理财", "贷款", "其他业务")),
    "visits": ("您多久来一次网点？", ("每周", "每月", "每季度", "更少")),
    "reached": ("您怎样来到网点？", ("步行", "公交或地铁", "自驾", "其他方式")),
    "age": ("您的年龄段", ("30 岁以下", "30–44 岁", "45–59 岁", "60 岁及以上")),
}


def definition() -> dict[str, Any]:
    """One page; three questions depend on others, so that both pages bring their logic along."""
    return {
        "title": "网点服务满意度调查",
        "locale": "zh-CN",
        "pages": [{"name": "all", "title": "您的评价", "elements": [*_rated(), *_picked(), *_others()]}],
    }


def _rated() -> list[dict[str, Any]]:
    choices = [{"value": value, "text": text} for value, text in _SATISFIED.items()]
    return [
        {"type": "radiogroup", "name": name, "title": title, "isRequired": True, "choices": choices}
        for name, title in _RATED.items()
    ]


def _picked() -> list[dict[str, Any]]:
    return [
        {
            "type": "radiogroup",
            "name": name,
            "title": title,
            "choices": [{"value": f"{name}-{place}", "text": text} for place, text in enumerate(texts)],
        }
        for name, (title, texts) in _PICKED.items()
    ]


def _others() -> list[dict[str, Any]]:
    return [
        {
            "type": "rating",
            "name": "recommend",
            "title": "您有多大可能把我们推荐给亲友？",
            "isRequired": True,
            "rateMin": 0,
            "rateMax": 10,
            "displayMode": "buttons",
            "minRateDescription": "完全不可能",
            "maxRateDescription": "非常可能",
        },
        {
            "type": "comment",
            "name": "recommend_why",
            "title": "是什么让您不愿意推荐？",
            "visibleIf": "{recommend} <= 6",
        },
        {"type": "text", "name": "minutes", "title": "您大约等候了多少分钟？", "inputType": "number"},
        {
            "type": "checkbox",
            "name": "problems",
            "title": "这次遇到了哪些问题？",
            "choices": ["排队太久", "窗口太少", "设备故障", "材料不全", "没有问题"],
        },
        {
            "type": "comment",
            "name": "problems_why",
            "title": "请说明设备的问题",
            "visibleIf": "{problems} contains '设备故障'",
        },
        {"type": "boolean", "name": "solved", "title": "您的问题当场解决了吗？"},
        {
            "type": "comment",
            "name": "unsolved",
            "title": "还有什么没有解决？",
            "visibleIf": "{solved} = false",
        },
        {
            "type": "dropdown",
            "name": "channel",
            "title": "您最常用哪个渠道？",
            "choices": ["网点柜面", "手机银行", "自助设备", "电话银行"],
        },
        {"type": "comment", "name": "note", "title": "您还有什么想告诉我们？"},
    ]
