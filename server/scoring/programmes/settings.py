"""Compiles what a bank may set: parameters, and the readings of the register."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from server.scoring.exact import answered_number, exact_text
from server.scoring.programmes.definition import Parameter
from server.scoring.programmes.draft import text_of
from server.scoring.programmes.register import READINGS
from server.scoring.programmes.shapes import Part
from server.scoring.reading import Findings, suggestion

EXACT_TYPES = ("number", "money", "percent", "whole")


def compile_parameters(parts: Iterable[Part], findings: Findings) -> Mapping[str, Parameter]:
    """The parameters by name; defaults that do not fit are reported."""
    parameters = {}
    for part in parts:
        parameter = _parameter(part)
        if parameter.type == "choice" and not parameter.options:
            findings.add(part.pointer, "programme_missing_property", property="options")
        if parameter.reading and parameter.reading not in READINGS:
            hint = suggestion(parameter.reading, tuple(READINGS))
            findings.add(part.at("reading"), "unknown_reading", name=parameter.reading, suggestion=hint)
        low, high = parameter.minimum, parameter.maximum
        if low is not None and high is not None and low > high:
            params = {"low": exact_text(low), "high": exact_text(high)}
            findings.add(part.at("minimum"), "bounds_reversed", "error", **params)
        if parameter.default is not None:
            problem = misfit(parameter, parameter.default)
            if problem:
                findings.add(part.at("default"), problem[0], "error", **problem[1])
        parameters[parameter.name] = parameter
    return parameters


def _parameter(part: Part) -> Parameter:
    return Parameter(
        name=part.text("name"),
        type=part.text("type"),
        title=text_of(part, "title"),
        help=text_of(part, "help"),
        unit=part.text("unit"),
        default=part.values.get("default"),
        minimum=part.number("minimum"),
        maximum=part.number("maximum"),
        options={row.text("value"): text_of(row, "title") for row in part.parts("options")},
        reading=part.text("reading"),
    )


def setting_of(parameter: Parameter, raw: object) -> object:
    """A value of a parameter as formulas read it: exact numbers are fractions."""
    return answered_number(raw) if parameter.type in EXACT_TYPES else raw


def misfit(parameter: Parameter, raw: object) -> tuple[str, Mapping[str, str]] | None:
    """What is wrong with a value for a parameter: a code and its parameters."""
    if parameter.type in EXACT_TYPES:
        return _number_misfit(parameter, answered_number(raw))
    if parameter.type == "flag":
        return None if isinstance(raw, bool) else ("scoring_wrong_type", {"expected": "boolean"})
    if not isinstance(raw, str):
        return "scoring_wrong_type", {"expected": "text"}
    if parameter.type == "choice" and raw not in parameter.options:
        return "scoring_unknown_option", {"value": raw, "options": ", ".join(parameter.options)}
    if parameter.type == "date" and not _is_date(raw):
        return "scoring_wrong_type", {"expected": "date"}
    return None


def _number_misfit(parameter: Parameter, value: Fraction | None) -> tuple[str, Mapping[str, str]] | None:
    if value is None:
        return "scoring_not_exact", {}
    if parameter.type == "whole" and value.denominator != 1:
        return "scoring_wrong_type", {"expected": "integer"}
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        shown = ("" if bound is None else exact_text(bound) for bound in (low, high))
        return "parameter_out_of_range", dict(zip(("low", "high"), shown, strict=True))
    return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def policies(whole: Part, findings: Findings) -> Mapping[str, str]:
    """The reading of every ambiguous clause: the definition's own, else the register's default."""
    chosen = {key: reading.default for key, reading in READINGS.items() if reading.default is not None}
    for key, value in whole.mapping("policies").items():
        problem = policy_misfit(key, value)
        if problem:
            findings.add(f"{whole.at('policies')}/{key}", problem[0], "error", **problem[1])
        else:
            chosen[key] = str(value)
    return chosen


def policy_misfit(key: str, value: object) -> tuple[str, Mapping[str, str]] | None:
    """What is wrong with a reading: a code and its parameters."""
    reading = READINGS.get(key)
    if reading is None:
        return "unknown_reading", {"name": key, "suggestion": suggestion(key, tuple(READINGS))}
    options = [option.value for option in reading.options]
    if value not in options:
        return "scoring_unknown_option", {"value": str(value), "options": ", ".join(options)}
    return None
