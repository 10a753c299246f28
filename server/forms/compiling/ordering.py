"""The order in which answers are decided: each value after the values it depends on."""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from server.forms.expressions import Expression, paths_in
from server.forms.form import Calculated, Question
from server.forms.problems import Report


def in_dependency_order(
    report: Report, steps: Iterable[Question | Calculated], word: str = ""
) -> tuple[Question | Calculated, ...]:
    """The steps, reordered. A cycle (a question that decides over itself) is reported and gives ().

    Args:
        word: inside a group the steps are read as `{word.name}`.
    """
    by_name = {step.name: step for step in steps}
    spelling = {name.lower(): name for name in by_name}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for step in by_name.values():
        needed = _inner_needs(step, word, spelling) if word else names_needed(step)
        sorter.add(step.name, *(name for name in sorted(needed) if name in by_name))
    try:
        return tuple(by_name[name] for name in sorter.static_order())
    except CycleError as error:
        cycle: list[str] = error.args[1]
        first = by_name[cycle[0]]
        pointer = first.pointer if isinstance(first, Question) else ""
        report.error(pointer, "dependency_cycle", names=tuple(cycle[:10]))
        return ()


def names_needed(step: Question | Calculated) -> frozenset[str]:
    """The names that must be decided before the step."""
    parent = _parent(step)
    own = (expression.names for expression in _expressions(step))
    outer = step.outer if isinstance(step, Question) else frozenset()
    return frozenset().union(*own, parent, outer)


def _inner_needs(step: Question | Calculated, word: str, spelling: dict[str, str]) -> frozenset[str]:
    read = (
        spelling.get(str(path[0]).lower(), "")
        for expression in _expressions(step)
        for name, path in paths_in(expression.node)
        if name == word and path
    )
    return frozenset((*read, *_parent(step)))


def _parent(step: Question | Calculated) -> frozenset[str]:
    companion = step.companion if isinstance(step, Question) else None
    return frozenset((companion.parent,)) if companion else frozenset()


def _expressions(step: Question | Calculated) -> Iterator[Expression]:
    if isinstance(step, Calculated):
        yield step.expression
        return
    yield from step.conditions
    yield from (condition for _, condition in step.choice_conditions)
    yield from (one for one in (step.compute, step.default_expression) if one)
