"""Computes all measures, each after those it reads: source, correction, limits, rounding once, grade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from server.scoring.arithmetic import Value, number_in
from server.scoring.bands import band_of
from server.scoring.calendar import Period
from server.scoring.exact import ZERO, rounded
from server.scoring.programmes.definition import Measure
from server.scoring.settling.cells import Cell
from server.scoring.settling.facts import Past, Subject
from server.scoring.settling.ground import Ground
from server.scoring.settling.scopes import Scope, World
from server.scoring.settling.sources import Asked, numbers


@dataclass(frozen=True, slots=True)
class Edge:
    """A band as the parameters have it."""

    grade: str
    minimum: Fraction
    value: Fraction | None


@dataclass(frozen=True, slots=True)
class _Finish:
    """What turns the number of a source into a published cell of one measure."""

    measure: Measure
    edges: Sequence[Edge]
    adjustments: Mapping[tuple[str, str], Fraction]
    edge: str
    whole: bool

    def cell(self, asked: Asked, period: Period, cell: Cell) -> Cell:
        scope = asked.scope(period)
        cell = self._allowed(scope, self._corrected(asked, period, cell))
        number = cell.raw if isinstance(cell.raw, Fraction) else None
        if number is None:
            return replace(cell, published=_as_word(cell.raw))
        return self.graded(scope, replace(cell, published=rounded(number, self.measure.places)))

    def _corrected(self, asked: Asked, period: Period, cell: Cell) -> Cell:
        number = cell.raw if isinstance(cell.raw, Fraction) else None
        by_hand = self.adjustments.get((asked.subject.id, period.id))
        if number is None:
            return cell
        if by_hand is not None:
            number, cell = number + by_hand, replace(cell, note="adjusted")
        if self.measure.floor is not None:
            number = max(number, self.measure.floor)
        if self.measure.cap is not None:
            number = min(number, self.measure.cap)
        return replace(cell, raw=number)

    def _allowed(self, scope: Scope, cell: Cell) -> Cell:
        measure = self.measure
        if cell.raw is None:
            return cell
        if measure.eligible is not None and not measure.eligible.holds(scope):
            return replace(cell, raw=None, note="not_eligible")
        least = number_in(measure.minimum.value(scope)) if measure.minimum is not None else None
        if least is not None and (cell.n or 0) < least:
            return replace(cell, raw=None, note="too_few")
        return cell

    def graded(self, scope: Scope, cell: Cell) -> Cell:
        forced = next((each.grade for each in self.measure.forced if each.when.holds(scope)), None)
        edge = self.band(cell)
        if forced is not None:
            edge = next((each for each in self.edges if each.grade == forced), edge)
        if edge is None:
            return cell
        return replace(cell, grade=edge.grade, value=edge.value)

    def _judged(self, cell: Cell) -> Fraction | None:
        if self.measure.grade_on == "raw":
            return number_in(cell.raw)
        if cell.published is None or isinstance(cell.published, str):
            return None
        # Reading A13 asks bands of whole points with whole points; equal published scores get one grade.
        whole = rounded(cell.published, 0) if self.whole else cell.published
        return None if whole is None else Fraction(whole)

    def band(self, cell: Cell) -> Edge | None:
        """The band of a rounded number."""
        return band_of(self.edges, self._judged(cell), self.edge)


def compute(ground: Ground) -> World:
    """Every number of a programme, in the order of `Programme.order`."""
    world = World(ground)
    for past in ground.facts.history:
        measure = ground.programme.measures[past.measure]
        world.cells.put(past.measure, past.subject, past.period, _past_cell(world, measure, past))
    for group in ground.programme.order:
        finishes = [_finish(world, ground.programme.measures[name]) for name in group]
        for subject in ground.of_kind.get(finishes[0].measure.of, ()):
            _compute(world, finishes, subject)
    return world


def _compute(world: World, finishes: Sequence[_Finish], subject: Subject) -> None:
    """The numbers of one subject. Measures that read each other's earlier periods go period by period."""
    asked = [Asked(world, finish.measure, subject) for finish in finishes]
    found = [numbers(each) for each in asked]
    running = True
    while running:
        running = False
        for finish, each, rows in zip(finishes, asked, found, strict=True):
            row = next(rows, None)
            if row is not None:
                running = True
                _put(world, finish, each, *row)


def _put(world: World, finish: _Finish, asked: Asked, period: Period, cell: Cell) -> None:
    name, subject = finish.measure.name, asked.subject.id
    # History stands where the facts of its own time are not among these facts.
    if cell.raw is not None or not world.cells.has(name, subject, period.id):
        world.cells.put(name, subject, period.id, finish.cell(asked, period, cell))


def _finish(world: World, measure: Measure) -> _Finish:
    adjustments: dict[tuple[str, str], Fraction] = {}
    for each in world.ground.facts.adjustments:
        if each.measure == measure.name:
            key = (each.subject, each.period)
            adjustments[key] = adjustments.get(key, ZERO) + each.amount
    # Reading A1: an edge belongs to the band above, or to the one below.
    policies = world.ground.facts.policies
    whole = measure.grade_on == "whole" or policies["A13"] == "whole"
    return _Finish(measure, edges(world, measure), adjustments, policies["A1"], whole)


def edges(world: World, measure: Measure) -> tuple[Edge, ...]:
    """The bands best first, with what parameters decide about them."""
    found = []
    for band in measure.bands:
        minimum = world.constant(band.minimum)
        if minimum is not None:
            value = None if band.value is None else world.constant(band.value)
            found.append(Edge(band.grade, minimum, value))
    return tuple(sorted(found, key=lambda edge: edge.minimum, reverse=True))


def _past_cell(world: World, measure: Measure, past: Past) -> Cell:
    number = number_in(past.value)
    if number is None:
        return Cell(past.value, _as_word(past.value), past.grade)
    cell = Cell(number, rounded(number, measure.places))
    finish = _finish(world, measure)
    edge = finish.band(cell)
    grade = past.grade or (edge.grade if edge else None)
    value = next((each.value for each in finish.edges if each.grade == grade), None)
    return replace(cell, grade=grade, value=value)


def _as_word(raw: Value) -> Decimal | str | None:
    return None if raw is None or isinstance(raw, list | Fraction) else str(raw)
