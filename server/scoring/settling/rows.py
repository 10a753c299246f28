"""Single facts as formulas read them: `{score.…}`, `{line.…}`, `{finding.…}`, `{duty.…}`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from server.scoring.arithmetic import Value, exact_value
from server.scoring.settling.facts import Duty, Fields, Finding, Line, Score
from server.scoring.settling.ground import Ground


class Row(Protocol):
    """One fact."""

    def get(self, name: str, /) -> Value:
        """What it says under a name, None where it says nothing."""


@dataclass(frozen=True, slots=True)
class LineRow:
    """A lost line for a measure of a kind of period. A year has a hundred thousand, each asked for little."""

    ground: Ground
    score: Score
    line: Line
    per: str

    def get(self, name: str, /) -> Value:
        """As `Row`."""
        read = _OF_LINE.get(name)
        return None if read is None else read(self)

    @property
    def times(self) -> int:
        """How often the item has been failed by now."""
        return self.ground.line_occurrence(self.score, self.line)

    @property
    def is_key(self) -> bool:
        """Whether its form or a notice makes the item key."""
        item, code, day = self.line.item, self.line.code, self.score.day
        return self.line.key or any(keys.names(item, code, day) for keys in self.ground.programme.key_items)

    @property
    def is_elsewhere(self) -> bool:
        """Whether another instrument found it in the same period."""
        return self.ground.is_lost_elsewhere(self.score, self.line, self.per)


_OF_LINE: Mapping[str, Callable[[LineRow], Value]] = {
    "item": lambda row: row.line.item,
    "code": lambda row: row.line.code or None,
    "section": lambda row: row.line.section or None,
    "points": lambda row: row.line.points,
    "onScale": lambda row: row.line.on_scale,
    "key": lambda row: row.is_key,
    "kind": lambda row: row.line.kind or None,
    "listedAsHardware": lambda row: row.line.listed_as_hardware,
    "repeat": lambda row: row.times > 1,
    "occurrence": lambda row: exact_value(row.times),
    "elsewhere": lambda row: row.is_elsewhere,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one settlement."""

    ground: Ground
    scores: dict[str, Fields] = field(default_factory=dict)

    def of_score(self, score: Score) -> Fields:
        """A submission; made once, since every measure asks for it."""
        if score.id not in self.scores:
            self.scores[score.id] = {
                **score.fields,
                "id": score.id,
                "instrument": score.instrument,
                "wave": score.wave or None,
                "date": score.day.isoformat(),
                "weekday": exact_value(score.day.isoweekday() % 7),
                "rater": score.rater or None,
                "raw": score.raw,
                "published": exact_value(score.published),
                "n": exact_value(score.n),
                "bonus": score.bonus,
                "grade": score.grade or None,
                "critical": list(score.critical),
            }
        return self.scores[score.id]

    def of_line(self, score: Score, line: Line, per: str) -> LineRow:
        """A lost line."""
        return LineRow(self.ground, score, line, per)

    def of_finding(self, finding: Finding) -> Fields:
        """A finding."""
        times = self.ground.finding_occurrence(finding)
        keys = self.ground.programme.key_items
        return {
            **finding.fields,
            "id": finding.id,
            "date": finding.day.isoformat(),
            "item": finding.item or None,
            "code": finding.code or None,
            "section": finding.section or None,
            "points": finding.points,
            "source": finding.source or None,
            "kind": finding.kind or None,
            "person": finding.person or None,
            "amount": finding.amount,
            "key": any(items.names(finding.item, finding.code, finding.day) for items in keys),
            "repeat": times > 1,
            "occurrence": exact_value(times),
        }

    def of_duty(self, duty: Duty) -> Fields:
        """A duty."""
        return {
            **duty.fields,
            "duty": duty.duty,
            "date": duty.day.isoformat(),
            "done": duty.done,
            "person": duty.person or None,
        }
