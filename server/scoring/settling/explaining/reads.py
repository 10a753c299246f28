"""The values that a formula read: numbers of other measures, parameters, attributes, facts."""

from collections.abc import Callable, Container, Iterable, Iterator
from fractions import Fraction

from server.forms.expressions.tree import Path
from server.scoring.arithmetic import Formula, Value, number_in
from server.scoring.exact import exact_text
from server.scoring.programmes.definition import Measure
from server.scoring.programmes.draft import CELL_PARTS
from server.scoring.programmes.register import READINGS
from server.scoring.settling.explaining.explainer import Explainer
from server.scoring.settling.explaining.tree import Explanation, Param, Quantity, named, said
from server.scoring.settling.scopes import Scope

Name = tuple[str, Path]
# Saying that "o1" is called "o1" explains nothing.
_NAMES = ((), ("id",), ("name",))


def names_read(measures: Container[str], formulas: Iterable[Formula | None]) -> tuple[Name, ...]:
    """Every name that formulas read, once, in the order in which they are written."""
    found: dict[Name, None] = {}
    for formula in formulas:
        if formula is not None:
            source = formula.source.lower()
            # A set has no order of its own: names that stand nowhere in the text go last, by name.
            ordered = sorted(formula.names, key=lambda name: (_place(source, name[0]), str(name)))
            found |= dict.fromkeys(_whole(name) if name[0] in measures else name for name in ordered)
    return tuple(found)


def _place(source: str, name: str) -> int:
    place = source.find("{" + name.lower())
    return place if place >= 0 else len(source)


def _whole(name: Name) -> Name:
    """A number is one number, whichever of its parts is read."""
    head, path = name
    if path and path[-1] in CELL_PARTS:
        return head, path[:-1]
    return name


def explain_reads(
    explainer: Explainer, scope: Scope, formulas: tuple[Formula | None, ...]
) -> list[Explanation]:
    """One step for each name."""
    names = names_read(explainer.world.ground.programme.measures, formulas)
    return [step for name, path in names for step in _read(explainer, scope, name, path)]


def _read(explainer: Explainer, scope: Scope, name: str, path: Path) -> Iterator[Explanation]:
    programme = explainer.world.ground.programme
    if name in scope.rows:
        yield said("read_value", name=_written(name, path), value=_shown(scope.get(name, path)))
    elif name in programme.measures:
        yield from _numbers(explainer, scope, programme.measures[name], path)
    elif name in READINGS:
        return
    elif name in programme.parameters:
        yield _parameter(scope, name)
    elif name in programme.kinds or name == "subject":
        if path not in _NAMES:
            yield _attribute(scope, name, path)
    else:
        yield _SCOPED.get(name, _plain)(scope, name, path)


def _numbers(explainer: Explainer, scope: Scope, measure: Measure, path: Path) -> Iterator[Explanation]:
    places = scope.places(measure)
    title = named(measure.title, measure.name)
    if places is None:
        yield said("read_no_period", title=title)
    elif isinstance(places, tuple):
        yield explainer.number(measure, *places)
    elif path and isinstance(path[0], int):
        if -len(places) <= path[0] < len(places):
            yield explainer.number(measure, *places[path[0]])
        else:
            yield said("read_no_period", title=title)
    else:
        yield said("read_list", explainer.numbers(measure, places), title=title, n=len(places))


def _parameter(scope: Scope, name: str) -> Explanation:
    ground = scope.world.ground
    parameter = ground.programme.parameters[name]
    value = ground.facts.parameters.get(name)
    shown_value: Param = _shown(value)
    if isinstance(value, str) and value in parameter.options:
        shown_value = named(parameter.options[value], value)
    number = number_in(value)
    if number is not None:
        shown_value = Quantity(number, parameter.unit or _UNITS.get(parameter.type, ""))
    register = READINGS.get(parameter.reading)
    # A reading with options stands at the end of the whole explanation.
    carried = [register] if register and not register.options else []
    why = (said("read_register", key=each.key, text=each.text) for each in carried)
    return said("read_parameter", why, title=named(parameter.title, name), value=shown_value)


_UNITS = {"money": "yuan", "percent": "percent"}


def _attribute(scope: Scope, kind: str, path: Path) -> Explanation:
    ground = scope.world.ground
    subject = scope.subject
    if kind != "subject":
        subject = ground.facts.subjects.get(ground.above[subject.id].get(kind, ""), subject)
    value = _shown(scope.get(kind, path))
    return said("read_attribute", subject=subject.id, name=subject.name, attribute=_joined(path), value=value)


def _phase(scope: Scope, name: str, path: Path) -> Explanation:
    phase = scope.get("phase", ())
    if path in ((), ("name",)) or not isinstance(phase, str):
        return _plain(scope, name, path)
    return said("read_phase", phase=phase, name=_joined(path), value=_shown(scope.get(name, path)))


def _plain(scope: Scope, name: str, path: Path) -> Explanation:
    value = _shown(scope.get(name, path))
    # The number of a period is a name: 2026 and not 2,026.
    shown_value = exact_text(value) if isinstance(value, Fraction) else value
    return said("read_value", name=_written(name, path), value=shown_value)


_SCOPED: dict[str, Callable[[Scope, str, Path], Explanation]] = {"phase": _phase}


def _written(name: str, path: Path) -> str:
    return f"{name}.{_joined(path)}" if path else name


def _joined(path: Path) -> str:
    return ".".join(map(str, path))


def _shown(value: Value) -> Param:
    return tuple(map(_shown, value)) if isinstance(value, list) else value
