"""`flask forms …`: they work on files alone, say everything at once, and write JSON a line for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from click.testing import Result
from flask import Flask

from server import catalogue
from server.cli.settingless import create_settingless, is_choosing_a_command
from server.forms.authoring.differences import KINDS, Effect
from server.web.preview import create_preview

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "form_definitions" / "forms" / "hall-satisfaction" / "samples"
REASON = "DATABASE_URL is not set."
BAD = """{
  "title": "店面检查",
  "pages": [{"name": "p", "elements": [
    {"type": "text", "name": "entered", "title": "进店时间", "isRequierd": true},
    {"type": "text", "name": "b", "title": "乙", "visibleIf": "{entred} notempty"},
    {"type": "tagbox", "name": "c", "title": "丙"}
  ]}]
}
"""
FORM = {
    "pages": [
        {
            "name": "p",
            "elements": [
                {"type": "radiogroup", "name": "a", "title": "A", "choices": ["y", "n"], "isRequired": True},
                {"type": "text", "name": "b", "title": "B", "visibleIf": "{a} = 'n'", "defaultValue": "why"},
            ],
        },
        {"name": "q", "elements": [{"type": "comment", "name": "c", "title": "C {unit}"}]},
    ],
    "variables": [{"name": "unit"}],
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application as a machine without settings has it, in an English terminal."""
    for name in ("LC_ALL", "LC_MESSAGES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    return create_settingless(REASON)


def run(app: Flask, *arguments: str | Path, stdin: str = "", **given: Any) -> Result:
    return app.test_cli_runner().invoke(args=["forms", *map(str, arguments)], input=stdin, **given)


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def written(folder: Path, content: object, name: str = "form.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


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
        "At character 1: there is no question or variable “entred”.\n"
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


def test_check_gives_visible_values_and_errors_for_each_line(app: Flask, tmp_path: Path) -> None:
    answers = '{"a": "y", "b": "x"}\n{}\n\n{"a": "z"}\n'
    result = run(app, "check", written(tmp_path, FORM), "--answers", "-", stdin=answers)
    whole, blank, wrong = lines(result)
    assert result.exit_code == 0
    assert whole == {"visible": ["a", "c"], "values": {"a": "y"}, "errors": []}
    assert blank["errors"] == [
        {
            "question": "a",
            "pointer": "/a",
            "code": "required",
            "params": {"message": {}},
            "sentence": "Please answer this question.",
        }
    ]
    assert [error["code"] for error in wrong["errors"]] == ["choice_unknown"]


@pytest.mark.parametrize(
    "answers", ['[{"a": "n"}, {"a": "y"}]', '{"a": "n"}\n{"a": "y"}', '[\n{"a":"n"},{"a":"y"}]']
)
def test_answers_come_as_array_or_lines(app: Flask, tmp_path: Path, answers: str) -> None:
    result = run(
        app, "check", written(tmp_path, FORM), "--answers", written(tmp_path, answers, "answers.json")
    )
    assert [each["values"] for each in lines(result)] == [{"a": "n"}, {"a": "y"}]


def test_answers_come_as_one_object_over_several_lines(app: Flask, tmp_path: Path) -> None:
    result = run(app, "check", written(tmp_path, FORM), "--answers", "-", stdin='{\n"a":\n"n"}')
    assert [each["values"] for each in lines(result)] == [{"a": "n"}]


def test_defaults_are_filled_in_when_asked_for(app: Flask, tmp_path: Path) -> None:
    result = run(app, "check", written(tmp_path, FORM), "--answers", "-", "--fill", stdin='{"a": "n"}')
    assert lines(result)[0]["values"] == {"a": "n", "b": "why"}


def test_a_line_that_cannot_be_read_stops_no_other(app: Flask, tmp_path: Path) -> None:
    result = run(
        app, "check", written(tmp_path, FORM), "--answers", "-", stdin='{"a":"y"}\n[]\n{"a"\n{"a":"n"}'
    )
    assert result.exit_code == 1
    first, second, third, last = lines(result)
    assert (first["values"], last["values"]) == ({"a": "y"}, {"a": "n"})
    assert (second["error"]["code"], third["error"]["code"]) == ("answer_type", "json_syntax")


def test_score_adds_the_sheet_as_the_api_writes_it(app: Flask, tmp_path: Path) -> None:
    sample = json.loads((SAMPLES / "satisfied.json").read_text("utf-8"))
    answers = written(tmp_path, json.dumps(sample["answers"]) + "\n{}\n", "answers.ndjson")
    good, blank = lines(
        run(app, "score", "hall-satisfaction@1", "--answers", answers, "--today", "2026-05-12")
    )
    assert good["sheet"]["published"] == sample["expect"]["score"]
    assert {"lines", "sections", "grade"} <= good["sheet"].keys()
    assert blank["sheet"] is None
    assert blank["errors"]


def test_a_form_with_errors_is_not_tried_out(app: Flask, tmp_path: Path) -> None:
    result = run(app, "check", written(tmp_path, BAD), "--answers", "-", stdin="{}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "property_unknown" in result.stderr


@pytest.mark.parametrize("form", ["nothing", "hall-satisfaction@99", "@1", "../forms"])
def test_a_form_that_is_not_there_is_one_sentence(app: Flask, form: str) -> None:
    result = run(app, "check", form, "--answers", "-", stdin="{}")
    assert result.exit_code == 1
    assert result.stderr == f"Error: {form}: there is no such file, and no shipped form of that name.\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        (("{a} + 1", "--values", "-"), '{"a": 2}\n{"a": 0.5}', [3, 1.5]),
        (("{p[0].x} = 'A'", "--values", "-"), '{"p": [{"x": "a"}]}', [True]),
        (("{none} empty",), "", [True]),
        (("today(-1)", "--today", "2026-01-01"), "", ["2025-12-31"]),
        (("--cases", "-"), '{"expression": "1 / 0"}\n{"expression": "[1, 2]", "values": {}}', [None, [1, 2]]),
    ],
)
def test_eval_writes_results_as_json(
    app: Flask, arguments: tuple[str, ...], stdin: str, expected: list[object]
) -> None:
    result = run(app, "eval", *arguments, stdin=stdin)
    assert (result.exit_code, lines(result)) == (0, expected)


@pytest.mark.parametrize(
    ("case", "code", "column"),
    [
        ({"expression": "{a} >"}, "expression_incomplete", 6),
        ({"expression": "not (1)"}, "expression_not", 1),
        ({"values": {}}, "property_missing", None),
        ({"expression": "1", "values": 3}, "property_missing", None),
    ],
)
def test_eval_says_what_is_wrong_with_a_case(
    app: Flask, case: dict[str, Any], code: str, column: int | None
) -> None:
    (result,) = lines(run(app, "eval", "--cases", "-", stdin=json.dumps(case)))
    assert (result["error"]["code"], result["error"]["params"].get("column")) == (code, column)
    assert result["error"]["sentence"]


def test_eval_wants_an_expression_or_cases(app: Flask) -> None:
    assert run(app, "eval").exit_code == 2
    assert run(app, "eval", "1", "--cases", "-").exit_code == 2


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
