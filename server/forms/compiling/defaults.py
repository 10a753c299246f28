"""Answers that a form itself writes: a `defaultValue`, and what a `setvalue` trigger sets."""

from collections.abc import Iterator, Mapping

from server.forms.expressions.operations import is_empty
from server.forms.form import Group, Question
from server.forms.problems import Fault, Refused, pointer_to


def own_answer(question: Question, value: object) -> object:
    """The canonical answer that a value of the definition gives a question, None where nobody answers.

    Raises:
        Refused: by the question, or by one inside it; `suffix` is the pointer from the value on. A group's
            check looks at its shape only, and whoever fills in would be told off for what the form wrote.
    """
    check, group = question.behaviour.check, question.group
    if check is None:
        return None
    accepted = check(value)
    if group is not None and (faults := tuple(_faults_inside(group, accepted))):
        raise Refused(*faults)
    return accepted


def _faults_inside(group: Group, accepted: object) -> Iterator[Fault]:
    for pointer, answers in _instances(group, accepted):
        for name, value in answers.items():
            inner = group.questions.get(name)
            for fault in _faults(inner, value):
                yield Fault(fault.code, fault.params, pointer + pointer_to(name) + fault.suffix)


def _faults(inner: Question | None, value: object) -> tuple[Fault, ...]:
    if inner is None or inner.behaviour.check is None:
        return (Fault("default_invalid", {}),)
    if is_empty(value):
        return ()
    try:
        own_answer(inner, value)
    except Refused as refused:
        return refused.faults
    return ()


def _instances(group: Group, accepted: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """(pointer, answers) of each panel, row or the one object; a blank one has none."""
    if group.answer == "one":
        listed = [("", accepted)]
    elif isinstance(accepted, dict):
        listed = [(pointer_to(row), answers) for row, answers in accepted.items()]
    else:
        panels = accepted if isinstance(accepted, list) else []
        listed = [(pointer_to(index), answers) for index, answers in enumerate(panels)]
    yield from ((pointer, answers) for pointer, answers in listed if isinstance(answers, dict))
