"""The rules of all sending of a deployment: hours, limits, prices, and when to stop by itself.

Kept as one JSON value and changed by people. Rules that cannot be read let nothing leave: a limit that is
not known is no limit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_or_change

from server.errors import Detail, Refusal
from server.models.deployment import DeploymentFact
from server.notify.respect.hours import WEEK, DecentHours

FACT: Final = "sending_rules"
COUNTRY_CODE_LENGTH: Final = 3
MOST_MONEY: Final = Decimal(1_000_000_000)
LEAST_CAP: Final = Decimal("0.01")
# Name -> the smallest and the greatest whole number.
NUMBERS: Final = {
    "most_segments": (1, 20),
    "asked_per_day": (1, 100),
    "asked_per_wave": (1, 10),
    "least_for_stop": (10, 100_000),
    "kept_months": (6, 120),
}
MONEY: Final = ("price", "monthly_cap")
SHARES: Final = ("blocked_share", "bounced_share", "opted_out_share")


@dataclass(frozen=True, slots=True)
class SendingRules:
    """What holds for every message of a deployment.

    Attributes:
        price: of one segment, in yuan; for estimates and for the caps.
        monthly_cap: what all messages of one month may cost; None for no cap.
        countries: calling codes that may be written to; empty for all.
        most_segments: no text may be longer.
        asked_per_day, asked_per_wave: how often one number is asked at most, reminders included.
        blocked_share, bounced_share, opted_out_share: of what was sent of a wave; above it sending stops.
        least_for_stop: shares of fewer messages than this stop nothing.
        kept_months: how long what was sent is kept. At least half a year, as the ministry asks.
    """

    hours: DecentHours = field(default_factory=DecentHours)
    price: Decimal = Decimal("0.05")
    monthly_cap: Decimal | None = Decimal(10_000)
    countries: tuple[str, ...] = ("86", "852", "853", "886")
    most_segments: int = 4
    asked_per_day: int = 1
    asked_per_wave: int = 3
    blocked_share: Decimal = Decimal("0.02")
    bounced_share: Decimal = Decimal("0.20")
    opted_out_share: Decimal = Decimal("0.05")
    least_for_stop: int = 50
    kept_months: int = 24

    def may_reach(self, number: str) -> bool:
        """Whether an E.164 number lies in a country that may be written to."""
        return not self.countries or number.startswith(tuple(f"+{code}" for code in self.countries))

    def to_json(self) -> dict[str, Any]:
        hours = self.hours
        return {
            **{name: value for name, value in asdict(self).items() if name in NUMBERS},
            **{name: str(getattr(self, name)) for name in ("price", *SHARES)},
            "monthly_cap": None if self.monthly_cap is None else str(self.monthly_cap),
            "countries": list(self.countries),
            "quiet_from": f"{hours.quiet_from:%H:%M}" if hours.quiet_from else None,
            "quiet_until": f"{hours.quiet_until:%H:%M}" if hours.quiet_until else None,
            "weekdays": list(hours.weekdays),
            "holidays": hours.holidays,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rules in which `problems` found nothing wrong; what is absent has its default."""
        rules = cls()
        values: dict[str, Any] = {name: data[name] for name in NUMBERS if name in data}
        values |= {name: Decimal(data[name]) for name in ("price", *SHARES) if name in data}
        if "monthly_cap" in data:
            values["monthly_cap"] = None if data["monthly_cap"] is None else Decimal(data["monthly_cap"])
        if "countries" in data:
            values["countries"] = tuple(data["countries"])
        hours: dict[str, Any] = {
            name: None if data[name] is None else time.fromisoformat(data[name])
            for name in ("quiet_from", "quiet_until")
            if name in data
        }
        if "weekdays" in data:
            hours["weekdays"] = tuple(data["weekdays"])
        if "holidays" in data:
            hours["holidays"] = data["holidays"]
        return replace(rules, **values, hours=replace(rules.hours, **hours))


