"""The steps behind a line of the ledger: why it was charged, how much, to whom; or why nothing was."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from server.scoring.arithmetic import Formula, number_in
from server.scoring.programmes.definition import Rule, Text
from server.scoring.settling.entries import About, Entry, LedgerLine, Open, Step
from server.scoring.settling.explaining.deeds import explain_deeds
from server.scoring.settling.explaining.findings import explain_finding
from server.scoring.settling.explaining.numbers import Numbers, readings_used
from server.scoring.settling.explaining.tree import Explanation, Param, Quantity, named, said
from server.scoring.settling.scopes import Scope
from server.scoring.settling.settlement import Settlement

POINTS = "points"


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule and what it was asked about."""

    settlement: Settlement
    numbers: Numbers
    rule: Rule
    scope: Scope

    @property
    def about(self) -> About:
        """Rule, subject and event."""
        return About(self.rule.name, self.scope.subject.id, self.scope.period.id)

    def line(self) -> Explanation:
        """The ledger line; what keeps it open; or why there is none."""
        entries = [each for each in self.settlement.entries if each.about == self.about]
        line = next((each for each in entries if isinstance(each, LedgerLine)), None)
        if line is not None:
            return self._charged(line, entries)
        open_entry = next((each for each in entries if isinstance(each, Open)), None)
        if open_entry is not None:
            parts = [*self._event(), *self._conditions(), self._open(open_entry)]
            return said("line_open", [*parts, *self._deeds(entries)], **self._head())
        deeds = list(self._deeds(entries))
        if deeds:
            return said("line_acts", [*self._event(), *self._conditions(), *deeds], **self._head())
        return said("line_none", [*self._event(), *self._why_not()], **self._head())

    def _deeds(self, entries: list[Entry]) -> Iterator[Explanation]:
        return explain_deeds(self.rule, self.scope, entries)

    def _charged(self, line: LedgerLine, entries: list[Entry]) -> Explanation:
        # In the order in which they are read: what is explained first is only referred to afterwards.
        parts = [
            *([said("clause", clause=line.clause)] if line.clause else []),
            *self._event(),
            *self._conditions(),
            *(_STEPS[step.code](self, step) for step in line.steps),
            *self._rounded(line),
            self._payee(line),
            *self._deeds(entries),
            *readings_used(line.readings),
        ]
        code = "line_reward" if line.direction == "reward" else "line_penalty"
        return said(code, parts, **self._head(), amount=Quantity(line.amount, line.unit))

    def _head(self) -> dict[str, Param]:
        return {
            "title": named(self.rule.title, self.rule.name),
            "subject": self.scope.subject.id,
            "name": self.scope.subject.name,
            "period": self.scope.period,
        }

    def _event(self) -> Iterator[Explanation]:
        if self.rule.per == "finding":
            found = self.settlement.world.ground.findings[self.scope.subject.id]
            finding = next(each for each in found if each.id == self.scope.period.id)
            formulas = (self.rule.when, self.rule.exempt, self.rule.amount)
            yield explain_finding(self.numbers, finding, finding.points or None, *formulas)

    def _conditions(self) -> Iterator[Explanation]:
        when, exempt = self.rule.when, self.rule.exempt
        if when is not None:
            yield said("condition", self.reads(when), expression=when.source)
        if exempt is not None:
            yield said("not_exempt", self.reads(exempt), expression=exempt.source)

    def _why_not(self) -> Iterator[Explanation]:
        when, exempt, short = self.rule.when, self.rule.exempt, self.rule.shortfall
        if when is not None and not when.holds(self.scope):
            yield said("condition_fails", self.reads(when), expression=when.source)
            return
        if exempt is not None and exempt.holds(self.scope):
            yield said("exempt", self.reads(exempt), expression=exempt.source)
            return
        yield from self._conditions()
        if short is not None:
            score, target = (number_in(each.value(self.scope)) for each in (short.score, short.target))
            reads = self.reads(short.target, short.score)
            if score is None or target is None:
                yield said("gap_unknown", reads)
            else:
                # A gap below one point may cost nothing (reading A3).
                code = "gap_free" if score < target else "gap_none"
                yield said(code, reads, score=Quantity(score, POINTS), target=Quantity(target, POINTS))
        elif self.rule.amount is not None:
            amount = number_in(self.rule.amount.value(self.scope)) or Fraction(0)
            reads = self.reads(self.rule.amount)
            params: dict[str, Param] = {"amount": self.money(amount), "expression": self.rule.amount.source}
            yield said("amount_nothing", reads, **params)
        else:
            yield said("without_amount")

    def _open(self, entry: Open) -> Explanation:
        rule = self.rule
        short = rule.shortfall
        formulas = (rule.amount, *((short.target, short.base, short.per_point) if short else ()))
        reads = self.reads(*formulas)
        params: dict[str, Param] = {name: _exact(value) for name, value in entry.params.items()}
        if entry.code != "amount_unknown":
            params = {name: _in_unit(value, rule.unit) for name, value in params.items()}
        return Explanation(f"open_{entry.code}", params, reads)

    def _rounded(self, line: LedgerLine) -> Iterator[Explanation]:
        amounts = [step.params.get("amount", step.params.get("base")) for step in line.steps]
        exact = next((each for each in reversed(amounts) if isinstance(each, Fraction)), None)
        if exact is not None and exact != Fraction(line.amount):
            params: dict[str, Param] = {"raw": self.money(exact), "value": Quantity(line.amount, line.unit)}
            if self.rule.places:
                yield said("rounded", places=self.rule.places, **params)
            else:
                yield said("rounded_whole", **params)

    def _payee(self, line: LedgerLine) -> Explanation:
        payee, ground = line.payee, self.settlement.world.ground
        if payee.kind in ground.programme.kinds:
            kind = named(ground.programme.kinds[payee.kind].title, payee.kind)
            return said(
                "payee_subject", subject=payee.id, name=ground.facts.subjects[payee.id].name, kind=kind
            )
        if self.rule.payee == "person":
            return said("payee_person", person=payee.id)
        above = ground.above[self.scope.subject.id].values()
        holder = next(each for each in above if ground.facts.subjects[each].roles.get(payee.kind))
        name = ground.facts.subjects[holder].name
        return said("payee_role", role=payee.kind, person=payee.id, subject=holder, name=name)

    def reads(self, *formulas: Formula | None) -> tuple[Explanation, ...]:
        """What formulas of the rule read."""
        return self.numbers.reads(self.scope, *formulas)

    def money(self, value: Fraction) -> Quantity:
        """A number in the rule's unit."""
        return Quantity(value, self.rule.unit)


