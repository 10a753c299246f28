"""The facts, arranged for reading: who stands above whom, which periods there are, what fell into each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol, TypeVar

from server.scoring.calendar import PERIODS, Period
from server.scoring.programmes.definition import Programme
from server.scoring.programmes.vocabulary import VISITED
from server.scoring.settling.facts import OF_ORDERS, Duty, Facts, Finding, Line, Score, Subject
from server.scoring.settling.repeats import Occasion, occurrences


class Dated(Protocol):
    """A fact of a subject and a day."""

    @property
    def subject(self) -> str:
        """Its subject's id."""

    @property
    def day(self) -> date:
        """The day that decides its period."""


_Fact = TypeVar("_Fact", bound=Dated)


@dataclass(frozen=True)
class Ground:
    """A programme and its facts, with what is looked up again and again made once."""

    programme: Programme
    facts: Facts

    @cached_property
    def above(self) -> Mapping[str, Mapping[str, str]]:
        """Subject -> kind -> its ancestor of that kind; itself under its own kind."""
        found: dict[str, dict[str, str]] = {}
        for subject in self.facts.subjects.values():
            line, at = {}, subject
            while True:
                line[at.kind] = at.id
                if not at.parent:
                    break
                at = self.facts.subjects[at.parent]
            found[subject.id] = line
        return found

    @cached_property
    def below(self) -> Mapping[tuple[str, str], Sequence[str]]:
        """(subject, kind) -> its descendants of that kind, in the order of the facts."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for subject in self.facts.subjects.values():
            for kind, ancestor in self.above[subject.id].items():
                if kind != subject.kind:
                    found[ancestor, subject.kind].append(subject.id)
        return found

    @cached_property
    def of_kind(self) -> Mapping[str, Sequence[Subject]]:
        """Subjects by kind, in the order of the facts."""
        found: dict[str, list[Subject]] = defaultdict(list)
        for subject in self.facts.subjects.values():
            found[subject.kind].append(subject)
        return found

    @cached_property
    def scores(self) -> Mapping[str, Sequence[Score]]:
        """Scores by subject, earliest first."""
        return _by_subject(self.facts.scores)

    @cached_property
    def findings(self) -> Mapping[str, Sequence[Finding]]:
        """Confirmed findings by subject, earliest first."""
        return _by_subject(self.facts.findings)

    @cached_property
    def duties(self) -> Mapping[str, Sequence[Duty]]:
        """Duties by subject, earliest first."""
        return _by_subject(self.facts.duties)

    @cached_property
    def year(self) -> Period:
        """The scheme year that is settled."""
        return self.programme.calendar.periods("year", self.facts.year)[0]

    @cached_property
    def visits(self) -> Mapping[str, Sequence[Period]]:
        """The visits of the scheme year as periods of their own, by subject."""
        return {
            subject: [Period("visit", score.id, score.day, score.day, 0, score.id) for score in scores]
            for subject, scores in self._scores_of_year.items()
        }

    @cached_property
    def _scores_of_year(self) -> Mapping[str, Sequence[Score]]:
        first, last = self.year.starts, self.year.ends
        return {
            subject: [score for score in scores if first <= score.day <= last]
            for subject, scores in self.scores.items()
        }

    @cached_property
    def waves(self) -> Sequence[Period]:
        """The waves that ended in the scheme year, in that order; a wave's last visit ends it unless said."""
        days: dict[str, list[date]] = {name: [day] for name, day in self.facts.wave_ends.items()}
        firsts: dict[str, date] = {}
        for score in self.facts.scores:
            if score.wave:
                firsts[score.wave] = min(score.day, firsts.get(score.wave, score.day))
                if score.wave not in self.facts.wave_ends:
                    days.setdefault(score.wave, []).append(score.day)
        ends = {name: max(all_days) for name, all_days in days.items()}
        rows = sorted((day, name) for name, day in ends.items() if self.year.starts <= day <= self.year.ends)
        return [
            Period("wave", name, min(firsts.get(name, day), day), day, place, name)
            for place, (day, name) in enumerate(rows, start=1)
        ]

    @cached_property
    def _wave_named(self) -> Mapping[str, Period]:
        return {wave.id: wave for wave in self.waves}

    @cached_property
    def score_with(self) -> Mapping[str, Score]:
        """Scores by id."""
        return {score.id: score for score in self.facts.scores}

    def periods(self, kind: str, subject: str) -> Sequence[Period]:
        """The periods of a kind that began by the day of settlement, and in which the subject was there."""
        if kind == "visit":
            return self.visits.get(subject, ())
        periods = self.waves if kind == "wave" else self._begun.get(kind, ())
        of = self.facts.subjects.get(subject)
        if of is None or (of.starts == date.min and of.ends == date.max):
            return periods
        return [period for period in periods if of.overlaps(period.starts, period.ends)]

    @cached_property
    def _begun(self) -> Mapping[str, Sequence[Period]]:
        calendar, as_of = self.programme.calendar, self.facts.as_of
        return {
            kind: [period for period in calendar.periods(kind, self.facts.year) if period.starts <= as_of]
            for kind in PERIODS
        }

    def around(self, period: Period, kind: str) -> Period | None:
        """The period of a coarser kind that contains this one."""
        if kind == "wave":
            score = self.score_with.get(period.id) if period.kind == "visit" else None
            return self._wave_named.get(score.wave) if score else None
        return self.programme.calendar.within(period, kind)

    def inside(self, period: Period, kind: str, subject: str) -> Sequence[Period]:
        """The periods of a finer kind within this one, earliest first."""
        if kind != "visit":
            return self._inner(period, kind)
        visits = self.visits.get(subject, ())
        if period.kind == "wave":
            return [visit for visit in visits if self.score_with[visit.id].wave == period.id]
        return [visit for visit in visits if period.starts <= visit.starts <= period.ends]

    def _inner(self, period: Period, kind: str) -> Sequence[Period]:
        key = (period.kind, period.id, kind)
        if key not in self._inner_of:
            self._inner_of[key] = [
                inner
                for inner in self.periods(kind, "")
                if self.programme.calendar.within(inner, period.kind) == period
            ]
        return self._inner_of[key]

    @cached_property
    def _inner_of(self) -> dict[tuple[str, str, str], Sequence[Period]]:
        return {}

    def line_occurrence(self, score: Score, line: Line) -> int:
        """How often the item of a lost line has been failed by now; 1 is the first time."""
        return self._line_occurrences.get((score.id, line.identity), 1)

    def is_lost_elsewhere(self, score: Score, line: Line, per: str) -> bool:
        """Whether another instrument found the same fault in the same period (reading A35: charged once)."""
        if per not in self._lost_by:
            self._lost_by[per] = self._losses(per)
        found = self._lost_by[per].get((score.subject, self._period_of(score, per), line.identity), set())
        return len(found) > 1

    def _losses(self, per: str) -> Mapping[tuple[str, str, str], set[str]]:
        found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for score in self.facts.scores:
            period = self._period_of(score, per)
            for fault in score.faults:
                found[score.subject, period, fault].add(score.instrument)
        return found

    def _period_of(self, score: Score, per: str) -> str:
        if per == "wave":
            return score.wave
        # Two instruments never share a visit; what they find of one day is one fault.
        period = None if per == "visit" else self.programme.calendar.containing(per, score.day)
        return score.day.isoformat() if period is None else period.id

    @cached_property
    def _lost_by(self) -> dict[str, Mapping[tuple[str, str, str], set[str]]]:
        return {}

    def finding_occurrence(self, finding: Finding) -> int:
        """How often the fault of a finding has been found by now; 1 is the first time."""
        return self._finding_occurrences.get((finding.id, finding.identity), 1)

    @cached_property
    def _line_occurrences(self) -> Mapping[tuple[str, str], int]:
        return self._counted(
            [Occasion(score.id, score.day, score.faults) for score in chain]
            for scores in self.scores.values()
            for chain in self._chains(scores)
        )

    def _chains(self, scores: Sequence[Score]) -> Iterable[Sequence[Score]]:
        """What is looked at on the spot is one chain of visits; a survey between two is none of it."""
        chains: dict[str, list[Score]] = {}
        for score in scores:
            chains.setdefault(self.chain_of(score), []).append(score)
        return chains.values()

    def chain_of(self, score: Score) -> str:
        """Only submissions of one chain repeat each other's faults."""
        kind = self.programme.instruments.get(score.instrument, "")
        return "visit" if kind in VISITED else kind

    @cached_property
    def _finding_occurrences(self) -> Mapping[tuple[str, str], int]:
        return self._counted(
            [Occasion(finding.id, finding.day, frozenset((finding.identity,))) for finding in chain]
            for findings in self.findings.values()
            for chain in _apart(findings)
        )

    def _counted(self, by_subject: Iterable[Sequence[Occasion]]) -> Mapping[tuple[str, str], int]:
        window, year_of = self.facts.policies.get("A7", "scheme_year"), self.programme.calendar.year_of
        found: dict[tuple[str, str], int] = {}
        for occasions in by_subject:
            found.update(occurrences(occasions, window, year_of))
        return found


def _apart(findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
    """An order that was late is no occasion on which the fault could have been seen again."""
    for of_orders in (False, True):
        yield [finding for finding in findings if (finding.source == OF_ORDERS) is of_orders]


def _by_subject(facts: Iterable[_Fact]) -> Mapping[str, Sequence[_Fact]]:
    found: dict[str, list[_Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda each: each.day):
        found[fact.subject].append(fact)
    return found
