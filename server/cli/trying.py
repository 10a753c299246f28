"""Trying a form out: answers from files through check and score, expressions on values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from server import catalogue, wire
from server.forms import AnswerError, CompiledForm, check
from server.forms.expressions import ExpressionError, Names, compile_expression
from server.scoring.rules import ScoreRules
from server.scoring.score import score

Result = dict[str, Any]


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


def documents(stream: IO[bytes], locale: str) -> Iterator[Result | Unread]:
    """The JSON objects of a stream: NDJSON, one object over several lines, or an array of objects."""
    first = next((line for line in stream if line.strip()), b"")
    if first.strip().startswith(b"{") and first.strip().endswith(b"}"):
        yield from _each_line(first, stream, locale)
        return
    read = _read(first + stream.read(), locale)
    for item in read if isinstance(read, list) else [read]:
        yield _object(item, locale)


def _each_line(first: bytes, stream: IO[bytes], locale: str) -> Iterator[Result | Unread]:
    yield _object(_read(first, locale), locale)
    for line in stream:
        if line.strip():
            yield _object(_read(line, locale), locale)


def _read(data: bytes, locale: str) -> Any:
    try:
        return wire.loads(data)
    except wire.Unreadable as error:
        return Unread(_error(error.code, error.params, locale))


def _object(item: Any, locale: str) -> Result | Unread:
    if isinstance(item, dict | Unread):
        return item
    return Unread(_error("answer_type", {"expected": "object"}, locale))


def _error(code: str, params: Mapping[str, object], locale: str) -> Result:
    sentence = catalogue.sentence(code, locale, **params)
    return {"error": {"code": code, "params": dict(params), "sentence": sentence}}


def tried(trial: Trial, answers: Mapping[str, Any]) -> Result:
    """`visible`, `values`, `errors`, and `sheet` where the trial scores.

    `sheet` is as the API writes it; null where there are errors, since such answers are never scored.
    """
    checked = check(trial.form, answers, variables=trial.variables, today=trial.today, fill=trial.fill)
    result: Result = {
        "visible": list(checked.visible),
        "values": checked.values,
        "errors": [_answer_error(error, trial.locale) for error in checked.errors],
    }
    if trial.scores:
        rules = None if checked.errors else trial.rules
        result["sheet"] = score(rules, checked.values, checked.visible).to_json() if rules else None
    return result


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
