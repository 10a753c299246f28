"""Contradictions between the parts of a programme: bands nobody reaches, names nothing reads (law 15)."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from server.scoring.exact import ZERO, exact_text, parse_exact, total
from server.scoring.programmes.definition import (
    Added,
    Deduct,
    Measure,
    Rule,
    Scores,
    Weighted,
)
from server.scoring.programmes.draft import Draft
from server.scoring.programmes.formulas import demanded, reads_value
from server.scoring.programmes.shapes import Part

# What these give lies between nothing and full marks, so that every number of them should have a band.
_ON_SCALE = (Scores, Deduct, Weighted, Added)
# Findings do not say by which of these they were found.
_FINDERS = frozenset(("log", "visit", "video", "self_check"))


def check_consistency(
    draft: Draft, whole: Part, measures: Mapping[str, Measure], rules: Iterable[Rule]
) -> None:
    """Report what no single property shows. Asked only of a definition without errors so far."""
    rules = tuple(rules)
    _check_policies(draft, whole, [*measures.values(), *rules])
    titled = any(measure.title for measure in measures.values())
    for part in whole.parts("measures"):
        measure = measures[part.text("name")]
        _check_bands(draft, part, measure)
        if titled:
            _check_use(draft, part, measure)
        if isinstance(measure.source, Deduct):
            _check_sections(draft, part, measure.source)
    for part, rule in zip(whole.parts("rules"), rules, strict=True):
        _check_target(draft, part)
        _check_open_values(draft, whole, measures, rule, part.pointer)
    _check_settings_used(draft, whole)


def _check_policies(draft: Draft, whole: Part, readers: Iterable[Measure | Rule]) -> None:
    """Changing a reading changes the result, or it deceives whoever set it."""
    used = frozenset().union(*(reader.readings for reader in readers))
    for key in whole.mapping("policies"):
        if key not in used:
            draft.findings.add(f"{whole.at('policies')}/{key}", "policy_unused", "warning", name=key)


def _check_bands(draft: Draft, part: Part, measure: Measure) -> None:
    """Only edges that stand in the definition; what parameters decide is settled with the facts."""
    written = [(row, parse_exact(row.text("min"))) for row in part.parts("bands")]
    edges = [(row, edge) for row, edge in written if edge is not None]
    for (_, above), (row, edge) in pairwise(edges):
        if edge > above:
            params = {"grade": row.text("grade"), "minimum": exact_text(edge)}
            draft.findings.add(row.pointer, "band_out_of_order", "warning", **params)
    top = _top(part, measure)
    for row, edge in edges:
        if top is not None and edge > top:
            params = {"grade": row.text("grade"), "minimum": exact_text(edge), "scale": exact_text(top)}
            draft.findings.add(row.at("min"), "band_unreachable", "error", **params)
    if edges and len(edges) == len(written) and isinstance(measure.source, _ON_SCALE):
        lowest, row = min((edge, index, row) for index, (row, edge) in enumerate(edges))[::2]
        if lowest > (measure.floor or ZERO):
            draft.findings.add(row.at("min"), "band_gap", minimum=exact_text(lowest))


def _check_sections(draft: Draft, part: Part, source: Deduct) -> None:
    """A condition may leave sections out; then nobody can ever lose their points."""
    demands = None if source.where is None else demanded(source.where, "finding", "section")
    inner = part.part("deduct")
    if demands is None or inner is None:
        return
    for row in inner.parts("sections"):
        if row.text("name") not in demands:
            draft.findings.add(row.at("name"), "deduct_section_empty", section=row.text("name"))


def _top(part: Part, measure: Measure) -> Fraction | None:
    """The highest number that a measure can have, as far as the definition says so."""
    if measure.cap is not None:
        return measure.cap
    if isinstance(measure.source, Deduct):
        return total(measure.source.sections.values())
    return part.number("scale")


def _check_use(draft: Draft, part: Part, measure: Measure) -> None:
    """Where numbers have titles for people, one without is there to be read by others."""
    if measure.name not in draft.used and not measure.title and not measure.bands:
        draft.findings.add(part.at("name"), "measure_unused", "warning", name=measure.name)


def _check_target(draft: Draft, part: Part) -> None:
    short = part.part("shortfall")
    if short is None:
        return
    target, read = parse_exact(short.text("target")), short.text("score").strip("{} ")
    scale = draft.heads[read].scale if read in draft.heads else None
    if target is not None and scale is not None and target > scale:
        params = {"target": exact_text(target), "scale": exact_text(scale)}
        draft.findings.add(short.at("target"), "target_above_scale", "warning", **params)


def _check_open_values(
    draft: Draft, whole: Part, measures: Mapping[str, Measure], rule: Rule, pointer: str
) -> None:
    """Reading A26: what a band is worth was left open, and money depends on it."""
    places = [f"{pointer}/{name}" for name in ("amount", "shortfall", "decided")]
    start = [read.formula for read in draft.formulas if read.pointer.startswith(tuple(places))]
    reached = set(_reached(measures, (name for formula in start for name in draft.measures_in(formula))))
    inside = tuple(f"{draft.heads[name].pointer}/" for name in reached)
    formulas = [*start, *(read.formula for read in draft.formulas if read.pointer.startswith(inside))]
    valued = {name for formula in formulas for name in reads_value(formula)}
    for part in whole.parts("measures"):
        if part.text("name") in valued:
            _report_open(draft, part)


def _report_open(draft: Draft, part: Part) -> None:
    for row in part.parts("bands"):
        reported = any(
            problem.code == "band_value_open" and problem.pointer == row.at("value")
            for problem in draft.findings.problems
        )
        if not row.text("value") and not reported:
            params = {"grade": row.text("grade"), "measure": part.text("name")}
            draft.findings.add(row.at("value"), "band_value_open", "warning", **params)


def _reached(measures: Mapping[str, Measure], names: Iterable[str]) -> Iterator[str]:
    """The measures that others are computed from, themselves included."""
    seen: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in seen or name not in measures:
            continue
        seen.add(name)
        yield name
        pending.extend(measures[name].reads)


def _check_settings_used(draft: Draft, whole: Part) -> None:
    for part in whole.parts("parameters"):
        # A clause that only says which list is meant (A23) is content: nothing computes with it.
        if part.text("name") not in draft.used and not part.has("reading"):
            draft.findings.add(part.at("name"), "parameter_unused", "warning", name=part.text("name"))
    # A programme that only lists its instruments asks and collects; nothing is computed yet.
    for part in whole.parts("instruments") if whole.parts("measures") else ():
        name = part.text("name")
        if name not in draft.instruments_used and part.text("kind") not in _FINDERS:
            draft.findings.add(part.at("name"), "instrument_unused", "warning", name=name)
