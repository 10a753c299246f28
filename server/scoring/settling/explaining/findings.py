"""Numbers made of findings, duties, deliveries and imported indicators."""

from collections.abc import Sequence
from fractions import Fraction

from server.scoring.arithmetic import Formula, Value, number_in
from server.scoring.calendar import Period
from server.scoring.exact import total
from server.scoring.programmes import definition as language
from server.scoring.settling.cells import Cell
from server.scoring.settling.explaining.explainer import Explainer, unit_of
from server.scoring.settling.explaining.tree import Explanation, Param, Quantity, listed, named, said
from server.scoring.settling.explaining.visits import in_period, only_where, why_finding
from server.scoring.settling.facts import Finding
from server.scoring.settling.scopes import Scope
from server.scoring.settling.sources import Asked, duties_in, findings_in, handed_in_by


def explain_findings(
    explainer: Explainer, asked: Asked, source: language.FindingSum, period: Period, cell: Cell
) -> Explanation:
    """Confirmed findings, added up or counted."""
    found = in_period(findings_in(asked, source.where), period)
    conditions = only_where(source.where)
    result = quantity(asked, cell.raw)
    if not found:
        return said("findings_none", conditions, result=result)
    worth = [None if source.sum is None else number_in(source.sum.value(scope)) for _, scope in found]
    parts = [
        explain_finding(explainer, finding, points, source.where, source.sum)
        for (finding, _), points in zip(found, worth, strict=True)
    ]
    code = "findings_count" if source.sum is None else "findings_sum"
    return said(code, [*conditions, *listed(parts)], n=len(found), result=result)


def explain_finding(
    explainer: Explainer, finding: Finding, points: Fraction | None, *formulas: Formula | None
) -> Explanation:
    """One finding, with what it counts for."""
    why = why_finding(explainer.world, finding, *formulas)
    label = finding.code or finding.item or finding.kind or finding.section or finding.source or finding.id
    if points is None:
        return said("finding", why, day=finding.day, id=finding.id, label=label)
    value = Quantity(points, "points")
    return said("finding_points", why, day=finding.day, id=finding.id, label=label, points=value)


def explain_deduct(
    explainer: Explainer, asked: Asked, source: language.Deduct, period: Period, cell: Cell
) -> Explanation:
    """Full marks of sections less findings; none loses more than its own points (law 8)."""
    found = in_period(findings_in(asked, source.where), period)
    parts = [
        _section(explainer, source, name, points, [row for row in found if row[0].section == name])
        for name, points in source.sections.items()
    ]
    scale, result = Quantity(asked.measure.scale, "points"), quantity(asked, cell.raw)
    return said("deduct", [*only_where(source.where), *parts], scale=scale, result=result)


def _section(
    explainer: Explainer,
    source: language.Deduct,
    name: str,
    points: Fraction,
    found: Sequence[tuple[Finding, Scope]],
) -> Explanation:
    worth = [number_in(source.sum.value(scope)) for _, scope in found]
    parts = [
        explain_finding(explainer, finding, counted, source.where, source.sum)
        for (finding, _), counted in zip(found, worth, strict=True)
    ]
    lost = total(each for each in worth if each is not None)
    full, taken = Quantity(points, "points"), Quantity(lost, "points")
    if lost > points:
        return said("section_exhausted", listed(parts), section=name, points=full, lost=taken)
    left = Quantity(points - lost, "points")
    return said("section", listed(parts), section=name, points=full, lost=taken, left=left)


def explain_indicator(
    _explainer: Explainer, asked: Asked, source: language.Indicator, _period: Period, cell: Cell
) -> Explanation:
    """An imported number or word."""
    if cell.raw is None:
        return said("indicator_none", name=source.name)
    return said("indicator", name=source.name, value=amount(asked, cell.raw))


def explain_duties(
    _explainer: Explainer, asked: Asked, source: language.Duties, period: Period, cell: Cell
) -> Explanation:
    """Duties done of those due; those not done are named."""
    due = in_period(duties_in(asked, source), period)
    missed = [said("duty_missed", day=each.day, duty=each.duty) for each in due if not each.done]
    parts = [*only_where(source.where), *listed(missed)]
    if not due:
        return said("duties_none", parts)
    code = {"rate": "duties_rate", "done": "duties_done", "due": "duties_due"}[source.of]
    done = sum(each.done for each in due)
    return said(code, parts, due=len(due), done=done, result=quantity(asked, cell.raw))


def explain_delivery(
    explainer: Explainer, asked: Asked, source: language.Deliveries, period: Period, cell: Cell
) -> Explanation:
    """Whether something was handed in by its day."""
    programme = explainer.world.ground.programme
    title = named(programme.date_titles.get(source.date, {}), source.date)
    row = next((row for row in handed_in_by(asked, source) if row[0].id == period.id), None)
    if row is None:
        return said("delivery_not_due", title=title)
    _, day, handed_in = row
    if not handed_in:
        code = "delivery_missing" if cell.raw == "missing" else "delivery_open"
        return said(code, title=title, day=day)
    code = "delivery_on_time" if cell.raw == "on_time" else "delivery_late"
    return said(code, title=title, day=day, at=handed_in[0])


def quantity(asked: Asked, raw: Value) -> Quantity | None:
    """A number of the measure with its unit."""
    number = number_in(raw)
    return None if number is None else Quantity(number, unit_of(asked.measure))


def amount(asked: Asked, raw: Value) -> Param:
    """A number of the measure with its unit, or a word as it is."""
    number = quantity(asked, raw)
    return number if number is not None or isinstance(raw, list) else raw
