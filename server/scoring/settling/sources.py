"""Where the numbers of a measure come from: one function for each source, subject by subject."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from server.scoring.arithmetic import Formula, number_in
from server.scoring.calendar import Period
from server.scoring.exact import ONE, ZERO, total
from server.scoring.programmes import definition as language
from server.scoring.programmes.definition import Measure
from server.scoring.settling.cells import Cell
from server.scoring.settling.combining import Entry, Rounding, combined
from server.scoring.settling.facts import Duty, Finding, Line, Score, Subject
from server.scoring.settling.places import ranked
from server.scoring.settling.rolling import rolled_up
from server.scoring.settling.rows import Row
from server.scoring.settling.scopes import Scope, World

# What a source finds for one subject: a number for each period, not rounded and without a grade yet.
Found = Iterator[tuple[Period, Cell]]
# The submissions of each period, earliest first.
Entries = Iterator[tuple[Period, list[Entry]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One measure for one subject."""

    world: World
    measure: Measure
    subject: Subject

    @property
    def periods(self) -> Sequence[Period]:
        """The periods that are settled."""
        return self.world.ground.periods(self.measure.per, self.subject.id)

    def scope(self, period: Period, rows: Mapping[str, Row] | None = None) -> Scope:
        """What formulas read here."""
        return Scope(self.world, self.subject, period, self.measure.published_parts, rows or {})

    def scope_of(self, score: Score) -> Scope:
        """What formulas read of a submission."""
        return self.scope(_visit(score), {"score": self.world.rows.of_score(score)})

    def combined(self, way: str, entries: Sequence[Entry]) -> Fraction | None:
        """One number of all submissions."""
        scale = self.measure.scale if self.measure.declares_scale else None
        return combined(self.way(way), entries, self._rounding(), scale)

    def way(self, way: str) -> str:
        """How one number is made of several; reading A27 may decide it."""
        if way != "A27":
            return way
        chosen = self.world.ground.facts.policies["A27"]
        return chosen if chosen in ("last", "worst") else "waves"

    def _rounding(self) -> Rounding:
        """Whether parts are taken as published (a named policy of law 10)."""
        return Rounding(self.measure.places if self.measure.published_parts else None)


def numbers(asked: Asked) -> Found:
    """All numbers of a measure for a subject."""
    return _SOURCES[type(asked.measure.source)](asked, asked.measure.source)


def _passes(where: Formula | None, scope: Scope) -> bool:
    return where is None or where.holds(scope)


def _visit(score: Score) -> Period:
    return Period("visit", score.id, score.day, score.day, 0, score.id)


def _day(finding_id: str, day: Any) -> Period:
    return Period("finding", finding_id, day, day, 0, finding_id)


def _scores_in(asked: Asked, instruments: frozenset[str]) -> Iterator[tuple[Period, list[Score]]]:
    """The submissions of each period, by the day of the visit (law 12)."""
    ground = asked.world.ground
    mine = [each for each in ground.scores.get(asked.subject.id, ()) if each.instrument in instruments]
    per = asked.measure.per
    buckets: dict[str, list[Score]] = {}
    for score in mine:
        if per in ("visit", "wave"):
            key = score.id if per == "visit" else score.wave
        else:
            period = ground.programme.calendar.containing(per, score.day)
            key = period.id if period else ""
        buckets.setdefault(key, []).append(score)
    for period in asked.periods:
        found = buckets.get(period.id, [])
        # A visit with another instrument is no period of this measure.
        if found or per != "visit":
            yield period, found


def _scores(asked: Asked, source: language.Scores) -> Found:
    for period, entries in score_entries(asked, source):
        n = sum(entry.score.n for entry in entries)
        yield period, Cell(asked.combined(source.mean, entries), n=n)


def score_entries(asked: Asked, source: language.Scores) -> Entries:
    """The submissions that count, each with the number that is taken of it."""
    for period, scores in _scores_in(asked, source.instruments):
        entries = []
        for score in scores:
            scope = asked.scope_of(score)
            if not _passes(source.where, scope):
                continue
            value = _value_of(asked.measure, source, score, scope)
            if value is not None:
                entries.append(Entry(score, value))
        yield period, entries


def _value_of(measure: Measure, source: language.Scores, score: Score, scope: Scope) -> Fraction | None:
    if source.value is not None:
        return number_in(source.value.value(scope))
    if source.section:
        return score.sections.get(source.section)
    return score.on(measure.scale if measure.declares_scale else None)


def _lost(asked: Asked, source: language.Lost) -> Found:
    for period, entries in lost_entries(asked, source):
        yield period, Cell(asked.combined(source.mean, entries), n=len(entries))


def lost_entries(asked: Asked, source: language.Lost) -> Entries:
    """The submissions that count, each with the points it lost."""
    for period, scores in _scores_in(asked, source.instruments):
        counted = [score for score in scores if score.raw is not None and _counts(asked, source, score)]
        yield period, [Entry(score, _points_lost(asked, source, score)) for score in counted]


