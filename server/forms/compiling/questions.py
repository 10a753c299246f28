"""One element of a definition to one question, and a group with the questions inside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from server.forms.companions import companion_roles, companions_of, read_evidence
from server.forms.compiling.choices import ChoiceCompiler
from server.forms.compiling.defaults import own_answer
from server.forms.compiling.formulas import Formulas
from server.forms.compiling.ordering import in_dependency_order, names_needed
from server.forms.compiling.validators import compile_limits, compile_validators
from server.forms.elements import Element
from server.forms.expressions import Expression
from server.forms.form import Group, Question
from server.forms.problems import Refused
from server.forms.types import QUESTION_TYPES
from server.forms.types.behaviour import Parts

MAX_PANELS = 100
# Whoever answers decides how many panels there are, and each of them is walked like a form.
MAX_CELLS = 5_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where a question stands and what decides whether it is asked."""

    page: int
    index: int
    conditions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class QuestionCompiler:
    """Compiles the questions of one scope. `elements` are the form's questions by name in lower case."""

    formulas: Formulas
    elements: Mapping[str, Element]

    def compile(self, element: Element, position: Position) -> tuple[Question, ...]:
        """The question and its companions."""
        report, formulas = self.formulas.report, self.formulas
        choices = ChoiceCompiler(formulas, self.elements)
        element = choices.with_borrowed(element)
        behaviour = QUESTION_TYPES[element.kind].build(element, report)
        question = Question(
            name=element.name,
            type=element.kind,
            pointer=element.pointer,
            page=position.page,
            index=position.index,
            title=formulas.title(element),
            description=formulas.template(element, "description"),
            behaviour=behaviour,
            conditions=position.conditions,
            choice_conditions=tuple(choices.conditions(element, behaviour)),
            required=element.get("isRequired", bool, default=False),
            required_if=formulas.optional(element, "requiredIf"),
            required_text=element.text("requiredErrorText"),
            enable_if=formulas.optional(element, "enableIf"),
            default_expression=formulas.optional(element, "defaultValueExpression"),
            validators=(
                *compile_limits(element, formulas.expression),
                *compile_validators(element, formulas),
            ),
            evidence=read_evidence(report, element, behaviour.answers),
            compute=formulas.optional(element, "expression"),
            scoring=_scoring(element),
        )
        companions = companions_of(question, companion_roles(element))
        parts = QUESTION_TYPES[element.kind].parts
        if parts:
            question = self._with_group(element, question, parts)
        return (replace(question, default=self._default(element, question)), *companions)

    def _default(self, element: Element, question: Question) -> object:
        """The `defaultValue`, which must be an answer that the question accepts."""
        default = element.properties.get("defaultValue")
        if default is None:
            return None
        try:
            return own_answer(question, default)
        except Refused as refused:
            for fault in refused.faults:
                self.formulas.report.error(element.at("defaultValue") + fault.suffix, "default_invalid")
            return None

    def _with_group(self, element: Element, question: Question, parts: Parts) -> Question:
        children = [self._inherit(element, child) for child in element.children]
        counts = self._counts(element)
        times = 1 if parts.answer == "one" else len(element.choices("rows")) or counts["most"]
        if len(children) * times > MAX_CELLS:
            self.formulas.report.error(element.pointer, "group_too_large", limit=MAX_CELLS)
            children = []
        names = {child.name: None for child in children}
        inner = QuestionCompiler(self.formulas.inside(parts.word, names, times), self.elements)
        questions: dict[str, Question] = {}
        for child in children:
            condition = inner.formulas.optional(child, "visibleIf")
            position = Position(question.page, len(questions), (condition,) if condition else ())
            for one in inner.compile(child, position):
                questions[one.name] = one
        group = Group(
            word=parts.word,
            answer=parts.answer,
            questions=questions,
            plan=cast(
                "tuple[Question, ...]",
                in_dependency_order(self.formulas.report, questions.values(), parts.word),
            ),
            judged=tuple(one for one in questions.values() if one.has_demands),
            switched=tuple(one for one in questions.values() if one.enable_if),
            rows=element.choices("rows"),
            **counts,
            key=self._key(element, questions),
            title=inner.formulas.inside("panelIndex", {}).template(element, "templateTitle"),
            add_text=element.text("panelAddText"),
            remove_text=element.text("panelRemoveText"),
        )
        outer = frozenset().union(*(names_needed(one) for one in questions.values())) - {parts.word}
        return replace(question, group=group, outer=outer)

    def _inherit(self, group: Element, child: Element) -> Element:
        """A column without choices of its own takes the matrix's."""
        if child.choices("choices") or not group.choices("choices"):
            return child
        return replace(child, properties={**child.properties, "choices": group.choices("choices")})

    def _counts(self, element: Element) -> dict[str, int]:
        least = element.get("minPanelCount", int, 0)
        most = element.get("maxPanelCount", int, MAX_PANELS)
        start = element.get("panelCount", int, 0)
        if least > most or start > most:
            self.formulas.report.error(
                element.at("maxPanelCount"), "limits_contradict", least=max(least, start), most=most
            )
        return {"least": least, "most": most, "start": max(start, least)}

    def _key(self, element: Element, questions: Mapping[str, Question]) -> str:
        key = element.get("keyName", str, "")
        if key and key not in questions:
            near = self.formulas.report.suggest(key, questions)
            self.formulas.report.error(element.at("keyName"), "name_unknown", name=key[:64], suggestion=near)
        return key


def _scoring(element: Element) -> Mapping[str, object] | None:
    value = element.properties.get("scoring")
    return value if isinstance(value, dict) else None
