"""What the demo's shoppers write about failed items, and why a photo could not be taken."""

from collections.abc import Mapping, Sequence
from copy import copy
from random import Random
from types import MappingProxyType

# By the item's code in the catalogue. Posts, never names or faces.
_BY_CODE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "LOB-13": (
            "柜台上有评价器，业务办完后柜员没有邀请评价。",
            "评价器屏幕是黑的，柜员说坏了好几天。",
        ),
        "LM-01": ("大堂经理穿深色运动鞋，未按要求着黑色皮鞋。", "大堂经理工牌未佩戴，丝巾也没有系。"),
        "LM-03": (
            "进门后约三分钟无人上前询问，大堂经理站在填单台旁看手机。",
            "厅内只有两位客户，大堂经理坐在位子上没有起身问候。",
        ),
        "LM-04": ("离开时从大堂经理身边经过，对方没有道别。", "离开时大堂经理面向门口闲站，未示意送别。"),
        "LM-05": (
            "一位取三千元的客户直接取号排队，大堂经理没有引导到自助机。",
            "询问取两千元怎么办，大堂经理直接让取号，未提自助设备。",
        ),
        "LM-06": ("柜台前同时站了三位客户，大堂经理没有上前维护。", "有客户越过一米线咨询，大堂经理未劝导。"),
        "LM-08": (
            "咨询挂失手续，大堂经理让去问柜员，自己没有跟进。",
            "首次询问的工作人员说不归自己管，没有转交给别人。",
        ),
        "TEL-01": ("叫号后柜员没有举手示意，低头整理单据。", "叫到号走近窗口，柜员才抬头，全程未举手。"),
        "TEL-02": ("窗口空闲，走近约十秒后柜员才发现，未举手招呼。",),
        "TEL-03": ("落座后柜员没有说您好，直接问办什么。", "柜员没有迎声，只伸手要身份证。"),
        "TEL-04": ("问手续费标准，柜员只是点了点头，没有回答。", "连续问了两个问题，柜员只答了一个。"),
        "TEL-05": ("存款五百元，柜员没有唱收金额。", "取款时柜员直接把钱放进槽里，没有唱付。"),
        "TEL-06": ("业务办完，柜员没有道别，转头与邻座说话。", "离开窗口时没有听到送声。"),
        "TEL-07": ("柜员单手将银行卡和回单推出。", "身份证是从槽里滑出来的，没有双手递接。"),
        "TEL-08": ("询问跨行转账收费，柜员查了系统还是说不准。", "问补卡工本费，柜员要问旁边的同事才知道。"),
        "TEL-09": ("交付现金时没有提醒当面点清。", "回单递出后，柜员没有提醒核对。"),
        "TEL-11": ("身后有两位客户贴近柜台，柜员没有请他们退到一米线外。",),
        "TEL-12": ("柜员全程没有微笑，也没有起身。", "柜员表情冷淡，送别时没有起立。"),
        "LOW-01": ("低柜人员当着客户的面刷短视频，约两分钟。", "理财经理边回复微信边解答问题。"),
        "SEC-01": ("保安斜靠在椅子上，一条腿搭着扶手。", "保安坐姿松散，帽子放在一边。"),
        "SEC-02": ("保安在厅内大声接打私人电话。", "保安在门内吸烟，烟味很重。"),
        "SEC-03": ("在厅内二十多分钟，保安一直坐着，没有走动巡视。", "保安始终待在门口玩手机，未巡视。"),
        "SEC-04": ("自助区有客户争执排队先后，保安没有上前。", "门口堵了三辆电动车，保安未疏导。"),
        "AGE-01": (
            "设有爱心窗口标牌，但窗口没有开，也无人专门接待。",
            "没有看到绿色通道标识，老人与其他人一样排队。",
        ),
        "AGE-02": ("一位七十多岁的老人取号后等了半小时，无人引导优先办理。",),
        "AGE-03": ("询问能否用大字版单据，工作人员说没有。", "老人要取现金，被要求到自助机上取。"),
        "AGE-04": ("询问能否上门服务，工作人员说没办过，不清楚怎么预约。",),
    }
)

_BY_GROUP: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "OUT": ("门前西侧有明显污渍，已拍照。", "入口左边情况不符合要求，看得出有一段时间了。"),
        "LOB": ("进门右手边不符合要求，到访期间无人处理。", "等候区一侧不符合标准，询问后说还没来得及弄。"),
        "SELF": ("靠里的一台设备有问题，没有张贴提示。", "自助区到访期间无人打理。"),
        "FAC": ("便民服务台上没有找到，询问后说收起来了。", "物品摆在柜子里面，客户自己看不到。"),
    }
)
_ANYWHERE = ("现场观察约五分钟，不符合要求，无人纠正。", "到访期间两次留意，均未做到。")
_MORE = "此情况在离开前仍未改变，其他客户也能看到。"

