"""Reads the JSON of a sampling design and says everything that is wrong with it at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from server.forms.problems import Problem, pointer_to
from server.sampling.estimates.definition import vocabulary
from server.sampling.estimates.definition.design import (
    Adjusting,
    Asked,
    Change,
    Design,
    Extent,
    Margin,
    OutcomesAsked,
    Scalar,
)
from server.sampling.estimates.definition.vocabulary import Field, Shape
from server.sampling.estimates.outcomes import STATES
from server.sampling.estimates.problems import DesignInvalid, DesignReport

MAX_TEXT = 1_000
MAX_LIST = 1_000
TOLERANCE = 1e-6
ROUNDS = 1_000

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    report: DesignReport
    pointer: str
    field: Field

    def wrong(self, expected: str) -> None:
        self.report.error(self.pointer, "property_type", property=self.field.name, expected=expected)

    def inside(self, part: str | int) -> "_Place":
        return _Place(self.report, self.pointer + pointer_to(part), self.field)


def lint_design(definition: object) -> tuple[Problem, ...]:
    """Everything that is wrong with a design."""
    try:
        read_design(definition)
    except DesignInvalid as invalid:
        return invalid.problems
    return ()


def read_design(definition: object) -> Design:
    """The design of a JSON object.

    Raises:
        DesignInvalid: with all problems.
    """
    report = DesignReport()
    values = _read(report, "", vocabulary.DESIGN, definition)
    _check(report, values)
    if report.problems:
        raise DesignInvalid(report.problems)
    return _design(values)


def _read(report: DesignReport, pointer: str, shape: Shape, data: object) -> Values:
    """The values that can be used, by property; `""` holds the pointer of the object itself."""
    if not isinstance(data, dict):
        report.error(pointer, "property_type", property=shape.name, expected="object")
        return {"": pointer}
    known = shape.properties
    values: Values = {"": pointer}
    for name, raw in data.items():
        at = pointer + pointer_to(name[:64])
        if name not in known:
            report.unknown_property(at, name, tuple(known))
        elif (value := _READERS[known[name].kind](_Place(report, at, known[name]), raw)) is not None:
            values[name] = value
    for each in shape.fields:
        if each.required and each.name not in data:
            report.error(pointer, "property_missing", property=each.name)
    if len([name for name in shape.either if name in data]) > 1:
        report.error(pointer, "design_two_of", options=shape.either)
    return values


def _text(place: _Place, raw: object) -> str | None:
    if isinstance(raw, str) and 0 < len(raw) <= MAX_TEXT:
        return raw
    place.wrong("text")
    return None


def _list(
    place: _Place, raw: object, one: Callable[[_Place, object], Any], *, alone: bool
) -> tuple[Any, ...] | None:
    """A list with an entry at least, or where `alone` allows it one entry that stands for its list."""
    if not isinstance(raw, list):
        if not alone:
            place.wrong("list")
            return None
        value = one(place, raw)
        return None if value is None else (value,)
    if not raw or len(raw) > MAX_LIST:
        place.report.error(place.pointer, "property_range", property=place.field.name, least=1, most=MAX_LIST)
        return None
    return tuple(v for index, each in enumerate(raw) if (v := one(place.inside(index), each)) is not None)


def _columns(place: _Place, raw: object) -> tuple[str, ...] | None:
    return _list(place, raw, _text, alone=True)


def _word(place: _Place, raw: object) -> str | None:
    """As a text, but it may be empty."""
    if isinstance(raw, str) and len(raw) <= MAX_TEXT:
        return raw
    place.wrong("text")
    return None


def _words(place: _Place, raw: object) -> tuple[str, ...] | None:
    return _list(place, raw, _word, alone=False)


def _scalar(place: _Place, raw: object) -> Scalar | None:
    if isinstance(raw, str):
        return _word(place, raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return raw
    place.wrong("scalar")
    return None


def _scalars(place: _Place, raw: object) -> tuple[Scalar, ...] | None:
    return _list(place, raw, _scalar, alone=True)


def _mapping(place: _Place, raw: object, one: Callable[[_Place, object], Any]) -> dict[str, Any] | None:
    if not isinstance(raw, dict) or not raw:
        place.wrong("object")
        return None
    values = {key: one(place.inside(key), value) for key, value in raw.items()}
    return {key: value for key, value in values.items() if value is not None}


def _count(place: _Place, raw: object) -> float | None:
    value = _number(place, raw)
    if value == 0:
        place.report.error(place.pointer, "design_not_positive")
    return float(value) if value else None


def _extent(place: _Place, raw: object) -> Extent | None:
    """How large the population of a stratum is, or which part of it was drawn."""
    if isinstance(raw, str):
        column = _text(place, raw)
        return None if column is None else Extent(column=column)
    if isinstance(raw, dict):
        numbers = _mapping(place, raw, _count)
        return None if numbers is None else Extent(by_stratum=numbers)
    number = _count(place, raw)
    return None if number is None else Extent(number=number)


def _number(place: _Place, raw: object) -> float | int | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        place.wrong("number")
        return None
    field = place.field
    if not field.least <= raw <= field.most:
        place.report.error(
            place.pointer, "property_range", property=field.name, least=field.least, most=field.most
        )
        return None
    return raw


def _whole(place: _Place, raw: object) -> int | None:
    if isinstance(raw, int):
        value = _number(place, raw)
        return None if value is None else int(value)
    place.wrong("integer")
    return None


def _flag(place: _Place, raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    place.wrong("boolean")
    return None


def _option(place: _Place, raw: object) -> str | None:
    if isinstance(raw, str) and raw in place.field.options:
        return raw
    name, options = place.field.name, place.field.options
    near = place.report.suggest(raw, options) if isinstance(raw, str) else ""
    found = str(raw)[:64]
    place.report.error(
        place.pointer, "property_choice", property=name, found=found, allowed=options, suggestion=near
    )
    return None


def _shape(place: _Place, raw: object) -> Values | None:
    return None if place.field.shape is None else _read(place.report, place.pointer, place.field.shape, raw)


_READERS: Mapping[str, Callable[[_Place, object], Any]] = {
    "text": _text,
    "column": _text,
    "columns": _columns,
    "words": _words,
    "scalars": _scalars,
    "conditions": lambda place, raw: _mapping(place, raw, _scalars),
    "extent": _extent,
    "totals": lambda place, raw: _mapping(place, raw, _count),
    "states": lambda place, raw: _mapping(place, raw, _option),
    "number": _number,
    "whole": _whole,
    "flag": _flag,
    "option": _option,
    "shape": _shape,
    "shapes": lambda place, raw: _list(place, raw, _shape, alone=False),
}


def _check(report: DesignReport, values: Values) -> None:
    """What no property can know alone."""
    if not report.problems and not values.keys() & {"estimates", "outcomes"}:
        report.error("", "design_asks_nothing")
    if {"population", "fraction"} <= values.keys():
        report.error("", "design_two_of", options=("population", "fraction"))
    if "adjust" in values:
        _check_adjusting(report, values["adjust"])
    names: set[str] = set()
    for asked in values.get("estimates", ()):
        _check_asked(report, asked)
        name = asked.get("name")
        if name in names:
            report.error(asked[""] + "/name", "design_name_twice", name=name)
        names |= {name} - {None}


def _check_adjusting(report: DesignReport, adjust: Values) -> None:
    if not adjust.keys() & {"postStratify", "rake"}:
        report.error(adjust[""], "design_one_of", options=("postStratify", "rake"))
    sums = [(each[""], sum(each["totals"].values())) for each in adjust.get("rake", ()) if "totals" in each]
    for pointer, total in sums[1:]:
        # Margins of different populations have no weights that fit them all.
        if abs(total - sums[0][1]) > 1e-9 * sums[0][1]:
            said = {"sum": f"{total:.15g}", "expected": f"{sums[0][1]:.15g}"}
            report.error(f"{pointer}/totals", "design_margins_differ", **said)


def _check_asked(report: DesignReport, asked: Values) -> None:
    kind = asked.get("kind")
    if kind is None:
        return
    for name, kinds in vocabulary.BELONGS.items():
        if name in asked and kind not in kinds:
            report.error(f"{asked['']}/{name}", "design_not_for_kind", property=name, kind=kind)
    for name in vocabulary.NEEDS.get(kind, ()):
        if name not in asked:
            report.error(asked[""], "property_missing", property=name)
    if kind == "top_box" and "scale" in asked and asked.get("boxes", 2) >= asked["scale"]:
        report.error(
            f"{asked['']}/boxes", "property_range", property="boxes", least=1, most=asked["scale"] - 1
        )
    change = asked.get("change", {})
    if change.keys() >= {"from", "to"} and change["from"] == change["to"]:
        report.error(f"{change['']}/to", "design_same_wave", wave=change["to"])


def _design(values: Values) -> Design:
    return Design(
        weight=values.get("weight"),
        probability=values.get("probability"),
        strata=values.get("strata", ()),
        cluster=values.get("cluster"),
        nested=values.get("nested", False),
        population=values.get("population"),
        fraction=values.get("fraction"),
        single_unit=values.get("singleUnit", "error"),
        confidence=float(values.get("confidence", 0.95)),
        missing=frozenset(values.get("missing", ("", "NA"))) | {""},
        adjusting=_adjusting(values["adjust"]) if "adjust" in values else None,
        estimates=tuple(_asked(each) for each in values.get("estimates", ())),
        outcomes=_outcomes(values["outcomes"]) if "outcomes" in values else None,
    )


def _adjusting(values: Values) -> Adjusting:
    margins = values.get("rake") or (values["postStratify"],)
    trim = values.get("trim")
    return Adjusting(
        margins=tuple(Margin(each[""], each["by"], each["totals"]) for each in margins),
        raking="rake" in values,
        tolerance=float(values.get("tolerance", TOLERANCE)),
        rounds=values.get("rounds", ROUNDS),
        trim=None if trim is None else (float(trim["low"]), float(trim["high"])),
    )


def _asked(values: Values) -> Asked:
    change = values.get("change")
    rest = {name: value for name, value in values.items() if name not in ("", "change")}
    made = None if change is None else Change(change["of"], change["from"], change["to"])
    return Asked(**rest, change=made)


def _outcomes(values: Values) -> OutcomesAsked:
    return OutcomesAsked(
        of=values["of"],
        states={**STATES, **values.get("states", {})},
        undeliverable=values.get("undeliverable", "UO"),
        eligible=values.get("eligible"),
        by=values.get("by", ()),
    )
