"""Turns one answer into one line of the sheet: hidden, blank, not applicable, critical, or plain points."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from server.scoring.awards import DeductedFrom, answer_keys
from server.scoring.definitions import LineRule
from server.scoring.exact import ZERO
from server.scoring.problems import AnswerNotScorable
from server.scoring.sheet import SheetLine


@dataclass(frozen=True, slots=True)
class PreparedLine:
    """A line rule with its usual lines made in advance, so that most answers are one look-up."""

    rule: LineRule
    not_applicable: str
    possible: Fraction
    hidden: SheetLine
    blank: SheetLine
    ready: Mapping[str, SheetLine]

    def line(self, values: Mapping[str, object], visible: Container[str]) -> SheetLine:
        """The line for checked answers.

        Raises:
            AnswerNotScorable: when the answers did not pass the form's check.
        """
        if self.rule.question not in visible:
            return self.hidden
        answer = values.get(self.rule.question)
        if self.rule.row is not None and isinstance(answer, Mapping):
            answer = answer.get(self.rule.row)
        if answer is None or answer in ("", [], {}):
            return self.blank
        keys = answer_keys(answer)
        if len(keys) == 1 and keys[0] in self.ready:
            return self.ready[keys[0]]
        return _answered(self.rule, self.not_applicable, self.possible, keys)


def prepare(rule: LineRule, not_applicable: str, blank: str, choices: tuple[str, ...]) -> PreparedLine:
    """Make a line rule ready under the form's policies."""
    possible = ZERO if rule.bonus else rule.award.best() * rule.weight
    if isinstance(rule.award, DeductedFrom):
        # Reasons that nobody ticked are full marks, and no item that was forgotten.
        unanswered = _answered(rule, not_applicable, possible, ())
    elif blank == "exclude":
        unanswered = _outside(rule, "blank_exclude")
    else:
        unanswered = _line(rule, (), "blank_zero", ZERO, possible)
    ready = {choice: _answered(rule, not_applicable, possible, (choice,)) for choice in choices}
    return PreparedLine(
        rule=rule,
        not_applicable=not_applicable,
        possible=possible,
        hidden=_outside(rule, "hidden"),
        blank=unanswered,
        ready=ready,
    )


def _answered(rule: LineRule, not_applicable: str, possible: Fraction, keys: tuple[str, ...]) -> SheetLine:
    if rule.na_value is not None and rule.na_value in keys:
        return _not_applicable(rule, not_applicable, possible, keys)
    earned = rule.award.earned(keys)
    if earned is None:
        raise AnswerNotScorable(rule.item, ", ".join(keys))
    critical = rule.critical if rule.critical_on.intersection(keys) else None
    if critical == "item":
        return _line(rule, keys, "critical_item", min(ZERO, earned * rule.weight), possible, critical)
    return _line(rule, keys, rule.award.rule, earned * rule.weight, possible, critical)


def _not_applicable(rule: LineRule, policy: str, possible: Fraction, keys: tuple[str, ...]) -> SheetLine:
    if policy == "exclude":
        return _outside(rule, "not_applicable_exclude", keys)
    earned = possible if policy == "full" else ZERO
    return _line(rule, keys, f"not_applicable_{policy}", earned, possible)


def _outside(rule: LineRule, reason: str, keys: tuple[str, ...] = ()) -> SheetLine:
    """Nothing out of nothing (scoring.md laws 5 and 6)."""
    return replace(_line(rule, keys, reason, ZERO, ZERO), applicable=False)


def _line(
    rule: LineRule,
    keys: tuple[str, ...],
    reason: str,
    earned: Fraction,
    possible: Fraction,
    critical: str | None = None,
) -> SheetLine:
    return SheetLine(
        item=rule.item,
        section=rule.section,
        answer=keys,
        earned=earned,
        possible=possible,
        lost=ZERO if rule.bonus else max(ZERO, possible - earned),
        weight=rule.weight,
        rule=reason,
        label=rule.label,
        applicable=True,
        bonus=rule.bonus,
        critical=critical,
    )
