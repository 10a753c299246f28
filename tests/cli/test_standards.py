"""`flask forms import-table`: the form goes to the output, the report beside it, and no row is lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from server.cli.settingless import create_settingless
from tests.scoring.standards import tables_for_tests as tables


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application as a machine without settings has it, in an English terminal."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    return create_settingless("DATABASE_URL is not set.")


def run(app: Flask, *arguments: str | Path, **given: Any) -> Result:
    return app.test_cli_runner().invoke(args=["forms", *map(str, arguments)], **given)


def saved(folder: Path, content: bytes, name: str = "standard.xlsx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", tables.ALL)
def test_a_workbook_becomes_a_form_that_lints(app: Flask, tmp_path: Path, name: str) -> None:
    standard = tables.ALL[name]
    form = tmp_path / "form.json"
    made = run(app, "import-table", saved(tmp_path, standard.workbook()), "-o", form)
    assert made.exit_code == (0 if standard.sound else 1)
    assert made.stdout == ""
    assert run(app, "lint", form).exit_code == (0 if standard.sound else 1)


@pytest.mark.parametrize("name", tables.ALL)
def test_every_row_is_in_the_report(app: Flask, tmp_path: Path, name: str) -> None:
    standard = tables.ALL[name]
    report = run(app, "import-table", saved(tmp_path, standard.workbook()), "--locale", "zh").stderr
    for row in range(1, len(standard.rows) + 1):
        assert f"第 {row} 行" in report


def test_the_output_is_the_form_and_nothing_else(app: Flask, tmp_path: Path) -> None:
    path = saved(tmp_path, tables.DEDUCTIONS.workbook(), "2026 standard.xlsx")
    made = run(app, "import-table", path)
    definition = json.loads(made.stdout)
    assert definition["title"] == "2026 standard"
    assert "Row 2: Section “营业环境”.\n" in made.stderr
    assert made.stderr.endswith("unreadable or contradicting: 0; errors of the form: 0.\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_encoding_makes_the_same_form(app: Flask, tmp_path: Path, encoding: str) -> None:
    path = saved(tmp_path, tables.SECTION_ROWS.csv(encoding), "standard.csv")
    book = saved(tmp_path, tables.SECTION_ROWS.workbook())
    assert run(app, "import-table", path).stdout == run(app, "import-table", book).stdout


def test_a_contradiction_is_said_and_the_form_printed_all_the_same(app: Flask, tmp_path: Path) -> None:
    made = run(app, "import-table", saved(tmp_path, tables.CONTRADICTING.workbook()))
    assert made.exit_code == 1
    assert json.loads(made.stdout)["scoring"]["points"] == "55"
    assert "Row 10: error: The declared total is 55 points; the parts make 45.\n" in made.stderr
    assert "error[points_do_not_add_up]" in made.stderr


def test_the_method_can_be_chosen(app: Flask, tmp_path: Path) -> None:
    path = saved(tmp_path, tables.SECTION_ROWS.workbook())
    made = run(app, "import-table", path, "--method", "deduct")
    scoring = json.loads(made.stdout)["scoring"]
    assert (made.exit_code, scoring["method"]) == (0, "deduct")
    assert "Counted by the method that was asked for: deduct." in made.stderr


def test_the_language_of_the_report(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, tables.DEDUCTIONS.workbook())
    assert "第 2 行 部分“营业环境”。" in run(app, "import-table", path, "--locale", "zh").stderr
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "第 2 行 部分“营业环境”。" in run(app, "import-table", path).stderr
    assert "Row 2: Section" in run(app, "import-table", path, "--locale", "en").stderr


def test_other_sheets_are_named_and_can_be_read(app: Flask, tmp_path: Path) -> None:
    path = saved(tmp_path, tables.DEDUCTIONS.workbook("说明"))
    assert "The other sheets were not read: 说明." in run(app, "import-table", path).stderr
    empty = run(app, "import-table", path, "--sheet", "说明")
    assert (empty.exit_code, empty.stdout) == (1, "")
    assert "No header was found." in empty.stderr
    unknown = run(app, "import-table", path, "--sheet", "附表")
    assert "There is no sheet “附表”. The file has: Sheet, 说明." in unknown.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "The file is empty."), (b"PK\x03\x04", "may be damaged"), (b"\xd0\xcf\x11\xe0", "old Excel file")],
)
def test_files_that_are_no_tables(app: Flask, tmp_path: Path, content: bytes, said: str) -> None:
    made = run(app, "import-table", saved(tmp_path, content))
    assert (made.exit_code, made.stdout) == (1, "")
    assert said in made.stderr


def test_a_file_that_is_not_there(app: Flask, tmp_path: Path) -> None:
    made = run(app, "import-table", tmp_path / "none.xlsx")
    assert (made.exit_code, made.stdout) == (1, "")
    assert made.stderr.startswith("Error: ")


def test_text_of_a_table_cannot_write_to_the_terminal(app: Flask, tmp_path: Path) -> None:
    content = "序号,内容,分值\n1,店招,\x1b[31m红\n".encode()
    assert "\x1b" not in run(app, "import-table", saved(tmp_path, content, "a.csv")).stderr


def test_a_broken_cell_is_an_error_and_the_others_are_read(app: Flask, tmp_path: Path) -> None:
    content = "序号,内容,分值\n1,店招,5\n2,地面".encode() + b"\xff,5\n"
    made = run(app, "import-table", saved(tmp_path, content, "a.csv"))
    assert made.exit_code == 1
    assert "Row 3: error:" in made.stderr
    assert len(json.loads(made.stdout)["pages"][0]["elements"]) == 2
