"""`programmes settle`: files in, one JSON object out; what is wrong with the facts, where it stands."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from tests.cli.form_commands import settingless, written
from tests.scoring.settling.explained_for_tests import EXAMPLE_FACTS, PHASES

# Linting a definition ends here, so that a stranger's file costs no minutes; facts have no such end.
LONGEST_DEFINITION = 2_000_000


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    return settingless(monkeypatch)


def run(app: Flask, folder: Path, facts: dict[str, Any], *options: str) -> Result:
    definition, given = written(folder, PHASES, "p.json"), written(folder, facts, "f.json")
    arguments = ["programmes", "settle", str(definition), "--facts", str(given), *options]
    return app.test_cli_runner().invoke(args=arguments)


def test_the_settlement_is_one_json_object(app: Flask, tmp_path: Path) -> None:
    result = run(app, tmp_path, EXAMPLE_FACTS)
    assert result.exit_code == 0
    assert [line["amount"] for line in json.loads(result.stdout)["ledger"]] == ["1600.00"]


def test_wrong_facts_are_shown_where_they_stand(app: Flask, tmp_path: Path) -> None:
    wrong = {"id": "v9", "instrument": "vist", "subject": "o1", "date": "2026-03-01", "score": "90"}
    result = run(app, tmp_path, {**EXAMPLE_FACTS, "scores": [wrong]})
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[undeclared_instrument]" in result.stderr
    assert "vist" in result.stderr
    assert "visit" in result.stderr


def test_facts_that_are_no_json_are_said_in_one_sentence(app: Flask, tmp_path: Path) -> None:
    definition = written(tmp_path, PHASES, "p.json")
    facts = tmp_path / "f.json"
    facts.write_text('{"asOf": "2026-12-31",', "utf-8")
    arguments = ["programmes", "settle", str(definition), "--facts", str(facts)]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert str(facts) in result.stderr


def many(first: str) -> dict[str, Any]:
    """Facts longer than any definition may be."""
    name = "x" * 1000
    outlets = [
        {"id": f"{first}{number}", "kind": "outlet", "name": name}
        for number in range(LONGEST_DEFINITION // len(name))
    ]
    return {**EXAMPLE_FACTS, "subjects": [*EXAMPLE_FACTS["subjects"], *outlets]}


def test_a_whole_year_of_facts_is_settled(app: Flask, tmp_path: Path) -> None:
    result = run(app, tmp_path, many("n"))
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["measures"]) > LONGEST_DEFINITION // 1000


def test_problems_of_many_facts_are_said_by_their_pointers(app: Flask, tmp_path: Path) -> None:
    facts = many("n")
    result = run(app, tmp_path, {**facts, "subjects": [*facts["subjects"], {"id": "z", "kind": "outlt"}]})
    assert result.exit_code == 1
    assert f"/subjects/{len(facts['subjects'])}/kind: error[unknown_kind]" in result.stderr
