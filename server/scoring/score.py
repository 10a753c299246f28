"""Adds lines up to a sheet in the order of scoring.md law 3, and rounds once."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from server.scoring.bands import grade_of
from server.scoring.definitions import CRITICAL_LEVELS, Label, SectionRule
from server.scoring.exact import ONE, ZERO, rounded, total
from server.scoring.rules import ScoreRules
from server.scoring.sheet import ScoreSheet, SheetLine, SheetSection

CONFIRMED = "confirmed"
_NOTHING_TO_DEDUCT = ("finding_not_confirmed", "blank_exclude")


@dataclass(frozen=True, slots=True)
class Finding:
    """A recorded fault on a deduct sheet; only `confirmed` ones cost points (scoring.md law 8)."""

    item: str
    section: str
    points: Decimal
    status: str
    label: Label


def score(rules: ScoreRules, values: Mapping[str, object], visible: Container[str]) -> ScoreSheet:
    """The sheet of one submission: `values` and `visible` as the form's check returned them.

    Raises:
        AnswerNotScorable: when the answers did not pass the form's check.
    """
    return _sheet(rules, tuple(prepared.line(values, visible) for prepared in rules.lines))


def score_findings(rules: ScoreRules, findings: Iterable[Finding]) -> ScoreSheet:
    """The sheet of a `deduct` scheme whose losses come from findings, not from a form.

    Raises:
        ValueError: for a finding of a section the rules do not have, or with negative points.
    """
    names = {section.name for section in rules.sections}
    lines: list[SheetLine] = []
    for finding in findings:
        if finding.section not in names or finding.points < 0:
            raise ValueError(f"finding {finding.item}: section {finding.section!r}, points {finding.points}")
        confirmed = finding.status == CONFIRMED
        lines.append(
            SheetLine(
                item=finding.item,
                section=finding.section,
                answer=(finding.status,),
                earned=-Fraction(finding.points) if confirmed else ZERO,
                possible=ZERO,
                lost=Fraction(finding.points) if confirmed else ZERO,
                weight=ONE,
                rule="finding_confirmed" if confirmed else "finding_not_confirmed",
                label=finding.label,
                applicable=confirmed,
            )
        )
    return _sheet(rules, tuple(lines))


def _sheet(rules: ScoreRules, lines: tuple[SheetLine, ...]) -> ScoreSheet:
    struck = frozenset(line.section for line in lines if line.critical == "section")
    section_of = _SECTIONS[rules.method]
    own: dict[str, list[SheetLine]] = {rule.name: [] for rule in rules.sections}
    for line in lines:
        if not line.bonus:
            own[line.section].append(line)
    sections = tuple(section_of(rule, own[rule.name], rule.name in struck) for rule in rules.sections)
    # A bonus cannot rescue a section that a critical answer has struck out.
    bonus = total(line.earned for line in lines if line.bonus and line.section not in struck)
    earned = total(section.part_earned for section in sections)
    possible = total(section.part_possible for section in sections)
    triggered = {line.critical for line in lines}
    critical = tuple(level for level in CRITICAL_LEVELS if level in triggered)
    # Also where n/a counts as zero: a visit on which nothing applied has no score (law 4).
    nothing_applied = bool(lines) and all(line.is_outside for line in lines)
    raw = None if nothing_applied else _raw(rules, earned + bonus, possible, critical)
    published = rounded(raw, rules.places)
    return ScoreSheet(
        method=rules.method,
        scale=rules.scale,
        lines=lines,
        sections=sections,
        earned=earned,
        possible=possible,
        bonus=bonus,
        raw=raw,
        published=published,
        grade=_grade(rules, raw, published, critical),
        critical=critical,
        rules_used=rules.readings(),
    )


def _raw(rules: ScoreRules, earned: Fraction, possible: Fraction, critical: Sequence[str]) -> Fraction | None:
    if not possible:
        return None
    if "form" in critical:
        return ZERO
    raw = earned / possible * rules.scale
    return min(raw, rules.scale) if rules.cap_bonus else raw


def _grade(
    rules: ScoreRules, raw: Fraction | None, published: Decimal | None, critical: Sequence[str]
) -> str | None:
    if raw is not None and "grade" in critical:
        return rules.bands[-1].grade
    return grade_of(rules.bands, raw if rules.grade_on == "raw" else published, rules.band_edge)


def _points_section(rule: SectionRule, own: Sequence[SheetLine], struck: bool) -> SheetSection:
    possible = total(line.possible for line in own)
    possible = possible if rule.points is None else min(possible, rule.points)
    earned = ZERO if struck else max(ZERO, min(total(line.earned for line in own), possible))
    return SheetSection(rule.name, earned, possible, earned, possible, struck)


def _weighted_section(rule: SectionRule, own: Sequence[SheetLine], struck: bool) -> SheetSection:
    """Wholly not applicable, it loses its weight; its points are never rounded (scoring.md law 6)."""
    section = _points_section(rule, own, struck)
    if not section.possible or rule.weight is None:
        return SheetSection(rule.name, section.earned, section.possible, ZERO, ZERO, struck)
    share = section.earned / section.possible * rule.weight
    return SheetSection(rule.name, section.earned, section.possible, share, rule.weight, struck)


def _deduct_section(rule: SectionRule, own: Sequence[SheetLine], struck: bool) -> SheetSection:
    """Full marks less what was lost, never below nothing (scoring.md law 8)."""
    # A pending finding, or a loss that nobody entered, must not take its section out, as questions that were
    # all not applicable do.
    outside = bool(own) and not any(line.applicable or line.rule in _NOTHING_TO_DEDUCT for line in own)
    possible = ZERO if outside or rule.points is None else rule.points
    earned = ZERO if struck else max(ZERO, possible + total(line.earned for line in own))
    return SheetSection(rule.name, earned, possible, earned, possible, struck)


_SECTIONS: dict[str, Callable[[SectionRule, Sequence[SheetLine], bool], SheetSection]] = {
    "points": _points_section,
    "weighted_sections": _weighted_section,
    "deduct": _deduct_section,
}
