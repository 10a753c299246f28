"""The outcome of one form with one set of answers on both sides, and where they differ on purpose.

A difference is taken out of both outcomes by name, so that everything else about the same answers is still
compared. docs/forms.md says the same to the people who write forms.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from server.forms import CompiledForm, check
from server.forms.expressions import Names, compile_expression
from server.forms.expressions.conditions import is_boolean
from server.forms.expressions.operations import is_empty
from tests.oracle.comparing import same
from tests.oracle.forms import VARIABLES

Json = dict[str, Any]
TODAY = date(2026, 5, 1)
_GROUPS = ("paneldynamic", "matrixdropdown", "multipletext")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check gives: names in the order of the form, pages by name, values as JSON."""

    visible: tuple[str, ...]
    pages: tuple[str, ...]
    disabled: tuple[str, ...]
    errors: frozenset[str]
    values: Json

    def differences(self, other: "Outcome") -> dict[str, tuple[Any, Any]]:
        """What is not the same, by name."""
        both = {name: (getattr(self, name), getattr(other, name)) for name in self.__slots__}
        return {name: pair for name, pair in both.items() if not same(*pair)}


@dataclass(frozen=True, slots=True)
class Situation:
    """One form, one set of answers, both outcomes."""

    definition: Json
    answers: Json
    ours: Outcome
    theirs: Outcome
    # The questions whose answer was refused by their type.
    refused: frozenset[str]

    def questions(self) -> Iterator[Json]:
        """All questions of the form."""
        yield from _questions(self.definition["pages"])


def _questions(containers: list[Json]) -> Iterator[Json]:
    for element in containers:
        if "elements" in element:
            yield from _questions(element["elements"])
        else:
            yield element


def our_outcome(form: CompiledForm, answers: Json, variables: Json) -> tuple[Outcome, frozenset[str]]:
    """Our outcome, and the questions whose answer their type has refused."""
    checked = check(form, answers, variables=variables, today=TODAY, fill=True)
    wrong = frozenset(error.question for error in checked.errors)
    outcome = Outcome(
        visible=checked.visible,
        pages=tuple(form.pages[index].name for index in checked.pages),
        disabled=tuple(name for name in checked.visible if name in checked.disabled),
        errors=wrong,
        values=checked.values,
    )
    return outcome, frozenset(
        name for name in wrong if _was_refused(answers.get(name), checked.values.get(name))
    )


def _was_refused(given: object, kept: object) -> bool:
    """Whether an answer was not kept as it was given. What is missing inside a group may only be hidden."""
    parts = list(given.values()) if isinstance(given, dict) else given
    if isinstance(parts, list) and any(isinstance(part, dict) for part in parts):
        return is_empty(kept)
    return not is_empty(given) and not same(given, kept)


def their_outcome(answer: Json) -> Outcome:
    """survey-core's outcome."""
    return Outcome(
        visible=tuple(answer["visible"]),
        pages=tuple(answer["pages"]),
        disabled=tuple(answer["disabled"]),
        errors=frozenset(answer["errors"]),
        values=answer["values"],
    )


def _blank_panels(situation: Situation) -> Situation:
    return replace(situation, theirs=replace(situation.theirs, values=kept(situation.theirs.values)))


def kept(values: Json) -> Json:
    """survey-core's values without blank panels at the end of a list."""
    cut = {name: _without_blank(value) for name, value in values.items()}
    return {name: value for name, value in cut.items() if not is_empty(value)}


def _without_blank(value: Any) -> Any:
    while isinstance(value, list) and value and value[-1] == {}:
        value = value[:-1]
    return value


def _judged_blanks(situation: Situation) -> Situation:
    """Their errors at questions without an answer that are not required."""
    ours, theirs = situation.ours, situation.theirs
    blank = {
        question["name"]
        for question in situation.questions()
        if question["name"] not in ours.values
        and ("minSelectedChoices" in question or _has_rule(question))
        and question["name"] not in ours.errors
    }
    return replace(situation, theirs=replace(theirs, errors=theirs.errors - blank))


def _has_rule(question: Json) -> bool:
    return any(validator["type"] == "expression" for validator in question.get("validators", ()))


def _refused_answers(situation: Situation) -> Situation:
    """Nothing but the verdict on what was refused can be compared: everything else may follow from it."""
    if not situation.refused:
        return _not_compared(situation) if _refuses_hidden(situation) else situation
    ours = replace(situation.theirs, errors=situation.refused)
    return replace(
        situation, ours=ours, theirs=replace(ours, errors=situation.theirs.errors & situation.refused)
    )


