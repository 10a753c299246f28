"""Reads the form's own `scoring` object: method, scale, policies, sections and bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from server.scoring.bands import EDGES, Band
from server.scoring.definitions import APPLICABILITY, BLANKS, GRADE_ON, METHODS, SectionRule
from server.scoring.exact import total
from server.scoring.reading import Findings, ObjectReader

POINTER = "/scoring"
PROPERTIES = (
    "method",
    "scale",
    "places",
    "notApplicable",
    "blank",
    "gradeOn",
    "bandEdge",
    "capBonus",
    "points",
    "sections",
    "bands",
)
SECTION_PROPERTIES = ("name", "title", "weight", "points")
BAND_PROPERTIES = ("grade", "title", "min")
PLACES = tuple(range(7))


@dataclass(frozen=True, slots=True)
class FormLevel:
    """The form's `scoring` without its items; `declared_…` is None when it is not written."""

    method: str
    scale: Fraction
    declared_scale: Fraction | None
    declared_points: Fraction | None
    places: int
    not_applicable: str
    blank: str
    grade_on: str
    band_edge: str
    cap_bonus: bool
    sections: tuple[SectionRule, ...]
    bands: tuple[Band, ...]


def read_form_level(data: object, findings: Findings) -> FormLevel:
    """Read the object at `/scoring`, reporting what is wrong with it by itself."""
    reader = ObjectReader(data, POINTER, findings, PROPERTIES)
    method = reader.option("method", METHODS, "points")
    scale = reader.number("scale", positive=True)
    points = reader.number("points", positive=True)
    sections = _sections(reader)
    return FormLevel(
        method=method,
        scale=scale if scale is not None else _default_scale(method, sections, points),
        declared_scale=scale,
        declared_points=points,
        places=_places(reader),
        not_applicable=reader.option("notApplicable", APPLICABILITY, "exclude"),
        blank=reader.option("blank", BLANKS, "exclude"),
        grade_on=reader.option("gradeOn", GRADE_ON, "published"),
        band_edge=reader.option("bandEdge", EDGES, "lower"),
        cap_bonus=reader.flag("capBonus", default=True),
        sections=sections,
        bands=_bands(reader),
    )


def _default_scale(method: str, sections: Sequence[SectionRule], points: Fraction | None) -> Fraction:
    """100, except that a deduct sheet is out of its own full marks (17.00 of 45)."""
    full_marks = total(section.points for section in sections if section.points is not None) or points
    return full_marks if method == "deduct" and full_marks else Fraction(100)


def _places(reader: ObjectReader) -> int:
    value = reader.data.get("places", 2)
    if isinstance(value, bool) or not isinstance(value, int) or value not in PLACES:
        reader.report("places", "scoring_unknown_option", value=str(value), options="0-6")
        return 2
    return value


def _sections(reader: ObjectReader) -> tuple[SectionRule, ...]:
    sections: dict[str, SectionRule] = {}
    for index, data in enumerate(reader.objects("sections")):
        part = ObjectReader(data, f"{reader.at('sections')}/{index}", reader.findings, SECTION_PROPERTIES)
        name = part.text("name", required=True)
        if name in sections:
            part.report("name", "section_duplicate", section=name)
        sections[name] = SectionRule(
            name=name,
            title=part.data.get("title"),
            weight=part.number("weight", positive=True),
            points=part.number("points", positive=True),
        )
    return tuple(sections.values())


def _bands(reader: ObjectReader) -> tuple[Band, ...]:
    bands: dict[str, Band] = {}
    for index, data in enumerate(reader.objects("bands")):
        part = ObjectReader(data, f"{reader.at('bands')}/{index}", reader.findings, BAND_PROPERTIES)
        grade = part.text("grade", required=True)
        minimum = part.number("min")
        if not part.has("min"):
            part.report("min", "scoring_missing_property", property="min")
        if grade in bands:
            part.report("grade", "band_duplicate", grade=grade)
        if minimum is not None:
            if any(band.minimum == minimum for band in bands.values()):
                part.report("min", "band_same_minimum", minimum=str(minimum))
            bands[grade] = Band(grade, minimum)
    return tuple(sorted(bands.values(), key=lambda band: band.minimum, reverse=True))
