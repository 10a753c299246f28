"""A small programme that is right, to be changed by tests."""

import copy
from typing import Any

Definition = dict[str, Any]

OUTLETS: Definition = {
    "title": "考核",
    "parameters": [{"name": "price", "type": "money", "default": "200"}],
    "subjects": [{"name": "outlet", "parent": "branch"}, {"name": "branch"}, {"name": "firm"}],
    "calendar": {
        "phases": [
            {"name": "first", "from": "01-01", "to": "06-30", "values": {"target": "92"}},
            {"name": "second", "from": "07-01", "to": "12-31", "values": {"target": "93"}},
        ],
        "dates": [
            {"name": "filed", "on": "12-15", "to": "outlet"},
            {"name": "told", "after": "filed", "months": 1},
        ],
    },
    "instruments": [{"name": "visit", "kind": "visit"}],
    "measures": [
        {"name": "visits", "title": "检查", "of": "outlet", "per": "month", "scores": "visit"},
        {
            "name": "year_score",
            "title": "全年",
            "of": "outlet",
            "per": "year",
            "expression": "avg({visits})",
            "bands": [
                {"grade": "good", "min": "90", "value": "100"},
                {"grade": "poor", "min": "0", "value": "50"},
            ],
        },
        {
            "name": "phase_score",
            "title": "阶段",
            "of": "outlet",
            "per": "phase",
            "scores": {"instrument": "visit"},
        },
    ],
    "rules": [
        {
            "name": "short",
            "for": "outlet",
            "per": "phase",
            "direction": "penalty",
            "shortfall": {"target": "{phase.target}", "score": "{phase_score}", "perPoint": "{price}"},
        }
    ],
}


def changed(pointer: str, value: object, original: Definition = OUTLETS) -> Definition:
    """A programme with another value at a pointer; `-` at its end appends to a list."""
    definition = copy.deepcopy(original)
    *way, last = pointer.strip("/").split("/")
    inside: Any = definition
    for name in way:
        inside = inside[int(name) if isinstance(inside, list) else name]
    if last == "-":
        inside.append(value)
    elif isinstance(inside, list):
        inside[int(last)] = value
    else:
        inside[last] = value
    return definition


def measure(name: str = "extra", of: str = "outlet", per: str = "year", **source: Any) -> Definition:
    """A measure with a title."""
    return {"name": name, "title": "指标", "of": of, "per": per, **source}


def rule(**properties: Any) -> Definition:
    """A rule that does something."""
    return {"name": "extra", "for": "outlet", "per": "year", "actions": ["notify"], **properties}
