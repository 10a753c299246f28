"""What a coordinator chooses for a wave beside its dates, as `wave.settings` keeps it.

Each choice is read from JSON and written to it; what contradicts itself is told with a pointer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Self, cast

from server.errors import Detail
from server.sampling.frame import SamplingError
from server.sampling.plans import DrawPlan, Method

# By what a frame is divided: each outlet, the unit above it, or nothing; or an attribute of the contacts.
STRATA = ("unit", "parent", "none")
ATTRIBUTE = "attribute:"
# The fields of a sample as codes of problems name them: `plan_cap_below_minimum` stands at the cap.
FIELDS = ("ratio", "cap", "size", "minimum", "reserves", "spread")
FATIGUE_SCOPES = ("global", "programme")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How customers are drawn.

    Attributes:
        ratio: share of each stratum; None where `size` says how many in all.
        minimum, cap: of each stratum.
        by: one of `STRATA`, or `attribute:` and the name of an attribute.
        spreads: for Neyman, the standard deviation expected in each stratum.
        reserves: how many reserves for each selected; None keeps everybody who is left.
    """

    method: str = "stratified"
    ratio: Decimal | None = Decimal("0.3")
    size: int | None = None
    minimum: int = 5
    cap: int | None = None
    by: str = "unit"
    spreads: Mapping[str, Decimal] = field(default_factory=dict)
    reserves: Decimal | None = None

    def plan(self) -> DrawPlan:
        """The plan of the draw; what a form still sends and the method has no use for is left out.

        Raises:
            SamplingError: with everything that contradicts itself.
        """
        if self.method == "all":
            return DrawPlan("all", reserves=self.reserves)
        return DrawPlan(
            cast(Method, self.method),
            ratio=self.ratio,
            size=self.size,
            minimum=self.minimum,
            cap=self.cap,
            spreads=self.spreads if self.method == "neyman" else {},
            reserves=self.reserves,
        )

    def problems(self) -> Iterator[Detail]:
        named = self.by.startswith(ATTRIBUTE) and len(self.by) > len(ATTRIBUTE)
        if self.by not in STRATA and not named:
            yield Detail("unknown_option", "/by", {"value": self.by})
        if self.ratio == 0 and self.method != "all":
            yield Detail("ratio_out_of_range", "/ratio")
        try:
            self.plan()
        except SamplingError as found:
            yield from (detail_of(each) for each in found.every)

    def to_json(self) -> dict[str, Any]:
        return _plain(asdict(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """A stored choice; waves from before there was one said ratio and minimum."""
        known = data.get("sampling", {name: data[name] for name in ("ratio", "minimum") if name in data})
        values = dict(known)
        for name in ("ratio", "reserves"):
            if values.get(name) is not None:
                values[name] = Decimal(values[name])
        values["spreads"] = {name: Decimal(each) for name, each in values.get("spreads", {}).items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Fatigue:
    """Nobody is asked more than `times` in `days`, nor again within `gap_days`."""

    times: int = 1
    days: int = 30
    gap_days: int = 0
    scope: str = "global"

    def problems(self) -> Iterator[Detail]:
        for name, value in (("times", self.times), ("days", self.days)):
            if value < 1:
                yield Detail("field_whole_number", f"/fatigue_{name}")
        if self.gap_days < 0:
            yield Detail("field_whole_number", "/fatigue_gap")
        if self.scope not in FATIGUE_SCOPES:
            yield Detail("unknown_option", "/fatigue_scope", {"value": self.scope})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self | None:
        return None if data is None else cls(**data)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the visits of a wave must reach.

    Attributes:
        share: of all open outlets, 0 to 1.
        per_parent: visits that each sub-branch gets at least.
        recheck_at_most: outlets with so many points or fewer last time are visited again; None nobody.
        exclusive: whether `recheck_at_most` itself is left out (reading A30).
        yearly: share of all outlets visited by the end of the year; None promises nothing.
        video: outlets that also get a video check.
        budget: visits that can be paid; None for no limit.
        fee: of one visit in yuan; None where it is not known.
    """

    share: Decimal = Decimal(1)
    per_parent: int = 1
    recheck_at_most: Decimal | None = None
    exclusive: bool = False
    yearly: Decimal | None = None
    video: int = 0
    budget: int | None = None
    fee: Decimal | None = None

    def problems(self) -> Iterator[Detail]:
        if not 0 <= self.share <= 1:
            yield Detail("ratio_out_of_range", "/share")
        if self.yearly is not None and not 0 <= self.yearly <= 1:
            yield Detail("ratio_out_of_range", "/yearly")
        for name in ("per_parent", "video", "budget"):
            value = getattr(self, name)
            if value is not None and value < 0:
                yield Detail("minimum_negative", f"/{name}")
        if self.fee is not None and self.fee < 0:
            yield Detail("minimum_negative", "/fee")

    def to_json(self) -> dict[str, Any]:
        return _plain(asdict(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self | None:
        if data is None:
            return None
        values = dict(data)
        for name in ("share", "recheck_at_most", "yearly", "fee"):
            if values.get(name) is not None:
                values[name] = Decimal(values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Roster:
    """Rules by which visits are given to people.

    Attributes:
        rotation_days: so long the same person stays away from an outlet.
        rotation_waves: and so many waves of the programme.
        per_day: visits a person makes in a day at most; each person's own limit counts as well.
        per_parent: visits a person makes in one sub-branch at most; None for no limit.
        off_peak, weekend: shares of all visits that fall into quiet hours, and on weekends.
        weekdays: days on which visits may take place, 0 is Monday; empty for all.
        certificates: what a visitor must have passed.
    """

    rotation_days: int = 90
    rotation_waves: int = 1
    per_day: int = 4
    per_parent: int | None = None
    off_peak: Decimal | None = None
    weekend: Decimal | None = None
    weekdays: tuple[int, ...] = ()
    certificates: tuple[str, ...] = ()

    def problems(self) -> Iterator[Detail]:
        for name in ("rotation_days", "rotation_waves"):
            if getattr(self, name) < 0:
                yield Detail("minimum_negative", f"/{name}")
        for name in ("per_day", "per_parent"):
            if (getattr(self, name) or 1) < 1:
                yield Detail("field_whole_number", f"/{name}")
        for name in ("off_peak", "weekend"):
            if not 0 <= (getattr(self, name) or 0) <= 1:
                yield Detail("ratio_out_of_range", f"/{name}")

    def to_json(self) -> dict[str, Any]:
        return _plain(asdict(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self:
        values = dict(data or {})
        for name in ("off_peak", "weekend"):
            if values.get(name) is not None:
                values[name] = Decimal(values[name])
        for name in ("weekdays", "certificates"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


def detail_of(problem: SamplingError) -> Detail:
    """What is wrong with a plan, at the field where it was typed in."""
    named = str(problem.params.get("field", ""))
    field_name = named or next((each for each in FIELDS if each in problem.code), "method")
    return Detail(problem.code, f"/{field_name}", problem.params)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return {name: _json(each) for name, each in value.items()}
    return value
