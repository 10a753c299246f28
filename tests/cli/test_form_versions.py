import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine

from server.fieldwork.definitions import versions
from server.scope import EVERYTHING
from tests import builders
from tests.fieldwork.forms_for_tests import KEY, definition, drafted, published


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["forms", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / KEY
    made.mkdir()
    return made


def written(folder: Path, content: object) -> str:
    path = folder / "form.json"
    path.write_text(json.dumps(content))
    return str(path)


def states(engine: Engine) -> list[tuple[int, str]]:
    with engine.connect() as connection:
        return [(row.version, row.status) for row in versions.list_versions(connection, EVERYTHING, key=KEY)]


def test_a_file_is_published_as_the_next_version(app: Flask, engine: Engine, folder: Path) -> None:
    assert run(app, "publish", written(folder, definition())).output == f"{KEY} version 1 is published.\n"
    result = run(app, "publish", written(folder, definition("a")), "--note", "new choices")
    assert result.exit_code == 0, result.output
    assert states(engine) == [(2, "published"), (1, "published")]


def test_it_takes_the_place_of_the_draft(app: Flask, engine: Engine, folder: Path) -> None:
    with engine.begin() as connection:
        drafted(connection, definition("a"))
    assert run(app, "publish", written(folder, definition("b"))).exit_code == 0
    assert states(engine) == [(1, "published")]


def test_a_key_may_be_given(app: Flask, engine: Engine, tmp_path: Path) -> None:
    assert run(app, "publish", written(tmp_path, definition()), "--key", KEY).exit_code == 0
    assert states(engine) == [(1, "published")]


@pytest.mark.parametrize("content", [definition(pages=[]), [], "x"])
def test_what_is_wrong_is_not_published(app: Flask, engine: Engine, folder: Path, content: object) -> None:
    result = run(app, "publish", written(folder, content))
    assert result.exit_code == 1
    assert "forms lint" in result.output
    assert states(engine) == []


def test_retiring(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        published(connection, definition())
    assert run(app, "retire", KEY, "1").exit_code == 0
    assert states(engine) == [(1, "retired")]
    assert run(app, "retire", KEY, "1").exit_code == 1
    missing = run(app, "retire", KEY, "7")
    assert missing.output == f"Error: There is no version 7 of a form {KEY}.\n"


def test_a_version_in_use_is_not_retired(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_wave(connection)
    result = run(app, "retire", "hall-satisfaction", "1")
    assert result.exit_code == 1
    assert "2026-05-SAT" in result.output
