"""A tree compiled to closures: no tree is walked while answers are checked.

An expression has no loops but the filter of sumInArray and its kin, which cannot hold another one; so its
cost is bounded by its length (`parser.MAX_LENGTH`) times the size of the answers, which their own checks
bound. Every operation is total; see `operations.py`.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from server.forms.expressions.conditions import is_boolean, test_of
from server.forms.expressions.dates import date_text
from server.forms.expressions.evaluation import Evaluate, closure_of
from server.forms.expressions.functions import FUNCTIONS, UNSUPPORTED
from server.forms.expressions.names import Names
from server.forms.expressions.parser import Functions, Signature, parse
from server.forms.expressions.questioning import Test
from server.forms.expressions.rows import AGGREGATES
from server.forms.expressions.traps import check_traps
from server.forms.expressions.tree import Call, Node, Value, names_in, substituted, to_json

Values = Mapping[str, object]

_FUNCTIONS = Functions(
    {name: Signature(row.least, row.most, name in AGGREGATES) for name, row in FUNCTIONS.items()},
    UNSUPPORTED,
)
_UNITS = {name: row.unit_at for name, row in FUNCTIONS.items() if row.unit_at is not None}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: what it reads, its tree, and how to evaluate it.

    `holds(values, today)` is the result as a condition. Only true is: 1 and a text are not, as in SurveyJS.
    It is a field and no method because it is called for every question of every check.
    """

    source: str
    node: Node
    names: frozenset[str]
    holds: Test
    _evaluate: Evaluate

    @classmethod
    def from_node(cls, node: Node, source: str) -> "Expression":
        """An expression from a tree; `source` is what people read."""
        return cls(source, node, names_in(node), test_of(node), closure_of(node))

    def value(self, values: Values, today: date) -> object:
        """The result as JSON would hold it: a date is ISO text, whole numbers are int."""
        return _plain(self._evaluate(values, today))

    def negated(self) -> "Expression":
        """Holds where this one does not."""
        node = self.node if is_boolean(self.node) else Call("=", (self.node, Value(True)))
        return Expression.from_node(Call("!", (node,)), f"!({self.source})")

    def without(self, names: Iterable[str]) -> "Expression":
        """The same expression where these names are missing."""
        missing: dict[str, Node] = {name: Value(None) for name in names if name in self.names}
        return Expression.from_node(substituted(self.node, missing), self.source) if missing else self

    def with_value(self, name: str, value: str | float) -> "Expression":
        """The same expression with a constant in the place of a name."""
        return Expression.from_node(substituted(self.node, {name: Value(value)}), self.source)

    def to_json(self) -> list[object]:
        """The tree for the interpreter in the page."""
        return to_json(self.node)


def _plain(result: object) -> object:
    if isinstance(result, date):
        return date_text(result)
    if isinstance(result, float) and result.is_integer() and abs(result) < 2**53:
        return int(result)
    if isinstance(result, list):
        return [_plain(item) for item in result]
    return result


def compile_expression(source: str, names: Names, certain: Container[str] | None = None) -> Expression:
    """Parse, check and compile.

    Args:
        certain: names that have a value whenever the expression is evaluated. Comparisons that hold while
            both sides are missing are refused; None accepts them.

    Raises:
        ExpressionError: with a code of `server.forms.codes`, the column and parameters.
    """
    node = parse(source, names, _FUNCTIONS)
    check_traps(node, certain, _UNITS)
    return Expression.from_node(node, source)
