"""What a programme says about its visits: how they are prepared, what is doubted, what they are paid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

Text = Mapping[str, str]

PASS = Fraction(80)
PASS_MODULE = Fraction(50)
PHOTO_SIDE = 1600
# Metres around an outlet's entrance; fixes inside a building are wide of it by a hundred and more.
RADIUS = 300
# Minutes below which nobody has looked at everything.
STAY = 10
# Signs; the trade asks for 150 to 250 characters, one instruction read for 80.
NARRATIVE = 0
# How far back recycled photos and copied narratives are looked for.
DAYS = 180
# Confidence, of a hundred, below which a person looks at a visit: one doubt of 25 is enough, one of 10 not.
REVIEW = 80


@dataclass(frozen=True, slots=True)
class Scenario:
    """Which business a shopper pretends to do. Forms read `value` as `{scenario}`."""

    value: str
    title: Text
    text: Text


@dataclass(frozen=True, slots=True)
class Quiz:
    """A form that a shopper must pass once before accepting; its sections are the modules. In percent."""

    form: str
    version: int
    overall: Fraction = PASS
    module: Fraction = PASS_MODULE


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """What is doubted about a visit, and how much.

    Attributes:
        radius: metres from the outlet within which a position agrees.
        stay: minutes below which a stay is short.
        narrative: signs below which a note is short; 0 for what the form itself asks.
        days: how far back other visits are compared.
        review: the confidence, 0 to 100, below which somebody looks at the visit.
        weights: by doubt, 0 to 100, where they differ from the usual ones.
    """

    radius: int = RADIUS
    stay: int = STAY
    narrative: int = NARRATIVE
    days: int = DAYS
    review: int = REVIEW
    weights: Mapping[str, Fraction] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Pay:
    """What a visit is paid, in yuan: done, tried in vain with proof, and the most for expenses."""

    fee: Fraction
    attempt: Fraction
    expenses: Fraction


@dataclass(frozen=True, slots=True)
class Fine:
    """The bounds of a fine on the spot, in yuan."""

    least: Fraction
    most: Fraction


@dataclass(frozen=True, slots=True)
class Visits:
    """How an instrument's visits are made.

    Attributes:
        overt: the visitor works in the open: faults are put right on the spot, the manager signs.
        letter: the text of the letter of authority; without one there is none.
        location: positions are asked for, with the visitor's consent.
        photo_side: pixels of the longer side to which phones reduce a photo.
        posts: of a video check, those whose recordings are asked for, by name.
    """

    overt: bool = False
    briefing: Text = field(default_factory=dict)
    letter: Text = field(default_factory=dict)
    scenarios: tuple[Scenario, ...] = ()
    quiz: Quiz | None = None
    location: bool = False
    photo_side: int = PHOTO_SIDE
    evidence: EvidenceRules = field(default_factory=EvidenceRules)
    pay: Pay | None = None
    fine: Fine | None = None
    posts: Mapping[str, Text] = field(default_factory=dict)


# What holds for an instrument that says nothing.
PLAIN = Visits()
