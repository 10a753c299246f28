"""`flask history`."""

from pathlib import Path

from click.testing import Result
from flask import Flask
from sqlalchemy import Engine

from server.fieldwork.definitions.programmes import NewProgramme, publish_programme
from server.scope import EVERYTHING
from tests import builders
from tests.builders import BY, NOW
from tests.fieldwork.history.results_for_tests import file_id, scheme_with_past
from tests.followup.schemes_for_tests import KEY

FILE = "code,period,measure,score\nB101,2025,year_score,91.5\nB999,2025,year_score,88\n"


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["history", *arguments])


def test_a_file_is_shown_imported_listed_and_withdrawn(app: Flask, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        publish_programme(connection, NewProgramme(KEY, scheme_with_past()), EVERYTHING, by=BY, now=NOW)
    path = tmp_path / "2025.csv"
    path.write_text(FILE, "utf-8")
    shown = run(app, "import", KEY, str(path), "--dry-run")
    assert "2: B101 2025 year_score created: score: - -> 91.5" in shown.output
    assert "1 would be created, 0 would be changed, 0 unchanged, 1 left out." in shown.output
    assert run(app, "list").output == ""
    assert run(app, "import", KEY, str(path)).exit_code == 0
    assert f"{KEY}  2025.csv: 1 results, 1 count, 0 superseded" in run(app, "list", "--programme", KEY).output
    with engine.connect() as connection:
        found = str(file_id(connection, "2025.csv"))
    assert run(app, "withdraw", found, "--reason", "口径不对").output == "Withdrawn.\n"
    assert "withdrawn: 口径不对" in run(app, "list").output
    assert run(app, "withdraw", found, "--reason", "again").exit_code == 1


def test_a_file_without_a_right_row_fails(app: Flask, engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "2025.csv"
    path.write_text("code,period,measure,score\nB999,2025,annual,88\n", "utf-8")
    assert run(app, "import", "treasury-agent-banks", str(path)).exit_code == 1
    assert run(app, "import", "no-such", str(path)).exit_code == 1
