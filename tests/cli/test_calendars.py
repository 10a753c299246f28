"""`flask calendars`: what is known, and entering a year."""

import json
from pathlib import Path

from click.testing import Result
from flask import Flask

from server.fieldwork.timetable.holidays import CALENDARS


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["calendars", *arguments])


def test_the_shipped_years_are_listed_with_their_source(app: Flask) -> None:
    listed = run(app, "list").output
    assert [line[:7] for line in listed.splitlines()] == ["CN 2025", "CN 2026"]
    assert "国办发明电〔2025〕7号" in listed
    assert run(app, "list", "--country", "DE").output == ""


def test_a_year_is_entered_and_replaced(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "2027.json"
    day = {"title": "元旦", "from": "2027-01-01", "to": "2027-01-03"}
    content = {
        "country": "CN",
        "year": 2027,
        "source": "第一次",
        "holidays": [day],
        "workdays": ["2027-01-09"],
    }
    path.write_text(json.dumps(content))
    assert run(app, "lint", str(path)).exit_code == 0
    added = run(app, "add", str(path))
    assert (added.exit_code, added.output) == (0, "CN 2027: 3 days off, 1 worked weekend days.\n")
    path.write_text(json.dumps({**content, "source": "更正", "workdays": []}))
    assert run(app, "add", str(path)).exit_code == 0
    assert run(app, "list").output.splitlines()[-1] == "CN 2027  更正"


def test_a_wrong_file_is_refused_with_every_place(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    content = json.loads((CALENDARS / "CN" / "2026.json").read_text("utf-8"))
    content["workdays"] += ["2026-01-05", "2026-02-21"]
    path.write_text(json.dumps(content))
    for command in ("lint", "add"):
        refused = run(app, command, str(path))
        assert refused.exit_code == 1
        assert "workday_no_weekend" in refused.output
        assert "workday_is_holiday" in refused.output
    assert run(app, "add", str(tmp_path / "nowhere.json")).exit_code == 1
