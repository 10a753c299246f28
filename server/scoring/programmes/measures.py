"""Compiles measures: one builder for each way a number comes about."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from server.scoring.arithmetic import Formula
from server.scoring.exact import exact_text, parse_exact, total
from server.scoring.problems import Severity
from server.scoring.programmes.definition import (
    Added,
    Computed,
    Deduct,
    Deliveries,
    Duties,
    FindingSum,
    Forced,
    GradeBand,
    Indicator,
    Lost,
    Measure,
    Previous,
    Rank,
    RollUp,
    Scores,
    Source,
    Streak,
    Weighted,
)
from server.scoring.programmes.draft import SETTINGS, Draft, Reader, check_bounds, check_period, text_of
from server.scoring.programmes.shapes import Part
from server.scoring.programmes.vocabulary import LOST_ON_SCALE, POINTS_OF_FINDING, SOURCES

HUNDRED = Fraction(100)
_SUBJECT = "subject."


@dataclass(frozen=True, slots=True)
class _Builder:
    draft: Draft
    measure: Part
    kind: str

    @property
    def name(self) -> str:
        return self.measure.text("name")

    def formula(self, part: Part, name: str, default: str = "", rows: tuple[str, ...] = ()) -> Formula | None:
        source = part.text(name) or default
        # A single fact has a day and no period: nothing is finer than it.
        reader = Reader(self.kind, "" if rows else self.measure.text("per"), rows)
        return self.draft.compiled(source, part.at(name), reader) if source else None


def compile_measure(draft: Draft, part: Part) -> Measure | None:
    """One measure; None when what it is made of cannot be read. Problems go to the draft."""
    builder = _Builder(draft, part, part.text("of"))
    draft.known("unknown_kind", builder.kind, part.at("of"), draft.kinds)
    written = next((name for name in SOURCES if part.has(name)), "")
    inner = part if written == "expression" else part.part(written)
    source = _BUILDERS[written](builder, inner) if written and inner is not None else None
    eligible, minimum = builder.formula(part, "eligible"), builder.formula(part, "minimum")
    bands = _bands(draft, part)
    forced = _forced(builder, bands)
    check_bounds(draft, part)
    check_period(draft, part)
    if source is None:
        return None
    formulas = (eligible, minimum, *(each.when for each in forced), *_formulas_of(source))
    reads = draft.measures_in(*formulas) | _named_in(source)
    readings = draft.readings_in(*formulas) | _applied_to(source)
    return Measure(
        name=builder.name,
        title=text_of(part, "title"),
        of=builder.kind,
        per=part.text("per"),
        unit=part.text("unit"),
        source=source,
        places=_places(draft, part, source),
        scale=part.number("scale") or _full_marks(source),
        declares_scale=part.has("scale"),
        bands=bands,
        grade_on=part.text("gradeOn", "published"),
        forced=forced,
        eligible=eligible,
        minimum=minimum,
        floor=part.number("floor"),
        cap=part.number("cap"),
        published_parts=part.text("parts") == "published",
        reads=reads,
        readings=readings | ({"A1", "A13"} if bands else frozenset()),
    )


def _places(draft: Draft, part: Part, source: Source) -> int:
    places = part.whole("places", 0 if _counts(source) else 2)
    if places > 8:
        draft.findings.add(part.at("places"), "scoring_unknown_option", value=str(places), options="0-8")
        return 2
    return places


def _counts(source: Source) -> bool:
    """A rank, a streak or a count is a whole number and shown as one."""
    match source:
        case Rank() | Streak():
            return True
        case FindingSum(sum=points):
            return points is None
        case Scores(mean=way) | RollUp(by=way) | Duties(of=way):
            return way in ("count", "done", "due")
        case _:
            return False


def _full_marks(source: Source) -> Fraction:
    return total(source.sections.values()) if isinstance(source, Deduct) else HUNDRED


def _bands(draft: Draft, part: Part) -> tuple[GradeBand, ...]:
    """Best first as far as the definition says it; what parameters decide is sorted when it is settled."""
    bands: dict[str, GradeBand] = {}
    edges: dict[str, str] = {}
    for row in part.parts("bands"):
        grade, edge = row.text("grade"), row.text("min")
        if grade in bands:
            draft.findings.add(row.at("grade"), "band_duplicate", grade=grade)
        if edge in edges:
            draft.findings.add(row.at("min"), "band_same_minimum", minimum=edge)
        edges[edge] = grade
        minimum, value = (draft.formula(row, name, SETTINGS) for name in ("min", "value"))
        if minimum is not None:
            bands[grade] = GradeBand(grade, minimum, value, text_of(row, "title"))
    return tuple(bands.values())


def _forced(builder: _Builder, bands: tuple[GradeBand, ...]) -> tuple[Forced, ...]:
    grades = [band.grade for band in bands]
    found = []
    for row in builder.measure.parts("forceGrade"):
        builder.draft.known("unknown_grade", row.text("grade"), row.at("grade"), grades)
        when = builder.formula(row, "when")
        if when is not None:
            found.append(Forced(when, row.text("grade")))
    return tuple(found)


def _instruments(builder: _Builder, part: Part) -> frozenset[str]:
    named = part.words("instrument")
    for name in named:
        builder.draft.instrument(name, part.at("instrument"))
    return frozenset(named)


def _scores(builder: _Builder, part: Part) -> Source:
    where, value = (builder.formula(part, name, rows=("score",)) for name in ("where", "value"))
    section, mean = part.text("section"), part.text("mean", "waves")
    return Scores(_instruments(builder, part), where, value, section, mean)


def _lost(builder: _Builder, part: Part) -> Source | None:
    rows = ("score", "line")
    where = builder.formula(part, "where", rows=rows)
    points = builder.formula(part, "sum", LOST_ON_SCALE, rows)
    visits = builder.formula(part, "visits", rows=("score",))
    instruments, mean = _instruments(builder, part), part.text("mean", "waves")
    return None if points is None else Lost(instruments, visits, where, points, mean)


def _findings(builder: _Builder, part: Part) -> Source | None:
    where = builder.formula(part, "where", rows=("finding",))
    if part.values.get("count") is True:
        return FindingSum(where, None)
    points = builder.formula(part, "sum", POINTS_OF_FINDING, ("finding",))
    return None if points is None else FindingSum(where, points)


def _deduct(builder: _Builder, part: Part) -> Source | None:
    sections: dict[str, Fraction] = {}
    for row in part.parts("sections"):
        name = row.text("name")
        if name in sections:
            builder.draft.findings.add(row.at("name"), "section_duplicate", section=name)
        sections[name] = row.number("points") or Fraction(0)
        if sections[name] <= 0:
            builder.draft.findings.add(row.at("points"), "deduct_section_empty", section=name)
    declared, marks = builder.measure.number("scale"), total(sections.values())
    if declared is not None and declared != marks:
        params = {"sum": exact_text(marks), "expected": exact_text(declared)}
        builder.draft.findings.add(part.at("sections"), "points_do_not_add_up", "error", **params)
    where = builder.formula(part, "where", rows=("finding",))
    points = builder.formula(part, "sum", POINTS_OF_FINDING, ("finding",))
    return None if points is None else Deduct(where, points, sections)


def _indicator(_builder: _Builder, part: Part) -> Source | None:
    return Indicator(part.text("name")) if part.text("name") else None


def _expression(builder: _Builder, part: Part) -> Source | None:
    formula = builder.formula(part, "expression")
    return None if formula is None else Computed(formula)


def _weighted(builder: _Builder, part: Part) -> Source:
    parts: list[tuple[str, Formula]] = []
    for row in part.parts("parts"):
        name, weight = row.text("measure"), builder.draft.formula(row, "weight", SETTINGS)
        if name in dict(parts):
            builder.draft.findings.add(row.at("measure"), "part_twice", measure=name)
        written = parse_exact(row.text("weight"))
        if written is not None and written <= 0:
            builder.draft.findings.add(row.at("weight"), "scoring_not_positive")
        if builder.draft.single(name, row.at("measure"), builder.measure) and weight is not None:
            parts.append((name, weight))
    of = part.number("of") or HUNDRED
    _check_weights(builder, part, of)
    reports = part.text("remainder") == "reported"
    return Weighted(tuple(parts), of, part.text("missing") == "renormalise", reports)


def _check_weights(builder: _Builder, part: Part, of: Fraction) -> None:
    """As far as the definition says them; what parameters decide is added up when it is settled."""
    written = [parse_exact(row.text("weight")) for row in part.parts("parts")]
    weights = total(weight for weight in written if weight is not None)
    if None not in written and weights != of:
        severity: Severity = "warning" if part.text("remainder") == "reported" else "error"
        params = {"sum": exact_text(weights), "expected": exact_text(of)}
        builder.draft.findings.add(part.at("parts"), "weights_do_not_add_up", severity, **params)


def _sum(builder: _Builder, part: Part) -> Source:
    names = part.words("parts")
    for name, times in Counter(names).items():
        if times > 1:
            builder.draft.findings.add(part.at("parts"), "part_twice", measure=name)
    known = [name for name in names if builder.draft.single(name, part.at("parts"), builder.measure)]
    if len(known) == len(names):
        _check_points(builder, part, [builder.draft.heads[name].scale for name in known])
    return Added(tuple(known))


def _check_points(builder: _Builder, part: Part, scales: list[Fraction | None]) -> None:
    """What the parts can earn is what the whole declares, so that E12's 45 of 55 is refused (law 15)."""
    marks = total(HUNDRED if each is None else each for each in scales)
    pointer, expected = part.at("of"), part.number("of")
    if None not in scales and expected in (None, marks):
        pointer, expected = builder.measure.at("scale"), builder.measure.number("scale")
    if expected is not None and expected != marks:
        params = {"sum": exact_text(marks), "expected": exact_text(expected)}
        # Reading A32: refused as printed, unless the scheme says to rescale.
        severity: Severity = "warning" if builder.draft.policies.get("A32") == "rescale" else "error"
        builder.draft.findings.add(pointer, "points_do_not_add_up", severity, **params)


