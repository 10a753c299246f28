"""A scope from a map: what stands behind a path has the path's text as its key (`m.grade`, `m[-1]`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from server.forms.expressions import Names
from server.forms.expressions.tree import Path
from server.scoring.arithmetic import Formula, Value, compile_formula

NAMES = Names(
    ("score", "target", "text", "code", "items", "missing", "yes", "m", "visited", "empty_list", "A3")
)
VALUES: Mapping[str, Value] = {
    "score": Fraction("90.5"),
    "target": Fraction(92),
    "text": "12.5",
    "code": "LOB-08",
    "items": ["LOB-08", None, [Fraction(3), "4.5", True], "note"],
    "yes": True,
    "m": [Fraction(1), None, Fraction(2)],
    "m.grade": "优",
    "m[-1]": Fraction(2),
    "visited": "2026-04-30",
    "empty_list": [],
}


@dataclass
class Facts:
    """The values, and what was asked of them."""

    values: Mapping[str, Value] = field(default_factory=lambda: VALUES)
    asked: list[str] = field(default_factory=list)

    def get(self, name: str, path: Path, /) -> Value:
        behind = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        self.asked.append(name + behind)
        return self.values.get(name + behind)


def formula(source: str) -> Formula:
    return compile_formula(source, NAMES)


def value_of(source: str, **values: Value) -> Value:
    return formula(source).value(Facts({**VALUES, **values}))
