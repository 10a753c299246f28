"""What a programme says about reports after they were handed in: who looks, who publishes, who may object,
how long orders take."""

from dataclasses import dataclass
from fractions import Fraction

LEVELS = ("above", "other")
REVIEWED = ("visit", "video")
# What customers and colleagues say in secret, nobody looks through one by one.
REVIEWABLE = (*REVIEWED, "self_check", "panel")
# The trade's second look (practice.md).
SECOND = 30
EVERYTHING = 100
# Points between a score and the outlet's earlier ones from which it is unusual.
OUTLIER = 15
MOST_EYES = 2
APPEAL_DAYS = 5
# Working days: half a year.
LONGEST_ORDER = 125


@dataclass(frozen=True, slots=True)
class Review:
    """How reports are looked through.

    Attributes:
        required: a report counts only once it was approved; else at once, until somebody takes it out.
        instruments: whose reports, by name; empty for all visits and video checks.
        look: percent of the reports without a risk that somebody looks at; rules approve the others.
        second: percent of the approved ones that a second person looks at.
        outlier: points of difference to the outlet's earlier scores that are a risk.
        eyes: people it takes to take a report out, or to approve one that a reviewer corrected.
        alone: one person may do what needs two, and says why.
    """

    required: bool = False
    instruments: frozenset[str] = frozenset()
    look: int = EVERYTHING
    second: int = SECOND
    outlier: Fraction = Fraction(OUTLIER)
    eyes: int = MOST_EYES
    alone: bool = False

    def covers(self, kind: str, name: str | None) -> bool:
        """Whether the reports of an instrument are reviewed."""
        return name in self.instruments if self.instruments else kind in REVIEWED


@dataclass(frozen=True, slots=True)
class Orders:
    """Working days in which something is put right, where a rule says no date of its own.

    Attributes:
        key_days: for key items, and for whatever else is urgent.
    """

    days: int = 5
    key_days: int = 2


@dataclass(frozen=True, slots=True)
class Publication:
    """How scores become known, and who may object to them.

    Attributes:
        check: working days in which units may object to facts before publication; 0 for none.
        appeals: working days after publication in which may be appealed; 0 for none.
        above: appeals are decided above whoever imposed what they are about, else by somebody else.
        eyes: people it takes to publish.
        alone: one person may do what needs two, and says why; the publication is marked.
    """

    check: int = 0
    appeals: int = APPEAL_DAYS
    above: bool = True
    eyes: int = MOST_EYES
    alone: bool = False
