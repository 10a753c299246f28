"""What a name in a formula means for one subject and period."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from server.forms.expressions.tree import Path
from server.scoring.arithmetic import Formula, Value, exact_value, number_in
from server.scoring.calendar import PERIODS, Period
from server.scoring.programmes.definition import Measure
from server.scoring.settling.cells import NOTHING, Cell, Cells
from server.scoring.settling.facts import Facts, Subject
from server.scoring.settling.ground import Ground
from server.scoring.settling.rows import Row, Rows

# A subject's id and a period.
Place = tuple[str, Period]

_FINEST = -1


@dataclass(frozen=True)
class World:
    """All that formulas can read: the facts on their ground, and the numbers so far."""

    ground: Ground
    cells: Cells = field(default_factory=Cells)
    # (rank, period) -> group -> the places of all its subjects.
    places: dict[tuple[str, str], Mapping[str, Mapping[str, int]]] = field(default_factory=dict)

    @cached_property
    def readers(self) -> Mapping[str, Callable[["Scope", Path], Value]]:
        """Name -> how to read it; rows such as `score` are the scope's own."""
        facts, programme = self.ground.facts, self.ground.programme
        constants: dict[str, Value] = {
            "asOf": facts.as_of.isoformat(),
            **facts.policies,
            **facts.parameters,
        }
        return {
            **{name: _constant(value) for name, value in constants.items()},
            **{kind: _ancestor(kind) for kind in programme.kinds},
            **{measure.name: _measure(measure) for measure in programme.measures.values()},
            "subject": lambda scope, path: _attribute(scope.subject, path),
            "period": lambda scope, path: _of_period(scope.period, path),
            "phase": _phase,
        }

    def constant(self, formula: Formula) -> Fraction | None:
        """The number of a formula that reads settings only."""
        return number_in(formula.value(_Settings(self.ground.facts)))

    @cached_property
    def rows(self) -> Rows:
        """Single facts, as formulas read them."""
        return Rows(self.ground)


@dataclass(frozen=True, slots=True)
class _Settings:
    facts: Facts

    def get(self, name: str, path: Path, /) -> Value:
        return None if path else self.facts.parameters.get(name, self.facts.policies.get(name))


@dataclass(frozen=True, slots=True)
class Scope:
    """One subject in one period; `published` says which number of a measure is meant where none is named."""

    world: World
    subject: Subject
    period: Period
    published: bool = False
    rows: Mapping[str, Row] = field(default_factory=dict)

    def get(self, name: str, path: Path, /) -> Value:
        """The value of a name; None where there is none."""
        row = self.rows.get(name)
        if row is not None:
            return row.get(".".join(map(str, path)))
        reader = self.world.readers.get(name)
        return None if reader is None else reader(self, path)

    def cells(self, measure: Measure) -> Cell | list[Cell]:
        """What a measure is from here: one cell, or the list of those below or within."""
        places, get = self.places(measure), self.world.cells.get
        if isinstance(places, list):
            return [get(measure.name, subject, period.id) for subject, period in places]
        return NOTHING if places is None else get(measure.name, places[0], places[1].id)

    def places(self, measure: Measure) -> Place | list[Place] | None:
        """Where the cells of a measure stand from here; None where there is no such period."""
        ground = self.world.ground
        subjects: tuple[str, ...] | None = None
        above = ground.above[self.subject.id].get(measure.of)
        if above is None:
            subjects = tuple(ground.below.get((self.subject.id, measure.of), ()))
        here = PERIODS.index(self.period.kind) if self.period.kind in PERIODS else _FINEST
        there = PERIODS.index(measure.per)
        if there >= here:
            period = self.period if there == here else ground.around(self.period, measure.per)
            if period is None:
                return None if subjects is None else []
            if above is not None:
                return above, period
            return [(each, period) for each in subjects or ()]
        return [
            (each, inner)
            for each in ((above,) if above is not None else subjects or ())
            for inner in ground.inside(self.period, measure.per, each)
        ]


def _constant(value: Value) -> Callable[[Scope, Path], Value]:
    return lambda _scope, _path: value


def _ancestor(kind: str) -> Callable[[Scope, Path], Value]:
    def read(scope: Scope, path: Path) -> Value:
        ground = scope.world.ground
        found = ground.above[scope.subject.id].get(kind)
        return None if found is None else _attribute(ground.facts.subjects[found], path)

    return read


def _attribute(subject: Subject, path: Path) -> Value:
    name = ".".join(map(str, path))
    match name:
        case "id":
            return subject.id
        case "name" | "":
            return subject.name
        case "kind":
            return subject.kind
        case _:
            value = subject.attributes.get(name)
            number = number_in(value)
            return value if number is None else number


def _of_period(period: Period, path: Path) -> Value:
    match path:
        case ("number",):
            return exact_value(period.number)
        case ("from",):
            return period.starts.isoformat()
        case ("to",):
            return period.ends.isoformat()
        case ("id",):
            return period.id
        case _:
            return period.name


def _phase(scope: Scope, path: Path) -> Value:
    ground = scope.world.ground
    own = scope.period.kind == "phase"
    period = scope.period if own else ground.programme.calendar.containing("phase", scope.period.ends)
    if period is None or path in ((), ("name",)):
        return None if period is None else period.name
    phase = next(each for each in ground.programme.calendar.phases if each.name == period.name)
    value = exact_value(phase.values.get(".".join(map(str, path))))
    number = number_in(value)
    return value if number is None else number


def _measure(measure: Measure) -> Callable[[Scope, Path], Value]:
    def read(scope: Scope, path: Path) -> Value:
        found: Cell | list[Cell] = scope.cells(measure)
        rest = list(path)
        while rest and isinstance(rest[0], int):
            place = rest.pop(0)
            if not isinstance(found, list) or not isinstance(place, int):
                return None
            found = found[place] if -len(found) <= place < len(found) else NOTHING
        part = str(rest[0]) if rest else ("published" if scope.published else "raw")
        if isinstance(found, list):
            return [cell.part(part) for cell in found]
        return found.part(part)

    return read
