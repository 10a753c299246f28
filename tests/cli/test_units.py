"""`flask units import` and `flask systems`."""

from pathlib import Path

from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, select

from server.accounts import register
from server.models.organisation import Unit
from tests import builders
from tests.conftest import START

MOVE = "机构编号,上级编号\nD1,D10\nB201,nowhere\n"


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def path_of(engine: Engine, code: str) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(select(Unit.path).where(Unit.code == code))


def test_a_file_is_shown_then_imported(app: Flask, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
    file = tmp_path / "units.csv"
    file.write_text(MOVE, "utf-8")
    shown = run(app, "units", "import", str(file), "--dry-run")
    assert "D1 moved with 2 below: parent_code: C01 -> D10" in shown.output
    assert "0 would be created, 1 would be changed, 0 unchanged, 1 left out." in shown.output
    assert path_of(engine, "B101") == "C01/D1/B101/"
    assert run(app, "units", "import", str(file)).exit_code == 0
    assert path_of(engine, "B101") == "C01/D10/D1/B101/"


def test_a_day_to_come_and_a_file_without_units(app: Flask, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text(MOVE, "utf-8")
    late = run(app, "units", "import", str(file), "--day", "2999-01-01")
    assert (late.exit_code, "2999-01-01" in late.output) == (1, True)
    assert run(app, "units", "import", str(file)).exit_code == 1


def test_keys_of_systems(app: Flask, engine: Engine) -> None:
    made = run(app, "systems", "key", "core", "--permission", "units.import")
    with engine.connect() as connection:
        found = register.find_api_key(connection, made.output.strip(), now=START)
    assert found is not None
    assert found.actor == "system:core"
    assert "1 key of core" in run(app, "systems", "revoke", "core").output
    assert run(app, "systems", "revoke", "core").exit_code == 1
    assert run(app, "systems", "key", "no name", "--permission", "units.import").exit_code == 1
    assert run(app, "systems", "key", "core", "--permission", "waves.launch").exit_code == 2