def _counts(asked: Asked, source: language.Lost, score: Score) -> bool:
    if source.visits is None:
        return True
    return source.visits.holds(asked.scope_of(score))


def _points_lost(asked: Asked, source: language.Lost, score: Score) -> Fraction:
    return total(points for _, points in lost_lines(asked, source, score))


def lost_lines(asked: Asked, source: language.Lost, score: Score) -> list[tuple[Line, Fraction]]:
    """The lost lines of a submission that count, each with the points it counts for."""
    world, visit = asked.world, _visit(score)
    counted = []
    row = world.rows.of_score(score) if score.lines else {}
    for line in score.lines:
        scope = asked.scope(visit, {"score": row, "line": world.rows.of_line(score, line, asked.measure.per)})
        if _passes(source.where, scope):
            counted.append((line, number_in(source.sum.value(scope)) or ZERO))
    return counted


def findings_in(asked: Asked, where: Formula | None) -> Iterator[tuple[Period, list[tuple[Finding, Scope]]]]:
    """The confirmed findings of each period that count, each with what formulas read of it."""
    ground = asked.world.ground
    mine = []
    for finding in ground.findings.get(asked.subject.id, ()):
        row = {"finding": asked.world.rows.of_finding(finding)}
        scope = asked.scope(_day(finding.id, finding.day), row)
        if _passes(where, scope):
            mine.append((finding, scope))
    for period in asked.periods:
        yield period, [(each, scope) for each, scope in mine if period.starts <= each.day <= period.ends]


def _finding_sum(asked: Asked, source: language.FindingSum) -> Found:
    for period, found in findings_in(asked, source.where):
        if source.sum is None:
            yield period, Cell(Fraction(len(found)), n=len(found))
        else:
            yield period, _all_of([number_in(source.sum.value(scope)) for _, scope in found])


def _all_of(points: Sequence[Fraction | None]) -> Cell:
    """Their sum; none where a finding that counts does not say how many points it is worth."""
    known = [each for each in points if each is not None]
    if len(known) < len(points):
        return Cell(None, n=len(points), note="points_missing")
    return Cell(total(known), n=len(points))


def _deduct(asked: Asked, source: language.Deduct) -> Found:
    """A section never loses more than its own points (law 8)."""
    for period, found in findings_in(asked, source.where):
        lost = dict.fromkeys(source.sections, ZERO)
        mine = [(finding, scope) for finding, scope in found if finding.section in lost]
        points = [number_in(source.sum.value(scope)) for _, scope in mine]
        if None in points:
            yield period, Cell(None, n=len(mine), note="points_missing")
            continue
        for (finding, _), each in zip(mine, points, strict=True):
            lost[finding.section] += each or ZERO
        left = (max(ZERO, marks - lost[name]) for name, marks in source.sections.items())
        yield period, Cell(total(left), n=len(mine))


def _indicator(asked: Asked, source: language.Indicator) -> Found:
    imported = asked.world.ground.facts.indicators
    for period in asked.periods:
        value = imported.get((source.name, asked.subject.id, period.id))
        if value is None:
            value = imported.get((source.name, asked.subject.id, period.name))
        number = number_in(value)
        yield period, Cell(value if number is None else number)


def _computed(asked: Asked, source: language.Computed) -> Found:
    for period in asked.periods:
        value = source.formula.value(asked.scope(period))
        number = number_in(value)
        yield period, Cell(None if isinstance(value, list) else value if number is None else number)


def part_of(asked: Asked, name: str, period: Period) -> Fraction | None:
    """A measure as a part of the one that is asked for."""
    found = asked.scope(period).cells(asked.world.ground.programme.measures[name])
    part = "published" if asked.measure.published_parts else "raw"
    return None if isinstance(found, list) else number_in(found.part(part))


def _weighted(asked: Asked, source: language.Weighted) -> Found:
    """A missing part leaves the whole without a score, or gives its weight to the rest (laws 4 and 6)."""
    weights = weights_of(asked, source)
    for period in asked.periods:
        if weights is None:
            yield period, Cell(None, note="weights_missing")
            continue
        parts = [(part_of(asked, name, period), weight) for name, weight in weights]
        present = [(value, weight) for value, weight in parts if value is not None]
        held = total(weight for _, weight in present)
        if not held or (len(present) < len(parts) and not source.renormalise):
            yield period, Cell(None, n=len(present))
            continue
        share = ONE if len(present) == len(parts) else total(weight for _, weight in parts) / held
        whole = total(value * weight for value, weight in present) * share / divisor_of(asked, source)
        yield period, Cell(whole, n=len(present))


def weights_of(asked: Asked, source: language.Weighted) -> list[tuple[str, Fraction]] | None:
    """The weights as the parameters have them; None where one is missing or they do not add up (law 15)."""
    found = [(name, asked.world.constant(weight)) for name, weight in source.parts]
    known = [(name, weight) for name, weight in found if weight is not None]
    adds_up = source.reports_remainder or total(weight for _, weight in known) == source.of
    return known if len(known) == len(found) and adds_up else None


