"""Who can do it: a shopper, one of the own staff, or a firm that sends its own people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from server.coordinates import Point
from server.rostering.codes import RosterError

SHOPPER, STAFF, FIRM = KINDS = ("shopper", "staff", "firm")


@dataclass(frozen=True, slots=True)
class LastVisit:
    """When somebody was last at an outlet; `waves_ago` 1 is the wave before this one, None is not known."""

    day: date
    waves_ago: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What a firm is promised (`least`) and may have (`most`) of all visits: a count, or a fraction of them.

    Fractions round in the firm's disfavour and in its reach: the promise down, the limit up, so that 60 % and
    40 % of 7 visits leave none over.
    """

    least: int | Fraction = 0
    most: int | Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        for name, value in (("least", self.least), ("most", self.most)):
            if value is not None and (value < 0 or (isinstance(value, Fraction) and value > 1)):
                raise RosterError("share_out_of_range", name=name)

    def promised(self, visits: int) -> int:
        """The least number of `visits` that the firm is to get."""
        return self.least if isinstance(self.least, int) else self.least * visits // 1

    def limit(self, visits: int) -> int:
        """The largest number of `visits` that the firm may get."""
        if self.most is None:
            return visits
        return self.most if isinstance(self.most, int) else -(-self.most * visits // 1)


@dataclass(frozen=True, slots=True)
class Worker:
    """A person, or a firm as a whole.

    Places (`territories`, `conflicts`, `identified`) are ids of outlets, or paths that end with a slash and
    stand for everything below.

    Attributes:
        kind: of `KINDS`.
        firm: whose people this person belongs to; they go where their firm sends them (`dispatch`).
        home: WGS-84.
        territories: empty is everywhere.
        certificates: the last day on which each is valid, None for no end.
        per_day, total: the most visits on one day and in this roster; None is no limit.
        days: on which the worker can go; None is every day.
        conflicts: works there, has family there, declared an interest.
        identified: was recognised there; barred for ever.
        seen: the last visit of each outlet, by this person or one who went along.
        rating: None is not rated yet, which nobody is held back for.
        cost_per_km: in yuan, for the way there and back.
        fee_factor: what a visit's fee is multiplied by.
        share: of firms only.
    """

    id: str
    kind: str = SHOPPER
    firm: str | None = None
    home: Point | None = None
    territories: frozenset[str] = frozenset()
    certificates: Mapping[str, date | None] = field(default_factory=dict)
    per_day: int | None = None
    total: int | None = None
    days: frozenset[date] | None = None
    conflicts: frozenset[str] = frozenset()
    identified: frozenset[str] = frozenset()
    seen: Mapping[str, LastVisit] = field(default_factory=dict)
    rating: Decimal | None = None
    cost_per_km: Decimal = Decimal(0)
    fee_factor: Decimal = Decimal(1)
    share: Share | None = None

    def __post_init__(self) -> None:
        """Refuse a worker that contradicts itself."""
        numbers = {
            "per_day": self.per_day,
            "total": self.total,
            "cost_per_km": self.cost_per_km,
            "fee_factor": self.fee_factor,
        }
        for name, value in numbers.items():
            if value is not None and value < 0:
                raise RosterError("number_negative", name=name)

    @property
    def is_firm(self) -> bool:
        """Whether this stands for a firm and not for a person."""
        return self.kind == FIRM
