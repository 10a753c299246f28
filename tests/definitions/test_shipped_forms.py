"""The forms we ship: clean, bilingual, and their worked samples come out as written."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from server import wire
from server.forms import check, compile_form, lint
from server.scoring.form_items import form_rules
from server.scoring.score import score

ROOT = Path(__file__).parents[2] / "form_definitions" / "forms"
FORMS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/*.json"))
SAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/samples/*.json"))
TODAY = date(2026, 5, 12)


def read(name: str) -> Any:
    return wire.loads((ROOT / name).read_bytes())


@pytest.mark.parametrize("name", FORMS)
def test_compiles_without_a_warning_in_both_languages(name: str) -> None:
    assert lint(read(name)) == ()
    assert compile_form(read(name)).locales == ("en",)
    assert compile_form(read(name)).locale == "zh-cn"


@pytest.mark.parametrize("name", FORMS)
def test_has_a_worked_sample(name: str) -> None:
    assert any(sample.startswith(name.split("/", maxsplit=1)[0]) for sample in SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_comes_out_as_written(name: str) -> None:
    sample = read(name)
    definition = read(f"{name.split('/', maxsplit=1)[0]}/{sample.get('version', 1)}.json")
    checked = check(compile_form(definition), sample["answers"], variables=sample["variables"], today=TODAY)
    expected = sample["expect"]
    assert [[error.question, error.pointer, error.code] for error in checked.errors] == expected["errors"]
    assert set(expected.get("visible", [])) <= set(checked.visible)
    assert not set(expected.get("hidden", [])) & set(checked.visible)
    assert expected.get("values", {}).items() <= checked.values.items()
    if "score" in expected:
        rules = form_rules(definition)
        assert rules is not None
        assert str(score(rules, checked.values, checked.visible).published) == expected["score"]


def test_branch_visit_takes_the_68_items_with_their_catalogue_data() -> None:
    form = compile_form(read("bank-branch-visit/1.json"))
    items = [question.scoring for question in form.questions.values() if question.scoring is not None]
    assert len({item["code"] for item in items}) == len(items) == 68
    assert [item["code"] for item in items if item.get("key")] == ["LOB-08", "LM-06"]
    assert {item["kind"] for item in items} == {"hardware", "behaviour"}
    assert sum(1 for item in items if item["listedAsHardware"]) == 40


def test_treasury_survey_divides_fifty_points() -> None:
    scoring = compile_form(read("treasury-service-survey/1.json")).scoring
    assert scoring is not None
    sections: Any = scoring["sections"]
    assert (len(sections), sum(int(section["points"]) for section in sections)) == (5, 50)
