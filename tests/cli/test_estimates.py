"""`flask estimate`: a design and a file in, one JSON object out; what is wrong with them, where it stands."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from tests.cli.form_commands import settingless, written

MEAN: dict[str, Any] = {"estimates": [{"name": "mean", "kind": "mean", "of": "score"}]}
BY = {"estimates": [{"name": "mean", "kind": "mean", "of": "score", "by": "区"}]}
TEXT = "区,score\n东,80\n东,90\n西,70\n西,60\n"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    return settingless(monkeypatch)


def run(app: Flask, folder: Path, design: object, data: bytes | str) -> Result:
    file = folder / "data.csv"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    arguments = ["estimate", "--design", str(written(folder, design, "d.json")), "--data", str(file)]
    return app.test_cli_runner().invoke(args=arguments)


def test_estimates_are_one_json_object(app: Flask, tmp_path: Path) -> None:
    result = run(app, tmp_path, MEAN, TEXT)
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert made["design"]["n"] == 4
    assert made["estimates"][0]["value"] == 75


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.encode("utf-16"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").replace("\n", "\r\n").encode(),
        (TEXT + ",\n,\n").encode(),
        TEXT.replace("西", '"西"').encode(),
    ],
)
def test_files_as_spreadsheets_write_them(app: Flask, tmp_path: Path, data: bytes) -> None:
    made = json.loads(run(app, tmp_path, BY, data).stdout)
    assert {row["domain"]: row["value"] for row in made["estimates"]} == {"东": 85, "西": 65}


def test_a_wrong_design_is_shown_where_it_stands(app: Flask, tmp_path: Path) -> None:
    design = '{\n  "weigth": "w",\n  "estimates": [{"name": "m", "kind": "means", "of": "y"}]\n}'
    result = run(app, tmp_path, design, TEXT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "d.json:2:3: error[property_unknown]" in result.stderr
    assert "did you mean “weight”?" in result.stderr
    assert "d.json:3:" in result.stderr
    assert "error[property_choice]" in result.stderr


def test_wrong_rows_are_all_told_with_their_places(app: Flask, tmp_path: Path) -> None:
    result = run(app, tmp_path, MEAN, "score\n80\nmany\n1e99\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.partition("data.csv:")[2].partition(" ")[0] for line in result.stderr.splitlines()] == [
        "3:",
        "4:",
    ]
    assert "error[data_not_number] score: “many” is no number that can be used." in result.stderr


def test_sentences_are_in_the_terminals_language(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "“many”不是可用的数字。" in run(app, tmp_path, MEAN, "score\nmany\n").stderr


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "file_empty"),
        (b"PK\x03\x04workbook", "data_not_csv"),
        (b"score\x00\n1\n", "data_not_csv"),
        ('score,x\n1,"2\n', "row_quotes"),
        ("other\n1\n", "header_missing"),
    ],
)
def test_what_is_no_table_is_said_in_one_sentence(
    app: Flask, tmp_path: Path, data: bytes | str, code: str
) -> None:
    result = run(app, tmp_path, MEAN, data)
    assert result.exit_code == 1
    assert f"error[{code}]" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_schema_is_printed(app: Flask) -> None:
    schema = json.loads(app.test_cli_runner().invoke(args=["estimate", "--schema"]).stdout)
    assert schema["properties"]["cluster"]["description"].startswith("Column with the first-stage unit")


def test_without_files_the_command_says_what_it_needs(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["estimate"])
    assert result.exit_code == 2
    assert "--design" in result.stderr


def test_who_only_starts_the_commands_does_not_pay_for_numpy() -> None:
    """Every web process has the commands; NumPy and SciPy would cost each 50 MB."""
    probe = (
        "import sys; import server.sampling.estimates, server.cli.estimates; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
