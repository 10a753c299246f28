"""A definition while it is compiled: its problems, the names it has so far, and formulas against them."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from server.forms.expressions import ExpressionError, Names
from server.forms.suggestions import nearest
from server.scoring.arithmetic import FUNCTIONS, Formula, compile_formula
from server.scoring.calendar import PERIODS
from server.scoring.exact import exact_text
from server.scoring.programmes.definition import Parameter, SubjectKind, Text
from server.scoring.programmes.register import READINGS
from server.scoring.programmes.shapes import Part
from server.scoring.reading import Findings

CELL_PARTS = ("raw", "published", "grade", "value", "n")
PERIOD_PARTS = ("id", "name", "number", "from", "to")
AS_OF = "asOf"
ROWS = ("score", "line", "finding", "duty")
RESERVED = ("subject", "period", "phase", AS_OF.lower(), *ROWS)
# The source whose measures are words (on_time, late).
WORDS = "deliveries"
# Readings that the engine applies by itself where these are read.
_REPEATS = frozenset(("repeat", "occurrence"))
_READING_NAME = re.compile(r"A[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Head:
    """What must be known of a measure before any formula is read."""

    of: str
    per: str
    source: str
    scale: Fraction | None
    pointer: str


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a formula is read: a kind of subject in a kind of period; without a kind, for nobody yet.

    `rows` are the words for a single fact that it may read besides, such as `score`.
    """

    kind: str = ""
    per: str = ""
    rows: tuple[str, ...] = ()


# Band edges and sampling ratios are known before there is any number.
SETTINGS = Reader()


@dataclass(frozen=True, slots=True)
class Read:
    """A formula of the definition, where it stands and for whom."""

    pointer: str
    formula: Formula
    reader: Reader


