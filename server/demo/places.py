"""Where the demo bank stands: districts, sub-branches and roads of Yunxiu (云岫), a city that does not exist.

Offsets are kilometres east and north of the city's centre, which lies among fields on a real map, so that no
demo outlet can be taken for somebody's real one.
"""

from dataclasses import dataclass

BANK = "云岫银行"
BANK_EN = "Bank of Yunxiu"
CITY = "云岫市"
CENTRE_LONGITUDE = 112.968
CENTRE_LATITUDE = 30.037


@dataclass(frozen=True, slots=True)
class Road:
    """Where an outlet stands; most outlets carry the road's name."""

    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class SubBranchPlace:
    """A sub-branch, and its roads: the first is that of its main banking hall.

    Attributes:
        quality: how well people are served, 0 to 1; never shown, it only shapes the answers.
        weak_side: the theme that its customers complain of most (`server.demo.remarks.THEMES`).
    """

    name: str
    name_en: str
    east: float
    north: float
    quality: float
    weak_side: str
    roads: tuple[Road, ...]


@dataclass(frozen=True, slots=True)
class DistrictPlace:
    """A district office and what it looks after."""

    name: str
    name_en: str
    sub_branches: tuple[SubBranchPlace, ...]


HEAD_ROAD = Road("钟楼大街", "Bell Tower Street")

DISTRICTS: tuple[DistrictPlace, ...] = (
    DistrictPlace(
        "栖云区",
        "Qiyun District",
        (
            SubBranchPlace(
                "钟楼支行",
                "Bell Tower Sub-branch",
                0.2,
                0.3,
                0.86,
                "waiting",
                (
                    Road("钟楼大街", "Bell Tower Street"),
                    Road("文昌路", "Wenchang Road"),
                    Road("桂花巷", "Guihua Lane"),
                    Road("东门里", "Dongmenli"),
                ),
            ),
            SubBranchPlace(
                "文庙支行",
                "Wenmiao Sub-branch",
                -1.9,
                1.4,
                0.80,
                "waiting",
                (
                    Road("泮池路", "Panchi Road"),
                    Road("书院街", "Shuyuan Street"),
                    Road("青石桥", "Qingshi Bridge"),
                ),
            ),
            SubBranchPlace(
                "迎晖支行",
                "Yinghui Sub-branch",
                2.6,
                -0.8,
                0.77,
                "surroundings",
                (
                    Road("迎晖大道", "Yinghui Avenue"),
                    Road("纺织路", "Fangzhi Road"),
                    Road("槐荫街", "Huaiyin Street"),
                ),
            ),
        ),
    ),
    DistrictPlace(
        "望湖区",
        "Wanghu District",
        (
            SubBranchPlace(
                "望湖支行",
                "Wanghu Sub-branch",
                5.8,
                3.9,
                0.88,
                "advice",
                (
                    Road("望湖西路", "Wanghu West Road"),
                    Road("荷风路", "Hefeng Road"),
                    Road("渔歌里", "Yugeli"),
                    Road("湖心街", "Huxin Street"),
                ),
            ),
            SubBranchPlace(
                "柳堤支行",
                "Liudi Sub-branch",
                7.9,
                1.6,
                0.82,
                "speed",
                (
                    Road("柳堤路", "Liudi Road"),
                    Road("听雨巷", "Tingyu Lane"),
                    Road("晴川街", "Qingchuan Street"),
                ),
            ),
            SubBranchPlace(
                "体育中心支行",
                "Sports Centre Sub-branch",
                4.4,
                6.7,
                0.79,
                "order",
                (
                    Road("奥体北路", "Aoti North Road"),
                    Road("春晓路", "Chunxiao Road"),
                    Road("丹霞街", "Danxia Street"),
                ),
            ),
        ),
    ),
    DistrictPlace(
        "桐溪区",
        "Tongxi District",
        (
            SubBranchPlace(
                "桐溪支行",
                "Tongxi Sub-branch",
                -7.2,
                4.6,
                0.75,
                "speed",
                (
                    Road("桐溪大道", "Tongxi Avenue"),
                    Road("梧桐里", "Wutongli"),
                    Road("老街口", "Laojiekou"),
                ),
            ),
            SubBranchPlace(
                "大学城支行",
                "University Town Sub-branch",
                -9.6,
                7.3,
                0.87,
                "waiting",
                (
                    Road("求是路", "Qiushi Road"),
                    Road("弘毅路", "Hongyi Road"),
                    Road("映雪街", "Yingxue Street"),
                    Road("学府东路", "Xuefu East Road"),
                ),
            ),
        ),
    ),
    DistrictPlace(
        "南埠区",
        "Nanbu District",
        (
            SubBranchPlace(
                "南埠支行",
                "Nanbu Sub-branch",
                -2.3,
                -6.1,
                0.73,
                "courtesy",
                (
                    Road("码头路", "Matou Road"),
                    Road("盐仓街", "Yancang Street"),
                    Road("三板桥", "Sanban Bridge"),
                ),
            ),
            SubBranchPlace(
                "火车站支行",
                "Railway Station Sub-branch",
                1.4,
                -8.2,
                0.56,
                "waiting",
                (
                    Road("站前路", "Zhanqian Road"),
                    Road("货场街", "Huochang Street"),
                    Road("铁北路", "Tiebei Road"),
                ),
            ),
        ),
    ),
    DistrictPlace(
        "澄湾新区",
        "Chengwan New District",
        (
            SubBranchPlace(
                "澄湾支行",
                "Chengwan Sub-branch",
                9.8,
                -4.7,
                0.84,
                "advice",
                (
                    Road("澄湾大道", "Chengwan Avenue"),
                    Road("海棠路", "Haitang Road"),
                    Road("白鹭街", "Bailu Street"),
                ),
            ),
            SubBranchPlace(
                "高新支行",
                "High-tech Park Sub-branch",
                12.1,
                -2.2,
                0.955,
                "waiting",
                (
                    Road("创新一路", "Chuangxin 1st Road"),
                    Road("云谷路", "Yungu Road"),
                    Road("星桥街", "Xingqiao Street"),
                    Road("科苑路", "Keyuan Road"),
                ),
            ),
        ),
    ),
)
