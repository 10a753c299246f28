"""Numbers made of submissions: the visits that counted, the points they lost and why a fault is a repeat."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TypeVar

from server.scoring.arithmetic import Formula, number_in
from server.scoring.calendar import Period
from server.scoring.programmes import definition as language
from server.scoring.programmes.vocabulary import LOST_ON_SCALE
from server.scoring.settling.cells import Cell
from server.scoring.settling.combining import Entry
from server.scoring.settling.explaining.explainer import Explainer, unit_of
from server.scoring.settling.explaining.tree import Explanation, Quantity, listed, said
from server.scoring.settling.facts import Finding, Line, Score
from server.scoring.settling.scopes import World
from server.scoring.settling.sources import Asked, lost_entries, lost_lines, score_entries

Shown = Callable[[Entry], Explanation]
_Row = TypeVar("_Row")
_WAYS = {
    "waves": "mean_of_waves",
    "visits": "mean_of_visits",
    "pooled": "pooled",
    "sum": "sum_of_visits",
    "count": "count_of_visits",
    "first": "first_visit",
    "last": "last_visit",
    "worst": "worst_visit",
    "best": "best_visit",
}


def in_period(rows: Iterable[tuple[Period, list[_Row]]], period: Period) -> list[_Row]:
    """The rows of one period."""
    return next((found for each, found in rows if each.id == period.id), [])


def only_where(*conditions: Formula | None) -> list[Explanation]:
    """The conditions that decide what counts."""
    return [said("only_where", expression=where.source) for where in conditions if where is not None]


def explain_scores(
    explainer: Explainer, asked: Asked, source: language.Scores, period: Period, cell: Cell
) -> Explanation:
    """A number of the scores of visits, surveys, panels."""
    entries = in_period(score_entries(asked, source), period)
    conditions = only_where(source.where)

    def show(entry: Entry) -> Explanation:
        return _visit(explainer, asked, source, entry)

    return _combined(asked, source.mean, entries, cell, conditions, show)


def explain_lost(
    explainer: Explainer, asked: Asked, source: language.Lost, period: Period, cell: Cell
) -> Explanation:
    """A number of points lost."""
    entries = in_period(lost_entries(asked, source), period)
    conditions = only_where(source.visits, source.where)

    def show(entry: Entry) -> Explanation:
        lines = lost_lines(asked, source, entry.score)
        parts = [
            _line(explainer.world, source, entry.score, line, Quantity(counted, "points"))
            for line, counted in lines
        ]
        value = Quantity(entry.value, unit_of(asked.measure))
        return said("visit_lost", listed(parts), day=entry.score.day, id=entry.score.id, value=value)

    return _combined(asked, source.mean, entries, cell, conditions, show)


def _combined(
    asked: Asked, mean: str, entries: Sequence[Entry], cell: Cell, first: list[Explanation], show: Shown
) -> Explanation:
    way, unit = asked.way(mean), unit_of(asked.measure)
    if not entries and way != "count":
        return said("no_visits", first)
    number = number_in(cell.raw)
    amount = None if number is None else Quantity(number, unit)
    rounding = [said("parts_published", places=asked.measure.places)] if asked.measure.published_parts else []
    if len(entries) == 1 and way not in ("count", "pooled"):
        return said("one_visit", [*first, *map(show, entries)], result=amount)
    if way == "waves":
        waves = _by_wave(entries)
        if len(waves) > 1:
            means = listed(_wave(asked, name, each, show) for name, each in waves.items())
            return said("mean_of_waves", [*first, *rounding, *means], n=len(waves), result=amount)
        way = "visits"
    return said(_WAYS[way], [*first, *rounding, *listed(map(show, entries))], n=len(entries), result=amount)


def _by_wave(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    waves: dict[str, list[Entry]] = {}
    for entry in entries:
        waves.setdefault(entry.score.wave, []).append(entry)
    return waves


def _wave(asked: Asked, name: str, entries: Sequence[Entry], show: Shown) -> Explanation:
    mean = asked.combined("visits", entries)
    result = None if mean is None else Quantity(mean, unit_of(asked.measure))
    parts = listed(map(show, entries))
    if len(entries) == 1:
        return said("wave_of_one", parts, wave=name, result=result)
    return said("wave", parts, wave=name, n=len(entries), result=result)


def _visit(explainer: Explainer, asked: Asked, source: language.Scores, entry: Entry) -> Explanation:
    score, value = entry.score, Quantity(entry.value, unit_of(asked.measure))
    answers = [said("answers", n=score.n)] if score.n > 1 else []
    if source.value is not None:
        reads = explainer.reads(asked.scope_of(score), source.value)
        return said(
            "visit_by",
            [*reads, *answers],
            day=score.day,
            id=score.id,
            value=value,
            expression=source.value.source,
        )
    if source.section:
        return said("visit_section", answers, day=score.day, id=score.id, value=value, section=source.section)
    # On another scale than the measure's, 90 of 100 makes 45.
    if (score.earned, score.possible) == (score.raw, score.scale) and entry.value == score.raw:
        return said("visit", answers, day=score.day, id=score.id, value=value)
    earned, possible = Quantity(score.earned, "points"), Quantity(score.possible, "points")
    return said(
        "visit_of", answers, day=score.day, id=score.id, value=value, earned=earned, possible=possible
    )


def _line(world: World, source: language.Lost, score: Score, line: Line, counted: Quantity) -> Explanation:
    parts = why_line(world, score, line, source.where, source.sum)
    item, points = line.identity, Quantity(line.points, "points")
    if counted.value == line.points:
        return said("line", parts, item=item, points=points)
    if source.sum.source == LOST_ON_SCALE:
        return said("line_scaled", parts, item=item, points=points, counted=counted)
    return said("line_by", parts, item=item, points=points, counted=counted, expression=source.sum.source)


def why_line(world: World, score: Score, line: Line, *formulas: Formula | None) -> list[Explanation]:
    """Why a lost line is a repeat or key, as far as the formulas ask for it."""
    ground = world.ground
    chain = ground.chain_of(score)
    earlier = [
        each
        for each in ground.scores.get(score.subject, ())
        if each.day < score.day and line.identity in each.faults and ground.chain_of(each) == chain
    ]
    times = ground.line_occurrence(score, line)
    why = []
    if asks(formulas, "repeat", "occurrence") and times > 1 and earlier:
        why.append(said("repeat", day=earlier[-1].day, id=earlier[-1].id, times=times))
    if asks(formulas, "key"):
        why += _notices(world, line.item, line.code, score.day)
        why += [said("key_by_form")] if line.key else []
    return why


def why_finding(world: World, finding: Finding, *formulas: Formula | None) -> list[Explanation]:
    """Why a finding is a repeat or key, as far as the formulas ask for it."""
    ground = world.ground
    earlier = [
        each
        for each in ground.findings.get(finding.subject, ())
        if each.day < finding.day and each.identity == finding.identity
    ]
    times = ground.finding_occurrence(finding)
    why = []
    if asks(formulas, "repeat", "occurrence") and times > 1 and earlier:
        why.append(said("repeat", day=earlier[-1].day, id=earlier[-1].id, times=times))
    return why + (_notices(world, finding.item, finding.code, finding.day) if asks(formulas, "key") else [])


def asks(formulas: Iterable[Formula | None], *parts: str) -> bool:
    """Whether a formula reads such a part of a line or finding."""
    return any(path and path[0] in parts for formula in formulas if formula for _, path in formula.names)


def _notices(world: World, item: str, code: str, day: date) -> list[Explanation]:
    named = [each for each in world.ground.programme.key_items if each.names(item, code, day)]
    return [
        said("key_by_notice", day=each.starts, notice=each.notice)
        if each.notice
        else said("key_listed", day=each.starts)
        for each in named
    ]
