"""A score sheet: every line between answers and published score, so that any number can be explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from server.scoring.definitions import Label
from server.scoring.exact import ZERO, exact_text

# Why a line shows what it shows; the catalogue has a sentence for each.
LINE_RULES = (
    "choice",
    "sum",
    "value",
    "deducted",
    "rescaled",
    "hidden",
    "blank_exclude",
    "blank_zero",
    "not_applicable_exclude",
    "not_applicable_zero",
    "not_applicable_full",
    "critical_item",
    "finding_confirmed",
    "finding_not_confirmed",
)

JsonValue = None | bool | int | str | list["JsonValue"] | dict[str, "JsonValue"]


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One question, matrix row or finding. `earned`, `possible` and `lost` already carry the
    weight; a bonus that was not earned loses nothing.

    `applicable` is False for what scores nothing out of nothing (hidden, not applicable, blank).
    `critical` is the level the answer triggered, if any.
    """

    item: str
    section: str
    answer: tuple[str, ...]
    earned: Fraction
    possible: Fraction
    lost: Fraction
    weight: Fraction
    rule: str
    label: Label
    applicable: bool
    bonus: bool = False
    critical: str | None = None

    @property
    def is_outside(self) -> bool:
        """Whether nothing was judged: hidden or not applicable, however that counts."""
        return self.rule == "hidden" or self.rule.startswith("not_applicable")


@dataclass(frozen=True, slots=True)
class SheetSection:
    """A section after floor, cap and critical answers.

    `part_earned` and `part_possible` are what it adds to the sheet's own sums: its points, or its share of
    the weight. Both possibles are 0 when the section is wholly not applicable.
    """

    name: str
    earned: Fraction
    possible: Fraction
    part_earned: Fraction
    part_possible: Fraction
    critical: bool


@dataclass(frozen=True, slots=True)
class LostPoint:
    """What a negative finding is made of.

    `points` are the item's own, `on_scale` their worth on the published scale (exact as long as no floor, cap
    or critical answer of the section intervenes).
    """

    item: str
    code: str
    section: str
    points: Fraction
    on_scale: Fraction
    key: bool
    kind: str
    listed_as_hardware: bool
    answer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """The result. `raw` is exact, `published` rounded once; both None when nothing was applicable."""

    method: str
    scale: Fraction
    lines: tuple[SheetLine, ...]
    sections: tuple[SheetSection, ...]
    earned: Fraction
    possible: Fraction
    bonus: Fraction
    raw: Fraction | None
    published: Decimal | None
    grade: str | None
    critical: tuple[str, ...]
    rules_used: Mapping[str, str]

    @property
    def counted(self) -> int:
        """How many lines were applicable: the n beside the score."""
        return sum(line.applicable for line in self.lines)

    def to_json(self) -> dict[str, JsonValue]:
        """The sheet as it is stored: numbers as exact text, one stable order."""
        return {
            "method": self.method,
            "scale": exact_text(self.scale),
            "earned": exact_text(self.earned),
            "possible": exact_text(self.possible),
            "bonus": exact_text(self.bonus),
            "raw": None if self.raw is None else exact_text(self.raw),
            "published": None if self.published is None else f"{self.published:f}",
            "grade": self.grade,
            "counted": self.counted,
            "critical": list(self.critical),
            "sections": [_section_json(section) for section in self.sections],
            "lines": [_line_json(line) for line in self.lines],
            "rules": dict(sorted(self.rules_used.items())),
        }


def lost_points(sheet: ScoreSheet) -> tuple[LostPoint, ...]:
    """Every line that lost points, in the sheet's order."""
    worth = {section.name: _worth(section, sheet) for section in sheet.sections}
    return tuple(
        LostPoint(
            item=line.item,
            code=line.label.code,
            section=line.section,
            points=line.lost,
            on_scale=line.lost * worth[line.section],
            key=line.label.key,
            kind=line.label.kind,
            listed_as_hardware=line.label.listed_as_hardware,
            answer=line.answer,
        )
        for line in sheet.lines
        if line.lost > 0
    )


def _worth(section: SheetSection, sheet: ScoreSheet) -> Fraction:
    """What one point of the section is worth on the published scale."""
    if not section.possible or not sheet.possible:
        return ZERO
    return section.part_possible / section.possible / sheet.possible * sheet.scale


def _section_json(section: SheetSection) -> JsonValue:
    return {
        "section": section.name,
        "earned": exact_text(section.earned),
        "possible": exact_text(section.possible),
        "partEarned": exact_text(section.part_earned),
        "partPossible": exact_text(section.part_possible),
        "critical": section.critical,
    }


def _line_json(line: SheetLine) -> JsonValue:
    return {
        "item": line.item,
        "code": line.label.code,
        "section": line.section,
        "answer": list(line.answer),
        "earned": exact_text(line.earned),
        "possible": exact_text(line.possible),
        "lost": exact_text(line.lost),
        "weight": exact_text(line.weight),
        "rule": line.rule,
        "applicable": line.applicable,
        "bonus": line.bonus,
        "critical": line.critical,
        "key": line.label.key,
        "kind": line.label.kind,
        "listedAsHardware": line.label.listed_as_hardware,
    }
