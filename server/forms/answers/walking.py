"""The walk through a form's plan: decide what is asked, take each answer, calculate; groups inside likewise.

A hidden question's answer is gone for everything that follows (`clearInvisibleValues: "onHidden"`), so
walking over the result again changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from server.forms.answers.demands import is_other, located, unmet
from server.forms.expressions.operations import is_empty
from server.forms.form import Calculated, Group, Question
from server.forms.problems import AnswerError, Fault, Refused, pointer_to
from server.forms.properties import Scalar
from server.forms.suggestions import nearest

MAX_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a whole walk.

    Attributes:
        fill: give a name that is absent from the answers its default.
        reads_hidden: expressions still read what was answered to a hidden question.
        keeps_hidden: the result holds it as well.
    """

    today: date
    fill: bool = False
    reads_hidden: bool = False
    keeps_hidden: bool = False


class Run:
    """The state of one walk. `scope` is what expressions read, `local` where this walk's answers enter it.

    `inside` are the walks of groups: question -> (pointer part, walk) for each panel or row; `hidden_choices`
    the choices not offered, of questions where they come and go.
    """

    __slots__ = (
        "answers",
        "faults",
        "hidden_choices",
        "inside",
        "local",
        "rules",
        "scope",
        "values",
        "visible",
    )

    def __init__(
        self, answers: Mapping[str, object], scope: dict[str, object], rules: Rules, word: str | None = None
    ) -> None:
        self.answers = answers
        self.rules = rules
        self.values: dict[str, object] = {}
        self.visible: set[str] = set()
        self.faults: dict[str, tuple[Fault, ...]] = {}
        self.hidden_choices: dict[str, list[Scalar]] = {}
        self.inside: dict[str, list[tuple[str, Run]]] = {}
        if word is None:
            self.scope = self.local = scope
        else:
            self.local = {}
            self.scope = {**scope, word: self.local} if word else scope


def walk(run: Run, plan: Iterable[Question | Calculated]) -> None:
    """Take every step of the plan, in its order."""
    for step in plan:
        if isinstance(step, Calculated):
            _calculate(run, step)
        elif step.companion is not None:
            if step.name in run.answers:
                _take_companion(run, step)
        elif not step.conditions or _is_shown(run, step):
            run.visible.add(step.name)
            _take(run, step)
        elif run.rules.reads_hidden and step.compute is None:
            _take_hidden(run, step)


def errors_of(
    run: Run, questions: Mapping[str, Question], judged: Iterable[Question]
) -> Iterator[AnswerError]:
    """All errors of a walk; what is wrong with a companion or inside a group stands with its question."""
    for question in judged:
        name = question.name
        if name not in run.visible or name in run.faults:
            continue
        if question.judged_when_present or name not in run.values:
            yield from unmet(question, run.values, run.scope, run.rules.today)
    for name, faults in run.faults.items():
        companion = questions[name].companion
        owner = companion.parent if companion else name
        if _can_be_changed(run, questions[owner]):
            yield from located(owner, name, faults)
    for name, walks in run.inside.items():
        if name in run.visible and _can_be_changed(run, questions[name]):
            yield from _inner_errors(questions[name], walks)


def _can_be_changed(run: Run, question: Question) -> bool:
    """A disabled question has no errors, whatever its type or the questions inside it say."""
    condition = question.enable_if
    return condition is None or condition.holds(run.scope, run.rules.today)


def _inner_errors(question: Question, walks: list[tuple[str, Run]]) -> Iterator[AnswerError]:
    group = question.group
    if group is None:
        return
    for part, inner in walks:
        wrong = (*errors_of(inner, group.questions, group.judged), *unknown(inner.answers, group.questions))
        for error in wrong:
            pointer = pointer_to(question.name) + part + error.pointer
            yield AnswerError(question.name, pointer, error.code, error.params)


def unknown(
    answers: Mapping[str, object], questions: Mapping[str, Question], computed: frozenset[str] = frozenset()
) -> Iterator[AnswerError]:
    """Answers to no question, with the nearest name."""
    for name in sorted(answers.keys() - questions.keys() - computed)[:MAX_UNKNOWN]:
        near = nearest(name, questions)
        yield AnswerError(
            "", pointer_to(name[:64]), "unknown_question", {"name": name[:64], "suggestion": near}
        )


def _calculate(run: Run, step: Calculated) -> None:
    value = step.expression.value(run.scope, run.rules.today)
    if not is_empty(value):
        run.scope[step.name] = value
        if step.included:
            run.values[step.name] = value


def _is_shown(run: Run, question: Question) -> bool:
    scope, today = run.scope, run.rules.today
    for condition in question.conditions:  # noqa: SIM110 - the generator of all() costs more than a condition
        if not condition.holds(scope, today):
            return False
    return True


def _take(run: Run, question: Question) -> None:
    raw = run.answers.get(question.name)
    # Most questions of most forms: an answer is there, and its type alone has a say in it.
    value = _accepted(run, question, raw) if raw and question.plain else _answer(run, question)
    if value is not None:
        run.values[question.name] = run.local[question.name] = value


