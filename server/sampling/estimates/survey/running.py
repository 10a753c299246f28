"""A design and the records of a file in, everything it asks for out as one JSON object."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from server.sampling.estimates.definition.design import Asked, Design, OutcomesAsked
from server.sampling.estimates.definition.vocabulary import DISPOSITIONS
from server.sampling.estimates.outcomes import mapping_of, outcome_rates
from server.sampling.estimates.problems import Complaints, Place
from server.sampling.estimates.simple import Interval
from server.sampling.estimates.survey.adjusting import adjust
from server.sampling.estimates.survey.changes import Changed, change_within
from server.sampling.estimates.survey.columns import Columns, Record, Rule, Wanted, read_columns
from server.sampling.estimates.survey.estimators import Estimate, Laid, estimate, quantity_of, rows_where
from server.sampling.estimates.survey.sample import Groups, Indices, build_sample, grouped

Json = dict[str, Any]


def run(design: Design, records: Iterable[Record], complaints: Complaints | None = None) -> Json:
    """Everything that a design asks for.

    Args:
        records: row number and cells of every row, the header first.
        complaints: what the reader of the file already found or will find while it reads.

    Raises:
        DataInvalid: with all problems of the step that found any: reading, laying the design over the rows,
            fitting the weights.
    """
    complaints = complaints or Complaints()
    columns = read_columns(records, wanted_by(design), complaints)
    for asked in design.estimates:
        _check_wave(asked, columns, complaints)
    if design.outcomes is not None:
        _check_states(design.outcomes, columns, complaints)
    complaints.settle()
    sample = build_sample(design, columns, complaints)
    adjustment = adjust(sample, columns, design.adjusting, complaints) if design.adjusting else None
    laid = Laid(sample, columns, adjustment, design.confidence)
    made: Json = {
        "design": _described(laid),
        "estimates": [row for a in design.estimates for row in _rows(laid, a)],
    }
    if design.outcomes is not None:
        made["outcomes"] = _outcomes(laid, design.outcomes)
    return made


def wanted_by(design: Design) -> Wanted:
    """The columns that a design needs, and what their cells must be."""
    numbers: defaultdict[str, list[Rule]] = defaultdict(list)
    categories: defaultdict[str, bool] = defaultdict(bool)
    for name, rule in _numbers_of(design):
        numbers[name].append(rule)
    for name, required in _categories_of(design):
        categories[name] |= required
    return Wanted({name: tuple(rules) for name, rules in numbers.items()}, dict(categories), design.missing)


def _numbers_of(design: Design) -> Iterator[tuple[str, Rule]]:
    if design.weight is not None:
        yield design.weight, Rule(required=True, positive=True)
    if design.probability is not None:
        yield design.probability, Rule(required=True, positive=True, most=1)
    if design.population is not None and design.population.column is not None:
        yield design.population.column, Rule(required=True, positive=True)
    if design.fraction is not None and design.fraction.column is not None:
        yield design.fraction.column, Rule(required=True, positive=True, most=1)
    for asked in design.estimates:
        if asked.kind == "nps":
            yield asked.of, Rule(least=0, most=10)
        elif asked.kind == "top_box":
            yield asked.of, Rule(least=1, most=asked.scale)
        elif asked.kind != "proportion":
            yield asked.of, Rule()
        if asked.over is not None:
            yield asked.over, Rule()


def _categories_of(design: Design) -> Iterator[tuple[str, bool]]:
    required = [*design.strata, *([design.cluster] if design.cluster is not None else [])]
    if design.adjusting is not None:
        required += [name for margin in design.adjusting.margins for name in margin.by]
    yield from ((name, True) for name in required)
    for asked in design.estimates:
        if asked.kind == "proportion":
            yield asked.of, False
        yield from ((name, False) for name in (*asked.where, *asked.by))
        if asked.change is not None:
            yield asked.change.of, False
    if design.outcomes is not None:
        yield design.outcomes.of, True
        yield from ((name, False) for name in design.outcomes.by)


def _check_wave(asked: Asked, columns: Columns, complaints: Complaints) -> None:
    """A wave that no row has is a slip of the pen, and its change would be nothing at all."""
    if asked.change is None:
        return
    for wave in (asked.change.before, asked.change.after):
        if wave not in columns.values[asked.change.of]:
            complaints.add("wave_without_values", Place(column=asked.change.of), wave=wave, name=asked.name)


def _check_states(asked: OutcomesAsked, columns: Columns, complaints: Complaints) -> None:
    mapping = mapping_of(asked.states, asked.undeliverable)
    known = ", ".join(sorted(mapping))
    for state in columns.values[asked.of]:
        # "" is a blank cell, which was told with its row.
        if state and state not in mapping:
            complaints.add("data_state_unknown", Place(column=asked.of), state=state[:40], known=known)


def _described(laid: Laid) -> Json:
    sample, weights = laid.sample, laid.weights
    n, total = float(sample.counts.sum()), float(weights @ sample.counts)
    kish = n * float(weights**2 @ sample.counts) / total**2
    return {
        "n": int(n),
        "sumOfWeights": total,
        "strata": len(sample.units),
        "units": int(sample.units.sum()),
        "degreesOfFreedom": sample.degrees,
        "finitePopulation": sample.finite,
        "singleUnit": sample.single_unit,
        "singleUnitStrata": [sample.strata[code] for code in np.flatnonzero(sample.units == 1)],
        "kishDesignEffect": kish,
        "kishEffectiveN": n / kish,
        "confidence": laid.confidence,
        "adjustment": None if laid.adjustment is None else dict(laid.adjustment.report),
    }


def _rows(laid: Laid, asked: Asked) -> Iterator[Json]:
    """The results of one estimate: one, or one for every domain."""
    inside = rows_where(laid.columns, asked.where)
    head = {"name": asked.name, "kind": asked.kind, "of": asked.of}
    if asked.change is not None:
        yield {**head, **_change_json(change_within(laid, asked, asked.change, inside))}
        return
    quantity = quantity_of(asked, laid.columns)
    for label, rows in _domains(grouped(laid.columns, asked.by), inside):
        domain = {"domain": label} if asked.by else {}
        yield {**head, **domain, **_estimate_json(estimate(laid, asked, quantity, rows))}


def _domains(groups: Groups, inside: Indices) -> Iterator[tuple[str, Indices]]:
    codes = groups.codes[inside]
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(groups.labels) + 1))
    for code, label in enumerate(groups.labels):
        yield label, inside[order[starts[code] : starts[code + 1]]]


def _estimate_json(made: Estimate) -> Json:
    return {
        "value": made.value,
        "standardError": made.error,
        "interval": _interval_json(made.interval),
        "intervalMethod": made.method,
        "n": made.n,
        "missing": made.missing,
        "degreesOfFreedom": made.degrees,
        "coefficientOfVariation": made.variation,
        "designEffect": made.design_effect,
        "effectiveN": made.effective_n,
        "flags": list(made.flags),
    }


def _change_json(made: Changed) -> Json:
    return {
        "before": _estimate_json(made.before),
        "after": _estimate_json(made.after),
        "value": made.value,
        "standardError": made.error,
        "interval": _interval_json(made.interval),
        "margin": made.margin,
        "clear": made.clear,
        "degreesOfFreedom": made.degrees,
    }


def _interval_json(interval: Interval | None) -> Json | None:
    return None if interval is None else {"low": interval.low, "high": interval.high}


def _outcomes(laid: Laid, asked: OutcomesAsked) -> Json:
    """Rates by cases and by design weights, with the mapping that made dispositions of states."""
    mapping = mapping_of(asked.states, asked.undeliverable)
    states = laid.columns.values[asked.of]
    codes = laid.columns.codes[asked.of]
    cases = np.bincount(codes, laid.sample.counts, len(states))
    found = sorted(
        range(len(states)), key=lambda code: (DISPOSITIONS.index(mapping[states[code]]), states[code])
    )
    table = [
        {"state": states[code], "disposition": mapping[states[code]], "n": int(cases[code])} for code in found
    ]
    disposition = np.array([DISPOSITIONS.index(mapping[state]) for state in states])[codes]
    everybody = np.arange(len(codes))
    made: Json = {"mapping": table, **_rates(laid, asked, disposition, everybody)}
    if asked.by:
        made["domains"] = [
            {"domain": label, **_rates(laid, asked, disposition, rows)}
            for label, rows in _domains(grouped(laid.columns, asked.by), everybody)
        ]
    return made


def _rates(laid: Laid, asked: OutcomesAsked, disposition: Indices, rows: Indices) -> Json:
    counts = laid.sample.counts[rows]
    # Adjusted weights make respondents stand for others: what became of those who were sent is base weight.
    weights = laid.sample.weights[rows] * counts
    made = {}
    for name, parts in (("unweighted", counts), ("weighted", weights)):
        sums = np.bincount(disposition[rows], parts, len(DISPOSITIONS)).tolist()
        whole = map(int, sums) if name == "unweighted" else sums
        made[name] = outcome_rates(dict(zip(DISPOSITIONS, whole, strict=True)), asked.eligible).to_json()
    return made
