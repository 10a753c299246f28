"""Numbers made of numbers: formulas, weights, sums, roll-ups, ranks, earlier periods, streaks."""

from collections.abc import Iterator
from fractions import Fraction

from server.scoring.arithmetic import number_in
from server.scoring.calendar import Period
from server.scoring.exact import ONE, total
from server.scoring.programmes import definition as language
from server.scoring.settling.cells import Cell
from server.scoring.settling.explaining.explainer import Explainer, unit_of
from server.scoring.settling.explaining.findings import amount, quantity
from server.scoring.settling.explaining.tree import LISTED, Explanation, Quantity, listed, named, said
from server.scoring.settling.places import group_of
from server.scoring.settling.sources import Asked, divisor_of, part_of, weights_of


def explain_computed(
    explainer: Explainer, asked: Asked, source: language.Computed, period: Period, cell: Cell
) -> Explanation:
    """A formula, with the values of the names it reads."""
    reads, expression = explainer.reads(asked.scope(period), source.formula), source.formula.source
    if cell.raw is None:
        return said("computed_none", reads, expression=expression)
    return said("computed", reads, expression=expression, result=amount(asked, cell.raw))


def explain_weighted(
    explainer: Explainer, asked: Asked, source: language.Weighted, period: Period, cell: Cell
) -> Explanation:
    """Value times weight, part by part; missing parts may give their weight to the rest (law 6)."""
    weighted = weights_of(asked, source)
    if weighted is None:
        return said("weights_missing", [_part(explainer, asked, name, period) for name, _ in source.parts])
    rows = [(name, part_of(asked, name, period), weight) for name, weight in weighted]
    present = [row for row in rows if row[1] is not None]
    whole = quantity(asked, cell.raw)
    if whole is None:
        return said("weighted_none", [_part(explainer, asked, name, period) for name, *_ in rows])
    lost = len(rows) - len(present)
    weights = total(weight for _, _, weight in rows)
    share = weights / total(weight for _, _, weight in present) if lost else ONE
    parts = [
        _weighed(explainer, asked, period, (name, value, weight * share), divisor_of(asked, source))
        for name, value, weight in rows
    ]
    if lost:
        return said("weighted_renormalised", parts, n=len(present), missing=lost, result=whole)
    return said("weighted", parts, n=len(rows), result=whole)


def _weighed(
    explainer: Explainer,
    asked: Asked,
    period: Period,
    row: tuple[str, Fraction | None, Fraction],
    of: Fraction,
) -> Explanation:
    name, value, weight = row
    number = _part(explainer, asked, name, period)
    if value is None:
        return number
    measure = explainer.world.ground.programme.measures[name]
    title, worth = named(measure.title, name), Quantity(value * weight / of, unit_of(asked.measure))
    return said("weighted_part", [number], title=title, value=value, weight=weight, of=of, worth=worth)


def _part(explainer: Explainer, asked: Asked, name: str, period: Period) -> Explanation:
    measure = explainer.world.ground.programme.measures[name]
    place = asked.scope(period).places(measure)
    if not isinstance(place, tuple):
        return said("read_no_period", title=named(measure.title, name))
    return explainer.number(measure, *place)


def explain_added(
    explainer: Explainer, asked: Asked, source: language.Added, period: Period, cell: Cell
) -> Explanation:
    """Measures added up as they are."""
    parts = [_part(explainer, asked, name, period) for name in source.parts]
    result = quantity(asked, cell.raw)
    if result is None:
        return said("added_none", parts)
    return said("added", parts, n=len(parts), result=result)


_ROLLED = {
    "mean": "rolled_mean",
    "sum": "rolled_sum",
    "min": "rolled_min",
    "max": "rolled_max",
    "count": "rolled_count",
}