def _exact(text: str) -> Param:
    number = number_in(text)
    return text if number is None else number


def _in_unit(value: Param, unit: str) -> Param:
    return Quantity(value, unit) if isinstance(value, Fraction) else value


def _number(step: Step, name: str) -> Fraction:
    value = step.params.get(name)
    return value if isinstance(value, Fraction) else Fraction(0)


def _gap(fired: Fired, step: Step) -> Explanation:
    short = fired.rule.shortfall
    reads = fired.reads(*((short.target, short.score) if short else ()))
    params: dict[str, Param] = {
        name: Quantity(_number(step, name), POINTS) for name in ("target", "score", "gap")
    }
    way = fired.settlement.world.ground.facts.policies["A3"]
    if _number(step, "gap") == _number(step, "counted"):
        return said("gap", reads, **params)
    counted = Quantity(_number(step, "counted"), POINTS)
    return said("gap_up" if way == "ceil" else "gap_down", reads, **params, counted=counted)


def _base_and_gap(fired: Fired, step: Step) -> Explanation:
    short = fired.rule.shortfall
    reads = fired.reads(*((short.base, short.per_point) if short else ()))
    gap, price, base = (_number(step, name) for name in ("gap", "price", "base"))
    params: dict[str, Param] = {
        "gap": Quantity(gap, POINTS),
        "price": fired.money(price),
        "charge": fired.money(gap * price),
    }
    if not base:
        return said("gap_priced", reads, **params)
    amount = fired.money(_number(step, "amount"))
    return said("base_and_gap", reads, base=fired.money(base), **params, amount=amount)


