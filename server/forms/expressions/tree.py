"""The tree an expression is parsed to, and its JSON for the interpreter in the page.

Each node is an array in JSON, operator first: `["=", ["name", "q1", []], ["value", 3]]`. Names are already
resolved against the form, so neither interpreter has to search for them. `column` is where a node stands in
its source; it is for messages and makes no difference between two nodes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

# The name under which a filter (`sumInArray({p}, 'x', {y} > 1)`) reads the row it judges. No form can use it.
ROW = "[]"
DISPLAY_FUNCTION = "displayValue"

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A constant: text, number, true, false or null."""

    value: str | float | bool | None
    column: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A value of the form: `{name}`, with the path behind it (`{m.row}`, `{p[0].x}`, `{p[-1].x}`)."""

    name: str
    path: Path = ()
    column: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Items:
    """An array: `[1, {a}, 'x']`."""

    items: tuple["Node", ...]
    column: int = field(default=1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function with its operands. Operators have one spelling (`=`, `and`, `contains`)."""

    operator: str
    operands: tuple["Node", ...]
    is_function: bool = False
    column: int = field(default=1, compare=False, repr=False)


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


def in_braces(name: Name) -> str:
    """A name as it stands in an expression; that of a row in a filter without the word for the row."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in name.path)
    return "{" + (path.lstrip(".") if name.name == ROW else name.name + path) + "}"


def nodes_in(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, from left to right."""
    pending: list[Node] = [node]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(reversed(children_of(one)))


def children_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Items(items):
            return items
        case Call(operands=operands):
            return operands
        case _:
            return ()


def paths_in(node: Node) -> frozenset[tuple[str, Path]]:
    """All names that the node reads, each with the path behind it."""
    found = set()
    for one in nodes_in(node):
        if isinstance(one, Name) and one.name != ROW:
            found.add((one.name, one.path))
        elif isinstance(one, Call) and one.operator == DISPLAY_FUNCTION:
            found.add((displayed_name(one), ()))
    return frozenset(found)


def names_in(node: Node) -> frozenset[str]:
    """All names that the node reads."""
    return frozenset(name for name, _ in paths_in(node))


def displayed_name(call: Call) -> str:
    """The question that `displayValue('question')` shows."""
    named = call.operands[0] if call.operands else None
    return named.value if isinstance(named, Value) and isinstance(named.value, str) else ""


def substituted(node: Node, replacements: Mapping[str, Node]) -> Node:
    """The node with other nodes in the place of names. What stood behind a name (`{m.row}`) goes with it."""
    match node:
        case Value():
            return node
        case Name(name):
            return replacements.get(name, node)
        case Items(items, column):
            return Items(tuple(substituted(item, replacements) for item in items), column)
        case Call(operator=operator) if operator == DISPLAY_FUNCTION and displayed_name(node) in replacements:
            return replacements[displayed_name(node)]
        case Call(operator, operands, is_function, column):
            inner = tuple(substituted(one, replacements) for one in operands)
            return Call(operator, inner, is_function, column)
