"""What a settlement decides: ledger lines, deeds, and what a person has still to decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from server.scoring.exact import exact_text

Json: TypeAlias = str | int | Mapping[str, "Json"] | list["Json"] | None


@dataclass(frozen=True, slots=True)
class About:
    """What a rule fired for. `event` is a period, a finding or a submission."""

    rule: str
    subject: str
    event: str

    @property
    def id(self) -> str:
        """One line of a settlement has one id, and the next settlement gives it the same."""
        return f"{self.rule}/{self.subject}/{self.event}"


@dataclass(frozen=True, slots=True)
class Payee:
    """Who gains or pays: a kind of subject or a role, and the id of whoever that is."""

    kind: str
    id: str

    def to_json(self) -> dict[str, Json]:
        """As it stands in the ledger."""
        return {"kind": self.kind, "id": self.id}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a computation: a code with a sentence in the catalogue, and exact numbers."""

    code: str
    params: Mapping[str, Fraction | str | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Numbers as exact text."""
        shown: dict[str, Json] = {
            name: exact_text(value) if isinstance(value, Fraction) else value
            for name, value in self.params.items()
        }
        return {"code": self.code, **shown}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A reward or a penalty. `amount` is rounded once and above nothing."""

    about: About
    clause: str
    direction: str
    amount: Decimal
    unit: str
    payee: Payee
    steps: tuple[Step, ...]
    readings: Mapping[str, str]

    def to_json(self) -> dict[str, Json]:
        """As `programmes settle` prints it."""
        return {
            "id": self.about.id,
            "rule": self.about.rule,
            "clause": self.clause,
            "subject": self.about.subject,
            "period": self.about.event,
            "direction": self.direction,
            "amount": f"{self.amount:f}",
            "unit": self.unit,
            "payee": self.payee.to_json(),
            "steps": [step.to_json() for step in self.steps],
            "readings": dict(sorted(self.readings.items())),
        }


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to be done because of a rule."""

    about: About
    do: str
    to: Payee | None
    due: date | None

    def to_json(self) -> dict[str, Json]:
        """As `programmes settle` prints it."""
        return {
            "rule": self.about.rule,
            "subject": self.about.subject,
            "period": self.about.event,
            "do": self.do,
            "to": None if self.to is None else self.to.to_json(),
            "due": None if self.due is None else self.due.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Open:
    """What keeps a rule from being settled: nothing is charged until somebody has decided."""

    about: About
    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """As `programmes settle` prints it."""
        return {
            "rule": self.about.rule,
            "subject": self.about.subject,
            "period": self.about.event,
            "code": self.code,
            **self.params,
        }


Entry: TypeAlias = LedgerLine | Deed | Open
