"""Reads the JSON of a `scoring` definition and collects every problem, not only the first."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from fractions import Fraction

from server.scoring.exact import parse_exact
from server.scoring.problems import Problem, Severity
from server.wire import pointer_part, shortened

_LONG = 40
# Whoever reads which words are possible needs all of them.
_LONGEST = dict.fromkeys(("options", "measures", "phases"), 400)


class Findings:
    """The problems met so far, in the order of the definition."""

    def __init__(self) -> None:
        """Start empty."""
        self.problems: list[Problem] = []

    def add(self, pointer: str, code: str, severity: Severity = "error", **params: str | int) -> None:
        """Record one problem."""
        short = {
            name: shortened(value, _LONGEST.get(name, _LONG)) if isinstance(value, str) else value
            for name, value in params.items()
        }
        self.problems.append(Problem(pointer, code, severity, short))

    @property
    def fatal(self) -> bool:
        """Whether publication must be refused."""
        return any(problem.severity == "error" for problem in self.problems)


class ObjectReader:
    """One JSON object of the definition; each method reads one property and reports what is wrong with it."""

    def __init__(self, data: object, pointer: str, findings: Findings, allowed: Collection[str]) -> None:
        """Report unknown properties at once: a misspelt one must never be ignored silently."""
        self.pointer = pointer
        self.findings = findings
        self.data: Mapping[str, object] = {}
        if isinstance(data, dict):
            self.data = data
            for name in data:
                if name not in allowed:
                    params = {"property": name, "suggestion": suggestion(name, allowed)}
                    findings.add(self.at(name), "scoring_unknown_property", **params)
        else:
            findings.add(pointer, "scoring_not_object")

    def at(self, name: str) -> str:
        """Pointer of a property."""
        return f"{self.pointer}/{pointer_part(name)}"

    def has(self, name: str) -> bool:
        """Whether the property is written."""
        return name in self.data

    def report(self, name: str, code: str, **params: str | int) -> None:
        """Record an error at a property."""
        self.findings.add(self.at(name), code, "error", **params)

    def text(self, name: str, *, required: bool = False) -> str:
        """A text that may not be empty; "" when absent."""
        value = self.data.get(name)
        if value is None:
            if required:
                self.report(name, "scoring_missing_property", property=name)
            return ""
        if not isinstance(value, str) or not value:
            self.report(name, "scoring_wrong_type", expected="text")
            return ""
        return value

    def number(
        self, name: str, default: Fraction | None = None, *, positive: bool = False
    ) -> Fraction | None:
        """An exact number, written as text ("2.5") or as an integer."""
        if name not in self.data:
            return default
        value = parse_exact(self.data[name])
        if value is None:
            self.report(name, "scoring_not_exact")
            return default
        if positive and value <= 0:
            self.report(name, "scoring_not_positive")
            return default
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean."""
        value = self.data.get(name, default)
        if not isinstance(value, bool):
            self.report(name, "scoring_wrong_type", expected="boolean")
            return default
        return value

    def option(self, name: str, options: Collection[str], default: str) -> str:
        """One of a few words."""
        value = self.data.get(name, default)
        if not isinstance(value, str) or value not in options:
            self.report(name, "scoring_unknown_option", value=str(value), options=", ".join(options))
            return default
        return value

    def objects(self, name: str) -> list[object]:
        """A list, [] when absent."""
        value = self.data.get(name, [])
        if not isinstance(value, list):
            self.report(name, "scoring_wrong_type", expected="list")
            return []
        return value

    def numbers(self, name: str) -> dict[str, Fraction]:
        """An object of exact numbers, {} when absent."""
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            self.report(name, "scoring_wrong_type", expected="object")
            return {}
        result: dict[str, Fraction] = {}
        for key, text in value.items():
            number = parse_exact(text)
            if number is None:
                self.findings.add(f"{self.at(name)}/{pointer_part(key)}", "scoring_not_exact")
            else:
                result[key] = number
        return result


def suggestion(word: str, known: Collection[str]) -> str:
    """The known word that was probably meant, or ""."""
    return next(iter(get_close_matches(word, known, n=1)), "")