def _roll_up(builder: _Builder, part: Part) -> Source | None:
    name = part.text("of")
    if not builder.draft.measure(name, part.at("of")):
        return None
    builder.draft.same_period(name, part.at("of"), builder.measure)
    if part.text("by") != "count":
        builder.draft.number(name, part.at("of"))
    below = builder.draft.heads[name].of
    if below not in builder.draft.kinds or builder.kind not in builder.draft.kinds[below].above:
        builder.draft.findings.add(part.at("of"), "measure_not_below", measure=name, kind=builder.kind)
    return RollUp(name, part.text("by", "mean"))


def _rank(builder: _Builder, part: Part) -> Source | None:
    name, within = part.text("of"), part.text("within")
    if not builder.draft.measure(name, part.at("of")):
        return None
    builder.draft.same_period(name, part.at("of"), builder.measure)
    builder.draft.number(name, part.at("of"))
    if builder.draft.heads[name].of != builder.kind:
        builder.draft.findings.add(part.at("of"), "rank_other_kind", measure=name, kind=builder.kind)
    attribute = within.removeprefix(_SUBJECT) if within.startswith(_SUBJECT) else ""
    if within and not attribute and builder.kind in builder.draft.kinds:
        above = builder.draft.kinds[builder.kind].above
        builder.draft.known("unknown_kind", within, part.at("within"), above)
    return Rank(name, part.text("from", "top") == "top", "" if attribute else within, attribute)


