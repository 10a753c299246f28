"""What a formula of a programme reads in vain: lists where one number is needed, grades that nobody gives.

Each would come out as null, and whoever should pay or be paid would silently be left out.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from server.forms.expressions.tree import Call, Items, Name, Node, Value, in_braces
from server.scoring.arithmetic import Formula
from server.scoring.arithmetic.evaluation import CONDITIONAL
from server.scoring.calendar import Calendar
from server.scoring.programmes.definition import Measure, Previous
from server.scoring.programmes.draft import SETTINGS, Draft, Read
from server.scoring.programmes.register import READINGS

Params: TypeAlias = dict[str, str | int]

_AGGREGATES = frozenset(("sum", "avg", "min", "max", "count"))
_OF_LISTS = frozenset(("empty", "notempty", "contains", "notcontains", "anyof", "noneof", "allof"))


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


def demanded(formula: Formula, word: str, part: str) -> frozenset[str] | None:
    """The texts of which a condition demands one (`{finding.section} = 'hall'`), None where any will do."""
    found: frozenset[str] | None = None
    pending = [formula.node]
    while pending:
        match pending.pop():
            case Call(operator="and", operands=operands, is_function=False):
                pending.extend(operands)
            case Call(operator="=", operands=(Name(name, path), Value(str() as text))):
                if (name, path) == (word, (part,)):
                    found = frozenset((text,)) if found is None else found & {text}
    return found


def _check_settings(draft: Draft, read: Read) -> None:
    for name, _ in _names_with_use(read.formula.node):
        if name.name not in draft.parameters and name.name not in READINGS:
            params: Params = {"column": name.column, "name": name.name}
            draft.findings.add(read.pointer, "expression_of_settings", "error", **params)


def _check_lists(draft: Draft, read: Read) -> None:
    for name, takes_lists in _names_with_use(read.formula.node):
        if name.name not in draft.heads:
            continue
        is_list = draft.gives_list(name.name, read.reader)
        picked = bool(name.path) and isinstance(name.path[0], int)
        params: Params = {"column": name.column, "name": in_braces(name)}
        if picked and not is_list:
            draft.findings.add(read.pointer, "expression_no_list", "error", **params)
        elif is_list and not picked and not takes_lists:
            draft.findings.add(read.pointer, "expression_reads_list", "error", **params)


def _names_with_use(node: Node) -> Iterator[tuple[Name, bool]]:
    """The names of a tree, each with whether a list may stand in its place."""
    pending = [(node, False)]
    while pending:
        one, takes_lists = pending.pop()
        match one:
            case Name():
                yield one, takes_lists
            case Items(items):
                pending.extend((item, takes_lists) for item in reversed(items))
            case Call(operator=operator, operands=operands, is_function=True) if operator == CONDITIONAL:
                condition, *branches = operands
                pending.extend((branch, takes_lists) for branch in reversed(branches))
                pending.append((condition, False))
            case Call(operator=operator, operands=operands, is_function=is_function):
                inside = operator in (_AGGREGATES if is_function else _OF_LISTS)
                pending.extend((operand, inside) for operand in reversed(operands))


def _graded(measures: Mapping[str, Measure], name: str) -> Measure:
    """The measure that gives the grade: that of an earlier period brings its own along."""
    measure = measures[name]
    for _ in measures:
        if not isinstance(measure.source, Previous) or measure.bands or measure.source.of not in measures:
            break
        measure = measures[measure.source.of]
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
