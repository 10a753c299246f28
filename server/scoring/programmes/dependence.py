"""Which measures and rules depend on a parameter, a measure, a reading … of a programme, at any distance."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from server.scoring.programmes.definition import Programme
from server.scoring.programmes.shapes import Part, Shape
from server.scoring.programmes.vocabulary import MEASURE, RULE, SOURCE_SHAPES, WEIGHT

# What is depended on: a kind (parameter, measure, instrument, date, duty, phase, policies, keyItems) and
# a name.
Nodes: TypeAlias = frozenset[tuple[str, str]]

_IN_BRACES = re.compile(r"\{\s*([A-Za-z][A-Za-z0-9_]*)")
_READS_KEY = re.compile(r"\{\s*(?:line|finding)\.key\b")
# Properties of a source that name something, and what they name.
_NAMING = {
    "instrument": "instrument",
    "date": "date",
    "duty": "duty",
    "of": "measure",
    "parts": "measure",
    "measure": "measure",
}
_SOURCES = frozenset(shape.name for shape in (*SOURCE_SHAPES.values(), WEIGHT))


class Dependence:
    """The graph of one programme."""

    def __init__(self, whole: Part, programme: Programme) -> None:
        """Read who reads what."""
        parameters = {name.lower(): name for name in programme.parameters}
        measures = {name.lower(): name for name in programme.measures}
        self._names = {
            **{low: ("measure", name) for low, name in measures.items()},
            **{low: ("parameter", name) for low, name in parameters.items()},
        }
        self._measures = {
            part.text("name"): self._reads(MEASURE, part)
            | _settled_by(part, programme.measures[part.text("name")].readings)
            for part in whole.parts("measures")
        }
        readings = {rule.name: rule.readings for rule in programme.rules}
        self._rules = {
            part.text("name"): self._reads(RULE, part) | _settled_by(part, readings[part.text("name")])
            for part in whole.parts("rules")
        }

    def dependents(self, nodes: Nodes) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The measures and the rules that depend on any of these, in the order of the definition."""
        reached = set(nodes)
        growing = True
        while growing:
            found = {("measure", name) for name, reads in self._measures.items() if reads & reached}
            growing = not found <= reached
            reached |= found
        measures = tuple(name for name, reads in self._measures.items() if reads & reached)
        return measures, tuple(name for name, reads in self._rules.items() if reads & reached)

    def _reads(self, shape: Shape, part: Part) -> Nodes:
        found: set[tuple[str, str]] = set()
        for inner, kind, name, text in _texts(shape, part):
            if kind == "formula":
                words = map(str.lower, _IN_BRACES.findall(text))
                found.update(self._names.get(word, (word, "")) for word in words)
                if _READS_KEY.search(text):
                    found.add(("keyItems", ""))
            elif inner in _SOURCES and name in _NAMING:
                found.add((_NAMING[name], text))
        return frozenset(found)


def _settled_by(part: Part, readings: frozenset[str]) -> Nodes:
    """Readings that the settlement uses by itself, and phases where there is a number for each."""
    found = {("policies", key) for key in readings}
    if part.text("per") == "phase":
        found.add(("phase", ""))
    return frozenset(found)


def _texts(shape: Shape, part: Part) -> Iterator[tuple[str, str, str, str]]:
    """Every text inside: the shape it stands in, the kind and name of its property, the text."""
    known: Mapping[str, object] = part.values
    for field in shape.fields:
        value = known.get(field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Part) and field.shape is not None:
                yield from _texts(field.shape, each)
            elif isinstance(each, str):
                yield shape.name, field.kind, field.name, each
