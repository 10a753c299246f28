"""How a rolling wave asks, as `wave.settings["rolling"]` keeps it, and the decent hours of its messages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from server.errors import Detail
from server.notify.respect.fatigue import rule_problems
from server.notify.respect.hours import WEEK, DecentHours
from server.sampling.rolling import RollingPlan

MOST_LATE_DAYS: Final = 14
MOST_DELAY_HOURS: Final = 14 * 24
MOST_QUOTA: Final = 100_000


@dataclass(frozen=True, slots=True)
class RollingRules:
    """What a coordinator decides once for all nights.

    Attributes:
        rate: the chance of each event.
        quota: events that are asked about at most, of each unit and day; None for no limit.
        delay_hours: so long after the event nobody is asked.
        quiet_from, quiet_until: no message leaves from the one, in the evening, to the other, in the morning.
        weekdays: days on which messages leave, 0 is Monday; empty for all.
        late_days: events that arrive so many days after yesterday are still drawn.
    """

    rate: Decimal
    quota: int | None = None
    delay_hours: int = 0
    quiet_from: time = time(20)
    quiet_until: time = time(9)
    weekdays: tuple[int, ...] = ()
    late_days: int = 2

    def plan(self, used: int) -> RollingPlan:
        """The plan of one draw, when so many of its unit and day were drawn before."""
        return RollingPlan(self.rate, None if self.quota is None else max(0, self.quota - used))

    def decent(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first moment from `at` on, in UTC, at which a message may leave."""
        return DecentHours(self.quiet_from, self.quiet_until, self.weekdays).first_from(at, zone.key)

    def to_json(self) -> dict[str, Any]:
        return {
            "rate": str(self.rate),
            "quota": self.quota,
            "delay_hours": self.delay_hours,
            "quiet_from": f"{self.quiet_from:%H:%M}",
            "quiet_until": f"{self.quiet_until:%H:%M}",
            "weekdays": list(self.weekdays),
            "late_days": self.late_days,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rules that `rolling_problems` found nothing wrong with; what is absent has its default."""
        values = {name: data[name] for name in ("quota", "delay_hours", "late_days") if name in data}
        for name in ("quiet_from", "quiet_until"):
            if name in data:
                values[name] = time.fromisoformat(data[name])
        return cls(rate=Decimal(data["rate"]), weekdays=tuple(data.get("weekdays", ())), **values)


def rolling_problems(data: Mapping[str, Any], pointer: str = "/rolling") -> list[Detail]:
    """Everything that is wrong with `settings["rolling"]`; fatigue rules may stand within."""
    found = [Detail(code, f"{pointer}/{name}") for name, code in _problems(data)]
    return [*found, *rule_problems(data, pointer)]


def _problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not _is_rate(data.get("rate")):
        yield "rate", "ratio_out_of_range"
    for name, least, most in (
        ("quota", 1, MOST_QUOTA), ("delay_hours", 0, MOST_DELAY_HOURS), ("late_days", 0, MOST_LATE_DAYS),
    ):  # fmt: skip
        value = data.get(name)
        if value is not None and not (type(value) is int and least <= value <= most):
            yield name, "field_invalid"
    evening, morning = (
        _time(data.get(name, default))
        for name, default in (("quiet_from", "20:00"), ("quiet_until", "09:00"))
    )
    if evening is None or morning is None or not morning < evening:
        yield "quiet_from", "field_invalid"
    weekdays = data.get("weekdays", [])
    if not isinstance(weekdays, list) or any(day not in range(WEEK) for day in weekdays):
        yield "weekdays", "field_invalid"


def _is_rate(value: object) -> bool:
    try:
        return isinstance(value, str) and 0 < Decimal(value) <= 1
    except InvalidOperation:
        return False


def _time(value: object) -> time | None:
    try:
        return time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
