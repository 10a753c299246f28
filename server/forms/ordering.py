"""The order in which answers are decided: each value after the values it depends on."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from server.forms.form import Calculated, Question
from server.forms.problems import Report


def in_dependency_order(
    report: Report, steps: Iterable[Question | Calculated]
) -> tuple[Question | Calculated, ...]:
    """The steps, reordered. A cycle (a question that decides over itself) is reported and gives ()."""
    by_name = {step.name: step for step in steps}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for step in by_name.values():
        sorter.add(step.name, *(name for name in sorted(_needs(step)) if name in by_name))
    try:
        return tuple(by_name[name] for name in sorter.static_order())
    except CycleError as error:
        cycle: list[str] = error.args[1]
        first = by_name[cycle[0]]
        pointer = first.pointer if isinstance(first, Question) else ""
        report.error(pointer, "dependency_cycle", names=tuple(cycle[:10]))
        return ()


def _needs(step: Question | Calculated) -> frozenset[str]:
    if isinstance(step, Calculated):
        return step.expression.names
    if step.companion:
        return frozenset((step.companion.parent,))
    expressions = [*step.conditions, *(condition for _, condition in step.choice_conditions)]
    if step.compute:
        expressions.append(step.compute)
    return frozenset().union(*(expression.names for expression in expressions))
