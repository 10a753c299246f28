"""`programmes explain`: why a line of the ledger, where a number comes from, from files alone."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.cli.form_commands import settingless, written
from tests.scoring.settling.explained_for_tests import EXAMPLE_FACTS, PHASES

LINE = ("--line", "below_target/o2/2026/second")
NUMBER = ("--measure", "phase_score", "--subject", "o2", "--period", "2026/second")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    return settingless(monkeypatch)


def run(app: Flask, folder: Path, *options: str) -> Result:
    definition, facts = written(folder, PHASES, "p.json"), written(folder, EXAMPLE_FACTS, "f.json")
    arguments = ["programmes", "explain", str(definition), "--facts", str(facts), *options]
    return app.test_cli_runner().invoke(args=arguments)


def test_a_line_is_explained_in_indented_sentences(app: Flask, tmp_path: Path) -> None:
    result = run(app, tmp_path, *LINE)
    first, second, third, fourth, *_ = result.stdout.splitlines()
    assert result.exit_code == 0
    assert first == "Below the target: 西街网点, phase second of 2026: a penalty of 1,600.00 yuan."
    assert second == "  The clause: 五(三)1."
    assert third.startswith("  93 points is 2 points below")
    assert fourth == "    The target of the phase “second” is 95."


def test_a_number_is_explained_in_the_language_of_the_terminal(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert run(app, tmp_path, *NUMBER).stdout.splitlines() == [
        "阶段得分（西街网点，2026年“second”阶段）为 93.00 分。",
        "  只有一次得分，计 93 分。",
        "    2026年6月30日（编号 v3）得 93 分。",
    ]


def test_json_has_code_parameters_and_sentence_of_each_step(app: Flask, tmp_path: Path) -> None:
    tree = json.loads(run(app, tmp_path, *LINE, "--format", "json").stdout)
    gap = tree["parts"][1]
    assert tree["params"]["amount"] == {"value": "1600.00", "unit": "yuan"}
    assert gap["code"] == "gap"
    assert gap["sentence"] == "93 points is 2 points below the target of 95 points, counted in proportion."
    assert gap["params"]["gap"] == {"value": "2", "unit": "points"}
    assert [part["code"] for part in gap["parts"]] == ["read_phase", "number"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--line", "below_target/o2/2026/secnd"), "Did you mean “below_target/o2/2026/second”?"),
        (("--measure", "phase_score", "--subject", "o3", "--period", "2026/first"), "“o3” is no subject"),
    ],
)
def test_what_was_not_settled_is_said_in_one_sentence(
    app: Flask, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    result = run(app, tmp_path, *options)
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize("options", [(), NUMBER[:4], (*LINE, *NUMBER), (*LINE, *NUMBER[:2])])
def test_one_line_or_one_number_is_asked_for(app: Flask, tmp_path: Path, options: tuple[str, ...]) -> None:
    result = run(app, tmp_path, *options)
    assert result.exit_code == 2
    assert "Please give --line, or --measure, --subject and --period together." in result.stderr
