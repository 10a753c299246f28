"""What customers of the demo write: by theme, praising or complaining, as people type on a phone."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Theme:
    """One side of the service: the words a question about it uses, and what is said of it."""

    words: tuple[str, ...]
    praise: tuple[str, ...]
    complaints: tuple[str, ...]


THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "courtesy": Theme(
            ("态度", "礼貌", "素质", "courtesy", "attitude", "manner", "staff"),
            (
                "3号窗口的小姑娘很有耐心，说话一直带着笑。",
                "大堂经理主动过来问要办什么，态度很好。",
                "老人耳朵背，柜员一遍遍解释也不嫌烦，点赞。",
                "每次来都客客气气的，感觉很舒服。",
            ),
            (
                "柜员全程没抬头，问一句答半句。",
                "多问了两句就不耐烦，希望注意一下说话的语气。",
                "保安说话很冲，不像是来服务客户的。",
                "办完业务连句再见都没有，冷冰冰的。",
                "大堂经理在旁边跟同事聊天，没人理我。",
                "叫到号走过去，柜员还在看手机。",
            ),
        ),
        "advice": Theme(
            ("咨询", "解答", "讲清", "信息", "反馈", "管理", "advice", "enquir", "information", "answer"),
            (
                "问了理财的事，风险讲得很清楚，没有硬推销。",
                "来之前打电话问过要带什么，一次就办成了。",
                "不会用手机银行，工作人员手把手教会了。",
                "材料不全也先告诉我怎么补，没有白跑。",
            ),
            (
                "前后问了两个人，说法不一样，不知道该听谁的。",
                "电话里说带身份证就行，到了又说还要户口本，白跑一趟。",
                "手续费是怎么算的，问了半天也没说清楚。",
                "只顾着推荐保险，我问的事没解答。",
                "转账限额怎么调没讲明白，回家还是不会弄。",
                "要填的表没人指导，填错了三次。",
            ),
        ),
        "speed": Theme(
            (
                "快捷",
                "办理",
                "办成",
                "效率",
                "结算",
                "系统",
                "speed",
                "handling",
                "quick",
                "efficien",
                "settlement",
            ),
            (
                "换卡十分钟就办好了，比想象的快。",
                "智能柜员机旁边有人帮忙，几分钟搞定。",
                "柜员手脚麻利，一点不拖泥带水。",
                "对公开户资料一次收齐，第二天就通知好了。",
            ),
            (
                "就改个手机号，来回签了七八次字，太繁琐了。",
                "系统卡住了，一笔转账等了二十多分钟。",
                "挂失补卡办了快一个小时，流程能不能简化一点？",
                "复印、签字、授权来回跑，效率太低。",
                "柜员像是新来的，每一步都要问别人。",
                "取三万块钱要等主管授权，主管半天找不到人。",
            ),
        ),
        "waiting": Theme(
            ("等待", "等候", "等得", "排队", "wait", "queue"),
            (
                "取号后没等几分钟就叫到了。",
                "人虽然多，但加开了一个窗口，等得不久。",
                "手机上预约了时间，到了直接办，方便。",
                "等的时候有热水喝，还有人来问要不要帮忙。",
            ),
            (
                "五个窗口只开两个，等了四十分钟。",
                "中午人最多的时候柜员都去吃饭了，希望错开。",
                "取号时前面有十几个人，也没人告诉我可以用机器办。",
                "发养老金那几天排队排到门口，能不能多开个窗口？",
                "过号了又要重新取号，再等半小时。",
                "VIP一直插队，普通客户就只能干等。",
            ),
        ),
        "order": Theme(
            ("秩序", "引导", "order", "guid"),
            (
                "进门就有人引导，知道该去哪儿。",
                "大家都在一米线外等，秩序不错。",
                "保安会扶老人坐下，很暖心。",
                "人多也不乱，叫号很清楚。",
            ),
            (
                "柜台前围了一圈人，输密码都不放心。",
                "一米线没人管，后面的人都快贴到身上了。",
                "叫号声音太小，差点错过。",
                "有人大声打电话，也没人提醒一下。",
                "自助机前挤成一团，没人疏导。",
                "厅里有人推销，一直跟着问，很烦。",
            ),
        ),
        "surroundings": Theme(
            ("环境", "卫生", "设施", "environment", "surrounding", "clean", "facilit"),
            (
                "厅里很干净，座椅也舒服。",
                "装修过以后亮堂多了，还有充电的地方。",
                "老花镜、放大镜都有，想得周到。",
                "门口加了坡道，推轮椅进来方便。",
            ),
            (
                "空调不凉，等得一身汗。",
                "座位太少，老人只能站着等。",
                "门口电动车停得乱七八糟，轮椅进不来。",
                "自助区地上都是废纸条，该打扫了。",
                "饮水机没有水，杯子也没有。",
                "填单台的笔写不出字，换了三支都不行。",
            ),
        ),
    }
)

_PLAIN_PRAISE = (
    "挺好的，没什么意见。",
    "总体满意，希望继续保持。",
    "服务比以前好多了。",
    "离家近，办事方便。",
    "都不错，谢谢。",
    "老客户了，一直很满意。",
)

_WISHES = (
    "希望周末也能办对公业务。",
    "门口停车位太少，能不能想想办法？",
    "手机银行的字再大一点就好了。",
    "建议多放两台智能柜员机。",
    "短信能不能少发一点。",
    "希望中午不要关窗口。",
)


def theme_of(text: str) -> str:
    """The theme that a question's words belong to, or "" for a question about everything."""
    lowered = text.lower()
    return next((name for name, theme in THEMES.items() if any(word in lowered for word in theme.words)), "")


def remark(rng: Random, level: float, worst: str) -> str:
    """A sentence to fit: `level` is the customer's mood from 0 to 1, `worst` the theme they rated lowest."""
    theme = THEMES.get(worst) or rng.choice(list(THEMES.values()))
    if level < 0.7:
        return rng.choice(theme.complaints)
    if level < 0.85:
        return rng.choice((*theme.complaints, *_WISHES))
    best = rng.choice([other for name, other in THEMES.items() if name != worst])
    return rng.choice((*_PLAIN_PRAISE, *best.praise))
