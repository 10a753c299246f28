"""Every code the package can return is declared, with the parameters it comes with, and none is left over."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import server.forms
from server.forms import MESSAGES
from server.forms.codes import ANSWER_CODES, DEFINITION_CODES

PACKAGE = Path(server.forms.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "codes.py")


def literals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def calls(path: Path) -> Iterator[tuple[str, set[str]]]:
    """(code, parameters) of each report, refusal and expression or pattern error with literal arguments."""
    places = {"error": 1, "warn": 1, "refusal": 0, "ExpressionError": 0, "PatternError": 0}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = places.get(name)
        if place is None or len(node.args) <= place or not isinstance(node.args[place], ast.Constant):
            continue
        keywords = {keyword.arg for keyword in node.keywords}
        if None not in keywords:
            extra = {"column"} if name == "ExpressionError" else set()
            yield str(node.args[place].value), {str(keyword) for keyword in keywords} | extra


def test_each_code_is_used() -> None:
    used = {text for path in MODULES for text in literals(path)}
    assert MESSAGES.keys() - used == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_calls_give_the_declared_parameters(path: Path) -> None:
    for code, parameters in calls(path):
        assert (code, set(MESSAGES[code])) == (code, parameters)


def test_a_shared_code_has_one_set_of_parameters() -> None:
    shared = DEFINITION_CODES.keys() & ANSWER_CODES.keys()
    assert all(DEFINITION_CODES[code] == ANSWER_CODES[code] for code in shared)
