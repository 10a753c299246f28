"""One tiny form per feature: each `*.json` here holds a form and cases of answers with their outcome."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from server.forms import Checked, CompiledForm, check, compile_form, lint

HERE = Path(__file__).parent
TODAY = date(2026, 5, 1)
FEATURES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(HERE.glob("*.json"))}
CASES = [
    pytest.param(feature["form"], case, id=f"{name}-{number}")
    for name, feature in FEATURES.items()
    for number, case in enumerate(feature["cases"], 1)
]


def outcome(form: CompiledForm, case: dict[str, Any], answers: dict[str, Any]) -> Checked:
    variables, fill = case.get("variables", {}), case.get("fill", False)
    return check(form, answers, variables=variables, today=TODAY, fill=fill)


@pytest.mark.parametrize("name", FEATURES)
def test_the_form_is_clean(name: str) -> None:
    assert lint(FEATURES[name]["form"]) == ()


@pytest.mark.parametrize(("form", "case"), CASES)
def test_answers_come_out_as_written(form: dict[str, Any], case: dict[str, Any]) -> None:
    checked = outcome(compile_form(form), case, case["answers"])
    assert [[error.question, error.pointer, error.code] for error in checked.errors] == case["errors"]
    assert checked.values == case["values"]
    if "visible" in case:
        assert list(checked.visible) == case["visible"]


# What is hidden decides until the end there, and is gone the second time: docs/forms.md.
STABLE = [case for case in CASES if case.values[0].get("clearInvisibleValues") != "onComplete"]


@pytest.mark.parametrize(("form", "case"), STABLE)
def test_checking_the_result_again_changes_nothing(form: dict[str, Any], case: dict[str, Any]) -> None:
    compiled = compile_form(form)
    once = outcome(compiled, case, case["answers"])
    twice = check(compiled, once.values, variables=case.get("variables", {}), today=TODAY)
    assert (twice.values, twice.visible) == (once.values, once.visible)
