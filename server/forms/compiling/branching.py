"""Triggers. `complete` and `skip` become conditions of the questions they leave out, so that every door
that knows visibility knows them; `setvalue` acts while a person fills in.

SurveyJS ends the survey or moves the focus and keeps what was answered behind; here those questions are not
asked, and what is not asked has no answer (docs/forms.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from server.forms.compiling.defaults import own_answer
from server.forms.compiling.formulas import Formulas
from server.forms.elements import Element
from server.forms.expressions import Expression
from server.forms.expressions.tree import Node, names_in, nodes_in, substituted
from server.forms.form import Calculated, Question, Setting
from server.forms.problems import Refused

# Every question behind a gate evaluates it with every check.
MAX_GATES = 50
# Calculated values written out inside one another can double each time, and nest as deep as they are many.
MAX_NODES = 400


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
    """Compiles triggers against the questions of a form. `reads` is what calculated values go back to."""

    formulas: Formulas
    questions: Mapping[str, Question]
    calculated: Mapping[str, Calculated]
    reads: Mapping[str, frozenset[str]]

    def gates(self, triggers: tuple[Element, ...]) -> tuple[Gate, ...]:
        """What `complete` and `skip` leave out."""
        found: list[Gate] = []
        for trigger in triggers:
            condition = self.formulas.optional(trigger, "expression")
            if condition is None:
                continue
            if trigger.kind == "complete":
                found += self._ends(trigger, condition)
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

    def _ends(self, trigger: Element, condition: Expression) -> Iterable[Gate]:
        """The end is decided after each page that holds something the condition reads.

        Later answers count as missing there: on the way forward they are, and on the way back an answer that
        lies behind the end must not take the end away.
        """
        pages = sorted({question.page for question in self._read(condition)})
        last = max((question.index for question in self.questions.values()), default=0)
        for page in pages:
            later = {name for name, question in self.questions.items() if question.page > page}
            behind = [self.questions[name].index for name in later]
            if not behind:
                continue
            written_out = self._written_out(condition, later)
            if written_out is None:
                limit = MAX_NODES
                self.formulas.report.error(
                    trigger.at("expression"), "expression_too_long", column=1, limit=limit
                )
                return
            yield Gate(min(behind), last, written_out.without(later).negated())

    def _written_out(self, condition: Expression, later: set[str]) -> Expression | None:
        """The condition with the formulas of calculated values that read later answers in their place, for
        those answers are to count as missing in them too. None when it gets too long.
        """
        node = condition.node
        # A circle of calculated values would be written out for ever; it is reported where steps are ordered.
        for _ in self.calculated:
            blocked = {name for name in names_in(node) if self.reads.get(name, frozenset()) & later}
            formulas: dict[str, Node] = {name: self.calculated[name].expression.node for name in blocked}
            node = substituted(node, formulas)
            if sum(1 for _ in nodes_in(node)) > MAX_NODES:
                return None
            if not blocked:
                break
        return Expression.from_node(node, condition.source)

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
        try:
            accepted = own_answer(target, trigger.properties.get("setValue"))
            wrong = [""] if accepted is None else []
        except Refused as refused:
            wrong = [fault.suffix for fault in refused.faults]
        for suffix in wrong:
            self.formulas.report.error(trigger.at("setValue") + suffix, "default_invalid")
        return None if wrong else Setting(condition, target.name, accepted)

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
