"""What a settlement changes against an earlier one of the same year: numbers, ledger lines, actions.

A ledger line is never edited (scoring.md law 13). One that fell away or changed gets a contra line: the same
rule, subject, event, payee, unit and direction, its amount below nothing, `reverses` naming it. Added up,
the old lines, the contra lines and the new lines give the totals of the new ledger.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from server.scoring.problems import Problem
from server.scoring.programmes.shapes import Field, Shape, read
from server.scoring.reading import Findings
from server.scoring.settling.entries import Json
from server.scoring.settling.settlement import Settlement

Row: TypeAlias = Mapping[str, Json]
Key: TypeAlias = tuple[Json, ...]
Change = Literal["unchanged", "new", "gone", "changed"]

# No id of a line begins so: a rule's name has no colon.
CONTRA = "contra:"

_MEASURE = ("measure", "subject", "period")
_ACTION = ("rule", "subject", "period", "do", "to")
_OPEN = ("rule", "subject", "period", "code")
# What of a number can move; `n` and `note` explain it.
_NUMBER = ("raw", "published", "grade", "value")
# What somebody gains or pays. Another explanation of the same amount is no other line.
_MONEY = ("direction", "amount", "unit", "payee")
_PAYEE = Shape(
    "payee", (Field("kind", "word", required=True), Field("id", "word", required=True)), extra=True
)
_ROWS: Mapping[str, Shape] = {
    "measures": Shape("measure", tuple(Field(each, "word", required=True) for each in _MEASURE), extra=True),
    "ledger": Shape(
        "ledger",
        (
            *(Field(each, "word", required=True) for each in ("id", "rule", "subject", "period")),
            *(Field(each, "word", required=True) for each in ("direction", "unit")),
            Field("amount", "number", required=True),
            Field("payee", "shape", required=True, shape=_PAYEE),
        ),
        extra=True,
    ),
    "actions": Shape(
        "action",
        tuple(Field(each, "word", required=True) for each in ("rule", "subject", "period", "do")),
        extra=True,
    ),
    "open": Shape("open", tuple(Field(each, "word", required=True) for each in _OPEN), extra=True),
}


class NotComparable(ValueError):
    """What was given as an earlier settlement is none, or one of another year."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems in the order of the document."""
        super().__init__(", ".join(f"{problem.pointer}: {problem.code}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Move:
    """A number, a grade or a rank that moved; None on the side where there was none at all."""

    measure: Json
    subject: Json
    period: Json
    before: Row | None
    after: Row | None

    def to_json(self) -> Row:
        """`from` and `to` hold raw, published, grade and value."""
        where = {"measure": self.measure, "subject": self.subject, "period": self.period}
        return {**where, "from": _number(self.before), "to": _number(self.after)}


@dataclass(frozen=True, slots=True)
class LineChange:
    """What became of a ledger line, found by its id."""

    id: str
    change: Change
    before: Row | None
    after: Row | None

    def contra(self) -> Row | None:
        """The line that takes the old one back; None where it stands."""
        if self.before is None or self.change == "unchanged":
            return None
        amount = -Decimal(str(self.before["amount"]))
        return {
            **self.before,
            "id": CONTRA + self.id,
            "amount": f"{amount:f}",
            "reverses": self.id,
        }


@dataclass(frozen=True, slots=True)
class Contrast:
    """The difference between two settlements; nothing moved and nothing to write is an empty one."""

    before: Row
    moves: tuple[Move, ...]
    lines: tuple[LineChange, ...]
    actions: Mapping[str, Sequence[Row]]
    open: Mapping[str, Sequence[Row]]

    @property
    def entries(self) -> tuple[Row, ...]:
        """What is written into the ledger: the contra lines, then the lines that are new or changed."""
        contra = (line.contra() for line in self.lines)
        fresh = (line.after for line in self.lines if line.change in ("new", "changed"))
        return (*(row for row in contra if row is not None), *(row for row in fresh if row is not None))

    @property
    def is_empty(self) -> bool:
        """Whether nothing moved and nobody is concerned."""
        return not (self.moves or self.entries or any((*self.actions.values(), *self.open.values())))

    def to_json(self) -> Row:
        """As `programmes settle --before` prints it."""
        moved = [line for line in self.lines if line.change != "unchanged"]
        return {
            "before": {name: self.before.get(name) for name in ("programme", "facts")},
            "moves": [move.to_json() for move in self.moves],
            "ledger": [{"id": line.id, "change": line.change} for line in moved],
            "unchanged": len(self.lines) - len(moved),
            "entries": list(self.entries),
            "totals": totals(self.entries),
            "actions": {name: list(rows) for name, rows in self.actions.items()},
            "open": {name: list(rows) for name, rows in self.open.items()},
        }


def contrast(before: Json, after: Settlement | Row) -> Contrast:
    """The difference, from the earlier settlement (as `to_json` wrote it) to the later one.

    Raises:
        NotComparable: when `before` is no settlement, or of another year.
    """
    later: Row = after.to_json() if isinstance(after, Settlement) else after
    problems = problems_of(before)
    if problems or not isinstance(before, Mapping):
        raise NotComparable(problems)
    years = [_year(each) for each in (before, later)]
    if years[0] != years[1]:
        params = {"year": str(years[0]), "other": str(years[1])}
        raise NotComparable((Problem("/facts/year", "settlement_of_other_year", "error", params),))
    return Contrast(
        before,
        tuple(_moves(_rows(before, "measures"), _rows(later, "measures"))),
        tuple(_line_changes(_rows(before, "ledger"), _rows(later, "ledger"))),
        _comings_and_goings(before, later, "actions", _ACTION),
        _comings_and_goings(before, later, "open", _OPEN),
    )


def problems_of(before: object) -> tuple[Problem, ...]:
    """What keeps a document from being read as a settlement."""
    findings = Findings()
    document = before if isinstance(before, Mapping) else {}
    if not isinstance(before, Mapping):
        findings.add("", "scoring_wrong_type", expected="object")
    elif not isinstance(_year(before), str):
        findings.add("/facts/year", "programme_missing_property", property="year")
    for name, shape in _ROWS.items():
        rows = document.get(name, [])
        if not isinstance(rows, list):
            findings.add(f"/{name}", "scoring_wrong_type", expected="list")
            continue
        for index, row in enumerate(rows):
            read(shape, row, f"/{name}/{index}", findings)
    return tuple(findings.problems)


def totals(lines: Iterable[Row]) -> list[Json]:
    """The amounts of ledger lines by payee, unit and direction, without those that come to nothing."""
    sums: dict[tuple[str, str, str, str], Decimal] = {}
    for line in lines:
        payee = line["payee"]
        of = payee if isinstance(payee, Mapping) else {}
        key = (str(of.get("kind")), str(of.get("id")), str(line["unit"]), str(line["direction"]))
        sums[key] = sums.get(key, Decimal(0)) + Decimal(str(line["amount"]))
    return [
        {"payee": {"kind": kind, "id": payee}, "unit": unit, "direction": direction, "amount": f"{amount:f}"}
        for (kind, payee, unit, direction), amount in sorted(sums.items())
        if amount
    ]


def _year(settlement: Row) -> Json:
    facts = settlement.get("facts")
    return facts.get("year") if isinstance(facts, Mapping) else None


def _rows(settlement: Row, name: str) -> list[Row]:
    rows = settlement.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _number(row: Row | None) -> Json:
    return None if row is None else {name: row[name] for name in _NUMBER if name in row}


def _key(row: Row, names: Iterable[str]) -> Key:
    """What makes two rows the same row; objects such as a payee count by what they hold."""
    return tuple(_plain(row.get(name)) for name in names)


def _plain(value: Json) -> Json:
    return "\n".join(f"{key}={value[key]}" for key in sorted(value)) if isinstance(value, Mapping) else value


def _moves(before: Iterable[Row], after: Iterable[Row]) -> Iterator[Move]:
    for key, old, new in _paired(before, after, lambda row: _key(row, _MEASURE)):
        if old is None or new is None or _key(old, _NUMBER) != _key(new, _NUMBER):
            yield Move(key[0], key[1], key[2], old, new)


def _line_changes(before: Iterable[Row], after: Iterable[Row]) -> Iterator[LineChange]:
    for (line_id,), old, new in _paired(before, after, lambda row: (row["id"],)):
        yield LineChange(str(line_id), _change(old, new), old, new)


def _change(old: Row | None, new: Row | None) -> Change:
    if old is None:
        return "new"
    if new is None:
        return "gone"
    return "unchanged" if _money(old) == _money(new) else "changed"


def _money(line: Row) -> tuple[object, ...]:
    """Who gains or pays what; 1300 and 1300.00 are the same money."""
    return (*_key(line, (name for name in _MONEY if name != "amount")), Decimal(str(line["amount"])))


def _paired(
    before: Iterable[Row], after: Iterable[Row], key_of: Callable[[Row], Key]
) -> Iterator[tuple[Key, Row | None, Row | None]]:
    """Rows of the same key, in the order of the earlier settlement, then what is new."""
    old = {key_of(row): row for row in before}
    new = {key_of(row): row for row in after}
    yield from ((key, row, new.get(key)) for key, row in old.items())
    yield from ((key, None, row) for key, row in new.items() if key not in old)


def _comings_and_goings(before: Row, after: Row, name: str, names: Iterable[str]) -> Mapping[str, list[Row]]:
    """Rows that are there on one side only. A due date moves with the day of settlement and says nothing."""
    pairs = list(_paired(_rows(before, name), _rows(after, name), lambda row: _key(row, names)))
    return {
        "new": [new for _, old, new in pairs if old is None and new is not None],
        "gone": [old for _, old, new in pairs if new is None and old is not None],
    }