_NO_PHOTO = (
    "旁边有其他客户，不便拍摄。",
    "保安就在旁边，拍照会暴露身份。",
    "窗口玻璃反光，拍出来看不清。",
    "当时正在办理业务，手机不方便拿出来。",
    "手机电量不足，没有拍成。",
)

_SUMMARY_GOOD = (
    "整体印象好，人员在岗，环境整洁，个别细节可以再改进。",
    "各岗位配合默契，等候不长，问到的问题都有答复。",
    "厅内明亮干净，引导及时，服务规范执行得比较到位。",
)
_SUMMARY_FAIR = (
    "硬件基本达标，服务用语时有时无，建议加强晨会演练。",
    "柜员业务熟练，但迎送环节做得不够，大堂有时无人引导。",
    "总体正常，便民设施有缺失，等候区偏拥挤。",
)
_SUMMARY_WEAK = (
    "窗口开得少，等候时间长，大堂无人疏导，问题较集中。",
    "现场管理松散，多处物品摆放不规范，服务规范基本没有执行。",
    "环境一般，人员精神状态不佳，建议作为重点网点跟进。",
)


# Around what was seen: people who write it down themselves never write the same twice.
_WHEN = (
    "当时有{n}位客户在等候，",
    "当天客流不多，厅内约有{n}人，",
    "等了{n}分钟左右，",
    "进门{n}分钟后留意到：",
    "正是客流高峰，前面还排着{n}个人，",
    "营业厅只开了两个窗口，",
    "中午换班前后，",
    "周围没有其他客户，",
    "办完业务准备离开时，",
    "在填单台旁坐了一会儿，",
    "从取号机走到等候区的路上，",
    "先后看了两遍，",
    "问路的客户刚走开，",
    "轮到自己之前，",
)
_THEN = (
    "前后观察了{n}分钟，没有改变。",
    "离开前又看了一次，仍是如此。",
    "旁边一位客户也提到了这一点。",
    "同厅其他岗位表现正常。",
    "没有工作人员主动过问。",
    "顺口问了大堂，答复说会向上反映。",
    "建议在晨会上提醒当班人员。",
    "前一位客户遇到的情况也一样。",
    "附近没有看到相应的提示。",
    "其余方面没有发现问题。",
    "当班人员经过两次，都没有处理。",
    "整个过程大约{n}分钟。",
    "问了保安，保安说平时也这样。",
    "换了一个位置再看，结果相同。",
)
_OVERALL = (
    "停留了{n}分钟左右。",
    "印象最深的是大堂的引导。",
    "印象最深的是窗口的速度。",
    "自助区比柜台更顺手。",
    "适老服务还可以再细致一些。",
    "和附近的同业网点比，各有长短。",
    "卫生保持得不错。",
    "老年客户较多，需要更多耐心。",
    "指示牌清楚，第一次来也找得到。",
    "换作普通客户，应该愿意再来。",
    "座椅够用，饮水机旁有纸杯。",
    "午间人手偏紧。",
)


def note(rng: Random, code: str, least: int) -> str:
    """What was seen at a failed item, at least `least` characters."""
    group = _BY_GROUP.get(code.partition("-")[0], _ANYWHERE)
    core, own = rng.choice(_BY_CODE.get(code, group)), _aside(rng)
    return lengthened(_said(own, _WHEN) + core + _said(own, _THEN), least)


def no_photo(rng: Random) -> str:
    """Why there is no photo; nobody may be caught for one."""
    return rng.choice(_NO_PHOTO)


def summary(rng: Random, failed: float, least: int = 0) -> str:
    """The shopper's impression, by the share of items that failed."""
    pool = _SUMMARY_GOOD if failed < 0.05 else _SUMMARY_FAIR if failed < 0.1 else _SUMMARY_WEAK
    core, own = rng.choice(pool), _aside(rng)
    first, second = own.sample(_OVERALL, 2)
    return lengthened(core + _said(own, (first,)) + _said(own, (second,)), least)


def _said(rng: Random, among: Sequence[str]) -> str:
    return rng.choice(among).format(n=rng.randint(3, 14))


def _aside(rng: Random) -> Random:
    """A copy that goes on by itself, so that more words leave the rest of the visit as it is."""
    return copy(rng)


def lengthened(text: str, least: int) -> str:
    """The text, with a sentence that fits everywhere added until it is long enough."""
    while len(text) < least:
        text += _MORE
    return text
