"""What a unit hears of a week, from counts: totals of its subtree, the rates of those below, words. Pure.

Nothing is told of fewer than `SMALL` respondents. Where the units below that are hidden have fewer together,
the next smallest is hidden with them: else the total would give them away.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from server.scoring.exact import rounded

SMALL: Final = 5
TOP_REASONS: Final = 5
MOST_QUOTES: Final = 6
LONGEST_QUOTE: Final = 200
HIDDEN: Final = "＊"
COUNTS: Final = ("asked", "answered", "rated", "satisfied", "dissatisfied", "opened", "closed", "overdue")
# What would tell how one of a few customers answered.
TELLING: Final = ("satisfied", "dissatisfied", "opened")

_DIGITS = re.compile(r"[0-9０-９](?:[0-9０-９]|[ \-－](?=[0-9０-９])){4,}[Xx]?")
_MAIL = re.compile(r"[^\s@，。]+@[^\s@，。]+")
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
# 王经理, 李女士: a surname with a title says who it is in a branch of ten.
_TITLED = re.compile(rf"[{_SURNAMES}](?=经理|主任|行长|柜员|大堂|女士|先生|小姐|师傅|老师|姐|哥)")


@dataclass
class Heard:
    """Counts of one unit and week, and what those said who were not satisfied."""

    counts: Counter[str] = field(default_factory=Counter)
    axes: Counter[str] = field(default_factory=Counter)
    # Reason in both languages -> how many gave it.
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    quotes: list[str] = field(default_factory=list)

    def add(self, other: "Heard") -> None:
        """What a unit below has heard is heard above as well."""
        self.counts.update(other.counts)
        self.axes.update(other.axes)
        self.reasons.update(other.reasons)
        self.quotes.extend(other.quotes)

    def __bool__(self) -> bool:
        return any(self.counts.values())


@dataclass(frozen=True, slots=True)
class Place:
    """A unit as a bulletin names it."""

    code: str
    path: str
    name: str
    name_en: str | None


def rolled_up(places: Iterable[Place], heard: Mapping[str, Heard]) -> dict[str, Heard]:
    """Path -> what the unit and all below it heard, from what each heard by itself."""
    found: dict[str, Heard] = {place.path: Heard() for place in places}
    for path, own in heard.items():
        codes = path.removesuffix("/").split("/")
        for end in range(1, len(codes) + 1):
            above = "/".join(codes[:end]) + "/"
            if above in found:
                found[above].add(own)
    return found


def content_of(place: Place, all_heard: Mapping[str, Heard], below: Sequence[Place]) -> dict[str, Any]:
    """The bulletin of a unit as JSON.

    Args:
        all_heard: path -> with all below, as `rolled_up` gives it.
        below: the units right below, whose rates are compared.
    """
    own = all_heard[place.path]
    few = own.counts["answered"] < SMALL
    counts = {name: None if few and name in TELLING else own.counts[name] for name in COUNTS}
    return {
        "unit": _named(place),
        "few": few,
        "counts": counts,
        "rate": None if few else _rate(own),
        "axes": {} if few else dict(sorted(own.axes.items())),
        "reasons": [] if few else _reasons(own),
        "quotes": [] if few else _quotes(own.quotes),
        "league": league([(each, all_heard[each.path]) for each in below if all_heard[each.path]]),
    }


def league(below: Sequence[tuple[Place, Heard]]) -> list[dict[str, Any]]:
    """Units by rate, the best first, those without one last; n is always told, small cells are hidden."""
    shown = _shown([heard.counts["rated"] for _, heard in below])
    rows = [
        {
            **_named(place),
            "n": heard.counts["rated"] if heard.counts["rated"] >= SMALL else None,
            "rate": _rate(heard) if visible else None,
        }
        for (place, heard), visible in zip(below, shown, strict=True)
    ]
    return sorted(rows, key=lambda row: (row["rate"] is None, -Fraction(row["rate"] or 0), str(row["code"])))


def _shown(sizes: Sequence[int]) -> list[bool]:
    """Which cells may be told: the smallest go with the small ones until they are many together."""
    shown = [size >= SMALL for size in sizes]
    for place in sorted((place for place in range(len(sizes)) if shown[place]), key=lambda each: sizes[each]):
        left = sum(size for size, told in zip(sizes, shown, strict=True) if not told)
        if not 0 < left < SMALL:
            break
        shown[place] = False
    return shown


def _rate(heard: Heard) -> str | None:
    """Satisfied of those rated, in percent with one decimal; None below the small cell."""
    rated = heard.counts["rated"]
    if rated < SMALL:
        return None
    return f"{rounded(Fraction(heard.counts['satisfied'] * 100, rated), 1):f}"


def _reasons(heard: Heard) -> list[dict[str, Any]]:
    ordered = sorted(heard.reasons.items(), key=lambda each: (-each[1], each[0]))
    return [{"default": zh, "en": en, "count": count} for (zh, en), count in ordered[:TOP_REASONS]]


def _quotes(quotes: Sequence[str]) -> list[str]:
    """A few of them, in an order that tells nothing about who wrote when."""
    return sorted(set(quotes), key=lambda each: hashlib.sha256(each.encode()).digest())[:MOST_QUOTES]


def _named(place: Place) -> dict[str, Any]:
    return {"code": place.code, "name": place.name, "name_en": place.name_en}


def without_names(text: str, names: Iterable[str]) -> str:
    """Somebody's words without numbers, addresses and names: known ones, and surnames with a title."""
    hidden = _MAIL.sub(HIDDEN * 3, _DIGITS.sub(HIDDEN * 3, text))
    for name in sorted({each.strip() for each in names if len(each.strip()) > 1}, key=len, reverse=True):
        hidden = hidden.replace(name, HIDDEN * 2)
    return _TITLED.sub(HIDDEN, hidden)[:LONGEST_QUOTE]
