"""Choices that come and go: their own conditions, the list's, and those taken from another question."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from server.forms.compiling.formulas import Formulas
from server.forms.elements import Element
from server.forms.expressions import Expression
from server.forms.expressions.tree import Call, Items, Name, Value
from server.forms.properties import Choice, Scalar
from server.forms.types.behaviour import Behaviour

Conditions = Iterator[tuple[Scalar, Expression]]


@dataclass(frozen=True, slots=True)
class ChoiceCompiler:
    """`elements` are the form's questions by name in lower case."""

    formulas: Formulas
    elements: Mapping[str, Element]

    def with_borrowed(self, element: Element) -> Element:
        """The element with the choices of the question that `choicesFromQuestion` names."""
        name = element.get("choicesFromQuestion", str, "")
        if not name:
            return element
        source = self._source(element)
        if source is None or not source.choices("choices"):
            near = self.formulas.report.suggest(name, [each.name for each in self.elements.values()])
            self.formulas.report.error(
                element.at("choicesFromQuestion"), "choices_source", name=name[:64], suggestion=near
            )
            return element
        return replace(element, properties={**element.properties, "choices": source.choices("choices")})

    def conditions(self, element: Element, behaviour: Behaviour) -> Conditions:
        """(choice, condition) pairs; a choice is offered when all of its conditions hold.

        A choice's own `visibleIf` comes before the list's `choicesVisibleIf`. What another question does not
        offer cannot be taken from it either.
        """
        source = self._source(element)
        if source is None:
            yield from self._listed(element, behaviour.control.choices)
            return
        borrowed = source.choices("choices")
        yield from self._listed(source, borrowed)
        yield from self._listed(element, tuple(replace(choice, visible_if=None) for choice in borrowed))
        mode = element.get("choicesFromQuestionMode", str, "all")
        if mode != "all":
            for choice in borrowed:
                chosen = _chosen(source.name, choice.value)
                yield choice.value, chosen if mode == "selected" else chosen.negated()

    def _source(self, element: Element) -> Element | None:
        return self.elements.get(element.get("choicesFromQuestion", str, "").lower())

    def _listed(self, element: Element, choices: tuple[Choice, ...]) -> Conditions:
        shared = element.get("choicesVisibleIf", str, "")
        common = None
        if shared.strip():
            common = self.formulas.inside("item", {}).expression(shared, element.at("choicesVisibleIf"))
        for choice in choices:
            condition = None
            if choice.visible_if is not None:
                condition = self.formulas.expression(choice.visible_if, f"{choice.pointer}/visibleIf")
            elif common is not None and not choice.special:
                condition = common.with_value("item", choice.value)
            if condition is not None:
                yield choice.value, condition


def _chosen(question: str, value: Scalar) -> Expression:
    node = Call("anyof", (Name(question), Items((Value(value),))))
    return Expression.from_node(node, f"{{{question}}} anyof [{value!r}]")
