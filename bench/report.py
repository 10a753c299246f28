"""From samples to a table that people and programs read."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.load import Sample
from bench.measurements import Budget, Measurement
from bench.page import FIRST_FLIGHT, PageBytes

PERCENTILES = (50, 95, 99)
COMPARED_WITH = ("empty", "insert")


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement over all rounds: the median of each number, and the lowest and highest rate."""

    key: str
    title: str
    rate: float
    lowest: float
    highest: float
    milliseconds: tuple[float, ...]
    client_share: float
    budget: Budget | None


def row(measurement: Measurement, samples: Sequence[Sample]) -> Row:
    """Summarise the rounds of one measurement."""
    rates = [sample.rate for sample in samples]
    spans = [_percentiles(sample.latencies) for sample in samples]
    return Row(
        key=measurement.key,
        title=measurement.title,
        rate=statistics.median(rates),
        lowest=min(rates),
        highest=max(rates),
        milliseconds=tuple(statistics.median(each) * 1000 for each in zip(*spans, strict=True)),
        client_share=statistics.median(sample.client_share for sample in samples),
        budget=measurement.budget,
    )


def markdown(rows: Sequence[Row], pages: Sequence[PageBytes], more_requests: int) -> str:
    """Two tables: rates with ratios and budgets, and the bytes of the customer page."""
    by_key = {each.key: each for each in rows}
    compared = [by_key[key] for key in COMPARED_WITH]
    lines = [
        "| measurement | a second | lowest to highest | p50 ms | p95 ms | p99 ms | "
        + " | ".join(f"of {other.title}" for other in compared)
        + " | budget | client's core |",
        "|---|" + "--:|" * (7 + len(compared)),
        *(_rate_line(each, compared, by_key) for each in rows),
        "",
        f"| customer page | head | body | together | of a first flight ({FIRST_FLIGHT:,} bytes) |",
        "|---|--:|--:|--:|--:|",
        *(_page_line(each) for each in pages),
        "",
        f"Further requests before the page is complete: {more_requests}.",
    ]
    return "\n".join(lines)


def as_json(rows: Sequence[Row], pages: Sequence[PageBytes], more_requests: int) -> dict[str, Any]:
    """The same numbers unrounded."""
    return {
        "measurements": [asdict(each) for each in rows],
        "customer_page": [{**asdict(page), "total": page.total} for page in pages],
        "customer_page_further_requests": more_requests,
    }


def _rate_line(each: Row, compared: Sequence[Row], by_key: Mapping[str, Row]) -> str:
    cells = [
        each.title,
        f"{each.rate:,.0f}",
        f"{each.lowest:,.0f} to {each.highest:,.0f}",
        *(f"{value:.2f}" for value in each.milliseconds),
        *(f"{each.rate / other.rate:.0%}" for other in compared),
        _budget_cell(each, by_key),
        f"{each.client_share:.0%}",
    ]
    return f"| {' | '.join(cells)} |"


def _page_line(page: PageBytes) -> str:
    share = page.total / FIRST_FLIGHT
    return f"| {page.encoding} | {page.head:,} | {page.body:,} | {page.total:,} | {share:.0%} |"


def _budget_cell(each: Row, by_key: Mapping[str, Row]) -> str:
    if each.budget is None:
        return ""
    needed = each.budget.share * by_key[each.budget.of].rate
    return f"{needed:,.0f}: {'met' if each.rate >= needed else 'missed'}"


def _percentiles(latencies: Sequence[float]) -> tuple[float, ...]:
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    return tuple(cuts[each - 1] for each in PERCENTILES)
