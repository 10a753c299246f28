"""What the fake does with a message: magic numbers as Twilio's test credentials have them, and a scenario.

A scenario is JSON: `{"rules": [RULE, …], "default": RULE, "list_lag": SECONDS}`. The first rule that concerns
a message counts; one with `times` is used up after so many.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final

# To or from one of these numbers is refused with that code.
MAGIC_TO: Final = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM: Final = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
FINAL: Final = ("delivered", "undelivered", "failed")
# Seconds for which an answer that never comes is held back at most.
HELD: Final = 60.0


class ScenarioWrong(ValueError):
    """Something that is no scenario; says what."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of the messages that it concerns.

    Attributes:
        to: a number, the end of one (`*0001`), or `*` for all.
        body: a piece of the text.
        times: for how many messages; None for all.
        status: the answer: 201 takes it; with 429, 5xx and others it is not taken, unless `taken` says so.
        code: Twilio's code in a refusal.
        taken: it is taken, whatever is answered: what the sender cannot know.
        silent: nothing is answered at all.
        answer_after: seconds before the answer.
        callbacks: the states that are told, in this order; empty for none.
        error_code: told with `undelivered` and `failed`.
        callback_after, callback_gap: seconds before the first callback, and between them.
        repeat: how often each is told.
    """

    to: str = "*"
    body: str = ""
    times: int | None = None
    status: int = 201
    code: int | None = None
    taken: bool = False
    silent: bool = False
    answer_after: float = 0.0
    callbacks: tuple[str, ...] = ("sent", "delivered")
    error_code: int | None = None
    callback_after: float = 0.05
    callback_gap: float = 0.05
    repeat: int = 1

    def concerns(self, to: str, body: str) -> bool:
        """Whether the rule is about this message."""
        ends = self.to.startswith("*") and to.endswith(self.to[1:])
        return (ends or to == self.to) and self.body in body

    @property
    def takes(self) -> bool:
        """Whether the message is kept and told about."""
        return self.taken or self.status == 201


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rules, what holds where none does, and how long a message stays out of lists."""

    rules: tuple[Rule, ...] = ()
    default: Rule = Rule()
    list_lag: float = 0.0

    def after(self, used: Rule) -> "Scenario":
        """The scenario once a rule was used."""
        if used.times is None:
            return self
        left = replace(used, times=used.times - 1)
        kept = [left if rule is used else rule for rule in self.rules]
        return replace(self, rules=tuple(rule for rule in kept if rule.times != 0))

    def rule_for(self, sender: str, to: str, body: str) -> Rule:
        """What to do with a message."""
        code = MAGIC_TO.get(to) or MAGIC_FROM.get(sender)
        if code is not None:
            return Rule(status=400, code=code)
        return next((rule for rule in self.rules if rule.concerns(to, body)), self.default)


def scenario_of(content: object) -> Scenario:
    """A scenario from JSON.

    Raises:
        ScenarioWrong: an unknown property, or a value of another type.
    """
    if not isinstance(content, dict) or not content.keys() <= {"rules", "default", "list_lag"}:
        raise ScenarioWrong("a scenario has rules, default and list_lag")
    rules = content.get("rules", [])
    if not isinstance(rules, list):
        raise ScenarioWrong("rules is a list")
    lag = content.get("list_lag", 0)
    if isinstance(lag, bool) or not isinstance(lag, int | float):
        raise ScenarioWrong("list_lag is a number of seconds")
    return Scenario(tuple(_rule(each) for each in rules), _rule(content.get("default", {})), float(lag))


def _rule(content: object) -> Rule:
    known = {each.name: each for each in fields(Rule)}
    if not isinstance(content, dict) or not content.keys() <= known.keys():
        raise ScenarioWrong(f"a rule has {', '.join(known)}")
    values = {name: _value(name, value, known[name].default) for name, value in content.items()}
    return Rule(**values)


def _value(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
    elif default is None or (isinstance(default, int) and not isinstance(default, bool)):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif isinstance(default, float):
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
    elif isinstance(value, type(default)):
        return value
    raise ScenarioWrong(f"{name} cannot be {value!r}")