def _refuses_hidden(situation: Situation) -> bool:
    """Whether an answer that is hidden and kept would break the limits of its type."""
    hidden = (one for one in situation.questions() if one["name"] not in situation.ours.visible)
    limited = {one["name"] for one in hidden if "minSelectedChoices" in one or "min" in one}
    return _mode(situation) != "onHidden" and not limited.isdisjoint(situation.answers)


def _beyond_calculated_limits(situation: Situation) -> Situation:
    both = situation.ours.errors & situation.theirs.errors
    limited = (one for one in situation.questions() if one["name"] in both)
    return _not_compared(situation) if any("minValueExpression" in one for one in limited) else situation


def _neither_true_nor_false(situation: Situation) -> Situation:
    """Questions whose enableIf gives nothing: survey-core disables only where the result is false."""
    ours, theirs = situation.ours, situation.theirs
    names = Names((*(one["name"] for one in situation.questions()), *VARIABLES))
    loose = {
        one["name"]
        for one in situation.questions()
        if one["name"] in ours.disabled
        and not is_boolean(compile_expression(one["enableIf"], names).node)
        and one["name"] not in theirs.disabled
    }
    kept = tuple(name for name in ours.disabled if name not in loose)
    return replace(
        situation,
        ours=replace(ours, disabled=kept, errors=ours.errors - loose),
        theirs=replace(theirs, errors=theirs.errors - loose),
    )


def _hidden_defaults(situation: Situation) -> Situation:
    hidden = (one for one in situation.questions() if one["name"] not in situation.ours.visible)
    return _not_compared(situation) if any("defaultValue" in one for one in hidden) else situation


def _hidden_calculations(situation: Situation) -> Situation:
    hidden = {
        one["name"]
        for one in situation.questions()
        if one["type"] == "expression" and one["name"] not in situation.ours.visible
    }
    written = json.dumps(situation.definition)
    if any(f"{{{name}}}" in written for name in hidden):
        return _not_compared(situation)
    return _without_values(situation, hidden)


def _calculated_again(situation: Situation) -> Situation:
    """Their calculated values change once more after the hidden answers were cleared at the end."""
    if _mode(situation) != "onComplete":
        return situation
    calculated = {one["name"] for one in situation.questions() if one["type"] == "expression"} | {"total"}
    return _without_values(situation, calculated)


def _hidden_inside(situation: Situation) -> Situation:
    """survey-core reads and keeps hidden answers in panels and rows until, and after, the end."""
    if _mode(situation) != "onComplete":
        return situation
    answers, values = situation.answers, situation.ours.values
    groups = (one["name"] for one in situation.questions() if one["type"] in _GROUPS)
    hides = any(not same(answers.get(name), values.get(name)) for name in groups if name in answers)
    return _not_compared(situation) if hides else situation


def _invalid_values(situation: Situation) -> Situation:
    """The values of questions that both refuse: never stored, and survey-core clears some of them."""
    return _without_values(situation, situation.ours.errors & situation.theirs.errors)


def _without_values(situation: Situation, names: Collection[str]) -> Situation:
    ours, theirs = (
        replace(side, values={name: value for name, value in side.values.items() if name not in names})
        for side in (situation.ours, situation.theirs)
    )
    return replace(situation, ours=ours, theirs=theirs)


def _mode(situation: Situation) -> str:
    return str(situation.definition.get("clearInvisibleValues", "onHidden"))


def _not_compared(situation: Situation) -> Situation:
    return replace(situation, ours=situation.theirs)


DELIBERATE: Mapping[str, Callable[[Situation], Situation]] = {
    "blank panels at the end are no answer": _blank_panels,
    "validators and minSelectedChoices judge answers and no blanks": _judged_blanks,
    "an answer that its type refuses is missing for expressions": _refused_answers,
    "an answer beyond minValueExpression or maxValueExpression is read until it is put right": (
        _beyond_calculated_limits
    ),
    "only true enables": _neither_true_nor_false,
    "a hidden question has no default": _hidden_defaults,
    "what is hidden is not calculated": _hidden_calculations,
    "nothing is calculated again after onComplete has cleared hidden answers": _calculated_again,
    "hidden answers inside a group are gone at once with onComplete, too": _hidden_inside,
    "an answer with an error is not stored": _invalid_values,
}


def unexplained(situation: Situation) -> dict[str, tuple[Any, Any]]:
    """What differs once the deliberate differences are taken out."""
    for apply in DELIBERATE.values():
        situation = apply(situation)
    return situation.ours.differences(situation.theirs)
