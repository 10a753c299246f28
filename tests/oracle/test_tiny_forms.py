"""The tiny forms, one for each feature: what is in order for us has the same outcome in survey-core."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from server.forms import CompiledForm, check, compile_form
from tests.oracle.forms import for_survey_core
from tests.oracle.outcomes import TODAY, Situation, our_outcome, their_outcome, unexplained
from tests.oracle.process import ask

DEFINITIONS = Path(__file__).parents[1] / "definitions"
FEATURES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(DEFINITIONS.glob("*.json"))}
OUR_OWN = {"consent", "evidence", "evidence_fixed", "evidence_many", "fail_on", "geolocation", "moment"}
# Here triggers take questions away, there they move the focus or end the survey: docs/forms.md, Triggers.
TRIGGERS = {name for name in FEATURES if name.startswith("trigger_")}
# Slips that both sides judge alike; about the shape of an answer only we are strict.
JUDGED_ALIKE = {"required", "rule_broken", "pattern_mismatch", "row_required"}


class Case(NamedTuple):
    feature: str
    form: dict[str, Any]
    answers: dict[str, Any]
    variables: dict[str, Any]


def cases() -> list[Case]:
    """All cases, with their answers as we keep them, that break no rule that is only ours."""
    found = []
    for feature in sorted(FEATURES.keys() - OUR_OWN - TRIGGERS):
        form = compile_form(FEATURES[feature]["form"])
        for case in FEATURES[feature]["cases"]:
            variables = case.get("variables", {})
            answers = _as_kept(form, case["answers"], variables)
            checked = check(form, answers, variables=variables, today=TODAY, fill=True)
            if {error.code for error in checked.errors} <= JUDGED_ALIKE:
                found.append(Case(feature, FEATURES[feature]["form"], answers, variables))
    return found


def _as_kept(form: CompiledForm, answers: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """The answers in their canonical form, those to hidden questions as they are."""
    checked = check(form, answers, variables=variables, today=TODAY)
    hidden = form.questions.keys() - {*checked.visible, *checked.values}
    kept = {name: value for name, value in answers.items() if name in hidden and value is not None}
    return kept | {name: value for name, value in checked.values.items() if name not in form.computed}


def test_survey_core_agrees_on_every_feature() -> None:
    compared = cases()
    answers = ask(
        {
            "kind": "form",
            "form": for_survey_core(case.form),
            "answers": [case.answers],
            "variables": case.variables,
        }
        for case in compared
    )
    wrong = []
    for case, outcome in zip(compared, answers, strict=True):
        assert "thrown" not in outcome, case
        (theirs,) = outcome
        assert (theirs["unread"], theirs["settled"]) == ([], True), case
        ours, refused = our_outcome(compile_form(case.form), case.answers, case.variables)
        found = unexplained(Situation(case.form, case.answers, ours, their_outcome(theirs), refused))
        if found:
            wrong.append((case.feature, case.answers, found))
    assert wrong == []
    # Each feature that survey-core has is there at least once.
    assert {case.feature for case in compared} == FEATURES.keys() - OUR_OWN - TRIGGERS