def _take_hidden(run: Run, question: Question) -> None:
    value = _answer(run, question)
    run.faults.pop(question.name, None)
    if value is not None:
        run.local[question.name] = value
        if run.rules.keeps_hidden:
            run.values[question.name] = value


def _answer(run: Run, question: Question) -> object:
    """The canonical answer, None without one; a refusal is noted."""
    name = question.name
    if question.compute is not None:
        value = question.compute.value(run.scope, run.rules.today)
        return None if is_empty(value) else value
    raw = run.answers.get(name)
    if raw is None and run.rules.fill and name not in run.answers:
        raw = _default(run, question)
    if question.choice_conditions:
        return _of_offered(run, question, raw)
    if question.group is not None:
        return _accepted(run, question, raw)
    if question.behaviour.check is None or raw is None or (not raw and is_empty(raw)):
        return None
    return _accepted(run, question, raw)


def _accepted(run: Run, question: Question, raw: object) -> object:
    """What the type makes of an answer, None where it refuses; that is noted."""
    accept, group = question.behaviour.check, question.group
    if accept is None:
        return None
    try:
        return accept(raw) if group is None else _group_answer(run, question, group, raw)
    except Refused as refused:
        run.faults[question.name] = refused.faults
        return None


def _default(run: Run, question: Question) -> object:
    """The answer the form gives in advance; one that is calculated and does not fit is none."""
    if question.default_expression is None:
        return question.default
    value = question.default_expression.value(run.scope, run.rules.today)
    accept = question.behaviour.check
    if accept is None or is_empty(value):
        return None
    try:
        return accept(value)
    except Refused:
        return None


def _of_offered(run: Run, question: Question, raw: object) -> object:
    """The answer of a question whose choices come and go; a ranking orders all of those offered now."""
    left = _without_hidden(run, question, raw)
    value = None if is_empty(left) else _accepted(run, question, left)
    control = question.behaviour.control
    if not isinstance(value, list) or control.kind != "ranking" or control.variant == "partly":
        return value
    hidden = run.hidden_choices[question.name]
    if any(choice.value not in value and choice.value not in hidden for choice in control.choices):
        run.faults[question.name] = (Fault("ranking_incomplete", {}),)
        return None
    return value


def _without_hidden(run: Run, question: Question, raw: object) -> object:
    """The answer without choices that are hidden now, as SurveyJS clears them.

    This comes before the type's check: what is left must still satisfy `minSelectedChoices`.
    """
    hidden = [
        choice
        for choice, condition in question.choice_conditions
        if not condition.holds(run.scope, run.rules.today)
    ]
    run.hidden_choices[question.name] = hidden
    if isinstance(raw, list):
        return [item for item in raw if item not in hidden]
    return None if raw in hidden else raw


def _take_companion(run: Run, question: Question) -> None:
    """Companions live while their verdict has an answer, one that they belong to where they belong to some;
    the text beside "other" lives while "other" is chosen.
    """
    companion = question.companion
    answer = run.values.get(companion.parent) if companion else None
    if answer is None or companion is None:
        return
    if companion.role == "comment" and not is_other(answer):
        return
    if companion.only and answer not in companion.only:
        return
    _take(run, question)


def _group_answer(run: Run, question: Question, group: Group, raw: object) -> object:
    """The answers of all panels, rows or items, each walked with its own scope."""
    accept = question.behaviour.check
    shape = raw if is_empty(raw) or accept is None else accept(raw)
    walks = run.inside[question.name] = [
        (part, _inner_walk(run, group, answers)) for part, answers in _instances(run, group, shape)
    ]
    return _combined(group, walks)


def _instances(run: Run, group: Group, shape: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """(pointer from the question on, answers) of each panel, row or the one object."""
    if group.answer == "one":
        yield "", shape if isinstance(shape, dict) else {}
    elif group.answer == "rows":
        given = shape if isinstance(shape, dict) else {}
        for row in group.rows:
            yield pointer_to(str(row.value)), given.get(str(row.value)) or {}
    else:
        panels = shape if isinstance(shape, list) else []
        first = group.start if shape is None and run.rules.fill else group.least
        for index in range(max(len(panels), first)):
            yield pointer_to(index), (panels[index] or {}) if index < len(panels) else {}


def _inner_walk(run: Run, group: Group, answers: Mapping[str, object]) -> Run:
    inner = Run(answers, run.scope, run.rules, group.word)
    walk(inner, group.plan)
    return inner


def _combined(group: Group, walks: list[tuple[str, Run]]) -> object:
    if group.answer == "one":
        return walks[0][1].values or None
    values = [inner.values for _, inner in walks]
    if group.answer == "rows":
        rows = zip(group.rows, values, strict=True)
        return {str(row.value): value for row, value in rows if value} or None
    while values and not values[-1]:
        values.pop()
    return values or None