@dataclass(frozen=True, slots=True)
class Draft:
    """Names and problems of one definition. `formulas` and `used` grow while it is compiled."""

    findings: Findings
    kinds: Mapping[str, SubjectKind]
    parameters: Mapping[str, Parameter]
    instruments: Mapping[str, str]
    dates: frozenset[str]
    has_phases: bool
    phase_values: tuple[str, ...]
    heads: Mapping[str, Head]
    policies: Mapping[str, str]
    names: dict[tuple[str, ...], Names] = field(default_factory=dict)
    formulas: list[Read] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    instruments_used: set[str] = field(default_factory=set)

    def formula(self, part: Part, name: str, reader: Reader) -> Formula | None:
        """The formula in a property, None where there is none or it is wrong."""
        source = part.text(name)
        return self.compiled(source, part.at(name), reader) if source else None

    def compiled(self, source: str, pointer: str, reader: Reader) -> Formula | None:
        """A formula against the names that its reader has."""
        names = self._names(reader.rows)
        try:
            formula = compile_formula(source, names, self.single_facts)
        except ExpressionError as error:
            self.findings.add(pointer, error.code, "error", **_params(error, names))
            return None
        for name in sorted(self.measures_in(formula)):
            self.check_reach(name, pointer, reader.kind)
        self.formulas.append(Read(pointer, formula, reader))
        self.used.update(_names_of((formula,)))
        return formula

    @property
    def single_facts(self) -> frozenset[str]:
        """Names behind which a fact may say nothing: what is not said differs from every word."""
        return frozenset((*ROWS, "subject", *self.kinds))

    def check_reach(self, name: str, pointer: str, kind: str) -> None:
        """A measure of a kind that is neither above nor below has no number for this subject."""
        other = self.heads[name].of
        if kind in self.kinds and other in self.kinds and not self._related(kind, other):
            self.findings.add(pointer, "measure_out_of_reach", measure=name, of=other, kind=kind)

    def _related(self, kind: str, other: str) -> bool:
        return kind == other or other in self.kinds[kind].above or kind in self.kinds[other].above

    def _names(self, rows: tuple[str, ...]) -> Names:
        if rows not in self.names:
            parts: dict[str, tuple[str, ...]] = dict.fromkeys(self.heads, CELL_PARTS)
            named = (key for key, reading in READINGS.items() if reading.options)
            parts |= dict.fromkeys((AS_OF, *self.parameters, *named), ())
            parts |= {"period": PERIOD_PARTS, "phase": ("name", *self.phase_values)}
            self.names[rows] = Names([*parts, "subject", *self.kinds, *rows], parts)
        return self.names[rows]

    def measure(self, name: str, pointer: str, kind: str = "") -> bool:
        """Whether a measure of that name exists and can be read for the kind; reported when not."""
        if name not in self.heads:
            self.unknown(pointer, "unknown_measure", name, self.heads)
            return False
        self.used.add(name)
        if kind:
            self.check_reach(name, pointer, kind)
        return True

    def single(self, name: str, pointer: str, measure: Part) -> bool:
        """Whether a measure gives one number, and no list, to a measure of this kind and period."""
        kind, per = measure.text("of"), measure.text("per")
        if not self.measure(name, pointer, kind):
            return False
        if self.gives_list(name, Reader(kind, per)):
            self.findings.add(pointer, "measure_gives_list", measure=name)
            return False
        return self.number(name, pointer)

    def gives_list(self, name: str, reader: Reader) -> bool:
        """Whether a measure is several numbers: of the subjects below, or of finer periods."""
        head = self.heads[name]
        if head.of in self.kinds and reader.kind in self.kinds[head.of].above:
            return True
        both_known = head.per in PERIODS and reader.per in PERIODS
        return both_known and PERIODS.index(head.per) < PERIODS.index(reader.per)

    def number(self, name: str, pointer: str) -> bool:
        """Whether a measure can be a number at all; reported when it is a word by its nature."""
        if name in self.heads and self.heads[name].source == WORDS:
            self.findings.add(pointer, "word_as_number", measure=name)
            return False
        return True

    def same_period(self, name: str, pointer: str, measure: Part) -> None:
        """Ranks, roll-ups and earlier periods are taken over numbers of the same kind of period."""
        if name in self.heads and self.heads[name].per != measure.text("per"):
            params = {"measure": name, "per": self.heads[name].per, "expected": measure.text("per")}
            self.findings.add(pointer, "measure_other_period", "error", **params)

    def known(self, code: str, name: str, pointer: str, among: Collection[str]) -> None:
        """Report by its code a name that nothing has."""
        if name and name not in among:
            self.unknown(pointer, code, name, among)

    def instrument(self, name: str, pointer: str) -> None:
        """Note that an instrument is used, or report that it is not declared."""
        self.instruments_used.add(name)
        self.known("undeclared_instrument", name, pointer, self.instruments)

    def unknown(self, pointer: str, code: str, name: str, among: Collection[str]) -> None:
        """Report an unknown name, with the nearest known one."""
        self.findings.add(pointer, code, "error", name=name, suggestion=nearest(name, among))

    def measures_in(self, *formulas: Formula | None) -> frozenset[str]:
        """The measures that formulas read."""
        return frozenset(name for name in _names_of(formulas) if name in self.heads)

    def readings_in(self, *formulas: Formula | None) -> frozenset[str]:
        """The readings of the register that formulas depend on, by name or by what the engine does."""
        found = {name for name in _names_of(formulas) if _READING_NAME.fullmatch(name)}
        for formula in formulas:
            if formula is not None and any(_REPEATS.intersection(path) for _, path in formula.names):
                found.add("A7")
        return frozenset(found)


def _names_of(formulas: tuple[Formula | None, ...]) -> Iterator[str]:
    return (name for formula in formulas if formula is not None for name, _ in formula.names)


def _params(error: ExpressionError, names: Names) -> Mapping[str, str | int]:
    params: dict[str, str | int] = {"column": error.column}
    params |= {key: value if isinstance(value, int) else str(value) for key, value in error.params.items()}
    name, part = str(error.params.get("name", "")), str(error.params.get("part", ""))
    match error.code:
        case "expression_unknown_name":
            params["suggestion"] = nearest(name, names)
        case "expression_unknown_function":
            params["suggestion"] = nearest(name, FUNCTIONS)
        case "expression_unknown_part":
            params["suggestion"] = nearest(part, names.parts(name))
    return params


def check_bounds(draft: Draft, part: Part) -> None:
    """Report a floor above the cap."""
    low, high = part.number("floor"), part.number("cap")
    if low is not None and high is not None and low > high:
        params = {"low": exact_text(low), "high": exact_text(high)}
        draft.findings.add(part.at("floor"), "bounds_reversed", "error", **params)


def check_period(draft: Draft, part: Part) -> None:
    """Report phases where the calendar has none."""
    if part.text("per") == "phase" and not draft.has_phases:
        draft.findings.add(part.at("per"), "phases_missing")


def text_of(part: Part, name: str) -> Text:
    """A text by language, {} where there is none."""
    value = part.values.get(name)
    return value if isinstance(value, dict) else {}
