"""One formula of a programme: parsed, checked and compiled once, evaluated for every subject and period."""

from collections.abc import Container
from dataclasses import dataclass, field, replace

from server.forms.expressions import Names, paths_in
from server.forms.expressions.parser import Functions, Signature, parse
from server.forms.expressions.traps import check_traps
from server.forms.expressions.tree import Call, Name, Node, Path, nodes_in
from server.scoring.arithmetic.evaluation import CONDITIONAL, Evaluate, Scope, closure_of
from server.scoring.arithmetic.functions import EAGER
from server.scoring.arithmetic.values import Value

_SIGNATURES = {
    CONDITIONAL: Signature(2, 3),
    **{name: Signature(row.least, row.most) for name, row in EAGER.items()},
}
_LANGUAGE = Functions(_SIGNATURES, {})
_UNITS = {name: row.unit_at for name, row in EAGER.items() if row.unit_at is not None}

_DIFFERING = ("!=", "notcontains", "noneof")

FUNCTIONS = tuple(_SIGNATURES)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that is ready to be evaluated; it never raises, hangs or grows.

    `names` holds all that it reads, each with its path; with `shortfall` also the reading ("A3", ()).
    """

    source: str
    node: Node
    names: frozenset[tuple[str, Path]]
    _evaluate: Evaluate = field(repr=False, compare=False)

    def value(self, scope: Scope) -> Value:
        """The exact result, None where a part is missing (scoring.md law 4)."""
        return self._evaluate(scope)

    def holds(self, scope: Scope) -> bool:
        """Whether the result is true; 1 and a text are not."""
        return self._evaluate(scope) is True


def compile_formula(source: str, names: Names, facts: Container[str] = ()) -> Formula:
    """Parse, check and compile.

    Args:
        facts: names that hold a single fact, which need not say everything. What it does not say differs from
            every word: `{finding.source} != 'spot'` holds of a finding without a source.

    Raises:
        ExpressionError: with a code of `server.forms.codes`, the column and parameters.
    """
    node = parse(source, names, _LANGUAGE)
    check_traps(node, None, _UNITS)
    node = _unsaid(node, facts)
    return Formula(source, node, paths_in(node) | _readings(node), closure_of(node))


def _unsaid(node: Node, facts: Container[str]) -> Node:
    """The tree in which `{fact.word} != x` also asks whether the word is there."""
    if not isinstance(node, Call):
        return node
    operands = tuple(_unsaid(operand, facts) for operand in node.operands)
    call = replace(node, operands=operands)
    left = operands[0] if operands else None
    if node.operator in _DIFFERING and isinstance(left, Name) and left.name in facts:
        return Call("or", (Call("empty", (left,)), call), column=node.column)
    return call


def _readings(node: Node) -> frozenset[tuple[str, Path]]:
    calls = (one for one in nodes_in(node) if isinstance(one, Call) and one.is_function)
    return frozenset(
        (name, ()) for one in calls if one.operator in EAGER for name in EAGER[one.operator].reads
    )
