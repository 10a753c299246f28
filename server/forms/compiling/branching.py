"""Triggers. `complete` and `skip` become conditions of the questions they leave out, so that every door
that knows visibility knows them; `setvalue` acts while a person fills in.

SurveyJS ends the survey or moves the focus and keeps what was answered behind; here those questions are not
asked, and what is not asked has no answer (docs/forms.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from server.forms.compiling.formulas import Formulas
from server.forms.elements import Element
from server.forms.expressions import Expression
from server.forms.form import Question, Setting
from server.forms.problems import Refused

# Every question behind a gate evaluates it with every check.
MAX_GATES = 50


@dataclass(frozen=True, slots=True)
class Gate:
    """Questions from `first` up to `last` (positions in the form) are asked only while `condition` holds."""

    first: int
    last: int
    condition: Expression


def gated(questions: Mapping[str, Question], gates: Iterable[Gate]) -> dict[str, Question]:
    """The questions with the gates they stand behind among their conditions."""
    closed = tuple(gates)
    if not closed:
        return dict(questions)
    return {name: _behind(question, closed) for name, question in questions.items()}


def _behind(question: Question, gates: tuple[Gate, ...]) -> Question:
    if question.companion is not None:
        return question
    own = tuple(gate.condition for gate in gates if gate.first <= question.index <= gate.last)
    return replace(question, conditions=(*question.conditions, *own)) if own else question


@dataclass(frozen=True, slots=True)
class TriggerCompiler:
    """Compiles triggers against the questions of a form."""

    formulas: Formulas
    questions: Mapping[str, Question]
    reads: Mapping[str, frozenset[str]]

    def gates(self, triggers: tuple[Element, ...]) -> tuple[Gate, ...]:
        """What `complete` and `skip` leave out."""
        found: list[Gate] = []
        for trigger in triggers:
            condition = self.formulas.optional(trigger, "expression")
            if condition is None:
                continue
            if trigger.kind == "complete":
                found += self._ends(condition)
            elif trigger.kind == "skip":
                found += self._skip(trigger, condition)
        if len(found) > MAX_GATES:
            self.formulas.report.error("/triggers", "list_too_long", limit=MAX_GATES)
            return ()
        return tuple(found)

    def settings(self, triggers: tuple[Element, ...]) -> tuple[Setting, ...]:
        """The `setvalue` triggers."""
        found = (self._setting(trigger) for trigger in triggers if trigger.kind == "setvalue")
        return tuple(setting for setting in found if setting)

    def _ends(self, condition: Expression) -> Iterable[Gate]:
        """The end is decided after each page that holds something the condition reads.

        Later answers count as missing there: on the way forward they are, and on the way back an answer that
        lies behind the end must not take the end away.
        """
        pages = sorted({question.page for question in self._read(condition)})
        last = max((question.index for question in self.questions.values()), default=0)
        for page in pages:
            later = [name for name, question in self.questions.items() if question.page > page]
            behind = [question.index for question in self.questions.values() if question.page > page]
            if behind:
                yield Gate(min(behind), last, condition.without(later).negated())

    def _skip(self, trigger: Element, condition: Expression) -> Iterable[Gate]:
        target = self._target(trigger, "gotoName")
        if target is None:
            return
        last_read = max((question.index for question in self._read(condition)), default=-1)
        if target.index <= last_read:
            self.formulas.report.error(trigger.at("gotoName"), "skip_backwards", name=target.name)
        elif target.index - last_read > 1:
            yield Gate(last_read + 1, target.index - 1, condition.negated())

    def _setting(self, trigger: Element) -> Setting | None:
        condition = self.formulas.optional(trigger, "expression")
        target = self._target(trigger, "setToName")
        if condition is None or target is None:
            return None
        value = trigger.properties.get("setValue")
        check = target.behaviour.check
        try:
            accepted = check(value) if check else None
        except Refused:
            accepted = None
        if accepted is None:
            self.formulas.report.error(trigger.at("setValue"), "default_invalid")
            return None
        return Setting(condition, target.name, accepted)

    def _target(self, trigger: Element, named: str) -> Question | None:
        name = trigger.get(named, str, "")
        spelling = self.formulas.names.resolve(name)
        question = self.questions.get(spelling or "")
        if question is None:
            near = self.formulas.report.suggest(name, self.questions)
            self.formulas.report.error(trigger.at(named), "name_unknown", name=name[:64], suggestion=near)
        return question

    def _read(self, condition: Expression) -> list[Question]:
        """The questions a condition reads, those behind calculated values among them."""
        names = set(condition.names)
        for name in condition.names:
            names |= self.reads.get(name, frozenset())
        return [question for name, question in self.questions.items() if name in names]
