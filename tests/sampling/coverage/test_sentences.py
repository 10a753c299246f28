"""Every code of a coverage plan has a sentence in both languages, and every sentence a code."""

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from server import catalogue
from server.sampling import coverage
from server.sampling.coverage.choosing.selection import Reason
from server.sampling.coverage.feasibility.need import CLAUSES
from server.sampling.coverage.inputs import CODES
from server.sampling.coverage.substitution import Broken, Cause, Where

PACKAGE = Path(str(coverage.__file__)).parent
TOLD_WITH_CHANCES = {"chances_exact", "chances_simulated"}
KINDS: dict[str, type[StrEnum]] = {"reason": Reason, "cause": Cause, "where": Where, "broken": Broken}


def literals() -> Iterator[str]:
    """All text in the package that could be a code."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def stated() -> Iterator[tuple[str, set[str]]]:
    """The literal codes of `state(…)` and `SamplingError(…)` with the names of their parameters."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in {"state", "SamplingError"} and isinstance(first, ast.Constant):
                    yield str(first.value), {str(keyword.arg) for keyword in node.keywords}


def made() -> set[str]:
    """Codes that are put together from a kind and a name."""
    clauses = {f"relax_{clause}{unit}" for clause in CLAUSES for unit in ("", "_money")}
    return clauses | {f"{kind}_{value}" for kind, values in KINDS.items() for value in values}


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_each_statement_has_a_sentence_for_its_parameters(locale: str) -> None:
    errors, own = catalogue.texts(locale, "errors"), catalogue.texts(locale, "coverage")
    for code, params in stated():
        said = own[code] if code in own else errors[code]
        # A place that is no parameter of the code would fail here.
        assert said.format_map(dict.fromkeys(params, "x"))
    assert made() <= own.keys()


def test_each_sentence_is_said() -> None:
    known = set(literals()) | made() | TOLD_WITH_CHANCES
    assert catalogue.texts("zh", "coverage").keys() - known == set()
    assert CODES.keys() - {code for code, _ in stated()} == set()


def test_refusals_name_their_parameters() -> None:
    for code, params in stated():
        if code in CODES:
            assert set(CODES[code]) == params, code