def _previous(builder: _Builder, part: Part) -> Source | None:
    known = builder.draft.measure(part.text("of"), part.at("of"), builder.kind)
    builder.draft.same_period(part.text("of"), part.at("of"), builder.measure)
    back = builder.formula(part, "back", "1")
    return None if back is None or not known else Previous(part.text("of"), back)


def _streak(builder: _Builder, part: Part) -> Source | None:
    condition = builder.formula(part, "while")
    return None if condition is None else Streak(condition)


def _duties(builder: _Builder, part: Part) -> Source:
    where = builder.formula(part, "where", rows=("duty",))
    return Duties(frozenset(part.words("duty")), where, part.text("of", "rate"))


def _deliveries(builder: _Builder, part: Part) -> Source:
    builder.draft.known("unknown_date", part.text("date"), part.at("date"), builder.draft.dates)
    return Deliveries(part.text("date"))


_BUILDERS: dict[str, Callable[[_Builder, Part], Source | None]] = {
    "scores": _scores,
    "lost": _lost,
    "findings": _findings,
    "deduct": _deduct,
    "indicator": _indicator,
    "expression": _expression,
    "weighted": _weighted,
    "sum": _sum,
    "rollUp": _roll_up,
    "rank": _rank,
    "previous": _previous,
    "streak": _streak,
    "duties": _duties,
    "deliveries": _deliveries,
}


def _formulas_of(source: Source) -> tuple[Formula | None, ...]:
    match source:
        case Duties(where=where):
            return (where,)
        case Scores(where=where, value=points):
            return (where, points)
        case Lost(visits=visits, where=where, sum=points):
            return (visits, where, points)
        case FindingSum(where=where, sum=points):
            return (where, points)
        case Deduct(where=where, sum=points):
            return (where, points)
        case Computed(formula) | Streak(formula) | Previous(back=formula):
            return (formula,)
        case _:
            return ()


def _named_in(source: Source) -> frozenset[str]:
    match source:
        case Weighted(parts=parts):
            return frozenset(name for name, _ in parts)
        case Added(parts=names):
            return frozenset(names)
        case RollUp(of=name) | Rank(of=name) | Previous(of=name):
            return frozenset((name,))
        case _:
            return frozenset()


def _applied_to(source: Source) -> frozenset[str]:
    match source:
        case Rank():
            return frozenset(("A18",))
        case Deliveries():
            return frozenset(("A33",))
        case Weighted(reports_remainder=True):
            return frozenset(("A22",))
        case Scores(mean="A27") | Lost(mean="A27"):
            return frozenset(("A27",))
        case _:
            return frozenset()
