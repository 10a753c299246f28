"""Imported numbers: each must be one that the programme reads, of a subject and a period it has."""

from collections.abc import Collection, Mapping
from functools import cached_property

from server.forms.suggestions import nearest
from server.scoring.programmes.definition import Indicator, Measure, Programme
from server.scoring.programmes.shapes import Part
from server.scoring.reading import Findings

# Waves and visits have the names that facts give them.
_NAMED_BY_FACTS = ("wave", "visit")


class Imports:
    """The indicators of one programme in one scheme year."""

    def __init__(self, programme: Programme, year: int, findings: Findings) -> None:
        """Problems go to the findings."""
        self._programme = programme
        self._year = year
        self._findings = findings

    def check(self, part: Part, kind: str) -> None:
        """Report a number that nothing would read: a slip in its name would be a missing score."""
        name, period = part.text("name"), part.text("period")
        readers = self._readers.get(name, [])
        mine = [measure for measure in readers if measure.of == kind]
        if not readers:
            self._unknown(part, "name", "unknown_indicator", name, self._readers)
        elif not mine:
            expected = ", ".join(sorted({measure.of for measure in readers}))
            params = {"name": name, "kind": kind, "expected": expected}
            self._findings.add(part.at("subject"), "indicator_other_kind", "error", **params)
        elif not any(measure.per in _NAMED_BY_FACTS for measure in mine):
            known = [each for measure in mine for each in self._periods(measure.per)]
            if period not in known:
                self._unknown(part, "period", "unknown_period", period, known)

    def _unknown(self, part: Part, field: str, code: str, name: str, among: Collection[str]) -> None:
        self._findings.add(part.at(field), code, "error", name=name, suggestion=nearest(name, among))

    @cached_property
    def _readers(self) -> Mapping[str, list[Measure]]:
        found: dict[str, list[Measure]] = {}
        for measure in self._programme.measures.values():
            if isinstance(measure.source, Indicator):
                found.setdefault(measure.source.name, []).append(measure)
        return found

    def _periods(self, per: str) -> list[str]:
        periods = self._programme.calendar.periods(per, self._year)
        return [name for period in periods for name in dict.fromkeys((period.id, period.name))]
