"""What a visible question asks of its answer once all values are known: presence, validators, evidence."""

from collections.abc import Iterator, Mapping
from datetime import date

from server.forms.companions import companion_name
from server.forms.form import Evidence, Group, Question
from server.forms.problems import AnswerError, Fault, pointer_to
from server.forms.types.selections import OTHER


def unmet(
    question: Question, values: Mapping[str, object], scope: Mapping[str, object], today: date
) -> Iterator[AnswerError]:
    """The errors of one visible question whose answer has passed its type; a disabled one has none."""
    if question.enable_if is not None and not question.enable_if.holds(scope, today):
        return
    name = question.name
    value = values.get(name)
    if faults := _faults(question, value, scope, today):
        yield from located(name, name, faults)
    if value is None:
        return
    if question.evidence is not None:
        yield from _evidence(question.evidence, value, values)
    if question.behaviour.has_other and is_other(value):
        comment = companion_name(name, "comment")
        if comment not in values:
            yield from located(name, comment, (Fault("other_missing", {}),))


def located(question: str, answer: str, faults: tuple[Fault, ...]) -> Iterator[AnswerError]:
    """Faults of one answer as errors that a page shows at `question`."""
    for fault in faults:
        yield AnswerError(question, pointer_to(answer) + fault.suffix, fault.code, fault.params)


def is_other(value: object) -> bool:
    """Whether "other" is chosen."""
    return OTHER in value if isinstance(value, list) else value == OTHER


def _faults(question: Question, value: object, scope: Mapping[str, object], today: date) -> tuple[Fault, ...]:
    if question.behaviour.complete is not None and (faults := question.behaviour.complete(value)):
        return faults
    if value is None:
        return _required(question) if _is_required(question, scope, today) else ()
    if question.group is not None and question.group.key:
        return _repeated_keys(question.group, value)
    found = [validate(value, scope, today) for validate in question.validators]
    return tuple([fault for fault in found if fault is not None])


def _required(question: Question) -> tuple[Fault, ...]:
    text = question.required_text
    return (Fault("required", {"message": dict(text.texts) if text else {}}),)


def _repeated_keys(group: Group, value: object) -> tuple[Fault, ...]:
    """`keyName`: no two panels may give the same answer to it."""
    seen: set[str] = set()
    faults = []
    for index, panel in enumerate(value if isinstance(value, list) else []):
        key = str(panel.get(group.key, "")).lower()
        if key and key in seen:
            faults.append(Fault("panel_key_repeated", {}, f"{pointer_to(index)}{pointer_to(group.key)}"))
        seen.add(key)
    return tuple(faults)


def _is_required(question: Question, scope: Mapping[str, object], today: date) -> bool:
    if question.behaviour.check is None:
        return False
    return question.required or (
        question.required_if is not None and question.required_if.holds(scope, today)
    )


def _evidence(evidence: Evidence, value: object, values: Mapping[str, object]) -> Iterator[AnswerError]:
    # An answer that is a list or an object is no verdict, and cannot be looked up in a set.
    verdict = value if isinstance(value, str | int | float) else None
    if verdict in evidence.not_applicable:
        return
    name, fails = evidence.question, verdict in evidence.failing
    if evidence.photo == "always" or (evidence.photo == "onFail" and fails):
        photo = companion_name(name, "photo")
        if photo not in values and companion_name(name, "nophoto") not in values:
            yield from located(name, photo, (Fault("evidence_photo_missing", {}),))
    if evidence.note and fails:
        note = companion_name(name, "note")
        yield from located(name, note, _note_faults(values.get(note), evidence.min_length))


def _note_faults(note: object, least: int) -> tuple[Fault, ...]:
    if not isinstance(note, str):
        return (Fault("evidence_note_missing", {"minLength": least}),)
    if len(note) < least:
        return (Fault("evidence_note_short", {"minLength": least, "length": len(note)}),)
    return ()
