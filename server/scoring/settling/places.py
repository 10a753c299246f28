"""Ranks among the subjects of a kind, on the published number (scoring.md law 11, reading A18)."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from server.scoring.arithmetic import number_in
from server.scoring.calendar import Period
from server.scoring.programmes.definition import Measure, Rank
from server.scoring.ranks import ranks_from_bottom, ranks_from_top
from server.scoring.settling.facts import Subject
from server.scoring.settling.scopes import World

Scores = Mapping[str, Fraction]


def ranked(
    world: World, measure: Measure, source: Rank, subject: Subject, period: Period
) -> tuple[Fraction | None, int]:
    """The place of a subject, None without a number, and how many were ranked."""
    key = (measure.name, period.id)
    if key not in world.places:
        world.places[key] = _places(world, measure, source, period)
    places = world.places[key].get(group_of(world, source, subject), {})
    place = places.get(subject.id)
    return None if place is None else Fraction(place), len(places)


def group_of(world: World, source: Rank, subject: Subject) -> str:
    """The list in which a subject is ranked: an ancestor's id, a value of its attribute, or "" for all."""
    if source.attribute:
        value = subject.attributes.get(source.attribute)
        return "" if value is None else str(value)
    return world.ground.above[subject.id].get(source.within, "") if source.within else ""


def _places(world: World, measure: Measure, source: Rank, period: Period) -> Mapping[str, Mapping[str, int]]:
    """The places of every group, made in one go: group by group each would look through all subjects."""
    groups: dict[str, dict[str, Fraction]] = {}
    for subject in world.ground.of_kind.get(measure.of, ()):
        score = number_in(world.cells.get(source.of, subject.id, period.id).part("published"))
        if score is not None:
            groups.setdefault(group_of(world, source, subject), {})[subject.id] = score
    ties = _TIES[world.ground.facts.policies.get("A18", "competition")]
    return {group: ties(scores, source.top) for group, scores in groups.items()}


def _competition(scores: Scores, top: bool) -> Mapping[str, int]:
    return ranks_from_top(scores) if top else ranks_from_bottom(scores)


def _dense(scores: Scores, top: bool) -> Mapping[str, int]:
    values = {value: place for place, value in enumerate(sorted(set(scores.values()), reverse=top), start=1)}
    return {name: values[value] for name, value in scores.items()}


def _cut(scores: Scores, top: bool) -> Mapping[str, int]:
    """No two share a place: of equals the one that the list names first stands before."""
    ordered = sorted(scores, key=lambda name: -scores[name] if top else scores[name])
    return {name: place for place, name in enumerate(ordered, start=1)}


_TIES: dict[str, Callable[[Scores, bool], Mapping[str, int]]] = {
    "competition": _competition,
    "dense": _dense,
    "cut": _cut,
}
