"""Opening history as facts of a settlement: what files of earlier results say, each with its file's name.

A number of a measure is `history`, an imported number of the settled year an indicator. A visit is a score,
without a number where only its failed items are known: those make repeats and cost nothing by themselves. An
item of a log is a finding. A base rate stands for later periods until a newer one, unless a measure looks
back (`previous`) at what it is a number of.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from server.db import AnyRow
from server.fieldwork.history.columns import plain
from server.fieldwork.history.periods import period_with
from server.fieldwork.history.standing import standing
from server.fieldwork.judging import Judged
from server.scoring.calendar import Period
from server.scoring.programmes.definition import Indicator, Measure, Previous, Programme

Fact = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """Facts by list, and how many results the programme has no place for."""

    lists: Mapping[str, list[Fact]]
    left_out: int


@dataclass(frozen=True, slots=True)
class _Number:
    """A result that is a number of a measure in a period of the calendar."""

    row: AnyRow
    code: str
    measure: Measure
    period: Period


def history_facts(
    connection: Connection,
    programme: Programme,
    programme_id: UUID,
    who: Judged,
    year: int,
    days: tuple[date, date],
) -> Past:
    """What counts of the programme's imported results.

    Args:
        year: the scheme year that is settled.
        days: from which day single visits and findings are read, and the day of settlement.
    """
    rows = connection.execute(standing(programme_id)).all()
    ordered = sorted(rows, key=lambda row: (row.code, row.ends_on, row.kind, row.name, row.instrument))
    kinds = {each["id"]: each["kind"] for each in who.rows}
    single = [row for row in ordered if row.instrument]
    placed = [row for row in single if row.instrument in programme.instruments and row.code in kinds]
    numbers = [
        found
        for row in ordered
        if not row.instrument and (found := _number(programme, kinds, row)) is not None
    ]
    timely = [row for row in placed if days[0] <= row.ends_on <= days[1]]
    of_log = {name for name, kind in programme.instruments.items() if kind == "log"}
    lists = {
        "scores": list(_scores(row for row in timely if row.instrument not in of_log)),
        "findings": list(_findings(row for row in timely if row.instrument in of_log)),
        **_numbers(programme, numbers, year, days[1]),
    }
    return Past(lists, len(ordered) - len(placed) - len(numbers))


def _number(programme: Programme, kinds: Mapping[str, str], row: AnyRow) -> _Number | None:
    """None where the version has no such measure of this kind of subject, or no such period."""
    measure = programme.measures.get(row.name)
    if measure is None or kinds.get(row.code) != measure.of:
        return None
    period = period_with(programme.calendar, measure.per, row.period)
    return None if period is None else _Number(row, row.code, measure, period)


def _numbers(
    programme: Programme, numbers: Sequence[_Number], year: int, as_of: date
) -> dict[str, list[Fact]]:
    looked_back = {
        each.source.of for each in programme.measures.values() if isinstance(each.source, Previous)
    }
    begins = programme.calendar.periods("year", year)[0].starts
    history: defaultdict[tuple[str, str, str], Fact] = defaultdict(dict)
    indicators: dict[tuple[str, str, str], Fact] = {}
    bases = []
    # A base rate is the least that is known of a number: whatever else says one comes after it.
    for each in sorted(numbers, key=lambda number: number.row.kind != "base_rate"):
        source = each.measure.source
        if isinstance(source, Indicator) and each.period.starts >= begins:
            if each.period.starts <= as_of:
                key = (source.name, each.code, each.period.id)
                indicators[key] = _indicator(key, each.row)
        elif each.period.ends < as_of:
            key = (each.measure.name, each.code, each.period.id)
            history[key] |= {**dict(zip(("measure", "subject", "period"), key, strict=True)), **_said(each)}
        if each.row.kind == "base_rate" and each.measure.name not in looked_back:
            bases.append(each)
    for base in sorted(bases, key=lambda number: number.period.starts, reverse=True):
        for key in _standing_for(programme, base, year, as_of):
            indicators.setdefault(key, _indicator(key, base.row))
    return {"history": list(history.values()), "indicators": list(indicators.values())}


def _standing_for(
    programme: Programme, base: _Number, year: int, as_of: date
) -> Iterator[tuple[str, str, str]]:
    """The periods of the settled year in which a base rate stands."""
    source = base.measure.source
    for period in programme.calendar.periods(base.measure.per, year):
        if isinstance(source, Indicator) and base.period.starts <= period.starts <= as_of:
            yield source.name, base.code, period.id


def _indicator(key: tuple[str, str, str], row: AnyRow) -> Fact:
    return {**dict(zip(("name", "subject", "period"), key, strict=True)), "value": _value(row)}


def _said(number: _Number) -> Fact:
    row = number.row
    # The grade of an imported word, such as A, B or C, is what its measure says itself.
    name = "grade" if row.kind == "grade" and not isinstance(number.measure.source, Indicator) else "value"
    return {name: _value(row), "source": row.file}


def _value(row: AnyRow) -> str:
    return row.word if row.value is None else plain(row.value)


def _scores(rows: Iterable[AnyRow]) -> Iterator[Fact]:
    """One score a visit. Lines whose points nobody knows stand in one of their own, which has no number:
    they make repeats, and no visit loses points that nobody counted."""
    visits: defaultdict[tuple[str, str, date], list[AnyRow]] = defaultdict(list)
    for row in rows:
        visits[row.code, row.instrument, row.ends_on].append(row)
    for (code, instrument, day), found in visits.items():
        known = [row for row in found if row.value is not None]
        unknown = [row for row in found if row.value is None]
        for lines, suffix in ((known, ""), (unknown, "/items")):
            if lines:
                yield {
                    "id": f"imported/{code}/{instrument}/{day.isoformat()}{suffix}",
                    "instrument": instrument,
                    "subject": code,
                    "date": day.isoformat(),
                    "score": next((plain(row.value) for row in lines if row.kind == "score"), None),
                    "lines": [_line(row) for row in lines if row.kind == "failed_item"],
                    "fields": {"imported": "、".join(sorted({row.file for row in lines}))},
                }


def _line(row: AnyRow) -> Fact:
    return {"item": row.name, "lost": "1" if row.value is None else plain(row.value)}


def _findings(rows: Iterable[AnyRow]) -> Iterator[Fact]:
    for row in rows:
        if row.kind == "failed_item":
            yield {
                "id": f"imported/{row.code}/{row.instrument}/{row.ends_on.isoformat()}/{row.name}",
                "subject": row.code,
                "date": row.ends_on.isoformat(),
                "item": row.name,
                **({} if row.value is None else {"points": plain(row.value)}),
                "status": "confirmed",
                "source": row.instrument,
                "fields": {"imported": row.file},
            }
