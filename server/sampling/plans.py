"""What a draw is to be: the method, how many, and the limits. The record of a draw holds its plan as JSON.

A plan that contradicts itself is refused where it is made, with everything that is wrong with it at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeVar, cast, get_args

from server.sampling.frame import SamplingError, refuse

JsonValue = None | int | str | list["JsonValue"] | dict[str, "JsonValue"]
Exact = Fraction | Decimal
Method = Literal["all", "simple", "stratified", "proportional", "neyman", "systematic"]

METHODS: Final[tuple[str, ...]] = get_args(Method)
# Bounded before it is read: "1/3" is a ratio, a million digits or 1e999999999 are an attack.
NUMBER: Final = re.compile(r"[0-9]{1,60}(?:/[0-9]{1,60}|\.[0-9]{1,60})?", re.ASCII)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """How to draw, and how many.

    Attributes:
        method: `all` takes every eligible member; `simple` and `systematic` draw from the whole frame;
            `stratified` takes the ratio of each stratum; `proportional` and `neyman` share a total out among
            the strata, and so does `stratified` with a size.
        ratio: of the population, excluded members included: a promise of 60 % means 60 % of the outlets.
        size: instead of the ratio, how many in all.
        minimum: at least so many of each stratum; under `simple` and `systematic` of the frame.
        cap: at most so many, likewise.
        spreads: for `neyman`, stratum -> standard deviation of what is measured there.
        costs: for `neyman`, stratum -> cost of one answer; without any they are all alike.
        reserves: how many reserves to keep, as a ratio of the selected; None keeps all the rest.

    Raises:
        SamplingError: codes `plan_…`, the further ones in `others`.
    """

    method: Method
    ratio: Exact | None = None
    size: int | None = None
    minimum: int = 0
    cap: int | None = None
    spreads: Mapping[str, Exact] = field(default_factory=dict)
    costs: Mapping[str, Exact] = field(default_factory=dict)
    reserves: Exact | None = None

    def __post_init__(self) -> None:
        """Refuse a plan that contradicts itself."""
        refuse([*_wrong_amount(self), *_wrong_limits(self), *_out_of_place(self), *_wrong_measures(self)])

    @property
    def pooled(self) -> bool:
        """Whether a reserve may stand in for anybody of the frame, and not only of its stratum."""
        return self.method == "simple"

    def asked(self, population: int) -> int:
        """The size, or ⌈ratio × population⌉: never below the promise, and exact: 0.6 × 5 is 3, not 4."""
        if self.size is not None:
            return self.size
        return ceiling(Fraction(self.ratio or 0) * population)

    def bounded(self, population: int) -> int:
        """What is asked of a population within `minimum` and `cap`, and not more than there are."""
        wanted = max(self.minimum, self.asked(population))
        return min(population, wanted if self.cap is None else min(wanted, self.cap))

    def to_json(self) -> dict[str, JsonValue]:
        """All of the plan; numbers that are not whole stand as text, `3/5`."""
        return {
            "method": self.method,
            "ratio": _text(self.ratio),
            "size": self.size,
            "minimum": self.minimum,
            "cap": self.cap,
            "spreads": {name: _text(self.spreads[name]) for name in sorted(self.spreads)},
            "costs": {name: _text(self.costs[name]) for name in sorted(self.costs)},
            "reserves": _text(self.reserves),
        }


def ceiling(number: Fraction | int) -> int:
    """⌈number⌉, exactly."""
    return -(-number.numerator // number.denominator)


def read_plan(data: object) -> DrawPlan:
    """The plan that stands in a record or in the settings of a wave; what is absent has its default.

    Raises:
        SamplingError: `record_malformed` with the field (`plan/ratio`) for each that cannot be read, else as
            `DrawPlan`.
    """
    if not isinstance(data, dict):
        raise SamplingError("record_malformed", field="plan")
    problems: list[SamplingError] = []

    def part(name: str, reader: Callable[[object], Value]) -> Value | None:
        try:
            return None if data.get(name) is None else reader(data[name])
        except ValueError:
            problems.append(SamplingError("record_malformed", field=f"plan/{name}"))
            return None

    method, ratio, size = part("method", _word), part("ratio", _exact), part("size", _whole)
    minimum, cap = part("minimum", _whole), part("cap", _whole)
    spreads, costs = part("spreads", _exact_by_name), part("costs", _exact_by_name)
    reserves = part("reserves", _exact)
    refuse(problems)
    named = cast(Method, method or "")
    return DrawPlan(named, ratio, size, minimum or 0, cap, spreads or {}, costs or {}, reserves)


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(value)
    return value


def _exact(value: object) -> Fraction:
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise ValueError(value)
    try:
        return Fraction(value)
    except ZeroDivisionError:
        raise ValueError(value) from None


def _exact_by_name(value: object) -> Mapping[str, Exact]:
    if not isinstance(value, dict):
        raise ValueError(value)
    return {name: _exact(text) for name, text in value.items()}


def _text(number: Exact | None) -> str | None:
    return None if number is None else str(Fraction(number))


def _wrong_amount(plan: DrawPlan) -> list[SamplingError]:
    if plan.method not in METHODS:
        return [SamplingError("plan_method_unknown", method=plan.method)]
    if plan.method == "all":
        return []
    if (plan.ratio is None) == (plan.size is None):
        return [SamplingError("plan_ratio_or_size", method=plan.method)]
    if plan.ratio is not None and not 0 <= plan.ratio <= 1:
        return [SamplingError("plan_ratio_out_of_range", ratio=str(plan.ratio))]
    if plan.size is not None and plan.size < 0:
        return [SamplingError("plan_size_negative", size=plan.size)]
    return []


def _wrong_limits(plan: DrawPlan) -> list[SamplingError]:
    problems = []
    if plan.minimum < 0:
        problems.append(SamplingError("plan_minimum_negative", minimum=plan.minimum))
    if plan.cap is not None and plan.cap < plan.minimum:
        problems.append(SamplingError("plan_cap_below_minimum", cap=plan.cap, minimum=plan.minimum))
    if plan.reserves is not None and plan.reserves < 0:
        problems.append(SamplingError("plan_reserves_negative", reserves=str(plan.reserves)))
    return problems


def _out_of_place(plan: DrawPlan) -> list[SamplingError]:
    """What was given and would have no effect: whoever gave it believes that it has one."""
    given = {
        "ratio": plan.method == "all" and plan.ratio is not None,
        "size": plan.method == "all" and plan.size is not None,
        "cap": plan.method == "all" and plan.cap is not None,
        "spreads": plan.method != "neyman" and bool(plan.spreads),
        "costs": plan.method != "neyman" and bool(plan.costs),
    }
    return [
        SamplingError("plan_field_not_for_method", field=name, method=plan.method)
        for name, misplaced in given.items()
        if misplaced
    ]


def _wrong_measures(plan: DrawPlan) -> list[SamplingError]:
    spreads = (
        SamplingError("plan_spread_negative", stratum=name, spread=str(spread))
        for name, spread in plan.spreads.items()
        if spread < 0
    )
    costs = (
        SamplingError("plan_cost_not_positive", stratum=name, cost=str(cost))
        for name, cost in plan.costs.items()
        if cost <= 0
    )
    return [*spreads, *costs]
