"""What people read passes a scope, and pages and the API reach tables only through lower layers."""

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Connection

from server.fieldwork.definitions import programmes, versions
from server.fieldwork.organisation import units as organisation
from server.fieldwork.waves import changing, drawing, launching, moving
from server.fieldwork.waves import planning as waves
from server.followup import facts, rescoring, settlements, subjects
from server.intake import asking
from server.reports import deployment, progress, results, sheets

SERVER = Path(__file__).resolve().parents[2] / "server"
DOORS = ("web", "api")

QUERYING = {"select", "insert", "update", "delete", "text", "table", "func", "exists", "union"}
RUNNING = {"execute", "scalar", "scalars", "exec_driver_sql"}

# Modules whose functions pages and the API read with, and the parameters that limit what they find.
READERS = (
    deployment,
    progress,
    results,
    sheets,
    organisation,
    waves,
    changing,
    drawing,
    launching,
    versions,
    moving,
    programmes,
    settlements,
    rescoring,
    facts,
    subjects,
)
LIMITS = {"scope", "wave", "wave_id", "firm_id"}
UNLIMITED = {
    "is_demo": "tells one fact about the deployment, shown on every page",
    "texts_of": "takes a revision that find_submission found within the scope",
    "instruments": "published programmes are no secret of a unit",
    "organisation_names": "the name that stands in every message",
    "refuse_evidence": "looks at a form, within plan_wave and move_to_version",
    "plan_wave": "creates and reads nothing for people",
    "gather": "all facts of a settlement, which only those make whose scope reaches everything",
    "judged": "the subjects among them",
    "close_due": "the clock's chore, by time alone",
}


def modules() -> list[Path]:
    return [path for door in DOORS for path in sorted((SERVER / door).rglob("*.py"))]


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("sqlalchemy"))


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def readers() -> list[Callable[..., Any]]:
    return [function for module in READERS for function in public_readers(module)]


def public_readers(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Functions of the module itself that are handed a connection."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        parameters = inspect.signature(function).parameters.values()
        takes_connection = any(each.annotation is Connection for each in parameters)
        if function.__module__ == module.__name__ and not name.startswith("_") and takes_connection:
            yield function


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SERVER)))
def test_pages_and_api_ask_lower_layers(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert not QUERYING & set(imported(tree))
    assert "sqlalchemy" not in set(imported(tree))
    assert not RUNNING & set(called(tree))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SERVER)))
def test_pages_and_api_import_no_tables(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    tables = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("server.models")
    ]
    assert not tables


@pytest.mark.parametrize("function", readers(), ids=lambda function: function.__qualname__)
def test_every_reader_takes_what_limits_it(function: Callable[..., Any]) -> None:
    parameters = set(inspect.signature(function).parameters)
    assert parameters & LIMITS or function.__name__ in UNLIMITED


def test_no_exception_outlives_its_function() -> None:
    assert set(UNLIMITED) <= {function.__name__ for function in readers()}


def test_a_firms_wave_is_found_only_for_the_firm() -> None:
    assert "firm_id" in inspect.signature(asking.open_wave).parameters
