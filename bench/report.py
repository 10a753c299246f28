"""From samples to tables that people and programs read."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import opening, outreach
from bench.checks import COMPILE, OURS
from bench.load import Sample
from bench.measurements import Measurement
from bench.opening import Openings
from bench.outreach import Handed
from bench.page import FIRST_FLIGHT, PageBytes
from bench.photos import BARE
from bench.settled import Settled

PERCENTILES = (50, 95, 99)
COMPARED_WITH = ("empty", "insert")


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement over all rounds: the median of each number, and the lowest and highest rate.

    `needed` is the rate that the budget asks for, None without one.
    """

    key: str
    title: str
    rate: float
    lowest: float
    highest: float
    milliseconds: tuple[float, ...]
    client_share: float
    needed: float | None


@dataclass(frozen=True, slots=True)
class Results:
    """Everything one run has found. `missing` says what could not be measured and why."""

    http: Sequence[Row]
    forms: Sequence[Row]
    photos: Sequence[Row]
    pages: Sequence[PageBytes]
    more_requests: int
    openings: Openings
    settled: Sequence[Settled]
    handed: Sequence[Handed]
    missing: Sequence[str]


def rows(measurements: Sequence[Measurement], samples: Mapping[str, Sequence[Sample]]) -> list[Row]:
    """Summarise the rounds of measurements whose budgets depend on each other."""
    rates = {each.key: _rate(samples[each.key]) for each in measurements}
    return [_row(each, samples[each.key], rates) for each in measurements]


def markdown(results: Results) -> str:
    """Tables: requests, the definition language, the customer page in bytes and in seconds."""
    parts = (
        _http_table(results.http),
        _forms_table(results.forms),
        _photos_table(results.photos),
        _pages_table(results.pages),
        [f"Further requests before the page is complete: {results.more_requests}."],
        _openings_table(results.openings),
        _settled_table(results.settled),
        outreach.markdown(results.handed),
        [f"Not measured: {why}." for why in results.missing],
    )
    return "\n\n".join("\n".join(part) for part in parts if part)


def as_json(results: Results) -> dict[str, Any]:
    """The same numbers unrounded."""
    return {
        "measurements": [asdict(each) for each in results.http],
        "forms": [asdict(each) for each in results.forms],
        "photos": [asdict(each) for each in results.photos],
        "customer_page": [{**asdict(page), "total": page.total} for page in results.pages],
        "customer_page_further_requests": results.more_requests,
        "first_answer": {title: list(map(asdict, each)) for title, each in results.openings.pages.items()},
        "settled": list(map(asdict, results.settled)),
        "handed": list(map(asdict, results.handed)),
        "missing": list(results.missing),
    }


def _settled_table(found: Sequence[Settled]) -> list[str]:
    return [
        "| a year settled | lines | ledger | seconds of one core | ms an outlet |",
        "|---|" + "--:|" * 4,
        *(
            f"| {each.outlets:,} outlets | {each.lines:,} | {each.ledger:,} | {each.seconds:.1f} "
            f"| {each.seconds / each.outlets * 1000:.1f} |"
            for each in found
        ),
    ]


def _row(measurement: Measurement, samples: Sequence[Sample], rates: Mapping[str, float]) -> Row:
    spans = [_percentiles(sample.latencies) for sample in samples]
    return Row(
        key=measurement.key,
        title=measurement.title,
        rate=rates[measurement.key],
        lowest=min(sample.rate for sample in samples),
        highest=max(sample.rate for sample in samples),
        milliseconds=tuple(statistics.median(each) * 1000 for each in zip(*spans, strict=True)),
        client_share=statistics.median(sample.client_share for sample in samples),
        needed=measurement.budget.least_rate(rates) if measurement.budget else None,
    )


def _http_table(found: Sequence[Row]) -> list[str]:
    compared = [each for key in COMPARED_WITH for each in found if each.key == key]
    return [
        "| measurement | a second | lowest to highest | p50 ms | p95 ms | p99 ms | "
        + " | ".join(f"of {other.title}" for other in compared)
        + " | budget | client's core |",
        "|---|" + "--:|" * (7 + len(compared)),
        *(_http_line(each, compared) for each in found),
    ]


