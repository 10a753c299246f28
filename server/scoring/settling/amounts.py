"""What a rule is worth: an expression, points short of a target, or what a person decided within a range."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from server.scoring.arithmetic import Formula, number_in
from server.scoring.exact import ZERO, exact_text
from server.scoring.programmes.definition import Decided, Rule, Shortfall
from server.scoring.settling.entries import About, Open, Step
from server.scoring.settling.scopes import Scope

# A group of rules, a subject, a period.
Gap: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount before it is rounded, and how it came about; or what is open."""

    value: Fraction | None
    steps: tuple[Step, ...] = ()
    open: Open | None = None
    # The gap that a line of this amount charges, for its group (reading A10).
    gap_of: Gap | None = None


def amount_of(rule: Rule, scope: Scope, about: About, charged: Collection[Gap]) -> Amount | None:
    """The amount of a rule; None when it has none to give. `charged` are the gaps that lines have charged."""
    found = _amount(rule, scope, about, charged)
    if found is None or found.value is None:
        return found
    value, steps = found.value, list(found.steps)
    if rule.cap is not None and value > rule.cap:
        value = rule.cap
        steps.append(Step("capped", {"amount": value}))
    # A floor makes a small amount larger, and nothing out of nothing.
    if rule.floor is not None and ZERO < value < rule.floor:
        value = rule.floor
        steps.append(Step("floored", {"amount": value}))
    return replace(found, value=value, steps=tuple(steps))


def _amount(rule: Rule, scope: Scope, about: About, charged: Collection[Gap]) -> Amount | None:
    if rule.shortfall is not None:
        return _short(rule.shortfall, scope, about, charged)
    if rule.decided is not None:
        return _decided(rule.decided, scope, about)
    return None if rule.amount is None else _computed(rule.amount, scope, about)


def _computed(formula: Formula, scope: Scope, about: About) -> Amount:
    value = number_in(formula.value(scope))
    if value is None:
        return Amount(None, open=Open(about, "amount_unknown", {"expression": formula.source}))
    return Amount(value, (Step("amount", {"expression": formula.source, "amount": value}),))


def _short(short: Shortfall, scope: Scope, about: About, charged: Collection[Gap]) -> Amount | None:
    target, score, base, price = (
        number_in(formula.value(scope))
        for formula in (short.target, short.score, short.base, short.per_point)
    )
    if score is None:
        # No score is not zero: who was not visited owes nothing (law 4).
        return None
    if target is None or base is None or price is None:
        return Amount(None, open=Open(about, "amount_unknown", {"expression": short.target.source}))
    gap = max(ZERO, target - score)
    if not gap:
        return None
    policies = scope.world.ground.facts.policies
    counted = _STEPS[policies["A3"]](gap)
    steps = [Step("gap", {"target": target, "score": score, "gap": gap, "counted": counted})]
    group = (short.once, about.subject, about.event)
    if short.once and policies["A10"] == "once" and group in charged:
        steps.append(Step("gap_charged_already", {"base": base, "gap": counted}))
        return Amount(base, tuple(steps))
    value = base + counted * price
    steps.append(Step("base_and_gap", {"base": base, "gap": counted, "price": price, "amount": value}))
    single = Amount(value, tuple(steps), gap_of=group if short.once else None)
    return _doubled(short, scope, single, counted, price)


def _doubled(short: Shortfall, scope: Scope, single: Amount, gap: Fraction, price: Fraction) -> Amount:
    """Repeated points once more, or the whole penalty (readings A6 and A29)."""
    repeated = number_in(short.double.value(scope)) if short.double is not None else None
    if not repeated or repeated < 0 or single.value is None:
        return single
    policies = scope.world.ground.facts.policies
    extent = policies["A6"]
    if extent == "whole":
        value = single.value * 2
        step = Step("doubled_whole", {"points": repeated, "amount": value})
        return replace(single, value=value, steps=(*single.steps, step))
    capped = policies["A29"] == "capped"
    repeated = _STEPS[policies["A3"]](repeated)
    points = min(repeated, gap) if capped else repeated
    both = number_in(short.both.value(scope)) if short.both is not None and extent == "points_each" else None
    # Repeat and key item at once: four times in all, so twice more than the doubling gives.
    points += 2 * (min(both, gap) if capped else both) if both else ZERO
    value = single.value + points * price
    step = Step("doubled", {"repeated": repeated, "points": points, "price": price, "amount": value})
    return replace(single, value=value, steps=(*single.steps, step))


def _decided(decided: Decided, scope: Scope, about: About) -> Amount:
    """A person names the amount, within the range of the clause."""
    facts = scope.world.ground.facts
    lowest, highest = (number_in(each.value(scope)) for each in (decided.lowest, decided.highest))
    shown = {
        name: exact_text(bound) for name, bound in (("from", lowest), ("to", highest)) if bound is not None
    }
    decision = facts.decisions.get((about.rule, about.subject, about.event))
    amount = decision.amount if decision else number_in(scope.rows.get("finding", {}).get("amount"))
    if amount is None:
        return Amount(None, open=Open(about, "decision_needed", shown))
    if lowest is None or highest is None or not lowest <= amount <= highest:
        return Amount(
            None, open=Open(about, "decision_out_of_range", {**shown, "amount": exact_text(amount)})
        )
    by, reason = (decision.by, decision.reason) if decision else ("", "")
    step = Step("decided", {"amount": amount, "from": lowest, "to": highest, "by": by, "reason": reason})
    return Amount(amount, (step,))


def _linear(gap: Fraction) -> Fraction:
    return gap


def _up(gap: Fraction) -> Fraction:
    return Fraction(-(-gap.numerator // gap.denominator))


def _down(gap: Fraction) -> Fraction:
    return Fraction(gap.numerator // gap.denominator)


_STEPS = {"linear": _linear, "ceil": _up, "floor": _down}
