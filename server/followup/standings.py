"""Where the subjects of a wave stand: means over unrounded scores, grades, ranks. Nothing is looked up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from server.scoring.bands import grade_of
from server.scoring.exact import rounded, total
from server.scoring.programmes.vocabulary import OF_PEOPLE, SMALLEST_CELL
from server.scoring.ranks import ranks_from_top
from server.scoring.rules import ScoreRules

PLACES = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """Score and grade of `count` submissions that have the same; None where nothing was applicable."""

    raw: Fraction | None
    grade: str | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """A subject in a wave: how many scores, their mean as it is and published, its grade and its rank."""

    n: int
    # Who moves is seen in what is published.
    raw: Fraction | None = field(compare=False)
    score: Decimal | None
    grade: str | None
    rank: int | None


def standings(
    marks: Mapping[str, Iterable[Mark]], rules: ScoreRules | None, least: int
) -> Mapping[str, Standing]:
    """By the key of each subject.

    Args:
        rules: of the form, for its grades; None gives none.
        least: scores that a subject needs to be ranked.
    """
    scored = {key: [mark for mark in own if mark.raw is not None] for key, own in marks.items()}
    counts = {key: sum(mark.count for mark in own) for key, own in scored.items()}
    means = {key: mean_of(own) for key, own in scored.items()}
    published = {key: rounded(value, PLACES) for key, value in means.items()}
    ranks = ranks_from_top({key: each for key, each in published.items() if counts[key] >= least})
    return {
        key: Standing(counts[key], means[key], published[key], _grade(own, means[key], rules), ranks.get(key))
        for key, own in scored.items()
    }


def least_shown(instrument: str) -> int:
    """Scores that a subject needs to be shown and ranked: its neighbours' ranks would tell its mean."""
    return SMALLEST_CELL if instrument in OF_PEOPLE else 1


def mean_of(marks: Sequence[Mark]) -> Fraction | None:
    """Over all that have a score (scoring.md law 10)."""
    count = sum(mark.count for mark in marks)
    return total(mark.raw * mark.count for mark in marks if mark.raw is not None) / count if count else None


def _grade(marks: Sequence[Mark], mean: Fraction | None, rules: ScoreRules | None) -> str | None:
    # One sheet has its own grade, which a critical answer may have forced.
    if sum(mark.count for mark in marks) == 1:
        return marks[0].grade
    return None if rules is None else grade_of(rules.bands, rounded(mean, PLACES))
