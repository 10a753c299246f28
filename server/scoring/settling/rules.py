"""Fires the rules: for every subject and period that has ended, or once a finding or visit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from server.forms.expressions.tree import Name
from server.scoring.arithmetic import Formula, number_in
from server.scoring.calendar import Period, Span
from server.scoring.exact import rounded
from server.scoring.programmes.definition import Action, Rule
from server.scoring.settling.amounts import Amount, Gap, amount_of
from server.scoring.settling.entries import About, Deed, Entry, LedgerLine, Open, Payee
from server.scoring.settling.facts import Subject
from server.scoring.settling.scopes import Scope, World


@dataclass
class Firing:
    """The rules of one settlement. `charged` remembers which group has charged a gap (reading A10)."""

    world: World
    charged: set[Gap] = field(default_factory=set)

    def entries(self) -> Iterator[Entry]:
        """Everything the rules decide, in their order, then by subject and event."""
        for rule in self.world.ground.programme.rules:
            for subject in self.world.ground.of_kind.get(rule.kind, ()):
                for scope in self.events(rule, subject):
                    yield from self._fired(rule, scope)

    def events(self, rule: Rule, subject: Subject) -> Iterator[Scope]:
        """What a rule is asked about: periods that have ended, findings or visits of the scheme year."""
        ground, world = self.world.ground, self.world
        first, last = ground.year.starts, ground.year.ends
        if rule.per == "finding":
            for finding in ground.findings.get(subject.id, ()):
                if first <= finding.day <= last:
                    period = Period("finding", finding.id, finding.day, finding.day, 0, finding.id)
                    rows = {"finding": world.rows.of_finding(finding)}
                    yield Scope(world, subject, period, published=True, rows=rows)
            return
        for period in ground.periods(rule.per, subject.id):
            if period.ends <= ground.facts.as_of:
                rows = {}
                if rule.per == "visit":
                    rows = {"score": world.rows.of_score(ground.score_with[period.id])}
                yield Scope(world, subject, period, published=True, rows=rows)

    def _fired(self, rule: Rule, scope: Scope) -> Iterator[Entry]:
        if rule.when is not None and not rule.when.holds(scope):
            return
        about = About(rule.name, scope.subject.id, scope.period.id)
        amount = amount_of(rule, scope, about, self.charged)
        # Where nothing is short there is no reason to act either.
        if amount is None and rule.shortfall is not None:
            return
        exempt = None if rule.exempt is None else rule.exempt.value(scope)
        if exempt is True:
            return
        if rule.exempt is not None and exempt is None and not isinstance(rule.exempt.node, Name):
            # Charged or spared without the number that decides it, somebody would be wronged.
            yield Open(about, "exemption_unknown", {"expression": rule.exempt.source})
            return
        if amount is not None and amount.open is not None:
            yield amount.open
        if amount is not None and amount.value is not None:
            yield from self._charged(rule, scope, about, amount)
        for action in rule.actions:
            deed = self._deed(action, scope, about)
            yield deed
            if deed.to is None:
                yield Open(about, "addressee_unknown", {"to": action.to, "do": action.do})

    def _charged(self, rule: Rule, scope: Scope, about: About, found: Amount) -> Iterator[Entry]:
        amount = rounded(found.value, rule.places)
        if amount is None or amount <= 0:
            return
        if found.gap_of is not None:
            self.charged.add(found.gap_of)
        payee = self.payee(rule.payee, scope)
        if payee is None:
            yield Open(about, "payee_unknown", {"payee": rule.payee, "amount": f"{amount:f}"})
            return
        policies = self.world.ground.facts.policies
        readings = {key: policies[key] for key in rule.readings if key in policies}
        yield LedgerLine(about, rule.clause, rule.direction, amount, rule.unit, payee, found.steps, readings)

    def payee(self, name: str, scope: Scope) -> Payee | None:
        """Whoever a word of the definition means here; None when the facts do not say."""
        ground, subject = self.world.ground, scope.subject
        if name == "subject":
            return Payee(subject.kind, subject.id)
        above = ground.above[subject.id]
        if name in above:
            return Payee(name, above[name])
        if name == "person":
            person = scope.rows.get("finding", {}).get("person")
            return Payee(name, person) if isinstance(person, str) else None
        # Nearest first: a deputy of the outlet comes before one of its sub-branch.
        holders = (ground.facts.subjects[each].roles.get(name, "") for each in above.values())
        person = next((holder for holder in holders if holder), None)
        return None if person is None else Payee(name, person)

    def _deed(self, action: Action, scope: Scope, about: About) -> Deed:
        return Deed(about, action.do, self.payee(action.to, scope), self._due(action, scope))

    def _due(self, action: Action, scope: Scope) -> date | None:
        if action.due is not None:
            value = action.due.value(scope)
            try:
                return date.fromisoformat(value) if isinstance(value, str) else None
            except ValueError:
                return None
        if action.within is None:
            return None
        within = action.within
        span = Span(
            months=_whole(within.months, scope),
            days=_whole(within.days, scope),
            working_days=_whole(within.working_days, scope),
        )
        start = scope.period.ends if action.from_event else self.world.ground.facts.as_of
        return self.world.ground.programme.calendar.later(start, span)


def _whole(formula: Formula | None, scope: Scope) -> int:
    number = None if formula is None else number_in(formula.value(scope))
    return 0 if number is None or number < 0 else int(min(number, _LONGEST))


# Days or months: no deadline is further away, and the calendar's arithmetic ends with the year 9999.
_LONGEST = Fraction(10_000)
