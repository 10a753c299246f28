"""The steps behind a number: what it was made of, corrections, limits, rounding, grade."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from server.scoring.arithmetic import Formula, number_in
from server.scoring.calendar import Period
from server.scoring.exact import rounded
from server.scoring.programmes import definition as language
from server.scoring.programmes.definition import Measure
from server.scoring.programmes.register import READINGS
from server.scoring.settling.cells import Cell
from server.scoring.settling.explaining.composites import (
    explain_added,
    explain_computed,
    explain_previous,
    explain_rank,
    explain_roll_up,
    explain_streak,
    explain_weighted,
)
from server.scoring.settling.explaining.explainer import Explainer, unit_of
from server.scoring.settling.explaining.findings import (
    explain_deduct,
    explain_delivery,
    explain_duties,
    explain_findings,
    explain_indicator,
)
from server.scoring.settling.explaining.reads import explain_reads
from server.scoring.settling.explaining.tree import Explanation, Param, Quantity, Word, listed, named, said
from server.scoring.settling.explaining.visits import explain_lost, explain_scores
from server.scoring.settling.numbers import Edge, edges
from server.scoring.settling.scopes import Place, Scope, World
from server.scoring.settling.sources import Asked, numbers

# A number within a number within a number: nobody reads further down, and they can be asked for themselves.
MOST_DEPTH = 8
# Up to so many numbers of one list are explained within it; of more only their values are given.
_FEW = 5


@dataclass
class Numbers:
    """Explains the numbers of one settlement, each once; what stands above is only referred to."""

    world: World
    depth: int = 0
    explained: set[tuple[str, str, str]] = field(default_factory=set)

    def number(self, measure: Measure, subject: str, period: Period) -> Explanation:
        """As `Explainer.number`."""
        head = self._head(measure, subject, period)
        key = (measure.name, subject, period.id)
        if key in self.explained:
            return Explanation("number_seen", {"value": None, **head.params})
        if self.depth >= MOST_DEPTH:
            return head
        self.explained.add(key)
        self.depth += 1
        parts = tuple(self._steps(measure, subject, period))
        self.depth -= 1
        return Explanation(head.code, head.params, parts)

    def numbers(self, measure: Measure, places: Sequence[Place]) -> tuple[Explanation, ...]:
        """As `Explainer.numbers`."""
        if len(places) <= _FEW:
            return tuple(self.number(measure, *place) for place in places)
        return listed(self._head(measure, *place) for place in places)

    def reads(self, scope: Scope, *formulas: Formula | None) -> tuple[Explanation, ...]:
        """As `Explainer.reads`."""
        return tuple(explain_reads(self, scope, formulas))

    def _head(self, measure: Measure, subject: str, period: Period) -> Explanation:
        cell = self.world.cells.get(measure.name, subject, period.id)
        params: dict[str, Param] = {
            "title": named(measure.title, measure.name),
            "subject": subject,
            "name": self.world.ground.facts.subjects[subject].name,
            "period": period,
        }
        if cell.published is None:
            return Explanation("number_none", params)
        params["value"] = _published(measure, cell.published)
        if cell.grade is None:
            return Explanation("number", params)
        return Explanation("number_graded", {**params, "grade": cell.grade})

    def _steps(self, measure: Measure, subject_id: str, period: Period) -> Iterator[Explanation]:
        facts = self.world.ground.facts
        asked = Asked(self.world, measure, facts.subjects[subject_id])
        made = next((cell for each, cell in numbers(asked) if each.id == period.id), None)
        key = (measure.name, subject_id, period.id)
        past = next(
            (each for each in facts.history if (each.measure, each.subject, each.period) == key), None
        )
        if past is not None and (made is None or made.raw is None):
            yield said("from_file", source=past.source) if past.source else said("from_history")
            return
        if made is None:
            yield said("not_settled")
            return
        yield _SOURCES[type(measure.source)](self, asked, measure.source, period, made)
        cell = self.world.cells.get(measure.name, subject_id, period.id)
        yield from _Finishing(self, asked, period, made, cell).steps()


def _published(measure: Measure, value: Decimal | str) -> Param:
    return Word(value) if isinstance(value, str) else Quantity(value, unit_of(measure))


@dataclass(frozen=True, slots=True)
class _Finishing:
    """From the number of the source to the published one, in the order of `settling.numbers`."""

    explainer: Explainer
    asked: Asked
    period: Period
    made: Cell
    cell: Cell

    @property
    def measure(self) -> Measure:
        return self.asked.measure

    def steps(self) -> Iterator[Explanation]:
        number = self.made.raw if isinstance(self.made.raw, Fraction) else None
        if number is not None:
            yield from self._corrected(number)
        yield from self._refused()
        yield from self._rounded()
        yield from self._graded()

    def _quantity(self, value: Fraction | Decimal) -> Quantity:
        return Quantity(value, unit_of(self.measure))

    def _corrected(self, number: Fraction) -> Iterator[Explanation]:
        mine = (self.measure.name, self.asked.subject.id, self.period.id)
        for each in self.asked.world.ground.facts.adjustments:
            if (each.measure, each.subject, each.period) == mine:
                code = "adjusted_down" if each.amount < 0 else "adjusted_up"
                yield said(code, by=each.by, amount=self._quantity(abs(each.amount)), reason=each.reason)
                number += each.amount
        floor, cap = self.measure.floor, self.measure.cap
        if floor is not None and number < floor:
            yield said("number_floored", number=self._quantity(number), floor=self._quantity(floor))
            number = floor
        if cap is not None and number > cap:
            yield said("number_capped", number=self._quantity(number), cap=self._quantity(cap))

    def _refused(self) -> Iterator[Explanation]:
        scope = self.asked.scope(self.period)
        if self.cell.note == "not_eligible" and self.measure.eligible is not None:
            reads = self.explainer.reads(scope, self.measure.eligible)
            yield said("not_eligible", reads, expression=self.measure.eligible.source)
        if self.cell.note == "points_missing":
            yield said("points_missing")
        if self.cell.note == "too_few" and self.measure.minimum is not None:
            least = number_in(self.measure.minimum.value(scope)) or Fraction(0)
            reads = self.explainer.reads(scope, self.measure.minimum)
            yield said("too_few", reads, n=self.made.n or 0, least=least)

    def _rounded(self) -> Iterator[Explanation]:
        raw, published = self.cell.raw, self.cell.published
        if isinstance(raw, Fraction) and isinstance(published, Decimal) and raw != Fraction(published):
            places = self.measure.places
            params = {"raw": self._quantity(raw), "value": self._quantity(published)}
            yield said("rounded", places=places, **params) if places else said("rounded_whole", **params)

    def _graded(self) -> Iterator[Explanation]:
        grade = self.cell.grade
        if grade is None:
            return
        scope = self.asked.scope(self.period)
        ladder = edges(self.asked.world, self.measure)
        place = next((place for place, edge in enumerate(ladder) if edge.grade == grade), None)
        forced = next((each for each in self.measure.forced if each.when.holds(scope)), None)
        if forced is not None and forced.grade == grade:
            reads = self.explainer.reads(scope, forced.when)
            yield said("grade_forced", reads, grade=grade, expression=forced.when.source)
        elif place is not None:
            yield self._band(ladder, place)
        value = None if place is None else ladder[place].value
        if value is not None:
            yield said("grade_value", grade=grade, value=value)

    def _band(self, ladder: Sequence[Edge], place: int) -> Explanation:
        edge, lowest = ladder[place], place == len(ladder) - 1
        upper = self.asked.world.ground.facts.policies.get("A1") == "upper"
        above = ladder[place - 1].minimum if place else None
        params: dict[str, Param] = {
            "grade": edge.grade,
            "value": self._quantity(self._judged()),
            "minimum": self._quantity(edge.minimum),
        }
        if lowest and above is not None:
            code = "band_lowest_upper" if upper else "band_lowest"
            return Explanation(code, {**params, "above": self._quantity(above)})
        if above is None:
            return Explanation("band_top_upper" if upper and not lowest else "band_top", params)
        return Explanation("band_upper" if upper else "band", {**params, "above": self._quantity(above)})

    def _judged(self) -> Fraction | Decimal:
        raw = self.cell.raw if isinstance(self.cell.raw, Fraction) else Fraction(0)
        if self.measure.grade_on == "raw":
            return raw
        whole = self.measure.grade_on == "whole"
        return rounded(raw, 0 if whole else self.measure.places) or raw


def readings_used(readings: Mapping[str, str]) -> Iterator[Explanation]:
    """The reading of each ambiguous clause that was used, and what the others would have been."""
    for key, value in sorted(readings.items(), key=lambda item: int(item[0].removeprefix("A"))):
        reading = READINGS[key]
        chosen = next(
            (option.title for option in reading.options if option.value == value), {"default": value}
        )
        others = tuple(option.title for option in reading.options if option.value != value)
        yield said("reading", key=key, text=reading.text, chosen=chosen, others=others)


_SOURCES: dict[type, Callable[[Explainer, Asked, Any, Period, Cell], Explanation]] = {
    language.Scores: explain_scores,
    language.Lost: explain_lost,
    language.FindingSum: explain_findings,
    language.Deduct: explain_deduct,
    language.Indicator: explain_indicator,
    language.Computed: explain_computed,
    language.Weighted: explain_weighted,
    language.Added: explain_added,
    language.RollUp: explain_roll_up,
    language.Rank: explain_rank,
    language.Previous: explain_previous,
    language.Streak: explain_streak,
    language.Duties: explain_duties,
    language.Deliveries: explain_delivery,
}