def problems(data: Mapping[str, Any]) -> list[Detail]:
    """Everything that is wrong with rules as JSON."""
    unknown = sorted(set(data) - set(SendingRules().to_json()))
    countries = data.get("countries", [])
    wrong = not isinstance(countries, list) or not all(_is_calling_code(code) for code in countries)
    return [
        *(Detail("field_invalid", f"/{name}") for name in unknown),
        *_numbers(data),
        *_amounts(data),
        *_hours(data),
        *([Detail("calling_codes", "/countries")] if wrong else []),
    ]


def money_range(pointer: str, least: str = "0") -> Detail:
    """What is wrong with an amount of yuan that is none, or less than is allowed."""
    return Detail("field_range", pointer, {"least": least, "most": f"{MOST_MONEY:,}"})


def cap_problems(cap: Decimal | None) -> list[Detail]:
    """What is wrong with the cap of one wave; a cap of nothing would hold its messages for ever."""
    return (
        [] if cap is None or LEAST_CAP <= cap <= MOST_MONEY else [money_range("/spend_cap", str(LEAST_CAP))]
    )


def read_rules(connection: Connection) -> SendingRules:
    """The rules as they are kept, or the defaults when nobody has changed them.

    Raises:
        ValueError: for rules that cannot be read.
    """
    kept = connection.scalar(select(DeploymentFact.value).where(DeploymentFact.key == FACT))
    if kept is None:
        return SendingRules()
    if problems(kept["rules"]):
        raise ValueError("the rules of sending cannot be read")
    return SendingRules.from_json(kept["rules"])


def write_rules(connection: Connection, data: Mapping[str, Any], *, by: str, now: datetime) -> SendingRules:
    """Keep rules in the place of the former ones.

    Raises:
        Refusal: invalid_fields with everything that is wrong.
    """
    wrong = problems(data)
    if wrong:
        raise Refusal("invalid_fields", details=wrong)
    rules = SendingRules.from_json(data)
    value = {"rules": rules.to_json(), "by": by, "at": now.isoformat()}
    connection.execute(
        insert_or_change(DeploymentFact)
        .values(key=FACT, value=value)
        .on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )
    return rules


def _numbers(data: Mapping[str, Any]) -> Iterator[Detail]:
    for name, (least, most) in NUMBERS.items():
        value = data.get(name, least)
        if type(value) is not int or not least <= value <= most:
            yield Detail("field_range", f"/{name}", {"least": str(least), "most": str(most)})


def _amounts(data: Mapping[str, Any]) -> Iterator[Detail]:
    for name in (*MONEY, *SHARES):
        most = MOST_MONEY if name in MONEY else Decimal(1)
        value = data.get(name, "0")
        if (value is None and name == "monthly_cap") or _is_amount(value, most):
            continue
        if name in MONEY:
            yield money_range(f"/{name}")
        else:
            yield Detail("field_range", f"/{name}", {"least": "0", "most": "100"})


def _is_amount(value: object, most: Decimal) -> bool:
    try:
        return isinstance(value, str) and 0 <= Decimal(value) <= most
    except InvalidOperation:
        return False


def _hours(data: Mapping[str, Any]) -> Iterator[Detail]:
    weekdays = data.get("weekdays", [])
    if not isinstance(weekdays, list) or any(
        type(day) is not int or day not in range(WEEK) for day in weekdays
    ):
        yield Detail("field_invalid", "/weekdays")
    if type(data.get("holidays", False)) is not bool:
        yield Detail("field_invalid", "/holidays")
    evening, morning = data.get("quiet_from", "20:00"), data.get("quiet_until", "09:00")
    if evening is None and morning is None:
        return
    try:
        decent = time.fromisoformat(morning) < time.fromisoformat(evening)
    except (TypeError, ValueError):
        decent = False
    if not decent:
        yield Detail("hours_backwards", "/quiet_from")


def _is_calling_code(code: object) -> bool:
    return isinstance(code, str) and code.isascii() and code.isdecimal() and len(code) <= COUNTRY_CODE_LENGTH
