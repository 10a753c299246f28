"""Explanations: why a line of the ledger is what it is, and where a number comes from, step by step.

They are not kept with a settlement but derived from it when somebody asks: the same numbers are read again
from the facts and cells they were made of.
"""

from server.forms.suggestions import nearest
from server.scoring.calendar import Period
from server.scoring.programmes.definition import Measure
from server.scoring.settling.explaining.lines import Fired
from server.scoring.settling.explaining.numbers import Numbers, readings_used
from server.scoring.settling.explaining.tree import Explanation, Quantity, Word, said
from server.scoring.settling.rules import Firing
from server.scoring.settling.settlement import Settlement

__all__ = ["Explanation", "NotSettled", "Quantity", "Word", "explain", "explain_number", "said"]


class NotSettled(LookupError):
    """Nothing of that name was settled; a code of `explain.json`, and its parameters."""

    def __init__(self, code: str, **params: str) -> None:
        """Keep the code and the parameters."""
        super().__init__(code)
        self.code = code
        self.params = params


def explain(settlement: Settlement, line_id: str) -> Explanation:
    """Why a rule charged what it did: `rule/subject/event`, as the ledger has it.

    An id without a line is explained as well: what keeps it open, or why nothing is charged.

    Raises:
        NotSettled: when no rule was asked about that subject and event.
    """
    world = settlement.world
    firing = Firing(world)
    for rule in world.ground.programme.rules:
        for subject in world.ground.of_kind.get(rule.kind, ()):
            if not line_id.startswith(f"{rule.name}/{subject.id}/"):
                continue
            for scope in firing.events(rule, subject):
                fired = Fired(settlement, Numbers(world), rule, scope)
                if fired.about.id == line_id:
                    return fired.line()
    known = [line.about.id for line in settlement.ledger]
    raise NotSettled("missing_line", id=line_id, suggestion=nearest(line_id, known))


def explain_number(settlement: Settlement, measure: str, subject: str, period: str) -> Explanation:
    """Where a number comes from.

    Raises:
        NotSettled: when there is no such measure or subject, or the period was not settled.
    """
    world = settlement.world
    programme, subjects = world.ground.programme, world.ground.facts.subjects
    if measure not in programme.measures:
        raise NotSettled("missing_measure", measure=measure, suggestion=nearest(measure, programme.measures))
    found = programme.measures[measure]
    if subject not in subjects or subjects[subject].kind != found.of:
        known = [each.id for each in world.ground.of_kind.get(found.of, ())]
        raise NotSettled("missing_subject", subject=subject, suggestion=nearest(subject, known))
    step = Numbers(world).number(found, subject, _period(settlement, found, subject, period))
    policies = world.ground.facts.policies
    used = {key: policies[key] for key in found.readings if key in policies}
    return Explanation(step.code, step.params, (*step.parts, *readings_used(used)))


def _period(settlement: Settlement, measure: Measure, subject: str, name: str) -> Period:
    ground = settlement.world.ground
    settled = ground.periods(measure.per, subject)
    years = (ground.facts.year - back for back in range(_YEARS_OF_HISTORY))
    earlier = (each for year in years for each in ground.programme.calendar.periods(measure.per, year))
    for period in (*settled, *earlier):
        if period.id == name and settlement.world.cells.has(measure.name, subject, name):
            return period
    cells = settlement.world.cells
    known = [each.id for each in settled if cells.has(measure.name, subject, each.id)]
    raise NotSettled("missing_period", period=name, suggestion=nearest(name, known))


# How far back a number of the history can be asked for.
_YEARS_OF_HISTORY = 30
