"""What every placement obeys, what the whole should reach, and what counts as dear."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from server.rostering.codes import RosterError


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one roster.

    Attributes:
        rotation_days: so many days lie between two visits of one person at one outlet.
        rotation_waves: nobody returns who was there in one of the last so many waves.
        per_parent: the most outlets of one sub-branch for one person; None is no limit.
        minimum_rating: who is rated lower stays at home.
        off_peak, weekend: the least share of all placed visits; reached as far as it can be.
        weekend_days: the days that count as weekend; None is every Saturday and Sunday.
        balance: in yuan, by how much each further visit of one person counts dearer than the one before.
        stability: in yuan, what each placement counts that was not in the roster before.
        unknown_km: the way that is reckoned with where a home or an outlet has no position.
    """

    rotation_days: int = 90
    rotation_waves: int = 0
    per_parent: int | None = None
    minimum_rating: Decimal | None = None
    off_peak: Fraction = Fraction(0)
    weekend: Fraction = Fraction(0)
    weekend_days: frozenset[date] | None = None
    balance: Decimal = Decimal(1)
    stability: Decimal = Decimal(50)
    unknown_km: Decimal = Decimal(20)

    def __post_init__(self) -> None:
        """Refuse rules that contradict themselves."""
        for name in ("off_peak", "weekend"):
            if not 0 <= getattr(self, name) <= 1:
                raise RosterError("share_out_of_range", name=name)
        for name in (
            "rotation_days",
            "rotation_waves",
            "per_parent",
            "balance",
            "stability",
            "unknown_km",
        ):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise RosterError("number_negative", name=name)

    @property
    def rotates(self) -> bool:
        """Whether a second visit of one person at one outlet is limited at all."""
        return self.rotation_days > 0 or self.rotation_waves > 0
