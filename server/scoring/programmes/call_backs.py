"""Compiles call-backs: which answers of a survey open a case, in the expressions of its form."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from server.forms import CompiledForm
from server.forms.expressions import Expression, ExpressionError, Names, compile_expression
from server.forms.suggestions import nearest
from server.scoring.problems import Problem
from server.scoring.programmes.calling import CallBack
from server.scoring.programmes.draft import Draft
from server.scoring.programmes.shapes import Part

WITHIN_HOURS: Final = 24
ATTEMPTS: Final = 3
DISPUTE_DAYS: Final = 7
LOG: Final = "log"
SURVEY: Final = "survey"


class _AnyName(Names):
    """The form is another file: its questions are known where both are published (`questions`)."""

    def resolve(self, name: str) -> str | None:
        return name


_ANY = _AnyName(())


def compile_call_backs(draft: Draft, instruments: Iterable[Part]) -> Mapping[str, CallBack]:
    """The call-backs by the name of their instrument. Problems go to the draft."""
    found = {}
    for instrument in instruments:
        part = instrument.part("callBack")
        if part is not None:
            _check(draft, instrument, part)
            call_back = _call_back(draft, part)
            if call_back is not None:
                found[instrument.text("name")] = call_back
    return found


def unknown_questions(call_back: CallBack, pointer: str, form: CompiledForm) -> Iterator[Problem]:
    """What a call-back reads and its form does not ask: its condition would never hold, and nobody rung."""
    for name in sorted(call_back.questions):
        known = tuple(form.names)
        if name not in known:
            params = {"name": name, "suggestion": nearest(name, known)}
            yield Problem(pointer, "call_back_unknown_question", "error", params)


def _check(draft: Draft, instrument: Part, part: Part) -> None:
    if instrument.text("kind") != SURVEY:
        draft.findings.add(instrument.at("callBack"), "call_back_of_survey", kind=instrument.text("kind"))
    for needs in ("form", "version"):
        if not instrument.has(needs):
            at = instrument.at("callBack")
            draft.findings.add(at, "programme_property_without", property="callBack", needs=needs)
    record = part.text("record")
    if record:
        draft.instrument(record, part.at("record"))
        if draft.instruments.get(record, LOG) != LOG:
            draft.findings.add(part.at("record"), "call_back_record_no_log", name=record)
    for name in ("withinHours", "attempts"):
        if part.has(name) and not part.whole(name):
            draft.findings.add(part.at(name), "call_back_at_least_one")


def _call_back(draft: Draft, part: Part) -> CallBack | None:
    when = _expression(draft, part, "when")
    if when is None:
        return None
    return CallBack(
        when=when,
        ring=_expression(draft, part, "ring"),
        declined=_expression(draft, part, "declined"),
        severe=_expression(draft, part, "severe"),
        anonymity=part.text("anonymity"),
        within_hours=part.whole("withinHours", WITHIN_HOURS),
        attempts=part.whole("attempts", ATTEMPTS),
        dispute_days=part.whole("disputeDays", DISPUTE_DAYS),
        record=part.text("record"),
        reasons=part.text("reasons"),
        satisfied=part.number("satisfied"),
        closing=part.values.get("closing") is True,
    )


def _expression(draft: Draft, part: Part, name: str) -> Expression | None:
    source = part.text(name)
    if not source:
        return None
    try:
        return compile_expression(source, _ANY)
    except ExpressionError as error:
        said = {key: each if isinstance(each, int) else str(each) for key, each in error.params.items()}
        draft.findings.add(part.at(name), error.code, "error", column=error.column, **said)
        return None
