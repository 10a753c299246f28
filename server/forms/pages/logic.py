"""What a page's script needs to decide alone what the server would decide: trees and known values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from server.forms.answers.piping import display_text
from server.forms.expressions import Expression
from server.forms.expressions.tree import DISPLAY_FUNCTION, Call, displayed_name, nodes_in
from server.forms.form import Calculated, CompiledForm, Question, Setting
from server.forms.properties import Scalar

Part = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Rules:
    """The expressions that act on one page, those inside groups among them."""

    questions: tuple[Question, ...]
    groups: tuple[Question, ...]
    settings: tuple[Setting, ...]

    def all(self) -> Iterator[Expression]:
        inner = (
            one for question in self.groups if question.group for one in _asked(question.group.questions)
        )
        for question in (*self.questions, *inner):
            yield from question.conditions
            yield from (condition for _, condition in question.choice_conditions)
            yield from (each for each in (question.required_if, question.enable_if, question.compute) if each)
        yield from (setting.condition for setting in self.settings)


def page_logic(
    form: CompiledForm,
    page_index: int | None,
    values: Mapping[str, object],
    *,
    variables: Mapping[str, object],
    today: date,
    locale: str = "",
) -> dict[str, object]:
    """The rules of one page for a script, {} when nothing on it depends on anything.

    Without an index they are those of all pages in one document.

    Shape: `{"today", "values": {name: value of what stands on other pages}, "texts": {name: that value as
    displayValue shows it}, "keep": true where expressions read hidden answers, "calc": {name: tree}, "show":
    {name: [trees that must all hold]}, "need": {name: tree}, "able": {name: tree}, "pick": {name: {choice:
    tree}}, "set": [[names, tree, target, value]], "inside": {group: {"word", "answer", and calc to pick}}}`;
    trees are as `expressions.tree.to_json` writes them.
    """
    here = {
        question.name: question
        for question in form.questions.values()
        if page_index is None or question.page == page_index
    }
    rules = _rules(form, here)
    expressions = tuple(rules.all())
    read = frozenset().union(*(expression.names for expression in expressions))
    if not read:
        return {}
    calculated = _calculated(form, read)
    needed = read.union(*(item.expression.names for item in calculated)) - here.keys()
    known = {**values, **{name: variables.get(name) for name in form.variables}}
    found = {name: known[name] for name in sorted(needed) if known.get(name) is not None}
    shown = _displayed((*expressions, *(item.expression for item in calculated))) & found.keys()
    own = _parts(rules.questions)
    parts: Part = {
        "values": found,
        "texts": {
            name: display_text(form, name, found[name], locale or form.locale) for name in sorted(shown)
        },
        "keep": form.hidden_answers != "onHidden",
        **own,
        "calc": _trees((item.name, item.expression) for item in calculated) | _part(own, "calc"),
        "set": [
            [sorted(each.condition.names), each.condition.to_json(), each.target, each.value]
            for each in rules.settings
        ],
        "inside": {
            question.name: {
                "word": question.group.word,
                "answer": question.group.answer,
                **_parts(_asked(question.group.questions)),
            }
            for question in rules.groups
            if question.group
        },
    }
    return {"today": today.isoformat(), **{name: part for name, part in parts.items() if part}}


def _rules(form: CompiledForm, here: Mapping[str, Question]) -> _Rules:
    return _Rules(
        questions=_asked(here),
        groups=tuple(question for question in here.values() if question.group),
        settings=tuple(
            setting
            for setting in form.settings
            if setting.target in here and setting.condition.names & here.keys()
        ),
    )


def _asked(questions: Mapping[str, Question]) -> tuple[Question, ...]:
    return tuple(question for question in questions.values() if question.companion is None)


def _parts(questions: Iterable[Question]) -> dict[str, Part]:
    """What acts on the questions, by what it does to them; only what there is."""
    parts: dict[str, Part] = {"calc": {}, "show": {}, "need": {}, "able": {}, "pick": {}}
    for question in questions:
        if question.conditions:
            parts["show"][question.name] = [each.to_json() for each in question.conditions]
        for part, expression in (
            ("calc", question.compute),
            ("need", question.required_if),
            ("able", question.enable_if),
        ):
            if expression:
                parts[part][question.name] = expression.to_json()
        if question.choice_conditions:
            parts["pick"][question.name] = _offered(question.choice_conditions)
    return {name: part for name, part in parts.items() if part}


def _part(parts: Mapping[str, Part], name: str) -> Part:
    return parts.get(name, {})


def _trees(named: Iterable[tuple[str, Expression]]) -> Part:
    return {name: expression.to_json() for name, expression in named}


def _displayed(expressions: Iterable[Expression]) -> frozenset[str]:
    """The questions that displayValue shows."""
    return frozenset(
        displayed_name(node)
        for expression in expressions
        for node in nodes_in(expression.node)
        if isinstance(node, Call) and node.operator == DISPLAY_FUNCTION
    )


def _offered(choices: Iterable[tuple[Scalar, Expression]]) -> Part:
    """Choice -> the tree of all its conditions."""
    trees: Part = {}
    for value, condition in choices:
        tree, key = condition.to_json(), str(value)
        trees[key] = ["and", trees[key], tree] if key in trees else tree
    return trees


def _calculated(form: CompiledForm, read: frozenset[str]) -> list[Calculated]:
    """The calculated values that the rules read, in the order of their dependencies."""
    plan = [step for step in form.plan if isinstance(step, Calculated)]
    wanted = set(read)
    for step in reversed(plan):
        if step.name in wanted:
            wanted |= step.expression.names
    return [step for step in plan if step.name in wanted]
