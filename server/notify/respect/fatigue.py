"""Rules about whom a wave may ask, as data in its settings: how often, with whose consent, how many a number.

{"fatigue": [{"times": 2, "days": 90, "gap_days": 30, "scope": "global"}],
 "consent_required": false, "one_per": "wave"}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from server.errors import Detail

SCOPES = ("global", "programme")
PLACES = ("wave", "subject")
MOST_TIMES = 1_000
MOST_DAYS = 3_650
WHOLE_NUMBERS = {"times": (1, MOST_TIMES), "days": (1, MOST_DAYS), "gap_days": (0, MOST_DAYS)}


@dataclass(frozen=True, slots=True)
class FatigueRule:
    """Nobody is asked more than `times` within `days`, nor again before `gap_days` are over.

    `scope` says whose asking counts: that of all programmes, or of the wave's own.
    """

    times: int
    days: int
    gap_days: int = 0
    scope: Literal["global", "programme"] = "global"

    @property
    def id(self) -> str:
        """What a skipped message says about it."""
        return f"{self.times}/{self.days}d+{self.gap_days}d:{self.scope}"

    def is_tired(self, askings: Sequence[datetime], now: datetime) -> bool:
        """Whether somebody who was asked at these times is not asked again now."""
        window, gap = now - timedelta(days=self.days), now - timedelta(days=self.gap_days)
        often = sum(at > window for at in askings) >= self.times
        return often or (self.gap_days > 0 and any(at > gap for at in askings))


@dataclass(frozen=True, slots=True)
class EligibilityRules:
    """What a wave's settings say about who may be asked.

    Attributes:
        consent_required: contacts without a source of consent are left out.
        one_per: several contacts with one number are asked once in the whole wave, or once for each subject.
    """

    fatigue: tuple[FatigueRule, ...] = ()
    consent_required: bool = False
    one_per: Literal["wave", "subject"] = "wave"


def rules_of(settings: Mapping[str, Any]) -> EligibilityRules:
    """The rules of a wave whose settings were checked when it was planned; a rolling wave's may stand within.

    One rule alone may stand without a list.
    """
    stated = settings.get("fatigue") or settings.get("rolling", {}).get("fatigue") or []
    listed = [stated] if isinstance(stated, Mapping) else stated
    return EligibilityRules(
        fatigue=tuple(FatigueRule(**rule) for rule in listed),
        consent_required=bool(settings.get("consent_required", False)),
        one_per=settings.get("one_per", "wave"),
    )


def rule_problems(settings: Mapping[str, Any], pointer: str = "") -> list[Detail]:
    """Everything that is wrong with the rules in a wave's settings."""
    stated = settings.get("fatigue") or []
    listed = [stated] if isinstance(stated, Mapping) else stated
    if not isinstance(listed, list | tuple):
        return [Detail("field_invalid", f"{pointer}/fatigue")]
    found = [
        problem
        for number, rule in enumerate(listed)
        for problem in _problems(rule, f"{pointer}/fatigue/{number}")
    ]
    if settings.get("one_per", "wave") not in PLACES:
        found.append(Detail("field_invalid", f"{pointer}/one_per"))
    return found


def _problems(rule: object, pointer: str) -> list[Detail]:
    if not isinstance(rule, Mapping) or not {"times", "days"} <= set(rule):
        return [Detail("field_invalid", pointer)]
    unknown = sorted(set(rule) - {*WHOLE_NUMBERS, "scope"})
    wrong = [name for name, limits in WHOLE_NUMBERS.items() if not _within(rule.get(name, limits[0]), limits)]
    if rule.get("scope", "global") not in SCOPES:
        wrong.append("scope")
    return [Detail("field_invalid", f"{pointer}/{name}") for name in (*unknown, *wrong)]


def _within(value: object, limits: tuple[int, int]) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and limits[0] <= value <= limits[1]
