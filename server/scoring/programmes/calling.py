"""What a survey says of those who are not satisfied: who is rung, how soon, and what was promised to them."""

from dataclasses import dataclass
from fractions import Fraction

from server.forms.expressions import Expression


@dataclass(frozen=True, slots=True)
class CallBack:
    """Which answers of a survey open a case, and what was promised to those who give them.

    The expressions are a form's and read its answers.

    Attributes:
        when: somebody is dissatisfied.
        ring: somebody asks to be rung.
        declined: somebody was asked and does not want to be rung.
        severe: the case goes before others.
        anonymity: `never` (nobody is rung who did not ask for it) or `may_ring`.
        within_hours: how soon somebody has to be rung.
        attempts: on so many different days nobody answered: then the case ends.
        dispute_days: for so many days after its confirmation an attribution can be disputed.
        record: the instrument whose form notes the call; "" for none.
        reasons: the question whose choices say what was wrong; "" for none.
        satisfied: the score from which on somebody counts as satisfied.
        closing: those who answered agreed to hear what became of it.
    """

    when: Expression
    ring: Expression | None
    declined: Expression | None
    severe: Expression | None
    anonymity: str
    within_hours: int
    attempts: int
    dispute_days: int
    record: str
    reasons: str
    satisfied: Fraction | None
    closing: bool

    @property
    def questions(self) -> frozenset[str]:
        """The questions of the form that it reads."""
        read = (each.names for each in (self.when, self.ring, self.declined, self.severe) if each is not None)
        return frozenset().union(*read, (self.reasons,) if self.reasons else ())
