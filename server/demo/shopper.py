"""A mystery shopper who walks through an outlet once and fills the checklist, with its evidence."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from random import Random
from types import MappingProxyType

from server.demo.chance import clamp, stream
from server.demo.filling import Occasion, offered
from server.demo.grades import grades, is_not_applicable
from server.demo.habits import by_habit
from server.demo.notes import no_photo, note, summary
from server.forms.companions import companion_name
from server.forms.form import Question
from server.forms.properties import Scalar

# For a question's name, the photo that shows it as the form wants it ({"id", "sha256", "size", "type"}), or
# None when the shopper has none.
PhotoFor = Callable[[str], Mapping[str, object] | None]

_MOMENTS = ("time", "datetime-local")
_PHOTO_MISSED = 0.08
_AWAY_CHANCE = 0.2


def _is_dry(day: date) -> bool:
    """One weather for the whole city: a day is wet for every shopper or for none."""
    return stream(day.toordinal(), "weather").random() > 0.2


# Items that earlier answers or the day decide: whether they do not apply …
_AWAY: Mapping[str, Callable[[Mapping[str, object], date], bool]] = MappingProxyType(
    {
        "LOB-07": lambda scope, _day: "ticket" not in scope,
        "TEL-02": lambda scope, _day: "ticket" in scope,
        "TEL-05": lambda scope, _day: scope.get("business") != "cash",
        "TEL-09": lambda scope, _day: scope.get("business") == "advice",
        "FAC-09": lambda _scope, day: _is_dry(day),
    }
)
# … and which waits, longer than how many minutes, make them fail.
_LIMITS: Mapping[str, tuple[str, int]] = MappingProxyType({"LOB-09": ("called", 15)})


def failure_rate(quality: float) -> float:
    """The share of a visit's items that fail: 3 % at the best outlets, 13.5 % at the weakest."""
    return 0.03 + 0.105 * clamp((0.95 - quality) / 0.39, 0.0, 1.1)


class Shopper:
    """One visit; each page of the form may turn out to be the outlet's bad corner."""

    def __init__(self, rng: Random, occasion: Occasion, photo_refs: PhotoFor) -> None:
        self._rng = rng
        self._occasion = occasion
        self._photo_refs = photo_refs
        # After the last outlet has opened, and early enough to be out before the first one closes.
        self._clock = datetime.combine(occasion.day, time(10, 5)) + timedelta(minutes=rng.randint(0, 290))
        self._took: dict[str, int] = {}
        self._corners: dict[int, float] = {}
        self._judged: list[bool] = []

    def answer(self, question: Question, scope: Mapping[str, object]) -> Mapping[str, object]:
        """Verdicts with their evidence, moments one after the other, an impression at the end."""
        if question.behaviour.control.attributes.get("type") in _MOMENTS:
            return {question.name: self._moment(question)}
        if question.type == "comment":
            failed = sum(self._judged) / len(self._judged) if self._judged else 0.0
            return {question.name: summary(self._rng, failed)}
        verdict = self._verdict(question, scope)
        if verdict is None:
            return by_habit(self._rng, question, scope, self._occasion)
        return {question.name: verdict, **self._evidence(question, verdict)}

    def _moment(self, question: Question) -> str:
        """The clock only runs forward; until the call, it runs by how long the outlet lets people wait."""
        minutes = self._took[question.name] = self._minutes(question.name)
        self._clock += timedelta(minutes=minutes)
        dated = question.behaviour.control.attributes["type"] == "datetime-local"
        return self._clock.strftime("%Y-%m-%dT%H:%M" if dated else "%H:%M")

    def _minutes(self, name: str) -> int:
        if name == "called":
            waits = 2 + 16 * (1 - self._occasion.quality)
            return min(45, 1 + int(self._rng.expovariate(1 / waits)))
        return self._rng.randint(4, 16) if name == "served" else self._rng.randint(1, 3)

    def _verdict(self, question: Question, scope: Mapping[str, object]) -> Scalar | None:
        choices = offered(question, scope, self._occasion.day)
        worth = grades(question, choices)
        if not worth or question.type == "checkbox" or question.behaviour.control.rows:
            return None
        away = [value for value in choices if is_not_applicable(question, value)]
        if away and self._is_away(_code(question), scope):
            return away[0]
        fails = self._fails(question)
        self._judged.append(fails)
        best = max(worth.values())
        return self._rng.choice([value for value, points in worth.items() if (points < best) == fails])

    def _is_away(self, code: str, scope: Mapping[str, object]) -> bool:
        decided = _AWAY.get(code)
        return decided(scope, self._occasion.day) if decided else self._rng.random() < _AWAY_CHANCE

    def _fails(self, question: Question) -> bool:
        """Behaviour slips more often than things break, and what slips on one page slips together."""
        name, limit = _LIMITS.get(_code(question), ("", 0))
        if name in self._took:
            return self._took[name] > limit
        corner = self._corners.setdefault(question.page, self._rng.gammavariate(2.0, 0.5))
        kind = 0.8 if (question.scoring or {}).get("kind") == "hardware" else 1.25
        return self._rng.random() < min(0.9, failure_rate(self._occasion.quality) * corner * kind)

    def _evidence(self, question: Question, verdict: Scalar) -> dict[str, object]:
        evidence = question.evidence
        if evidence is None or verdict in evidence.not_applicable:
            return {}
        given: dict[str, object] = {}
        fails = verdict in evidence.failing
        if evidence.note and fails:
            written = note(self._rng, _code(question), evidence.min_length)
            given[companion_name(question.name, "note")] = written
        if evidence.photo == "always" or (evidence.photo == "onFail" and fails):
            given.update(self._photo(question.name))
        return given

    def _photo(self, name: str) -> dict[str, object]:
        reference = None if self._rng.random() < _PHOTO_MISSED else self._photo_refs(name)
        if reference is None:
            return {companion_name(name, "nophoto"): no_photo(self._rng)}
        return {companion_name(name, "photo"): [dict(reference)]}


def _code(question: Question) -> str:
    return str((question.scoring or {}).get("code", question.name))
