"""`flask forms …`: they work on files alone, say everything at once, and write JSON a line for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import click
import pytest
from flask import Flask

from server import catalogue
from server.cli.settingless import is_choosing_a_command
from server.forms.authoring.differences import KINDS, Effect
from server.web.preview import create_preview
from tests.cli.form_commands import BAD, FORM, REASON, lines, run, settingless, written

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    return settingless(monkeypatch)


def test_lint_says_everything_with_its_place_and_what_to_write(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path, BAD)
    result = run(app, "lint", path)
    assert result.exit_code == 1
    assert result.stdout == (
        f"{path}:4:58: error[property_unknown] There is no property “isRequierd”.\n"
        ' 4 |     {"type": "text", "name": "entered", "title": "进店时间", "isRequierd": true},\n'
        f"   | {' ' * 61}^^^^^^^^^^^^\n"
        "help: did you mean “isRequired”?\n\n"
        f"{path}:5:63: error[expression_unknown_name] "
        "At character 1: there is no question, variable or measure “entred”.\n"
        ' 5 |     {"type": "text", "name": "b", "title": "乙", "visibleIf": "{entred} notempty"},\n'
        f"   | {' ' * 63}^^^^^^^^\n"
        "help: did you mean “entered”?\n\n"
        f"{path}:6:14: error[type_unsupported] The type “tagbox” is not supported.\n"
        ' 6 |     {"type": "tagbox", "name": "c", "title": "丙"}\n'
        f"   | {' ' * 13}^^^^^^^^\n"
        "help: Write checkbox: the answer is the same, a list of values.\n\n"
        "Files checked: 1; errors: 3; warnings: 0.\n"
    )


def test_lint_speaks_the_language_of_the_terminal(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    said = run(app, "lint", written(tmp_path, BAD)).stdout
    assert "错误[property_unknown] 没有“isRequierd”这个属性。" in said
    assert "建议: 是不是“isRequired”？" in said
    assert said.endswith("检查了 1 个文件：3 处错误，0 处警告。\n")


def test_lint_for_programs_is_an_object_a_line(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path, BAD)
    first, *rest = lines(run(app, "lint", "--format", "json", path))
    assert len(rest) == 2
    assert first == {
        "file": str(path),
        "pointer": "/pages/0/elements/0/isRequierd",
        "line": 4,
        "column": 58,
        "severity": "error",
        "code": "property_unknown",
        "params": {"property": "isRequierd", "suggestion": "isRequired"},
        "sentence": "There is no property “isRequierd”. Did you mean “isRequired”?",
    }


def test_lint_includes_scoring(app: Flask, tmp_path: Path) -> None:
    scored = {"section": "s", "awards": {"y": "1", "n": "0", "z": "2"}}
    element = {"type": "radiogroup", "name": "a", "title": "A", "choices": ["y", "n"], "scoring": scored}
    form = {"pages": [{"name": "p", "elements": [element]}], "scoring": {"method": "points"}}
    found = lines(run(app, "lint", "--format", "json", written(tmp_path, form)))
    assert [each["code"] for each in found] == ["section_unknown", "award_unknown_choice"]
    assert all(each["line"] == 1 and each["column"] > 100 for each in found)


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        ('{"pages": [,]}', "syntax_value", (1, 12)),
        ('{"title": "a",\n "title": "b"}', "key_duplicate", (2, 2)),
        ('{"title": "\\ud800"}', "json_text", (1, 11)),
        ("", "syntax_cut_off", (1, 1)),
        ('{"title": "a"\n\n "pages": []}', "syntax_comma_missing", (1, 14)),
    ],
)
def test_slips_of_the_json_have_places_too(
    app: Flask, tmp_path: Path, content: str, code: str, place: tuple[int, int]
) -> None:
    result = run(app, "lint", "--format", "json", written(tmp_path, content))
    (found,) = lines(result)
    assert (result.exit_code, found["code"], (found["line"], found["column"])) == (1, code, place)


def test_a_file_in_another_encoding_is_said_to_be(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "gbk.json"
    path.write_bytes('{\n"title": "店面"}'.encode("gbk"))
    (found,) = lines(run(app, "lint", "--format", "json", path))
    assert (found["code"], found["line"]) == ("json_encoding", 2)


def test_a_folder_is_searched_and_what_is_no_form_in_it_is_left_alone(app: Flask, tmp_path: Path) -> None:
    written(tmp_path, FORM)
    written(tmp_path, {"answers": {}}, "sample.json")
    result = run(app, "lint", tmp_path)
    assert result.exit_code == 0
    assert result.stdout == (
        "Other files in these folders, which are no forms: 1.\nFiles checked: 1. Nothing to change.\n"
    )


@pytest.mark.parametrize("listed", ["elements", "questions"])
def test_a_form_without_pages_in_a_folder_is_told_what_it_lacks(
    app: Flask, tmp_path: Path, listed: str
) -> None:
    written(tmp_path, {listed: [{"type": "text", "name": "a", "title": "A"}]})
    written(tmp_path, {listed: ["a", {"name": "b"}]}, "other.json")
    result = run(app, "lint", tmp_path)
    assert result.exit_code == 1
    assert "error[property_unsupported]" in result.stdout
    assert "help: Questions stand in pages: write pages" in result.stdout
    assert "Other files in these folders, which are no forms: 1.\n" in result.stdout


def test_lint_reads_the_input(app: Flask) -> None:
    result = run(app, "lint", "-", stdin=BAD)
    assert result.exit_code == 1
    assert result.stdout.startswith("<stdin>:4:58: ")


def test_a_warning_alone_is_no_failure(app: Flask, tmp_path: Path) -> None:
    form = {"pages": [{"name": "p", "elements": [{"type": "text", "name": "a"}]}]}
    result = run(app, "lint", written(tmp_path, form))
    assert result.exit_code == 0
    assert "warning[title_missing]" in result.stdout


def test_colour_only_where_it_is_seen_and_wanted(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, BAD)
    assert "\x1b[" not in run(app, "lint", path).stdout
    assert "\x1b[" in run(app, "lint", path, color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run(app, "lint", path, color=True).stdout


def test_a_definition_cannot_write_to_the_terminal(app: Flask, tmp_path: Path) -> None:
    result = run(app, "lint", written(tmp_path, '{"pages": \x1b[31m}'))
    assert "\x1b" not in result.stdout


def test_a_long_line_is_cut_around_the_place(app: Flask, tmp_path: Path) -> None:
    form = {"title": "长" * 5000, "pages": [{"name": "p", "elements": [{"type": "nosuch", "name": "a"}]}]}
    said = run(app, "lint", written(tmp_path, form)).stdout
    assert max(map(len, said.splitlines())) < 300
    assert "nosuch" in said


def test_diff_says_what_changed_and_what_that_does(app: Flask, tmp_path: Path) -> None:
    old = written(tmp_path, FORM, "old.json")
    changed = json.loads(json.dumps(FORM))
    changed["pages"][0]["elements"][0]["choices"] = ["y"]
    changed["pages"][1]["elements"][0]["isRequired"] = True
    new = written(tmp_path, changed, "new.json")
    assert run(app, "diff", old, new).stdout == (
        "a: “n” dropped from choices (old answers are dropped, must be asked again)\n"
        "c: must be answered now (must be asked again)\n"
    )
    found = lines(run(app, "diff", old, new, "--format", "json"))
    assert found[0] == {
        "kind": "entry_dropped",
        "name": "a",
        "pointer": "/pages/0/elements/0/choices",
        "effects": ["dropped", "asked_again"],
        "property": "choices",
        "value": "n",
    }
    assert run(app, "diff", old, old).stdout == "The two definitions ask and score the same.\n"


@pytest.mark.parametrize("name", [*KINDS, *get_args(Effect)])
def test_every_change_and_effect_has_words(name: str) -> None:
    for locale in ("zh", "en"):
        assert catalogue.text(f"tools.diff_{name}", locale)


def test_schema_is_printed(app: Flask) -> None:
    assert json.loads(run(app, "schema").stdout)["$id"] == "/schemas/form.json"


def test_import_writes_the_form_and_its_report(app: Flask, tmp_path: Path) -> None:
    source = {"elements": [{"type": "tagbox", "name": "a", "choices": [1], "colCount": 2}], "cookieName": "c"}
    path, out = written(tmp_path, source), tmp_path / "out.json"
    result = run(app, "import", path, "--out", out)
    assert result.exit_code == 0
    assert json.loads(out.read_text("utf-8"))["pages"][0]["elements"][0]["type"] == "checkbox"
    said = result.stdout.splitlines()
    assert "/elements/0/type: changed: “tagbox” became “checkbox”." in said
    assert "/elements/0/colCount: dropped, looks only" in said
    assert any(line.startswith("/cookieName: not supported: ") for line in said)
    assert said[-1].startswith("Understood: ")
    assert run(app, "lint", out).exit_code == 0
    piped = run(app, "import", path)
    assert json.loads(piped.stdout) == json.loads(out.read_text("utf-8"))
    assert "tagbox" in piped.stderr


def test_every_other_command_says_which_settings_are_missing(app: Flask) -> None:
    for arguments in (["accounts", "add", "x"], ["forms", "publish", "x"], ["worker"]):
        result = app.test_cli_runner().invoke(args=arguments)
        assert (result.exit_code, result.output) == (1, REASON + "\n")


def test_without_settings_files_can_be_linted_and_nothing_can_be_served(tmp_path: Path) -> None:
    settings = {"DATABASE_URL", "ANFANG_ENV", "FLASK_APP"}
    environ = {name: value for name, value in os.environ.items() if name not in settings}
    environ |= {"ANFANG_HOME": str(tmp_path), "LANG": "en_US.UTF-8"}
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*flask, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )

    linted = call("forms", "lint", "form_definitions/forms/hall-satisfaction/1.json")
    assert (linted.returncode, linted.stderr) == (0, "")
    assert linted.stdout == "Files checked: 1. Nothing to change.\n"
    served = call("run", "--port", "1")
    assert served.returncode == 1
    assert "DATABASE_URL is not set." in served.stderr


def test_a_server_that_starts_is_choosing_no_command() -> None:
    assert not is_choosing_a_command()
    with click.Context(click.Command("run")):
        assert not is_choosing_a_command()


def test_preview_walks_through_the_real_pages_and_keeps_nothing() -> None:
    client = create_preview(FORM, {"unit": "城东店"}).test_client()
    assert client.get("/").location == "/1"
    first = client.get("/1").text
    assert "Preview: nothing is stored." in client.get("/1?lang=en").text
    assert 'name="a"' in first
    assert client.post("/1", data={"page": "0", "version": "1", "go": "next"}).location == "/1?check=1"
    assert "Please answer this question." in client.get("/1?check=1&lang=en").text
    assert client.post("/1", data={"page": "0", "version": "1", "a": "y", "go": "next"}).location == "/2"
    assert "C 城东店" in client.get("/2").text
    answer = {"page": "1", "version": "1", "c": "<b>fine</b>", "go": "finish"}
    assert client.post("/2", data=answer).location == "/done"
    done = client.get("/done").text
    assert "&lt;b&gt;fine&lt;/b&gt;" in done
    assert client.get("/again").location == "/"
    assert "&lt;b&gt;fine" not in client.get("/2").text
    assert client.get("/3").location == "/"


@pytest.mark.parametrize("key", ["bank-branch-visit", "hall-satisfaction", "treasury-service-survey"])
def test_every_page_of_the_shipped_forms_can_be_previewed(key: str) -> None:
    path = ROOT / "form_definitions" / "forms" / key / "1.json"
    definition = json.loads(path.read_text("utf-8"))
    client = create_preview(definition, {}).test_client()
    for number in range(1, len(definition["pages"]) + 1):
        response = client.get(f"/{number}")
        assert response.status_code == 200
        assert "sha256-" in response.headers["Content-Security-Policy"]
    assert client.get("/done").status_code == 200
