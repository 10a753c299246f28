"""A submission's score and its lost points, written in short or as a whole sheet (`forms score`)."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from server.scoring.exact import ZERO, answered_number, rounded
from server.scoring.programmes.shapes import Part, read
from server.scoring.reading import Findings
from server.scoring.settling.fact_shapes import LINE
from server.scoring.settling.facts import Line

PLACES = 2
HUNDRED = Fraction(100)


def raw_of(part: Part, scale: Fraction, findings: Findings) -> Fraction | None:
    """The unrounded score: written, earned of possible on the scale, or the sheet's."""
    sheet = part.mapping("sheet")
    if sheet:
        if "raw" not in sheet:
            findings.add(part.at("sheet"), "programme_missing_property", property="raw")
        return sheet_number(sheet.get("raw"))
    if part.has("earned") or part.has("possible"):
        earned, possible = (answered_or_read(part.values.get(name)) for name in ("earned", "possible"))
        if earned is None or possible is None:
            findings.add(part.pointer, "programme_missing_property", property="earned, possible")
            return None
        return earned / possible * scale if possible else None
    if not part.has("score"):
        findings.add(part.pointer, "programme_one_of", options="score, earned, sheet")
        return None
    written = part.values["score"]
    value = answered_or_read(written)
    if written is not None and value is None:
        findings.add(part.at("score"), "scoring_not_exact")
    return value


def scale_of(part: Part) -> tuple[Fraction, bool]:
    """The scale of a score, and whether the fact says it; points of points are a share of 100."""
    written = answered_or_read(part.values.get("scale"))
    sheet = sheet_number(part.mapping("sheet").get("scale"))
    if sheet or written:
        return sheet or written or HUNDRED, True
    return HUNDRED, part.has("possible")


def points_of(part: Part) -> tuple[Fraction | None, Fraction | None]:
    """Points earned and possible, of the fact itself or of its sheet."""
    sheet = part.mapping("sheet")
    if sheet:
        return sheet_number(sheet.get("earned")), sheet_number(sheet.get("possible"))
    return answered_or_read(part.values.get("earned")), answered_or_read(part.values.get("possible"))


def grade_of(part: Part) -> str:
    """The grade on the sheet."""
    grade = part.mapping("sheet").get("grade")
    return grade if isinstance(grade, str) else ""


def critical_of(part: Part) -> tuple[str, ...]:
    """The levels of critical answers on the sheet."""
    levels = part.mapping("sheet").get("critical")
    return tuple(map(str, levels)) if isinstance(levels, list) else ()


def published_of(part: Part, raw: Fraction | None) -> Decimal | None:
    """The published score: the sheet's own, else the unrounded one to two places."""
    published = part.mapping("sheet").get("published")
    if isinstance(published, str):
        number = answered_number(published)
        return None if number is None else Decimal(published)
    return rounded(raw, PLACES)


def answered_or_read(value: object) -> Fraction | None:
    """A number as the shape reader left it."""
    return value if isinstance(value, Fraction) else answered_number(value)


def sheet_number(value: object) -> Fraction | None:
    """A number of a sheet: exact text, also of a fraction that does not end ("800/9")."""
    if isinstance(value, str) and "/" in value:
        top, bottom = (answered_number(text) for text in value.split("/", 1))
        return top / bottom if top is not None and bottom else None
    return answered_number(value)


def lines_of(part: Part, worth: Fraction, findings: Findings) -> tuple[Line, ...]:
    """The lines that lost points. `worth` is what a point of an item is worth on the published scale."""
    sheet = part.mapping("sheet")
    if sheet:
        return tuple(_sheet_lines(sheet))
    written = part.values.get("lines", [])
    if not isinstance(written, list):
        findings.add(part.at("lines"), "scoring_wrong_type", expected="list")
        return ()
    return tuple(_written_lines(written, part.at("lines"), worth, findings))


def _written_lines(
    written: list[object], pointer: str, worth: Fraction, findings: Findings
) -> Iterator[Line]:
    for index, raw in enumerate(written):
        # Most lines of most visits lost nothing, and a year has hundreds of thousands of them.
        if isinstance(raw, dict) and raw.get("lost") in ("0", 0) and isinstance(raw.get("item"), str):
            continue
        line = read(LINE, raw, f"{pointer}/{index}", findings)
        lost = answered_or_read(line.values.get("lost"))
        if line.has("lost") and lost is None:
            findings.add(line.at("lost"), "scoring_not_exact")
        if lost is not None and lost > 0:
            on_scale = answered_or_read(line.values.get("onScale"))
            yield _line(line.values, lost, lost * worth if on_scale is None else on_scale)


def _line(values: Mapping[str, object], lost: Fraction, on_scale: Fraction) -> Line:
    return Line(
        item=str(values.get("item", "")),
        code=str(values.get("code") or ""),
        section=str(values.get("section") or ""),
        points=lost,
        on_scale=on_scale,
        key=values.get("key") is True,
        kind=str(values.get("kind") or ""),
        listed_as_hardware=values.get("listedAsHardware") is True,
    )


def _sheet_lines(sheet: Mapping[str, object]) -> Iterator[Line]:
    worth = _worths(sheet)
    for raw in _objects(sheet.get("lines")):
        lost = sheet_number(raw.get("lost"))
        if lost is not None and lost > 0:
            yield _line(raw, lost, lost * worth.get(str(raw.get("section") or ""), ZERO))


def _worths(sheet: Mapping[str, object]) -> Mapping[str, Fraction]:
    """What one point of each section is worth on the published scale, as `sheet.lost_points` has it."""
    scale, possible = sheet_number(sheet.get("scale")), sheet_number(sheet.get("possible"))
    sections = {
        str(row.get("section")): (sheet_number(row.get("possible")), sheet_number(row.get("partPossible")))
        for row in _objects(sheet.get("sections"))
    }
    if not scale or not possible:
        return {}
    return {
        name: part / own / possible * scale
        for name, (own, part) in sections.items()
        if own and part is not None
    }


def sections_of(part: Part) -> Mapping[str, Fraction | None]:
    """Each section's own score out of 100; None where nothing of it was applicable."""
    rows = {str(row.get("section")): row for row in _objects(part.mapping("sheet").get("sections"))}
    written = part.mapping("sections") or rows
    found: dict[str, Fraction | None] = {}
    for name, row in written.items():
        if isinstance(row, Mapping):
            earned, possible = (sheet_number(row.get(side)) for side in ("earned", "possible"))
            found[name] = earned / possible * HUNDRED if earned is not None and possible else None
    return found


def bonus_of(part: Part) -> Fraction:
    """What bonus items added, on the published scale."""
    sheet = part.mapping("sheet")
    bonus, scale, possible = (sheet_number(sheet.get(name)) for name in ("bonus", "scale", "possible"))
    return bonus / possible * scale if bonus and scale and possible else ZERO


def _objects(value: object) -> Iterable[Mapping[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else ()