def explain_roll_up(
    explainer: Explainer, asked: Asked, source: language.RollUp, period: Period, cell: Cell
) -> Explanation:
    """One number of the subjects below."""
    world = explainer.world
    measure = world.ground.programme.measures[source.of]
    below = world.ground.below.get((asked.subject.id, measure.of), ())
    with_number = [
        each for each in below if quantity(asked, world.cells.get(source.of, each, period.id).raw) is not None
    ]
    parts = [*explainer.numbers(measure, [(each, period) for each in with_number])]
    if len(with_number) < len(below):
        parts.append(said("without_number", n=len(below) - len(with_number)))
    kind = named(world.ground.programme.kinds[measure.of].title, measure.of)
    if cell.raw is None:
        return said("rolled_none", parts, kind=kind)
    return said(_ROLLED[source.by], parts, n=len(with_number), kind=kind, result=quantity(asked, cell.raw))


def explain_rank(
    explainer: Explainer, asked: Asked, source: language.Rank, period: Period, cell: Cell
) -> Explanation:
    """A place, of how many, and who shares the score."""
    programme = explainer.world.ground.programme
    number = explainer.number(programme.measures[source.of], asked.subject.id, period)
    if cell.raw is None:
        return said("rank_none", [number])
    kind = named(programme.kinds[asked.measure.of].title, asked.measure.of)
    parts = [*_group(explainer, asked, source), *_ties(explainer, asked, source, period), number]
    code = "rank_top" if source.top else "rank_bottom"
    return said(code, parts, n=cell.n or 0, kind=kind, place=number_in(cell.raw))


def _group(explainer: Explainer, asked: Asked, source: language.Rank) -> Iterator[Explanation]:
    group = group_of(explainer.world, source, asked.subject)
    if source.attribute:
        yield said("rank_attribute", attribute=source.attribute, value=group)
    elif source.within:
        subject = explainer.world.ground.facts.subjects.get(group)
        yield said("rank_within", subject=group, name=subject.name if subject else group)


def _ties(explainer: Explainer, asked: Asked, source: language.Rank, period: Period) -> Iterator[Explanation]:
    world = explainer.world
    group, cells = group_of(world, source, asked.subject), world.cells
    mine = cells.get(source.of, asked.subject.id, period.id).published
    equal = [
        each.name
        for each in world.ground.of_kind[asked.measure.of]
        if each.id != asked.subject.id
        and cells.get(source.of, each.id, period.id).published == mine
        and group_of(world, source, each) == group
    ]
    if not equal:
        return
    cut = world.ground.facts.policies.get("A18") == "cut"
    parts = listed([])
    if len(equal) > LISTED:
        parts = (said("more", n=len(equal) - LISTED),)
    yield said("tied_in_order" if cut else "tied", parts, names=tuple(equal[:LISTED]), n=len(equal))


def explain_previous(
    explainer: Explainer, asked: Asked, source: language.Previous, period: Period, cell: Cell
) -> Explanation:
    """The same measure some periods earlier."""
    ground = explainer.world.ground
    back = quantity(asked, source.back.value(asked.scope(period)))
    earlier = None
    if back is not None and back.value >= 0 and back.value == int(back.value):
        earlier = ground.programme.calendar.earlier(period, int(back.value))
    measure = ground.programme.measures[source.of]
    title = named(measure.title, measure.name)
    if earlier is None:
        return said("read_no_period", title=title)
    number = explainer.number(measure, asked.subject.id, earlier)
    if cell.raw is None:
        return said("previous_none", [number], title=title, period=earlier)
    return said("previous", [number], title=title, period=earlier, value=amount(asked, cell.raw))


def explain_streak(
    explainer: Explainer, asked: Asked, source: language.Streak, period: Period, cell: Cell
) -> Explanation:
    """For how many periods on end something has held, and what ended it before."""
    calendar = explainer.world.ground.programme.calendar
    length = quantity(asked, cell.raw)
    count = int(length.value) if length is not None else 0
    expression = source.condition.source
    reads = explainer.reads(asked.scope(period), source.condition)
    if not count:
        return said("streak_none", reads, expression=expression)
    first, before = calendar.earlier(period, count - 1) or period, calendar.earlier(period, count)
    ended = []
    if before is not None:
        behind = explainer.reads(asked.scope(before), source.condition)
        ended = [said("streak_began", behind, period=before)]
    return said("streak", [*reads, *ended], expression=expression, n=count, period=first)
