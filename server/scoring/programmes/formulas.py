"""What a formula of a programme reads in vain: lists where one number is needed, grades that nobody gives.

Each would come out as null, and whoever should pay or be paid would silently be left out.
"""

from collections.abc import Callable, Iterator, Mapping

from server.forms.expressions.tree import Call, Items, Name, Node, children_of, in_braces
from server.scoring.arithmetic import Formula
from server.scoring.calendar import Calendar
from server.scoring.programmes.definition import Measure, Previous
from server.scoring.programmes.draft import SETTINGS, Draft, Read
from server.scoring.programmes.register import READINGS

_AGGREGATES = frozenset(("sum", "avg", "min", "max", "count"))
_OF_LISTS = frozenset(("empty", "notempty", "contains", "notcontains", "anyof", "noneof", "allof"))
_CONDITIONAL = "iif"


def check_formulas(draft: Draft, measures: Mapping[str, Measure], calendar: Calendar) -> None:
    """Report what formulas read that is not there."""
    lacking = {
        name: ", ".join(phase.name for phase in calendar.phases if name not in phase.values)
        for name in draft.phase_values
    }
    for read in draft.formulas:
        if read.reader == SETTINGS:
            _check_settings(draft, read)
            continue
        _check_lists(draft, read)
        for name, path in sorted(read.formula.names, key=str):
            part = str(path[-1]) if path else ""
            if name in measures and part in _GRADED:
                _GRADED[part](draft, read.pointer, _graded(measures, name), name)
            if name == "phase" and not calendar.phases:
                draft.findings.add(read.pointer, "phases_missing")
            elif name == "phase" and lacking.get(part):
                params = {"name": part, "phases": lacking[part]}
                draft.findings.add(read.pointer, "phase_value_missing", "warning", **params)


def reads_value(formula: Formula) -> Iterator[str]:
    """The measures whose band's value a formula reads."""
    return (name for name, path in formula.names if path and path[-1] == "value")


def _check_settings(draft: Draft, read: Read) -> None:
    for name in sorted({name for name, _ in read.formula.names}):
        if name not in draft.parameters and name not in READINGS:
            draft.findings.add(read.pointer, "expression_of_settings", name=name)


def _check_lists(draft: Draft, read: Read) -> None:
    for name in _bare_names(read.formula.node):
        if name.name not in draft.heads:
            continue
        is_list = draft.gives_list(name.name, read.reader)
        picked = bool(name.path) and isinstance(name.path[0], int)
        if picked and not is_list:
            draft.findings.add(read.pointer, "expression_no_list", name=in_braces(name))
    for name in _bare_names(read.formula.node, within_aggregates=False):
        picked = bool(name.path) and isinstance(name.path[0], int)
        if name.name in draft.heads and not picked and draft.gives_list(name.name, read.reader):
            draft.findings.add(read.pointer, "expression_reads_list", name=in_braces(name))


def _bare_names(node: Node, *, within_aggregates: bool = True) -> Iterator[Name]:
    """The names of a tree; on request without those that an aggregate or a test of lists takes."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, Name):
            yield one
        elif within_aggregates or not _takes_lists(one):
            pending.extend(children_of(one))
        else:
            pending.extend(each for each in children_of(one) if not isinstance(each, Name | Items))


def _takes_lists(node: Node) -> bool:
    if not isinstance(node, Call):
        return False
    return node.operator in (_AGGREGATES if node.is_function else _OF_LISTS)


def _graded(measures: Mapping[str, Measure], name: str) -> Measure:
    """The measure that gives the grade: an earlier period's brings its own along."""
    measure = measures[name]
    while isinstance(measure.source, Previous) and not measure.bands and measure.source.of in measures:
        measure = measures[measure.source.of]
        if measure.name == name:
            break
    return measure


def _check_grade(draft: Draft, pointer: str, measure: Measure, name: str) -> None:
    if not measure.bands:
        draft.findings.add(pointer, "measure_without_bands", measure=name)


def _check_value(draft: Draft, pointer: str, measure: Measure, name: str) -> None:
    if not measure.bands:
        draft.findings.add(pointer, "measure_without_bands", measure=name)
    elif all(band.value is None for band in measure.bands):
        draft.findings.add(pointer, "measure_without_values", measure=name)


_GRADED: Mapping[str, Callable[[Draft, str, Measure, str], None]] = {
    "grade": _check_grade,
    "value": _check_value,
}