def _charged_already(fired: Fired, step: Step) -> Explanation:
    short = fired.rule.shortfall
    params: dict[str, Param] = {
        "gap": Quantity(_number(step, "gap"), POINTS),
        "base": fired.money(_number(step, "base")),
        "other": _first_of_group(fired),
    }
    return said("gap_charged_already", fired.reads(short.base) if short else (), **params)


def _first_of_group(fired: Fired) -> Text:
    """The rule that has charged the gap (reading A10)."""
    group, about = fired.rule.shortfall.once if fired.rule.shortfall else "", fired.about
    charged = {
        entry.about.rule
        for entry in fired.settlement.entries
        if isinstance(entry, LedgerLine | Open)
        and (entry.about.subject, entry.about.event) == (about.subject, about.event)
        and entry.about.rule != about.rule
    }
    rules = fired.settlement.world.ground.programme.rules
    other = next((r for r in rules if r.name in charged and r.shortfall and r.shortfall.once == group), None)
    return {"default": group} if other is None else named(other.title, other.name)


def _doubled(fired: Fired, step: Step) -> Explanation:
    short = fired.rule.shortfall
    both = number_in(short.both.value(fired.scope)) if short and short.both else None
    each = fired.settlement.world.ground.facts.policies["A6"] == "points_each"
    reads = fired.reads(*((short.double, short.both if each else None) if short else ()))
    repeated, points, price = (_number(step, name) for name in ("repeated", "points", "price"))
    params: dict[str, Param] = {
        "repeated": Quantity(repeated, POINTS),
        "points": Quantity(points, POINTS),
        "price": fired.money(price),
        "charge": fired.money(points * price),
        "amount": fired.money(_number(step, "amount")),
    }
    if both and each:
        return said("doubled_both", reads, **params, both=Quantity(both, POINTS))
    return said("doubled" if points == repeated else "doubled_limited", reads, **params)


def _doubled_whole(fired: Fired, step: Step) -> Explanation:
    short = fired.rule.shortfall
    points, amount = Quantity(_number(step, "points"), POINTS), fired.money(_number(step, "amount"))
    return said("doubled_whole", fired.reads(short.double) if short else (), points=points, amount=amount)


def _amount(fired: Fired, step: Step) -> Explanation:
    params: dict[str, Param] = {"amount": fired.money(_number(step, "amount"))}
    return said("amount", fired.reads(fired.rule.amount), expression=str(step.params["expression"]), **params)


def _decided(fired: Fired, step: Step) -> Explanation:
    decided = fired.rule.decided
    reads = fired.reads(*((decided.lowest, decided.highest) if decided else ()))
    params: dict[str, Param] = {
        "amount": fired.money(_number(step, "amount")),
        "low": fired.money(_number(step, "from")),
        "high": fired.money(_number(step, "to")),
    }
    by, reason = (str(step.params.get(name) or "") for name in ("by", "reason"))
    if by and reason:
        return said("decided_by_because", reads, **params, by=by, reason=reason)
    if reason:
        return said("decided_because", reads, **params, reason=reason)
    return said("decided_by", reads, **params, by=by) if by else said("decided", reads, **params)


def _capped(fired: Fired, step: Step) -> Explanation:
    return said("capped", amount=fired.money(_number(step, "amount")))


def _floored(fired: Fired, step: Step) -> Explanation:
    return said("floored", amount=fired.money(_number(step, "amount")))


_STEPS: dict[str, Callable[[Fired, Step], Explanation]] = {
    "gap": _gap,
    "base_and_gap": _base_and_gap,
    "gap_charged_already": _charged_already,
    "doubled": _doubled,
    "doubled_whole": _doubled_whole,
    "amount": _amount,
    "decided": _decided,
    "capped": _capped,
    "floored": _floored,
}
