"""Trying a form out: answers from files through check and score, expressions on values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import IO, Any

from server import catalogue, wire
from server.forms import AnswerError, CompiledForm, check
from server.forms.expressions import ExpressionError, Names, compile_expression
from server.forms.suggestions import nearest
from server.scoring.rules import ScoreRules
from server.scoring.score import score

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON object. `line` is where it stands in a stream of one object a line, else 0."""

    content: Result
    line: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """A document that cannot be read, with the result that says so."""

    result: Result


@dataclass(frozen=True, slots=True)
class Trial:
    """A form and the circumstances it is filled in under. `rules` are None for a form that scores nothing."""

    form: CompiledForm
    variables: Mapping[str, Any]
    today: date
    locale: str
    fill: bool = False
    scores: bool = False
    rules: ScoreRules | None = None


class AnyNames(Names):
    """Names for an expression without a form: one that has no value is missing, not unknown."""

    def resolve(self, name: str) -> str | None:
        """The spelling in the values, else as it is written."""
        return super().resolve(name) or name


def documents(stream: IO[bytes], locale: str) -> Iterator[Document | Unread]:
    """The JSON objects of a stream: NDJSON, one object over several lines, or an array of objects."""
    lines = enumerate(stream, start=1)
    number, first = next(((number, line) for number, line in lines if line.strip()), (1, b""))
    if first.strip().startswith(b"{") and first.strip().endswith(b"}"):
        for place, line in chain([(number, first)], lines):
            if line.strip():
                yield _object(_read(line, place, locale), place, locale)
        return
    before = b"\n" * (number - 1)
    read = _read(before + first + stream.read(), 0, locale)
    for item in read if isinstance(read, list) else [read]:
        yield _object(item, 0, locale)


def _read(data: bytes, line: int, locale: str) -> Any:
    try:
        return wire.loads(data)
    except wire.Unreadable as error:
        # Of a single line the reader only knows that it is the first one.
        params = {**error.params, "line": line} if line and "line" in error.params else error.params
        return Unread(_at(line, _error(error.code, params, locale)))


def _object(item: Any, line: int, locale: str) -> Document | Unread:
    if isinstance(item, Unread):
        return item
    if isinstance(item, dict):
        return Document(item, line)
    return Unread(_at(line, _error("answer_type", {"expected": "object"}, locale)))


def _at(line: int, result: Result) -> Result:
    """The result of one line, with the number of the line where there is one."""
    return {"line": line, **result} if line else result


def _error(code: str, params: Mapping[str, object], locale: str) -> Result:
    sentence = catalogue.sentence(code, locale, **params)
    return {"error": {"code": code, "params": dict(params), "sentence": sentence}}


def tried(trial: Trial, document: Document) -> Result:
    """`visible`, `values`, `errors`, and `sheet` where the trial scores; `line` where there are errors.

    `sheet` is as the API writes it; null where there are errors, since such answers are never scored.
    """
    answers, variables = document.content, trial.variables
    checked = check(trial.form, answers, variables=variables, today=trial.today, fill=trial.fill)
    result: Result = {
        "visible": list(checked.visible),
        "values": checked.values,
        "errors": [_answer_error(error, trial.locale) for error in checked.errors],
    }
    if trial.scores:
        rules = None if checked.errors else trial.rules
        result["sheet"] = score(rules, checked.values, checked.visible).to_json() if rules else None
    return _at(document.line, result) if checked.errors else result


def _answer_error(error: AnswerError, locale: str) -> Result:
    return {
        "question": error.question,
        "pointer": error.pointer,
        "code": error.code,
        "params": dict(error.params),
        "sentence": catalogue.sentence(error.code, locale, **error.params),
    }


def evaluated_case(case: Mapping[str, Any], today: date, locale: str) -> Any:
    """The result of `{"expression", "values"}`."""
    expression, values = case.get("expression"), case.get("values", {})
    if not isinstance(expression, str) or not isinstance(values, dict):
        wrong = "expression" if not isinstance(expression, str) else "values"
        return _error("property_missing", {"property": wrong}, locale)
    return evaluated(expression, values, today, locale)


def evaluated(expression: str, values: Mapping[str, Any], today: date, locale: str) -> Any:
    """The result as JSON holds it, or `{"error": {"code", "params", "sentence"}}`."""
    try:
        return compile_expression(expression, AnyNames(values)).value(values, today)
    except ExpressionError as error:
        params = {"column": error.column, **error.params}
        return _error(error.code, params, locale)


def unvalued(expression: str, known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(name, nearest known one or "") of each name that the expression reads and nothing gives a value."""
    names = AnyNames(known)
    try:
        read = compile_expression(expression, names).names
    except ExpressionError:
        return ()
    return tuple((name, nearest(name, names)) for name in sorted(read - set(names)))
