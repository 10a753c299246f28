"""The table of codes and the code that reports them say the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

from server.forms.codes import DEFINITION_CODES
from server.scoring import problems
from server.scoring.programmes import codes

SCORING = Path(problems.__file__).parent
REPORTING = (*(SCORING / "programmes").rglob("*.py"), *(SCORING / "settling").rglob("*.py"))
# Method -> which of its arguments is the code.
_REPORTS = {"add": 1, "unknown": 1, "known": 0}


def texts_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def codes_reported() -> Iterator[str]:
    """The codes written out where a problem is reported."""
    for path in REPORTING:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            place = _REPORTS.get(node.func.attr, len(node.args))
            code = node.args[place] if place < len(node.args) else None
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value


def test_each_code_that_is_reported_stands_in_a_table() -> None:
    known = codes.CODES.keys() | problems.CODES.keys() | DEFINITION_CODES.keys()
    assert set(codes_reported()) - known == set()


def test_each_code_of_the_table_is_reported_somewhere() -> None:
    written = {text for path in REPORTING if path.name != "codes.py" for text in texts_in(path)}
    assert codes.CODES.keys() - written == set()


def test_no_code_means_two_things() -> None:
    assert codes.CODES.keys() & (problems.CODES.keys() | DEFINITION_CODES.keys()) == set()
