"""In which order measures are computed, and which readings each depends on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from server.scoring.programmes.definition import Measure, Previous, Rule


@dataclass(frozen=True, slots=True)
class Ordered:
    """Groups of measures, each after those it reads; or a circle of measures that wait for each other."""

    groups: tuple[tuple[str, ...], ...]
    cycle: tuple[str, ...] = ()


def in_order(measures: Mapping[str, Measure]) -> Ordered:
    """Each measure after those it reads.

    A running balance reads itself a period earlier: what waits for each other over `previous` alone is one
    group, of one kind of subject and period.
    """
    reads = {name: frozenset(measure.reads & measures.keys()) for name, measure in measures.items()}
    order, cycle = _sorted(reads)
    if not cycle:
        return Ordered(tuple((name,) for name in order))
    now = {name: reads[name] - _earlier(measures[name]) for name in measures}
    order, inner = _sorted(now)
    if inner:
        return Ordered((), inner)
    groups = _together(reads, order)
    mixed = any(len({(measures[name].of, measures[name].per) for name in group}) > 1 for group in groups)
    return Ordered((), cycle) if mixed else Ordered(groups)


def _earlier(measure: Measure) -> frozenset[str]:
    return frozenset((measure.source.of,)) if isinstance(measure.source, Previous) else frozenset()


def _sorted(reads: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names in order, or the first circle."""
    done: dict[str, None] = {}
    for start in reads:
        trail: list[tuple[str, list[str]]] = [(start, _waiting(reads, start, done))]
        while trail:
            name, rest = trail[-1]
            if name in done or not rest:
                done[name] = None
                trail.pop()
                continue
            following = rest.pop()
            open_names = [each for each, _ in trail]
            if following in open_names:
                return (), (*open_names[open_names.index(following) :], following)
            if following not in done:
                trail.append((following, _waiting(reads, following, done)))
    return tuple(done), ()


def _waiting(reads: Mapping[str, Collection[str]], name: str, done: Collection[str]) -> list[str]:
    return sorted((each for each in reads[name] if each not in done), reverse=True)


def _together(reads: Mapping[str, Collection[str]], order: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Names that reach each other are one group; groups stand in an order of their own."""
    reached = {name: _reach(reads, name) for name in reads}
    group_of: dict[str, tuple[str, ...]] = {}
    for name in order:
        if name not in group_of:
            group = tuple(
                each for each in order if each == name or (each in reached[name] and name in reached[each])
            )
            group_of |= dict.fromkeys(group, group)
    between = {
        group: {group_of[other] for name in group for other in reads[name]} - {group}
        for group in group_of.values()
    }
    done: dict[tuple[str, ...], None] = {}
    while len(done) < len(between):
        ready = [group for group in between if group not in done and between[group] <= done.keys()]
        done |= dict.fromkeys(ready)
    return tuple(done)


def _reach(reads: Mapping[str, Collection[str]], start: str) -> frozenset[str]:
    found: set[str] = set()
    pending = list(reads[start])
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(reads[name])
    return frozenset(found)


def with_readings(
    measures: Mapping[str, Measure], rules: Iterable[Rule]
) -> tuple[Mapping[str, Measure], tuple[Rule, ...]]:
    """A number depends on the readings of whatever it is computed from."""
    reads = {name: frozenset(measure.reads & measures.keys()) for name, measure in measures.items()}
    used = {
        name: measure.readings.union(*(measures[each].readings for each in _reach(reads, name)))
        for name, measure in measures.items()
    }
    complete = {name: replace(measure, readings=used[name]) for name, measure in measures.items()}
    settled = tuple(
        replace(rule, readings=rule.readings.union(*(used[each] for each in rule.reads))) for rule in rules
    )
    return complete, settled
