"""Reads points and deductions as people write them: 10, １０分, （20分）, 每项2分, 0-5分, 每发现一次扣1分.

A text is read whole or not at all: half a number taken from a sentence would cost somebody points.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction

# The units that are counted: once, one place, one thing, one person …
_UNIT = "[次处项个条人台张件种例笔天款点类]"
_N = r"(?:[0-9]{1,6}(?:\.[0-9]{1,4})?|半|[零〇一二两三四五六七八九十百]{1,5})"
_DASH = r"(?:-|~|—|–|至|到)"
_WORDS = (
    "(?:本项|该项|此项|本部分|小计|合计|总计|总分|满分|分值|标准分|基准分|共计|共|计|最高|上限|不超过|最多)"
)
_PLAIN = re.compile(rf"{_WORDS}*:?(?P<n>{_N})(?:分|points?|pts?)?", re.IGNORECASE)
_BONUS = re.compile(rf"(?:加分|加|\+)(?P<n>{_N})分?")
_EACH = re.compile(rf"(?:每{_UNIT}?(?P<n>{_N})分|(?P<m>{_N})分/{_UNIT})")
_RANGE = re.compile(rf"(?P<low>{_N})分?{_DASH}(?P<n>{_N})分?")
_NEGATIVE = re.compile(rf"(?:-|扣|减){_N}分?")
_BRACKETED = re.compile(
    r"\((?P<inside>[^()]{0,40}分[^()]{0,20})\)|[:,]?(?P<tail>(?:共|计|满分|总分)?[0-9.]{1,8}分)$"
)

_LIKE_POINTS = re.compile(rf"{_N}分(?!钟)|(?<![部充])分$")

_DEDUCTION = re.compile(
    rf"(?:扣(?:除|减|罚|掉)?(?:本项|该项)?|减|(?<![0-9])-)(?P<n>{_N})(?:分?{_DASH}(?P<most>{_N}))?分"
    rf"(?P<per>/{_UNIT}|每{_UNIT})?"
)
_REPEATED = re.compile(rf"每|逐|[一1]人?{_UNIT}")
_WHOLE = re.compile(
    "不得分|不给分|得0分|全扣|扣全分|扣(?:除|完|减|掉)?(?:本项|该项|此项)?(?:全部|所有)?(?:分值|分数)"
)
_UNREAD = re.compile("酌情|视情|适当|扣(?!完|至|到)")
_LEVEL = re.compile(rf"(?P<what>[^,;。\n]{{1,40}}?)(?:的|者)?[,:]?(?:得(?P<n>{_N})分|(?P<zero>不得分))")
_LEADING = re.compile(r"^(?:[0-9]{1,2}[.、)]|\([0-9]{1,2}\)|[-—])?")

_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}


@dataclass(frozen=True, slots=True)
class Points:
    """What a cell or a title says about points.

    `value` is for one item when `each`, and `together` what all of them are then said to make; `graded` is a
    range such as 0-5, `bonus` a +2.
    """

    value: Fraction
    each: bool = False
    together: Fraction | None = None
    graded: bool = False
    bonus: bool = False

    @property
    def total(self) -> Fraction | None:
        """The points of the whole; None where only those of each are said."""
        return self.together if self.each else self.value


@dataclass(frozen=True, slots=True)
class Deductions:
    """The amounts a text takes off; `repeated` when a fault counts each time, `ranged` for 扣1-3分.

    `whole` when it says that all points may go (不得分), `unread` when it deducts without a readable number.
    """

    amounts: tuple[Fraction, ...] = ()
    repeated: bool = False
    ranged: bool = False
    whole: bool = False
    unread: bool = False

    def __bool__(self) -> bool:
        """Whether anything is taken off by an amount."""
        return bool(self.amounts)


@dataclass(frozen=True, slots=True)
class Level:
    """One grade of fulfilment and what it earns, such as 基本达标得3分."""

    text: str
    points: Fraction


def plain(text: str) -> str:
    """Half-width, without spaces; circled numbers become separators, since ①2分 is not 12 points."""
    separated = re.sub("[\u2460-\u24ff\u2776-\u2793]", ";", text)
    return re.sub(r"[^\S\n]", "", unicodedata.normalize("NFKC", separated))


def read_number(text: str) -> Fraction | None:
    """12, 2.5, 十五, 半; None for anything else."""
    if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,4})?", text):
        return Fraction(text)
    return Fraction(1, 2) if text == "半" else _chinese(text)


def _chinese(text: str) -> Fraction | None:
    """一 to 九百九十九, as they are counted."""
    found = re.fullmatch(
        "(?:([一二两三四五六七八九])百零?)?(?:([一二三四五六七八九]?)(十))?([零一二两三四五六七八九])?", text
    )
    if not text or found is None:
        return None
    hundreds, tens, ten, ones = found.groups()
    value = _DIGITS.get(hundreds, 0) * 100 + _DIGITS.get(ones, 0)
    return Fraction(value + (_DIGITS.get(tens, 1) * 10 if ten else 0))


def read_points(text: str) -> Points | None:
    """The points a whole cell says; None when any part of it is something else."""
    cell = plain(text).strip(":。")
    read = [_part(part.strip(":")) for part in re.split(r"[,;、()\[\]\n]", cell) if part]
    found = [part for part in read if part is not None]
    if not found or len(found) != len(read):
        return None
    each = next((part for part in found if part.each), None)
    totals = [part for part in found if not part.each]
    if each is None:
        return found[0] if len(found) == 1 else None
    return replace(each, together=totals[0].value if totals else None) if len(totals) <= 1 else None


def _part(part: str) -> Points | None:
    if found := _PLAIN.fullmatch(part) or _BONUS.fullmatch(part) or _EACH.fullmatch(part):
        groups = found.groupdict()
        value = read_number(groups["n"] or groups.get("m") or "")
        return None if value is None else Points(value, each=found.re is _EACH, bonus=found.re is _BONUS)
    if found := _RANGE.fullmatch(part):
        low, high = read_number(found["low"]), read_number(found["n"])
        if low is not None and high is not None and low < high:
            return Points(high, graded=True)
    return None


def is_negative(text: str) -> bool:
    """Whether a points cell says -2 or 扣2分: a deduction in the wrong column."""
    return _NEGATIVE.fullmatch(plain(text)) is not None


@dataclass(frozen=True, slots=True)
class Worth:
    """A title without the points that stood in it; `unread` is what looked like points and was not read."""

    title: str
    points: Points | None = None
    unread: str = ""


def read_title(text: str) -> Worth:
    """Take 一、营业环境（20分） apart. A title keeps everything that is not about points."""
    # Bracket by bracket in a text of the same length: NFKC may change lengths, so it is not used for cutting.
    shown = re.sub(r"\s+", " ", text).strip()
    cut = shown.translate(_SAME_LENGTH)
    matches = list(_BRACKETED.finditer(cut))
    if not matches:
        return Worth(shown)
    found = matches[-1]
    inside = found["inside"] or found["tail"]
    points = read_points(inside)
    if points is None:
        return Worth(shown, unread=inside if _LIKE_POINTS.search(plain(inside)) else "")
    title = (shown[: found.start()] + shown[found.end() :]).strip(" ：:，,")
    return Worth(title or shown, points)


_SAME_LENGTH = str.maketrans("（）：，．０１２３４５６７８９　", "():,.0123456789 ")


def read_deductions(text: str, *, column: bool = False) -> Deductions:
    """The amounts of a text. In a column of deductions a bare number counts, too."""
    said = plain(text)
    amounts: list[Fraction] = []
    repeated = ranged = False
    end = 0
    for found in _DEDUCTION.finditer(said):
        for name in ("n", "most"):
            value = read_number(found[name]) if found[name] else None
            amounts += [] if value is None else [value]
        ranged = ranged or found["most"] is not None
        before = re.split("[;。\n]", said[end : found.start()])[-1]
        repeated = repeated or found["per"] is not None or _REPEATED.search(before) is not None
        end = found.end()
    if not amounts and column and (bare := read_points(said.lstrip("-"))) is not None:
        return Deductions((bare.value,), repeated=bare.each, ranged=bare.graded)
    whole = _WHOLE.search(said) is not None
    rest = _WHOLE.sub("", _DEDUCTION.sub("", said))
    return Deductions(tuple(amounts), repeated, ranged, whole, _UNREAD.search(rest) is not None)


def read_levels(text: str) -> tuple[Level, ...]:
    """Grades of fulfilment in a text, best first; () unless there are at least two different ones."""
    levels = []
    for found in _LEVEL.finditer(plain(text)):
        points = Fraction(0) if found["zero"] else read_number(found["n"])
        what = _LEADING.sub("", found["what"]).strip()
        if points is not None and what:
            levels.append(Level(what, points))
    different = {level.points for level in levels}
    if len(different) < 2 or len(different) < len(levels):
        return ()
    return tuple(sorted(levels, key=lambda level: level.points, reverse=True))


def single_award(text: str) -> Fraction | None:
    """The points of the only 得5分 of a text."""
    found = re.findall(rf"得({_N})分", plain(text))
    return read_number(found[0]) if len(found) == 1 else None
