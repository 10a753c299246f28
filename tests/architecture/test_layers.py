"""Imports only run downwards, pure packages stay pure, and each outside library has one door."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server"

# Highest first; a module may import only from rows below its own, or from its own package.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"app"}),
    frozenset({"web", "api", "cli", "jobs", "timetable", "worker", "demo"}),
    frozenset({"http"}),
    frozenset({"services"}),
    frozenset({"reports"}),
    frozenset({"followup"}),
    frozenset({"fieldwork"}),
    frozenset({"intake"}),
    frozenset({"accounts", "notify", "storage"}),
    frozenset({"audit", "scope"}),
    frozenset({"migrations"}),
    frozenset({"models"}),
    frozenset({"scoring"}),
    frozenset({"sampling", "rostering", "evidence"}),
    frozenset({"forms"}),
    frozenset({"embedded"}),
    frozenset({"queue", "outgoing", "db", "keys", "tables", "phones", "catalogue", "locks"}),
    frozenset({"clock", "config", "config_checks", "coordinates", "errors", "typesetting", "wire"}),
    frozenset({"clock", "config", "coordinates", "errors", "photo_rules", "typesetting", "wire"}),
)
# Within the top row: the command line starts processes, loads the demo and shows the pages of a form; nobody
# imports the command line. The worker runs the jobs.
SIDEWAYS = {
    ("cli", "jobs"),
    ("cli", "timetable"),
    ("cli", "worker"),
    ("cli", "demo"),
    ("cli", "web"),
    ("worker", "jobs"),
}

# The same inside the largest room: how a form is compiled, what happens to answers, what is drawn.
FORM_LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"authoring"}),
    frozenset({"pages"}),
    frozenset({"answers"}),
    frozenset({"compiling"}),
    frozenset({"companions"}),
    frozenset({"form"}),
    frozenset({"types"}),
    frozenset({"elements"}),
    frozenset({"properties"}),
    frozenset({"localised"}),
    frozenset({"expressions", "problems"}),
    frozenset({"codes", "suggestions", "unsupported"}),
)

PURE = ("forms", "scoring", "sampling", "rostering", "evidence")
IMPURE_LIBRARIES = {
    "flask",
    "sqlalchemy",
    "psycopg",
    "boto3",
    "botocore",
    "PIL",
    "pillow_heif",
    "requests",
    "urllib3",
    "socket",
}

ONE_DOOR = {
    "boto3": {"storage/objects.py"},
    "botocore": {"storage/objects.py"},
    "PIL": {"storage/photos.py"},
    "pillow_heif": {"storage/photos.py"},
    "twilio": {"notify/gateways/twilio.py"},
    "apscheduler": {"timetable.py"},
    "segno": {"typesetting/setting.py"},
    "typst": {"typesetting/setting.py"},
}

FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "misc"}
MOST_LINES = 400


def modules() -> list[Path]:
    return sorted(path for path in SERVER.rglob("*.py"))


def place(path: Path) -> str:
    """The room a file stands in: the package or module directly below `server`."""
    relative = path.relative_to(SERVER)
    return relative.parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms(path: Path) -> set[str]:
    """The rooms of ours that a file imports from."""
    known = frozenset().union(*LAYERS)
    parts = (name.split(".") for name in imports(path) if name.startswith("server."))
    return {name[1] for name in parts if name[1] in known}


def height(room: str) -> int:
    return next(index for index, row in enumerate(LAYERS) if room in row)


def test_every_room_has_a_layer() -> None:
    known = frozenset().union(*LAYERS) | {"__init__"}
    assert {place(path) for path in modules()} <= known


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SERVER)))
def test_imports_run_downwards(path: Path) -> None:
    room = place(path)
    if room == "__init__":
        assert not rooms(path)
        return
    upwards = {
        other
        for other in rooms(path) - {room}
        if height(other) <= height(room) and (room, other) not in SIDEWAYS
    }
    # Base modules of one row may know each other; anything above must not.
    if height(room) >= height("queue"):
        upwards = {other for other in upwards if height(other) < height(room)}
    assert not upwards


def form_room(name: str) -> str:
    """The room of `server.forms.<room>…`, "" for anything else."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["server", "forms"] and len(parts) > 2 else ""


@pytest.mark.parametrize(
    "path", sorted((SERVER / "forms").rglob("*.py")), ids=lambda path: str(path.relative_to(SERVER))
)
def test_imports_inside_the_form_language_run_downwards(path: Path) -> None:
    heights = {room: height for height, row in enumerate(FORM_LAYERS) for room in row}
    own = path.relative_to(SERVER / "forms").parts[0].removesuffix(".py")
    others = {room for name in imports(path) if (room := form_room(name)) in heights} - {own}
    if own == "__init__":
        return
    assert not {room for room in others if heights[room] <= heights[own]}


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_touch_nothing_outside(package: str) -> None:
    for path in (SERVER / package).rglob("*.py"):
        touched = {name.split(".")[0] for name in imports(path)} & IMPURE_LIBRARIES
        assert not touched, path


@pytest.mark.parametrize("library", ONE_DOOR)
def test_each_outside_library_has_one_importing_module(library: str) -> None:
    importing = {
        str(path.relative_to(SERVER))
        for path in modules()
        if library in {name.split(".")[0] for name in imports(path)}
    }
    assert importing <= ONE_DOOR[library]


def test_no_grab_bags() -> None:
    assert not {path.stem for path in modules()} & FORBIDDEN_NAMES


def test_no_file_outgrows_its_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert not long


def test_no_import_hides_in_a_function() -> None:
    """A lazy import is the usual sign of a dodged cycle."""
    hidden = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden
