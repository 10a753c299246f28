"""Contradictions between the parts of a definition: sums, unreachable points, gaps (scoring.md law 15)."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from server.scoring.definitions import LineRule, SectionRule
from server.scoring.exact import ZERO, exact_text, total
from server.scoring.form_level import POINTER, FormLevel
from server.scoring.reading import Findings


def check_consistency(form: FormLevel, lines: Sequence[LineRule], findings: Findings) -> None:
    """Report what no single property shows."""
    _METHODS[form.method](form, lines, findings)
    _check_declared_points(form, lines, findings)
    _check_bands(form, any(line.bonus for line in lines), findings)


def _possible(lines: Sequence[LineRule], section: str | None = None) -> Fraction:
    counted = (line for line in lines if not line.bonus and section in (None, line.section))
    return total(line.award.best() * line.weight for line in counted)


def _check_points(form: FormLevel, lines: Sequence[LineRule], findings: Findings) -> None:
    if not _possible(lines):
        findings.add(POINTER, "nothing_scored")
    for index, section in enumerate(form.sections):
        _check_reachable(f"{POINTER}/sections/{index}", section, _possible(lines, section.name), findings)


def _check_reachable(pointer: str, section: SectionRule, possible: Fraction, findings: Findings) -> None:
    if not possible:
        findings.add(pointer, "section_unreachable", section=section.name)
    elif section.points is not None and section.points != possible:
        params = {
            "section": section.name,
            "possible": exact_text(possible),
            "declared": exact_text(section.points),
        }
        # More than declared may be meant (questions that exclude each other); less can never be earned.
        if section.points > possible:
            findings.add(f"{pointer}/points", "points_unreachable", "error", **params)
        else:
            findings.add(f"{pointer}/points", "points_above_section", "warning", **params)


def _check_weights(form: FormLevel, lines: Sequence[LineRule], findings: Findings) -> None:
    _check_points(form, lines, findings)
    for index, section in enumerate(form.sections):
        if section.weight is None:
            findings.add(f"{POINTER}/sections/{index}", "section_weight_missing", section=section.name)
    weights = total(section.weight for section in form.sections if section.weight is not None)
    if weights != form.scale:
        params = {"sum": exact_text(weights), "expected": exact_text(form.scale)}
        findings.add(f"{POINTER}/sections", "weights_do_not_add_up", "error", **params)


def _check_deduct(form: FormLevel, lines: Sequence[LineRule], findings: Findings) -> None:
    for index, section in enumerate(form.sections):
        if section.points is None:
            findings.add(f"{POINTER}/sections/{index}", "section_points_missing", section=section.name)
    full_marks = total(section.points for section in form.sections if section.points is not None)
    if form.sections and form.declared_scale not in (None, full_marks):
        params = {"sum": exact_text(full_marks), "expected": exact_text(form.scale)}
        findings.add(f"{POINTER}/sections", "points_do_not_add_up", "error", **params)
    if not form.sections and not lines:
        findings.add(POINTER, "nothing_scored")


def _check_declared_points(form: FormLevel, lines: Sequence[LineRule], findings: Findings) -> None:
    if form.declared_points is None:
        return
    if form.sections:
        parts = [
            _possible(lines, part.name) if part.points is None else part.points for part in form.sections
        ]
        found = total(parts)
    else:
        found = form.scale if form.method == "deduct" else _possible(lines)
    if found != form.declared_points:
        params = {"sum": exact_text(found), "expected": exact_text(form.declared_points)}
        findings.add(f"{POINTER}/points", "points_do_not_add_up", "error", **params)


def _check_bands(form: FormLevel, has_bonus: bool, findings: Findings) -> None:
    if not form.bands:
        return
    lowest = form.bands[-1].minimum
    if lowest > ZERO:
        findings.add(f"{POINTER}/bands", "band_gap", minimum=exact_text(lowest))
    for band in form.bands:
        if band.minimum > form.scale and (form.cap_bonus or not has_bonus):
            params = {
                "grade": band.grade,
                "minimum": exact_text(band.minimum),
                "scale": exact_text(form.scale),
            }
            findings.add(f"{POINTER}/bands", "band_unreachable", "error", **params)


_METHODS: dict[str, Callable[[FormLevel, Sequence[LineRule], Findings], None]] = {
    "points": _check_points,
    "weighted_sections": _check_weights,
    "deduct": _check_deduct,
}
