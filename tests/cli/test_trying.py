"""`forms check`, `forms score` and `forms eval`: answers in, results out, an object a line."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.cli.form_commands import BAD, FORM, lines, run, settingless, written

SAMPLES = Path(__file__).resolve().parents[2] / "form_definitions" / "forms" / "hall-satisfaction" / "samples"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    return settingless(monkeypatch)


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


def test_results_with_errors_say_which_line_they_are_of(app: Flask, tmp_path: Path) -> None:
    answers = '\n{"a": "y"}\n\n{"a": "z"}\n[]\n{"a": "y"\n{"a": "n"}\n'
    found = lines(run(app, "check", written(tmp_path, FORM), "--answers", "-", stdin=answers))
    assert [each.get("line") for each in found] == [None, 4, 5, 6, None]
    assert found[3]["error"]["params"] == {"line": 6, "column": 10}
    assert found[3]["error"]["sentence"].startswith("Not valid JSON from line 6, ")


def test_one_object_over_several_lines_has_its_own_line_numbers(app: Flask, tmp_path: Path) -> None:
    answers = '\n\n{\n"a": "n"\n"b": 1}'
    (found,) = lines(run(app, "check", written(tmp_path, FORM), "--answers", "-", stdin=answers))
    assert "line" not in found
    assert found["error"]["params"] == {"line": 4, "column": 9}


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (
            ("{entred} = 1", "--values", "-"),
            '{"entered": 1}',
            "No value was given for {entred}: it counts as missing. did you mean “entered”?\n",
        ),
        (("{a} = 1 or {b} = 1", "--values", "-"), '{"A": 1}\n{"b": 1}', ""),
        (("{none} empty",), "", "No value was given for {none}: it counts as missing.\n"),
        (("{a} >",), "", ""),
        (("--cases", "-"), '{"expression": "{none} empty"}', ""),
    ],
)
def test_eval_says_which_names_have_no_value(
    app: Flask, arguments: tuple[str, ...], stdin: str, said: str
) -> None:
    assert run(app, "eval", *arguments, stdin=stdin).stderr == said