def _http_line(each: Row, compared: Sequence[Row]) -> str:
    budget = "" if each.needed is None else f"{each.needed:,.0f}: {_met(each.rate >= each.needed)}"
    return _line(
        *_rate_cells(each),
        *(f"{value:.2f}" for value in each.milliseconds),
        *(f"{each.rate / other.rate:.0%}" for other in compared),
        budget,
        f"{each.client_share:.0%}",
    )


def _forms_table(found: Sequence[Row]) -> list[str]:
    mine = next(each for each in found if each.key == OURS)
    return [
        "| forms | a second | lowest to highest | µs each | p50 µs | p95 µs | p99 µs | our check | budget |",
        "|---|" + "--:|" * 8,
        *(_forms_line(each, mine) for each in found),
    ]


def _forms_line(each: Row, mine: Row) -> str:
    budget = "" if each.needed is None else f"{1e6 / each.needed:,.0f} µs: {_met(each.rate >= each.needed)}"
    return _line(
        *_rate_cells(each),
        f"{1e6 / each.rate:,.0f}",
        *(f"{value * 1000:,.0f}" for value in each.milliseconds),
        "" if each.key == COMPILE else f"{mine.rate / each.rate:,.1f} times",
        budget,
    )


def _photos_table(found: Sequence[Row]) -> list[str]:
    bare = next(each for each in found if each.key == BARE)
    return [
        "| photos, on one core | a second | lowest to highest | p50 ms | p95 ms | p99 ms | bare | budget |",
        "|---|" + "--:|" * 7,
        *(_photos_line(each, bare) for each in found),
    ]


def _photos_line(each: Row, bare: Row) -> str:
    return _line(
        each.title,
        f"{each.rate:.1f}",
        f"{each.lowest:.1f} to {each.highest:.1f}",
        *(f"{value:.0f}" for value in each.milliseconds),
        f"{each.rate / bare.rate:.0%}",
        "" if each.needed is None else f"{each.needed:.1f}: {_met(each.rate >= each.needed)}",
    )


def _pages_table(pages: Sequence[PageBytes]) -> list[str]:
    return [
        f"| customer page | head | body | together | of a first flight ({FIRST_FLIGHT:,} bytes) |",
        "|---|--:|--:|--:|--:|",
        *(
            _line(
                page.encoding,
                *(f"{size:,}" for size in (page.head, page.body, page.total)),
                f"{page.total / FIRST_FLIGHT:.0%}",
            )
            for page in pages
        ),
    ]


def _openings_table(openings: Openings) -> list[str]:
    if not openings.pages:
        return []
    return [
        "| first answer on a slow phone | s | lowest to highest | bytes | requests | budget |",
        "|---|" + "--:|" * 5,
        *(_opening_line(title, each) for title, each in openings.pages.items()),
    ]


def _opening_line(title: str, openings: Sequence[opening.Opening]) -> str:
    seconds = [each.seconds for each in openings]
    middle = opening.median(openings)
    budget = f"{opening.BUDGET_SECONDS} s: {_met(middle.seconds <= opening.BUDGET_SECONDS)}"
    return _line(
        title,
        f"{middle.seconds:.2f}",
        f"{min(seconds):.2f} to {max(seconds):.2f}",
        f"{middle.bytes:,}",
        str(middle.requests),
        budget if title == opening.OURS else "",
    )


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rate_cells(each: Row) -> tuple[str, str, str]:
    return each.title, f"{each.rate:,.0f}", f"{each.lowest:,.0f} to {each.highest:,.0f}"


def _met(met: bool) -> str:
    return "met" if met else "missed"


def _rate(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.rate for sample in samples)


def _percentiles(latencies: Sequence[float]) -> tuple[float, ...]:
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    return tuple(cuts[each - 1] for each in PERCENTILES)
