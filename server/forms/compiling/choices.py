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

# Of a whole form, in each panel and row: a list taken from another question counts, and each condition of a
# choice. A definition of a few lines could ask for a million of them, and each is evaluated with every check.
MAX_DEPENDING = 3_000


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
        if not self._may_have(element.at("choicesFromQuestion"), len(source.choices("choices"))):
            return element
        # What decides over the other question's list decides here too; `conditions` compiles it once.
        shared = source.get("choicesVisibleIf", str, "").strip() or None
        borrowed = tuple(
            replace(choice, visible_if=choice.visible_if or shared) for choice in source.choices("choices")
        )
        return replace(element, properties={**element.properties, "choices": borrowed})

    def conditions(self, element: Element, behaviour: Behaviour) -> Conditions:
        """(choice, condition) pairs; a choice is offered when all of its conditions hold.

        A choice's own `visibleIf` comes before the list's `choicesVisibleIf`. What another question does not
        offer cannot be taken from it either.
        """
        source = self._source(element)
        if source is None:
            yield from self._listed(element, behaviour.control.choices)
        elif element.choices("choices"):
            yield from self._borrowed(element, source)

    def _borrowed(self, element: Element, source: Element) -> Conditions:
        borrowed = source.choices("choices")
        yield from self._listed(source, borrowed)
        yield from self._listed(element, tuple(replace(choice, visible_if=None) for choice in borrowed))
        mode = element.get("choicesFromQuestionMode", str, "all")
        if mode != "all" and self._may_have(element.at("choicesFromQuestionMode"), len(borrowed)):
            for choice in borrowed:
                chosen = _chosen(source, choice.value)
                yield choice.value, chosen if mode == "selected" else chosen.negated()

    def _source(self, element: Element) -> Element | None:
        return self.elements.get(element.get("choicesFromQuestion", str, "").lower())

    def _listed(self, element: Element, choices: tuple[Choice, ...]) -> Conditions:
        shared = element.get("choicesVisibleIf", str, "")
        common = None
        if shared.strip():
            common = self.formulas.inside("item", {}).expression(shared, element.at("choicesVisibleIf"))
        depending = sum(common is not None or choice.visible_if is not None for choice in choices)
        if not self._may_have(element.at("choices"), depending):
            return
        for choice in choices:
            condition = None
            if choice.visible_if is not None:
                condition = self.formulas.expression(choice.visible_if, f"{choice.pointer}/visibleIf")
            elif common is not None and not choice.special:
                condition = common.with_value("item", choice.value)
            if condition is not None:
                yield choice.value, condition

    def _may_have(self, pointer: str, choices: int) -> bool:
        amount = choices * self.formulas.times
        return self.formulas.report.charge(pointer, "form_too_many_depending", amount, MAX_DEPENDING)


def _chosen(source: Element, value: Scalar) -> Expression:
    name = source.name
    if source.kind in _LISTS:
        return Expression.from_node(
            Call("contains", (Name(name), Value(value))), f"{{{name}}} contains {value!r}"
        )
    node = Call("anyof", (Name(name), Items((Value(value),))))
    return Expression.from_node(node, f"{{{name}}} anyof [{value!r}]")


# Questions whose answer is a list of choices, whose items are found faster than two lists are compared.
_LISTS = frozenset(("checkbox", "ranking"))
