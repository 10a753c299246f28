"""Problems of definition files as a good compiler shows them: place, code, sentence, source line and help.

Everything wrong with a file comes at once: slips of the JSON, the language, the scoring.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import click

from server import catalogue, wire
from server.forms import lint
from server.forms.authoring.locating import Located, Mistake, Position
from server.scoring.compile import lint as lint_scoring
from server.scoring.form_items import form_items

# A minified definition is one line of a hundred thousand characters: only what is around the place is shown.
_WIDEST = 100
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\{[^{}"]*\}|[\w.-]+|[<>=!&|]+|.')
_AT_KEY = frozenset(
    ("property_unknown", "property_unsupported", "scoring_unknown_property", "programme_unknown_property")
)
_HELPS = ("suggestion", "hint")


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of one file, with its place in the text; `spoken` are the parameters for people."""

    file: str
    pointer: str
    position: Position
    severity: str
    code: str
    params: Mapping[str, object]
    spoken: Mapping[str, object]
    source: str

    def to_json(self, locale: str) -> dict[str, Any]:
        """As `--format json` writes it."""
        return {
            "file": self.file,
            "pointer": self.pointer,
            "line": self.position.line,
            "column": self.position.column,
            "severity": self.severity,
            "code": self.code,
            "params": dict(self.params),
            "sentence": catalogue.sentence(self.code, locale, **self.params),
        }


def findings(file: str, data: bytes) -> tuple[Finding, ...]:
    """Everything wrong with one file, in the order of its lines."""
    return read_definition(file, data)[1]


class AnyProblem(Protocol):
    """A problem of the language of forms, of scoring, or of programmes."""

    @property
    def pointer(self) -> str:
        """RFC 6901."""

    @property
    def severity(self) -> str:
        """`error` or `warning`."""

    @property
    def code(self) -> str:
        """A code with a sentence in the catalogue."""

    @property
    def params(self) -> Mapping[str, object]:
        """The sentence's."""


def form_problems(definition: wire.Json) -> Iterator[AnyProblem]:
    """Everything wrong with a form and its scoring."""
    yield from lint(definition)
    if isinstance(definition, dict):
        yield from lint_scoring(definition.get("scoring"), form_items(definition))


def read_definition(
    file: str, data: bytes, problems: Callable[[wire.Json], Iterable[AnyProblem]] = form_problems
) -> tuple[Any, tuple[Finding, ...]]:
    """The definition (None when the file cannot be read as JSON) and everything wrong with it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = Position(data.count(b"\n", 0, error.start) + 1, 1)
        return None, (Finding(file, "", place, "error", "json_encoding", {}, {}, ""),)
    located = Located(text)
    if located.mistakes:
        return None, tuple(_slip(file, located, mistake) for mistake in located.mistakes)
    try:
        definition = wire.loads(text)
    except wire.Unreadable as error:
        return None, (_finding(file, located, error.pointer, "error", error.code, error.params),)
    found = sorted(
        (
            _finding(file, located, each.pointer, each.severity, each.code, each.params)
            for each in problems(definition)
        ),
        key=lambda each: (each.position.line, each.position.column),
    )
    return definition, tuple(found)


def _slip(file: str, located: Located, mistake: Mistake) -> Finding:
    source = located.line(mistake.position.line)
    return Finding(file, "", mistake.position, "error", mistake.code, mistake.params, mistake.params, source)


def _finding(
    file: str, located: Located, pointer: str, severity: str, code: str, params: Mapping[str, object]
) -> Finding:
    column = params.get("column")
    if isinstance(column, int) and code.startswith("expression_"):
        place = located.within(pointer, column)
    else:
        place = located.key(pointer) if code in _AT_KEY else located.value(pointer)
    first = params.get("first")
    spoken = {**params, "first": str(located.value(first))} if isinstance(first, str) else params
    return Finding(file, pointer, place, severity, code, params, spoken, located.line(place.line))


def block(finding: Finding, locale: str) -> str:
    """One problem for a person: where and what, the line with a mark below it, what to write instead."""
    helps = {name: value for name, value in finding.spoken.items() if name in _HELPS and value}
    params = {name: value for name, value in finding.spoken.items() if name not in helps}
    color = "red" if finding.severity == "error" else "yellow"
    head = click.style(f"{_word(finding.severity, locale)}[{finding.code}]", fg=color, bold=True)
    sentence = catalogue.sentence(finding.code, locale, **params)
    lines = [f"{click.style(f'{finding.file}:{finding.position}', bold=True)}: {head} {_printable(sentence)}"]
    if finding.source:
        lines += _excerpt(finding, color)
    if helps:
        lines.append(f"{click.style(_word('help', locale), fg='cyan')}: {_printable(_help(helps, locale))}")
    return "\n".join(lines)


def _word(name: str, locale: str) -> str:
    return catalogue.text(f"tools.lint_{name}", locale)


def _help(helps: Mapping[str, object], locale: str) -> str:
    sentences = []
    if "suggestion" in helps:
        sentences.append(catalogue.text("tools.lint_meant", locale, suggestion=helps["suggestion"]))
    if "hint" in helps:
        sentences.append(catalogue.sentence(str(helps["hint"]), locale))
    return " ".join(sentences)


def _excerpt(finding: Finding, color: str) -> list[str]:
    """The source line and a mark below the place, cut to what fits a terminal."""
    at = finding.position.column - 1
    start = 0 if len(finding.source) <= _WIDEST else max(0, at - _WIDEST // 2)
    before, after = finding.source[start:at], finding.source[at : start + _WIDEST]
    token = _TOKEN.match(after)
    marked = _printable(token.group() if token else " ")
    number = str(finding.position.line)
    shown = ("…" if start else "") + _printable(before + after)
    space = " " * (_width(_printable(before)) + (1 if start else 0))
    mark = click.style("^" * max(1, _width(marked)), fg=color, bold=True)
    return [f" {number} | {shown}", f" {' ' * len(number)} | {space}{mark}"]


def _printable(text: str) -> str:
    """Text from a file cannot move the cursor or colour the terminal."""
    return "".join(char if char.isprintable() else " " if char == "\t" else "�" for char in text)


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def summary(found: list[Finding], files: int, locale: str) -> str:
    """The last line: how many of what."""
    errors = sum(1 for each in found if each.severity == "error")
    if not found:
        return catalogue.text("tools.lint_clean", locale, files=files)
    return catalogue.text(
        "tools.lint_summary", locale, files=files, errors=errors, warnings=len(found) - errors
    )


def as_line(value: Any) -> str:
    """A value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=list)
