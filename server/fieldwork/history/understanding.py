"""What a row of a file says: results, or everything that is wrong with it.

A row with a `measure` and a `period` says numbers of the programme; one with a day and no measure the score
of one visit. Either may name the items that failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from server.fieldwork.history.columns import LONGEST_NOTE, NUMBERS, read_number, several
from server.fieldwork.history.ground import Ground
from server.fieldwork.history.periods import any_period, read_period
from server.forms.suggestions import nearest
from server.scoring.calendar import Period
from server.scoring.programmes.definition import Indicator, Measure, Rank
from server.tables import Row, TableProblem, read_day

# One row holds what one visit found; more is a list that stands in the wrong cell.
MOST_ITEMS = 200
NO_PERIODS = ("wave", "visit")


@dataclass(frozen=True, slots=True)
class Result:
    """One earlier result, as `models.opening_history.HistoryResult` stores it."""

    subject: str
    kind: str
    name: str
    instrument: str
    period: str
    starts_on: date
    ends_on: date
    value: Decimal | None = None
    word: str | None = None
    note: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str, str, date]:
        """What makes two rows say something about the same."""
        return (self.subject, self.kind, self.name, self.instrument, self.period, self.ends_on)

    @property
    def said(self) -> tuple[Decimal | None, str | None, str | None]:
        """What they say about it."""
        return (self.value, self.word, self.note)


@dataclass(frozen=True, slots=True)
class _When:
    """A day, or a period of the programme."""

    period: str
    starts: date
    ends: date

    @classmethod
    def of(cls, period: Period) -> "_When":
        return cls(period.id, period.starts, period.ends)


@dataclass
class _Reader:
    """One row while it is understood."""

    row: Row
    ground: Ground
    problems: list[TableProblem] = field(default_factory=list)

    def cell(self, column: str) -> str:
        return self.row.cells.get(column, "")

    def refuse(self, column: str | None, code: str, **params: str | int) -> None:
        value = {"value": self.cell(column)[:100]} if column else {}
        self.problems.append(TableProblem(self.row.number, column, code, {**value, **params}))

    def missing(self, column: str) -> None:
        self.problems.append(TableProblem(self.row.number, column, "cell_missing"))

    def number(self, column: str) -> Decimal | None:
        try:
            return read_number(self.cell(column)) if self.cell(column) else None
        except ValueError:
            self.refuse(column, "import_number")
            return None

    def day(self) -> _When | None:
        if not self.cell("day"):
            return None
        try:
            day = read_day(self.cell("day"))
        except ValueError:
            self.refuse("day", "import_date")
            return None
        return self.over("day", _When("", day, day))

    def over(self, column: str, when: _When, *, begun: bool = False) -> _When | None:
        """The same, unless it lies ahead: history is about what is over, or has begun where that will do."""
        if (when.starts if begun else when.ends) > self.ground.today:
            self.refuse(column, "import_history_open")
            return None
        return when


def understand(row: Row, ground: Ground) -> tuple[list[Result], list[TableProblem]]:
    """The results of a row; none when anything about it is wrong."""
    reader = _Reader(row, ground)
    subject = _subject(reader)
    results = _of_measure(reader, subject) if reader.cell("measure") else _of_visit(reader, subject)
    results += _items(reader, subject)
    if not results and not reader.problems:
        reader.refuse(None, "import_history_empty")
    if len(reader.cell("note")) > LONGEST_NOTE:
        reader.refuse("note", "import_text_long")
    # The day and the instrument are read for the score and for the items.
    problems = [each for at, each in enumerate(reader.problems) if each not in reader.problems[:at]]
    return ([] if problems else results), problems


def _subject(reader: _Reader) -> str:
    code = reader.cell("code")
    if code not in reader.ground.subjects:
        reader.refuse("code", "import_unknown_subject")
    elif code not in reader.ground.kinds:
        reader.refuse("code", "import_not_judged")
    return code


def _of_measure(reader: _Reader, subject: str) -> list[Result]:
    found = _measure(reader, subject)
    if found is None:
        return []
    measure, period = found
    imported = isinstance(measure.source, Indicator)
    results = []
    for column, kind in NUMBERS.items():
        number = reader.number(column)
        named = _ranking(reader, measure) if column == "rank" and number is not None else measure
        if number is None or named is None:
            continue
        if column == "value" and not imported:
            reader.refuse("measure", "import_not_imported")
        if column == "rank" and (number < 1 or number != number.to_integral_value()):
            reader.refuse("rank", "import_rank")
        when = reader.over("period", _When.of(period), begun=imported or kind == "base_rate")
        if when is not None:
            results.append(_result(reader, subject, (kind, named.name, ""), when, value=number))
    return results + _grade(reader, subject, measure, period)


def _grade(reader: _Reader, subject: str, measure: Measure, period: Period) -> list[Result]:
    grade = reader.cell("grade")
    if not grade:
        return []
    known = [each.grade for each in measure.bands]
    if not known and not isinstance(measure.source, Indicator):
        reader.refuse("grade", "import_no_grades")
    elif known and grade not in known:
        reader.refuse("grade", "import_unknown_grade", names="、".join(known))
    when = reader.over("period", _When.of(period), begun=not known)
    return [] if when is None else [_result(reader, subject, ("grade", measure.name, ""), when, word=grade)]


def _measure(reader: _Reader, subject: str) -> tuple[Measure, Period] | None:
    """The one measure and period that a row names; titles that several measures have are told apart by
    the subject's kind and the period's."""
    ground, text = reader.ground, reader.cell("measure")
    named = ground.measures.get(text.casefold(), ())
    kind = ground.kinds.get(subject)
    mine = [each for each in named if kind in (None, each.of)]
    if not named:
        reader.refuse(
            "measure", "import_unknown_measure", suggestion=nearest(text, ground.programme.measures)
        )
    elif not mine:
        reader.refuse("measure", "import_other_kind")
    elif all(each.per in NO_PERIODS for each in mine):
        reader.refuse("measure", "import_no_periods")
    elif not reader.cell("period"):
        reader.missing("period")
    else:
        return _with_period(reader, mine)
    return None


def _with_period(reader: _Reader, mine: Sequence[Measure]) -> tuple[Measure, Period] | None:
    calendar, text = reader.ground.programme.calendar, reader.cell("period")
    read = ((each, read_period(text, calendar, each.per)) for each in mine)
    fitting = [(each, period) for each, period in read if period is not None]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        reader.refuse("measure", "import_ambiguous", names="、".join(each.name for each, _ in fitting))
        return None
    lists = (calendar.periods(each.per, calendar.year_of(reader.ground.today) - 1) for each in mine)
    example = next((periods[-1].id for periods in lists if periods), "")
    reader.refuse("period", "import_period", example=example)
    return None


def _ranking(reader: _Reader, measure: Measure) -> Measure | None:
    """The measure that a rank is a number of: the one named, or the only one that ranks it."""
    if isinstance(measure.source, Rank | Indicator):
        return measure
    ranks = [
        each
        for each in reader.ground.programme.measures.values()
        if isinstance(each.source, Rank)
        and (each.source.of, each.of, each.per) == (measure.name, measure.of, measure.per)
    ]
    if len(ranks) == 1:
        return ranks[0]
    names = "、".join(each.name for each in ranks)
    reader.refuse("rank", "import_rank_of_which" if ranks else "import_no_rank", names=names)
    return None


def _of_visit(reader: _Reader, subject: str) -> list[Result]:
    """A row without a measure: the score of one visit, on its day."""
    for column in ("grade", "rank", "base", "value"):
        if reader.cell(column):
            reader.missing("measure")
            return []
    score = reader.number("score")
    if score is None:
        return []
    if not reader.cell("day"):
        reader.refuse("score", "import_score_of_what")
        return []
    when, instrument = reader.day(), _instrument(reader)
    if score < 0:
        reader.refuse("score", "import_number")
    if when is None or instrument is None:
        return []
    return [_result(reader, subject, ("score", "", instrument), when, value=score)]


def _items(reader: _Reader, subject: str) -> list[Result]:
    cell = reader.cell("item")
    if not cell:
        if reader.cell("points"):
            reader.missing("item")
        return []
    instrument, when = _instrument(reader), _when(reader)
    points = reader.number("points")
    known = None if instrument is None else reader.ground.items.get(instrument)
    names = several(cell, known)
    if points is not None and len(names) > 1:
        reader.refuse("points", "import_points_of_several")
    if points is not None and points <= 0:
        reader.refuse("points", "import_number")
    if len(names) > MOST_ITEMS:
        reader.refuse("item", "import_text")
        return []
    found = _identities(reader, names, known)
    if when is None or instrument is None:
        return []
    return [
        _result(reader, subject, ("failed_item", each, instrument), when, value=points)
        for each in dict.fromkeys(found)
    ]


def _identities(reader: _Reader, names: Sequence[str], known: Mapping[str, str] | None) -> list[str]:
    """What makes each item the same fault as one that a visit finds here."""
    if known is None:
        return list(names)
    for name in names:
        if name.casefold() not in known:
            hint = nearest(name, sorted(set(known.values())))
            reader.refuse("item", "import_unknown_item", value=name[:100], suggestion=hint)
    return [known[name.casefold()] for name in names if name.casefold() in known]


def _when(reader: _Reader) -> _When | None:
    """The day of the visit, or else the period."""
    if reader.cell("day"):
        return reader.day()
    if not reader.cell("period"):
        reader.missing("day")
        return None
    period = any_period(reader.cell("period"), reader.ground.programme.calendar)
    if period is None:
        reader.refuse("period", "import_period", example="2025Q4")
        return None
    return reader.over("period", _When.of(period))


def _instrument(reader: _Reader) -> str | None:
    """The instrument that a row names, or the programme's only one for visits, or its only one."""
    ground, text = reader.ground, reader.cell("instrument")
    kinds = ground.programme.instruments
    if text:
        if text.casefold() not in ground.instruments:
            reader.refuse("instrument", "import_unknown_instrument", names="、".join(kinds))
        return ground.instruments.get(text.casefold())
    likely = [name for name, kind in kinds.items() if kind == "visit"] or list(kinds)
    if len(likely) == 1:
        return likely[0]
    reader.refuse("instrument", "import_which_instrument", names="、".join(likely))
    return None


def _result(
    reader: _Reader,
    subject: str,
    what: tuple[str, str, str],
    when: _When,
    *,
    value: Decimal | None = None,
    word: str | None = None,
) -> Result:
    kind, name, instrument = what
    days = (when.period, when.starts, when.ends)
    return Result(subject, kind, name, instrument, *days, value, word, reader.cell("note") or None)
