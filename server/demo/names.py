"""Chinese names as they are heard at a counter: surnames by frequency, given names by generation and sex."""

from random import Random

# Shares of the commonest surnames, per mille, rounded; what is left goes to the rarer ones below.
_COMMON: dict[str, int] = {
    "王": 72, "李": 70, "张": 66, "刘": 52, "陈": 46, "杨": 31, "黄": 23, "赵": 22, "吴": 21, "周": 20,
    "徐": 15, "孙": 14, "马": 13, "朱": 13, "胡": 13, "郭": 12, "何": 11, "林": 11, "高": 11, "罗": 10,
    "郑": 9, "梁": 9, "谢": 8, "宋": 8, "唐": 7, "许": 7, "韩": 7, "邓": 7, "冯": 7, "曹": 6,
    "彭": 6, "曾": 6, "肖": 6, "田": 6, "董": 6, "潘": 5, "袁": 5, "蔡": 5, "蒋": 5, "余": 5,
    "于": 5, "杜": 5, "叶": 5, "程": 5, "魏": 5, "苏": 4, "吕": 4, "丁": 4, "任": 4, "卢": 4,
    "姚": 4, "沈": 4, "钟": 4, "姜": 4, "崔": 4, "谭": 4, "陆": 4, "范": 4, "汪": 4, "廖": 4,
}  # fmt: skip
_RARER = "石金韦贾夏付方邹熊白孟秦邱江尹薛阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
_COMPOUND = ("欧阳", "上官", "司徒", "诸葛", "夏侯")

_SURNAMES: tuple[str, ...] = (*_COMMON, *_RARER, *_COMPOUND)
_SHARES: tuple[float, ...] = (*_COMMON.values(), *([2.0] * len(_RARER)), *([0.6] * len(_COMPOUND)))

# Born before, women, men; the first row whose year lies above the birth year is taken.
_GIVEN: tuple[tuple[int, str, str], ...] = (
    (
        1962,
        "秀英 桂兰 玉珍 淑华 凤英 素珍 玉兰 秀兰 桂英 惠芳 月娥 春梅",
        "建国 国强 德明 志刚 永福 长根 金生 有才 宝山 振华 文彬 福生",
    ),
    (
        1980,
        "丽 敏 静 艳 红 霞 燕 玲 芳 红梅 晓燕 海英 丽华 玉芬",
        "伟 军 勇 强 斌 涛 建军 志强 海波 文杰 国平 卫东 晓峰 立新",
    ),
    (
        1995,
        "婷 雪 倩 莉 娜 丹丹 晓雯 佳 慧 璐 思思 雅琴 梦洁 文静",
        "鹏 磊 超 凯 浩 俊杰 宇 亮 晨 博 建辉 志鹏 一鸣 文韬",
    ),
    (
        2100,
        "欣怡 梓涵 雨桐 思琪 佳怡 诗涵 可馨 语嫣 若彤 晨曦",
        "浩然 子轩 宇航 俊熙 明哲 嘉豪 天佑 奕辰 睿 泽宇",
    ),
)

_FOREIGN = (
    "Daniel Weber",
    "Maria Costa",
    "Peter Novak",
    "Aisha Khan",
    "James Miller",
    "Sofia Lindqvist",
    "Kenji Tanaka",
    "Elena Petrova",
)


def chinese_name(rng: Random, born: int) -> str:
    """Surname and given name of somebody born in that year."""
    surname = rng.choices(_SURNAMES, _SHARES)[0]
    women, men = next((women, men) for before, women, men in _GIVEN if born < before)
    return surname + rng.choice((women if rng.random() < 0.52 else men).split())


def foreign_name(rng: Random) -> str:
    """A name for one of the few customers who asked for English."""
    return rng.choice(_FOREIGN)
