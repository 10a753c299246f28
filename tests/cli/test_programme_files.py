"""`flask programmes schema` and `diff`, as a machine without settings runs them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from jsonschema import Draft202012Validator

from tests.cli.form_commands import lines, settingless, written
from tests.scoring.programmes.definitions_for_tests import OUTLETS, changed

CLAUSE = (
    "Clause A3: was read “In proportion, as the formula says”, now “A part of a point counts as a whole "
    "one”. The clause: “200 yuan a point short”, beside a formula: what does part of a point cost?"
)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    return settingless(monkeypatch)


def run(app: Flask, *arguments: str | Path) -> Result:
    return app.test_cli_runner().invoke(args=["programmes", *map(str, arguments)])


def printed(result: Result) -> Any:
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_the_schemas_are_printed_in_the_language_asked_for(app: Flask) -> None:
    assert printed(run(app, "schema"))["title"] == "Programme"
    assert printed(run(app, "schema", "--locale", "zh"))["title"] == "考核方案"
    assert printed(run(app, "schema", "--facts"))["$id"] == "/schemas/facts.json"


def test_a_programmes_parameters_have_a_schema(app: Flask, tmp_path: Path) -> None:
    schema = printed(run(app, "schema", written(tmp_path, OUTLETS), "--parameters", "--locale", "zh"))
    assert schema["properties"]["parameters"]["properties"]["price"]["default"] == "200"
    assert Draft202012Validator(schema).is_valid({"parameters": {"price": "150"}, "policies": {"A3": "ceil"}})
    assert not Draft202012Validator(schema).is_valid({"policies": {"A3": "round"}})


def test_a_shipped_programme_is_known_by_its_name(app: Flask) -> None:
    schema = printed(run(app, "schema", "treasury-agent-banks@2", "--parameters"))
    assert "sample_ratio" in schema["properties"]["parameters"]["required"]


@pytest.mark.parametrize(
    "arguments",
    [["--parameters"], ["treasury-agent-banks"], ["--facts", "--parameters", "treasury-agent-banks"]],
)
def test_half_a_question_is_answered_with_the_whole_one(app: Flask, arguments: list[str]) -> None:
    result = run(app, "schema", *arguments)
    assert result.exit_code == 2
    assert "--parameters" in result.stderr


def test_a_new_version_is_told_in_sentences(app: Flask, tmp_path: Path) -> None:
    old = written(tmp_path, changed("/parameters/0/title", {"default": "每分金额", "en": "Amount a point"}))
    later = changed("/parameters/0", {"name": "price", "title": "x", "type": "money", "default": "250"})
    later["policies"] = {"A3": "ceil"}
    result = run(app, "diff", old, written(tmp_path, later, "new.json"))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Parameter “x” (price): Title reworded.",
        "Parameter “x” (price): Default was 200, now 250.",
        "  Rules that depend on it: short.",
        CLAUSE,
        "  Rules that depend on it: short.",
    ]


def test_a_chinese_terminal_is_told_in_chinese(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    old, new = written(tmp_path, OUTLETS), changed("/measures/1/bands/0/min", "92")
    result = run(app, "diff", old, written(tmp_path, new, "new.json"))
    assert result.stdout.splitlines() == ["指标“全年”（year_score）：等级“good” › 起点由 90 改为 92。"]
    assert run(app, "diff", old, old).stdout == "两个版本没有差别。\n"


def test_changes_are_told_to_machines(app: Flask, tmp_path: Path) -> None:
    old, new = written(tmp_path, OUTLETS), changed("/measures/2/scores/mean", "last")
    (change,) = lines(run(app, "diff", old, written(tmp_path, new, "new.json"), "--format", "json"))
    assert change.pop("sentence").startswith("Measure “阶段” (phase_score): ")
    assert change == {
        "code": "changed",
        "what": "measure",
        "name": "phase_score",
        "pointer": "/measures/2/scores/mean",
        "place": [["measure.scores", ""], ["scores.mean", ""]],
        "after": "last",
        "measures": [],
        "rules": ["short"],
    }


def test_a_version_with_errors_ends_the_comparison(app: Flask, tmp_path: Path) -> None:
    result = run(app, "diff", written(tmp_path, OUTLETS), written(tmp_path, changed("/title", 5), "new.json"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "scoring_wrong_type" in result.stderr
