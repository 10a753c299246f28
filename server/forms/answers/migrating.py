"""Answers on the way when their form gets a new version: what can be kept is kept, the rest is named.

An answer is kept where the new version still has its question, of a kind that means the same, and accepts it.
Everything else is reported, so that whoever holds the answers can put them aside instead of losing them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from server.forms.expressions.operations import is_empty
from server.forms.form import CompiledForm, Group, Question
from server.forms.problems import Refused

Questions = Mapping[str, Question]

# Types whose answers mean the same; every other type is only like itself.
_KINDS: Mapping[str, str] = MappingProxyType(
    {"radiogroup": "one of a list", "dropdown": "one of a list", "text": "words", "comment": "words"}
)


@dataclass(frozen=True, slots=True)
class Migrated:
    """Answers for the new version.

    Attributes:
        answers: those kept, exactly as they were given; each passes the check of its question's type.
        dropped: names of the answers that were not kept, or not whole, as the old version has them.
            `p[0].x` is inside a group.
        asked_again: those of `dropped` that the new version asks too.
    """

    answers: Mapping[str, object]
    dropped: tuple[str, ...]
    asked_again: tuple[str, ...]


@dataclass(slots=True)
class _Lost:
    dropped: list[str] = field(default_factory=list)
    asked_again: list[str] = field(default_factory=list)

    def note(self, name: str, *, asked: bool) -> None:
        self.dropped.append(name)
        if asked:
            self.asked_again.append(name)


def migrated(old: CompiledForm, new: CompiledForm, answers: Mapping[str, object]) -> Migrated:
    """Take answers given to `old` over to `new`.

    Blank answers are kept while their question exists: somebody emptied them. Whether a question is
    visible, and what else it demands, is for the check of the whole form.
    """
    lost = _Lost()
    kept = _kept(old.questions, new.questions, answers, "", lost)
    return Migrated(kept, tuple(lost.dropped), tuple(lost.asked_again))


def _kept(
    old: Questions, new: Questions, answers: Mapping[str, object], place: str, lost: _Lost
) -> dict[str, object]:
    """Args: place: what names in here are prefixed with when they are reported."""
    kept: dict[str, object] = {}
    for name, answer in answers.items():
        before, after = old.get(name), new.get(name)
        if before is None or after is None or after.behaviour.check is None:
            if not is_empty(answer):
                lost.note(place + name, asked=False)
        elif is_empty(answer):
            kept[name] = answer
        elif not _means_the_same(before, after):
            lost.note(place + name, asked=True)
        else:
            value = _inside(before, after, answer, place + name, lost)
            if _accepts(after, value):
                kept[name] = value
            else:
                lost.note(place + name, asked=True)
    return kept


def _means_the_same(before: Question, after: Question) -> bool:
    if _KINDS.get(before.type, before.type) != _KINDS.get(after.type, after.type):
        return False
    # 4 of 5 is not 4 of 10: on another scale the same number says something else.
    scaled = before.type == "rating"
    return not scaled or before.behaviour.answers.keys() == after.behaviour.answers.keys()


def _accepts(question: Question, answer: object) -> bool:
    check = question.behaviour.check
    if check is None:
        return False
    try:
        check(answer)
    except Refused:
        return False
    return True


def _inside(before: Question, after: Question, answer: object, place: str, lost: _Lost) -> object:
    """An answer of a group with each part taken over by itself: one part must not cost the others."""
    if before.group is None or after.group is None:
        return answer
    parts = _Parts(before.group, after.group, lost)
    return _BY_SHAPE[after.group.answer](parts, answer, place)


@dataclass(frozen=True, slots=True)
class _Parts:
    before: Group
    after: Group
    lost: _Lost

    def one(self, answer: object, place: str) -> object:
        if not isinstance(answer, dict):
            return answer
        return _kept(self.before.questions, self.after.questions, answer, f"{place}.", self.lost)

    def many(self, answer: object, place: str) -> object:
        if not isinstance(answer, list):
            return answer
        return [self.one(each, f"{place}[{index}]") for index, each in enumerate(answer)]

    def rows(self, answer: object, place: str) -> object:
        if not isinstance(answer, dict):
            return answer
        return dict(self._rows(answer, place))

    def _rows(self, answer: Mapping[str, object], place: str) -> Iterator[tuple[str, object]]:
        known = {str(row.value) for row in self.after.rows}
        for row, cells in answer.items():
            if row in known:
                yield row, self.one(cells, f"{place}[{row}]")
            else:
                self.lost.note(f"{place}[{row}]", asked=False)


_BY_SHAPE: Mapping[str, Callable[[_Parts, object, str], object]] = MappingProxyType(
    {"one": _Parts.one, "list": _Parts.many, "rows": _Parts.rows}
)
