"""The tree an expression is parsed to, and its JSON for the interpreter in the page.

Each node is an array in JSON, operator first: `["=", ["name", "q1", []], ["value", 3]]`. Names are already
resolved against the form, so neither interpreter has to search for them.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Value:
    """A constant: text, number, true, false or null."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A value of the form: `{name}`, with the path behind it (`{m.row}`, `{p[0].x}`)."""

    name: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """An array: `[1, {a}, 'x']`."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function with its operands. Operators have one spelling (`=`, `and`, `contains`)."""

    operator: str
    operands: tuple["Node", ...]
    is_function: bool = False


Node: TypeAlias = Value | Name | Items | Call


def to_json(node: Node) -> list[object]:
    """The node as nested arrays.

    `["value", x]`, `["name", n, path]`, `["items", …]`, `["call", function, …]`, `[operator, …]`.
    """
    match node:
        case Value(value):
            return ["value", value]
        case Name(name, path):
            return ["name", name, list(path)]
        case Items(items):
            return ["items", *map(to_json, items)]
        case Call(operator, operands, is_function):
            head = ["call", operator] if is_function else [operator]
            return [*head, *map(to_json, operands)]


def names_in(node: Node) -> frozenset[str]:
    """All names that the node reads."""
    match node:
        case Value():
            return frozenset()
        case Name(name):
            return frozenset((name,))
        case Items(items):
            return frozenset().union(*map(names_in, items))
        case Call(operands=operands):
            return frozenset().union(*map(names_in, operands))
