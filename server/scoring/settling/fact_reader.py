"""What reading any list of facts needs: the subjects, the day of settlement, problems with their pointers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property

from server.forms.suggestions import nearest
from server.scoring.arithmetic import exact_value
from server.scoring.calendar import Period
from server.scoring.exact import answered_number
from server.scoring.programmes.definition import Deduct, Duties, Programme
from server.scoring.programmes.shapes import Part
from server.scoring.reading import Findings, suggestion
from server.scoring.settling.facts import Fields, Subject


@dataclass
class FactReader:
    """The facts while they are read: subjects so far, ids that were used, problems."""

    programme: Programme
    findings: Findings
    as_of: date
    subjects: dict[str, Subject] = field(default_factory=dict)
    ids: set[tuple[str, ...]] = field(default_factory=set)
    year: int = 0

    def subject(self, part: Part) -> bool:
        """Whether the subject of a fact is listed; reported when not."""
        name = part.text("subject")
        if name and name not in self.subjects:
            hint = suggestion(name, tuple(self.subjects)) if len(self.subjects) < 500 else ""
            self.findings.add(part.at("subject"), "unlisted_subject", "error", name=name, suggestion=hint)
        return name in self.subjects

    def fresh(self, part: Part, what: str) -> None:
        """Report an id that stands twice: counting it twice would move money."""
        self.once(part, what, part.text("id"))

    def once(self, part: Part, what: str, *key: str) -> None:
        """Report a fact that stands twice."""
        if (what, *key) in self.ids:
            self.findings.add(part.pointer, "fact_twice", id=" ".join(key))
        self.ids.add((what, *key))

    @cached_property
    def sections(self) -> frozenset[str]:
        """All sections from which findings can deduct."""
        sources = (measure.source for measure in self.programme.measures.values())
        return frozenset(name for each in sources if isinstance(each, Deduct) for name in each.sections)

    @cached_property
    def duties(self) -> frozenset[str]:
        """The programme's duties and those that measures name; none where one takes whatever there is."""
        sources = [
            measure.source
            for measure in self.programme.measures.values()
            if isinstance(measure.source, Duties)
        ]
        named = frozenset(name for each in sources for name in each.duties)
        return named | self.programme.duties.keys() if all(each.duties for each in sources) else frozenset()

    def not_negative(self, part: Part, *names: str) -> None:
        """Report numbers below nothing: a loss of -5 would be a gain."""
        for name in names:
            value = figure(part, name)
            if value is not None and value < 0:
                self.findings.add(part.at(name), "fact_negative")

    def period(self, part: Part, per: str) -> Period | None:
        """The period a fact names, of the settled year or an earlier one; reported when there is none.

        Waves and visits have the names that facts give them.
        """
        name = part.text("period")
        if per in ("wave", "visit") or not name:
            return None
        year = int(name[:4]) if name[:4].isascii() and name[:4].isdecimal() else self.year
        periods = self.programme.calendar.periods(per, min(year, self.year))
        found = next((period for period in periods if period.id == name), None)
        if found is None:
            hint = nearest(name, [period.id for period in periods])
            self.findings.add(part.at("period"), "unknown_period", "error", name=name, suggestion=hint)
        return found

    def day(self, part: Part) -> date | None:
        """The date of a fact, None when it lies after the day of settlement."""
        text = part.text("date")
        if not text:
            return None
        day = date.fromisoformat(text)
        if day > self.as_of:
            self.findings.add(part.at("date"), "fact_after_as_of", date=text, as_of=self.as_of.isoformat())
        return day

    def known(self, part: Part, name: str, code: str, among: Mapping[str, object] | frozenset[str]) -> None:
        """Report by its code a name that the programme does not have."""
        value = part.text(name)
        if value and value not in among:
            hint = suggestion(value, tuple(among))
            self.findings.add(part.at(name), code, "error", name=value, suggestion=hint)


def fields_of(part: Part, name: str = "fields") -> Fields:
    return {key: exact_value(value) for key, value in part.mapping(name).items()}


def figure(part: Part, name: str, default: Fraction | None = None) -> Fraction | None:
    """An exact number; text that is none is reported."""
    value = part.values.get(name)
    return default if value is None else answered_number(value) if not isinstance(value, Fraction) else value