def divisor_of(asked: Asked, source: language.Weighted) -> Fraction:
    """What the weights make whole; reading A22 may take the declared parts for all there is."""
    rescaled = asked.world.ground.facts.policies["A22"] == "rescaled"
    if source.reports_remainder and rescaled:
        return total(weight for _, weight in weights_of(asked, source) or ())
    return source.of


def _added(asked: Asked, source: language.Added) -> Found:
    for period in asked.periods:
        parts = [part_of(asked, name, period) for name in source.parts]
        present = [value for value in parts if value is not None]
        whole = total(present) if len(present) == len(parts) else None
        yield period, Cell(whole, n=len(present))


def _previous(asked: Asked, source: language.Previous) -> Found:
    calendar, cells = asked.world.ground.programme.calendar, asked.world.cells
    for period in asked.periods:
        back = number_in(source.back.value(asked.scope(period)))
        earlier = None
        if back is not None and back >= 0 and back.denominator == 1:
            earlier = calendar.earlier(period, int(back))
        cell = Cell(None) if earlier is None else cells.get(source.of, asked.subject.id, earlier.id)
        yield period, Cell(cell.raw, grade=cell.grade, value=cell.value, n=cell.n)


def _streak(asked: Asked, source: language.Streak) -> Found:
    calendar = asked.world.ground.programme.calendar
    for period in asked.periods:
        length, at = 0, period
        while source.condition.holds(asked.scope(at)):
            length += 1
            before = calendar.earlier(at)
            if before is None or length >= _LONGEST_STREAK:
                break
            at = before
        yield period, Cell(Fraction(length))


# A condition that holds of nothing (`{x} empty`) would be followed back to the year 1.
_LONGEST_STREAK = 120


def _duties(asked: Asked, source: language.Duties) -> Found:
    for period, due in duties_in(asked, source):
        done = sum(duty.done for duty in due)
        yield period, Cell(_duty_figure(source.of, done, len(due)), n=len(due))


def duties_in(asked: Asked, source: language.Duties) -> Iterator[tuple[Period, list[Duty]]]:
    """The duties of each period that count."""
    mine = []
    for duty in asked.world.ground.duties.get(asked.subject.id, ()):
        named = not source.duties or duty.duty in source.duties
        scope = asked.scope(_day(duty.duty, duty.day), {"duty": asked.world.rows.of_duty(duty)})
        if named and _passes(source.where, scope):
            mine.append(duty)
    for period in asked.periods:
        yield period, [duty for duty in mine if period.starts <= duty.day <= period.ends]


def _duty_figure(of: str, done: int, due: int) -> Fraction | None:
    if of == "rate":
        return Fraction(done, due) if due else None
    return Fraction(done if of == "done" else due)


def _deliveries(asked: Asked, source: language.Deliveries) -> Found:
    facts = asked.world.ground.facts
    through = timedelta(days=0 if facts.policies.get("A33") == "before" else 1)
    for period, day, handed_in in handed_in_by(asked, source):
        if handed_in:
            # 15 December is over at 24:00 of the 15th (reading A33).
            yield period, Cell("on_time" if handed_in[0].date() < day + through else "late")
        else:
            yield period, Cell("missing" if facts.as_of >= day + through else "open")


def handed_in_by(asked: Asked, source: language.Deliveries) -> Iterator[tuple[Period, date, list[datetime]]]:
    """The day on which something is due in each period, and when it was handed in."""
    ground = asked.world.ground
    deadlines = [
        deadline.day
        for deadline in ground.programme.calendar.deadlines(ground.facts.year)
        if deadline.name == source.date
    ]
    mine = sorted(
        (delivery.at, delivery.period)
        for delivery in ground.facts.deliveries
        if delivery.date == source.date and delivery.subject == asked.subject.id
    )
    whole_year = asked.measure.per == "year"
    for period in asked.periods:
        day = next((day for day in deadlines if whole_year or period.starts <= day <= period.ends), None)
        if day is None:
            continue
        yield (
            period,
            day,
            [
                at
                for at, named in mine
                # What was handed in says for which period; else it is the period in which it came.
                if (named == period.id if named else whole_year or period.starts <= at.date() <= period.ends)
            ],
        )


def _rank(asked: Asked, source: language.Rank) -> Found:
    for period in asked.periods:
        place, of = ranked(asked.world, asked.measure, source, asked.subject, period)
        yield period, Cell(place, n=of)


def _roll_up(asked: Asked, source: language.RollUp) -> Found:
    for period in asked.periods:
        value, n = rolled_up(asked.world, asked.measure, source, asked.subject, period)
        yield period, Cell(value, n=n)


_SOURCES: dict[type, Callable[[Asked, Any], Found]] = {
    language.Scores: _scores,
    language.Lost: _lost,
    language.FindingSum: _finding_sum,
    language.Deduct: _deduct,
    language.Indicator: _indicator,
    language.Computed: _computed,
    language.Weighted: _weighted,
    language.Added: _added,
    language.RollUp: _roll_up,
    language.Rank: _rank,
    language.Previous: _previous,
    language.Streak: _streak,
    language.Duties: _duties,
    language.Deliveries: _deliveries,
}
