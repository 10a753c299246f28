"""Validators of a question: a table of rows by SurveyJS's type names, each compiled to a closure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from server.forms.compiling.formulas import Formulas
from server.forms.compiling.patterns import MAX_WAYS_OF_FORM, PatternError, compile_pattern, ways_through
from server.forms.elements import Element
from server.forms.expressions import Expression
from server.forms.expressions.numbers import number_in
from server.forms.expressions.operations import BINARY, is_empty, text_of
from server.forms.form import Validator
from server.forms.localised import LocalText
from server.forms.problems import Fault, Report, pointer_to
from server.forms.properties import Property, read_properties, table
from server.forms.types.texts import is_email

CompileExpression = Callable[[str, str], Expression | None]
_Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Source:
    """One validator's read properties and what compiling it needs."""

    pointer: str
    values: Mapping[str, object]
    report: Report
    expression: CompileExpression
    times: int

    @property
    def message(self) -> Mapping[str, str]:
        """The form's own sentence by locale, or {}."""
        text = self.values.get("text")
        return dict(text.texts) if isinstance(text, LocalText) else {}


@dataclass(frozen=True, slots=True)
class ValidatorType:
    """A row: the properties beside `type` and `text`, and the compiler."""

    properties: tuple[Property, ...]
    build: Callable[[_Source], Validator | None]


def compile_validators(element: Element, formulas: Formulas) -> tuple[Validator, ...]:
    """All validators of one question; what is wrong is reported and left out."""
    sources, pointer = element.get("validators", list, []), element.at("validators")
    compiled = (_compile(formulas, pointer + pointer_to(index), item) for index, item in enumerate(sources))
    return tuple(validator for validator in compiled if validator is not None)


def compile_limits(element: Element, expression: CompileExpression) -> tuple[Validator, ...]:
    """`minValueExpression` and `maxValueExpression` of numbers, dates and times."""
    return tuple(
        _calculated_limit(limit, is_lower=is_lower)
        for name, is_lower in (("minValueExpression", True), ("maxValueExpression", False))
        if (source := element.get(name, str, "")) and (limit := expression(source, element.at(name)))
    )


def _calculated_limit(limit: Expression, *, is_lower: bool) -> Validator:
    codes = ("number_min", "too_early") if is_lower else ("number_max", "too_late")
    beyond = BINARY["<" if is_lower else ">"]

    def validate(value: object, values: _Values, today: date) -> Fault | None:
        bound = limit.value(values, today)
        if is_empty(bound) or not beyond(value, bound):
            return None
        if isinstance(value, str):
            return Fault(codes[1], {"limit": text_of(bound)})
        return Fault(codes[0], {"limit": bound, "message": {}})

    return validate


def _compile(formulas: Formulas, pointer: str, raw: object) -> Validator | None:
    report = formulas.report
    if not isinstance(raw, dict):
        report.error(pointer, "property_type", property="validators", expected="object")
        return None
    name = raw.get("type")
    row = VALIDATOR_TYPES.get(name) if isinstance(name, str) else None
    if row is None:
        shown = name[:64] if isinstance(name, str) else ""
        report.unknown_type(pointer + "/type", "validator", shown, VALIDATOR_TYPES)
        return None
    properties = table(Property("type", "string"), Property("text", "text"), *row.properties)
    values = read_properties(report, pointer, raw, properties)
    return row.build(_Source(pointer, values, report, formulas.expression, formulas.times))


def _limit(source: _Source, name: str) -> int | float | None:
    value = source.values.get(name)
    return value if isinstance(value, int | float) else None


def _limits(source: _Source, low: str, high: str) -> tuple[int | float | None, int | float | None]:
    least, most = _limit(source, low), _limit(source, high)
    if least is not None and most is not None and least > most:
        source.report.error(f"{source.pointer}/{high}", "limits_contradict", least=least, most=most)
    return least, most


def _numeric(source: _Source) -> Validator:
    least, most = _limits(source, "minValue", "maxValue")
    message = source.message

    def validate(value: object, _values: _Values, _today: date) -> Fault | None:
        # A text question holds text: what is judged is the number that it stands for.
        number = number_in(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            return Fault("number_invalid", {"message": message})
        if least is not None and number < least:
            return Fault("number_min", {"limit": least, "message": message})
        if most is not None and number > most:
            return Fault("number_max", {"limit": most, "message": message})
        return None

    return validate


def _text(source: _Source) -> Validator:
    least, most = _limits(source, "minLength", "maxLength")
    message = source.message

    def validate(value: object, _values: _Values, _today: date) -> Fault | None:
        length = len(str(value))
        if least is not None and length < least:
            return Fault("text_min_length", {"limit": least, "length": length, "message": message})
        if most is not None and length > most:
            return Fault("text_max_length", {"limit": most, "length": length, "message": message})
        return None

    return validate


def _answer_count(source: _Source) -> Validator:
    least, most = _limits(source, "minCount", "maxCount")
    message = source.message

    def validate(value: object, _values: _Values, _today: date) -> Fault | None:
        if not isinstance(value, list):
            return None
        if least is not None and len(value) < least:
            return Fault("choice_count_min", {"limit": least, "message": message})
        if most is not None and len(value) > most:
            return Fault("choice_count_max", {"limit": most, "message": message})
        return None

    return validate


def _email(source: _Source) -> Validator:
    message = source.message

    def validate(value: object, _values: _Values, _today: date) -> Fault | None:
        return None if is_email(str(value)) else Fault("email_invalid", {"message": message})

    return validate


def _regex(source: _Source) -> Validator | None:
    pattern, pointer = str(source.values.get("regex", "")), f"{source.pointer}/regex"
    try:
        matches = compile_pattern(pattern, ignore_case=source.values.get("caseInsensitive") is True)
    except PatternError as error:
        source.report.error(pointer, error.code, **error.params)
        return None
    source.report.charge(
        pointer, "patterns_too_costly", ways_through(pattern) * source.times, MAX_WAYS_OF_FORM
    )
    message = source.message

    def validate(value: object, _values: _Values, _today: date) -> Fault | None:
        return None if matches(str(value)) else Fault("pattern_mismatch", {"message": message})

    return validate


def _expression(source: _Source) -> Validator | None:
    raw = source.values.get("expression")
    rule = source.expression(raw, f"{source.pointer}/expression") if isinstance(raw, str) else None
    if rule is None:
        return None
    message, holds = source.message, rule.holds

    def validate(_value: object, values: _Values, today: date) -> Fault | None:
        return None if holds(values, today) else Fault("rule_broken", {"message": message})

    return validate


VALIDATOR_TYPES: Mapping[str, ValidatorType] = MappingProxyType(
    {
        "numeric": ValidatorType((Property("minValue", "number"), Property("maxValue", "number")), _numeric),
        "text": ValidatorType((Property("minLength", "whole"), Property("maxLength", "whole")), _text),
        "answercount": ValidatorType(
            (Property("minCount", "whole"), Property("maxCount", "whole")), _answer_count
        ),
        "email": ValidatorType((), _email),
        "regex": ValidatorType(
            (Property("regex", "string", required=True), Property("caseInsensitive", "flag")), _regex
        ),
        "expression": ValidatorType((Property("expression", "expression", required=True),), _expression),
    }
)
