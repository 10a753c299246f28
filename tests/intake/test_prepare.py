import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from server.forms import compile_form
from server.intake.prepare import Ask, Incoming, Prepared, Rejected, prepare
from server.intake.shelf import ShelvedForm, shelved_form
from tests.builders import hall_answers

FORMS = Path(__file__).resolve().parents[2] / "form_definitions" / "forms"
VERSION, WAVE, SUBJECT, OTHER = (UUID(int=number) for number in range(4))
TODAY = date(2026, 5, 4)


def shelved(key: str = "hall-satisfaction") -> ShelvedForm:
    return shelved_form(VERSION, key, 1, json.loads((FORMS / key / "1.json").read_text("utf-8")))


def sample(name: str) -> dict[str, Any]:
    path = FORMS / "bank-branch-visit" / "samples" / f"{name}.json"
    return json.loads(path.read_text("utf-8"))


HALL, VISIT = shelved(), shelved("bank-branch-visit")


def ask(form: ShelvedForm = HALL, **changes: Any) -> Ask:
    values: dict[str, Any] = {
        "wave_id": WAVE, "subject_id": SUBJECT, "shelved": form, "variables": {"unit": "青年路支行"},
        "today": TODAY, "door": "api",
    }  # fmt: skip
    return Ask(**{**values, **changes})


def visited(**changes: Any) -> Prepared | Rejected:
    typical = sample("typical")
    wanted = ask(VISIT, variables=typical.get("variables", {}), **changes)
    return prepare(Incoming(uuid4(), typical["answers"]), wanted)


def hash_of(answers: dict[str, Any], **changes: Any) -> str:
    prepared = prepare(Incoming(uuid4(), answers), ask(**changes))
    assert isinstance(prepared, Prepared), prepared
    return prepared.content_hash


@pytest.mark.parametrize(
    ("changes", "pointer", "question", "code"),
    [
        ({"overall": 9}, "/answers/overall", "overall", "choice_unknown"),
        ({"courtesy": "5' OR 1=1"}, "/answers/courtesy", "courtesy", "choice_unknown"),
        ({"overall": None}, "/answers/overall", "overall", "required"),
        ({"comment": ["no", "text"]}, "/answers/comment", "comment", "answer_type"),
        ({"no/such": 1}, "/answers/no~1such", "", "unknown_question"),
    ],
)
def test_what_is_wrong_is_pointed_at_below_answers(
    changes: dict[str, Any], pointer: str, question: str, code: str
) -> None:
    rejected = prepare(Incoming(uuid4(), hall_answers(**changes)), ask())
    assert isinstance(rejected, Rejected)
    assert [(each.pointer, each.question, each.code) for each in rejected.errors] == [
        (pointer, question, code)
    ]


def test_everything_wrong_is_told_at_once() -> None:
    rejected = prepare(Incoming(uuid4(), {"overall": 9, "speed": []}), ask())
    assert isinstance(rejected, Rejected)
    assert {each.pointer for each in rejected.errors} == {
        f"/answers/{name}" for name in ("overall", "courtesy", "advice", "speed", "waiting", "order")
    } | {"/answers/environment"}


def test_the_sheet_carries_the_score() -> None:
    prepared = prepare(Incoming(uuid4(), hall_answers(4, environment="na")), ask())
    assert isinstance(prepared, Prepared)
    assert prepared.sheet is not None
    assert str(prepared.sheet.published) == "75.00"


def test_lost_points_are_findings_only_where_faults_are_looked_for() -> None:
    opinion, found = visited(), visited(finds_faults=True)
    assert isinstance(opinion, Prepared)
    assert isinstance(found, Prepared)
    assert opinion.lost == ()
    assert {lost.item for lost in found.lost} >= {"OUT-03"}
    survey = prepare(Incoming(uuid4(), hall_answers(1)), ask())
    assert isinstance(survey, Prepared)
    assert survey.lost == ()


def test_a_persons_own_words_stand_apart_from_the_answers() -> None:
    own = {"comment": "大堂经理很热心。", "reasons": ["other"], "reasons-Comment": "王经理电话不通"}
    prepared = prepare(Incoming(uuid4(), hall_answers(2, **own)), ask())
    assert isinstance(prepared, Prepared)
    assert prepared.texts == {"comment": own["comment"], "reasons-Comment": own["reasons-Comment"]}
    assert not prepared.texts.keys() & prepared.answers.keys()
    assert prepared.answers["reasons"] == ["other"]


def test_notes_are_own_words_and_times_are_facts() -> None:
    prepared = visited()
    assert isinstance(prepared, Prepared)
    assert prepared.answers["entered"] == "10:02"
    assert {name for name in prepared.texts if name.endswith("-note")}
    assert not {name for name in prepared.answers if name.endswith("-note")}


def test_the_same_content_is_the_same_however_it_is_written() -> None:
    answers = hall_answers(comment="cafe\u0301", overall=5)
    same = {**dict(reversed(answers.items())), "comment": " caf\u00e9 ", "overall": 5.0}
    assert hash_of(answers) == hash_of(same)


@pytest.mark.parametrize("change", [{"courtesy": 4}, {"comment": "另外"}, {"reasons": None, "overall": 4}])
def test_other_content_is_other_content(change: dict[str, Any]) -> None:
    assert hash_of(hall_answers()) != hash_of(hall_answers(**change))


def test_another_subject_is_other_content() -> None:
    assert hash_of(hall_answers()) != hash_of(hall_answers(), subject_id=OTHER)


def test_what_follows_from_the_day_is_no_content() -> None:
    definition = {
        "title": "t",
        "calculatedValues": [{"name": "day", "expression": "today()", "includeIntoResult": True}],
        "pages": [{"name": "p", "elements": [{"type": "text", "name": "q"}]}],
    }
    compile_form(definition)
    form = shelved_form(VERSION, "f", 1, definition)
    first = prepare(Incoming(uuid4(), {"q": "1"}), ask(form))
    after_midnight = prepare(Incoming(uuid4(), {"q": "1"}), ask(form, today=date(2026, 5, 5)))
    assert isinstance(first, Prepared)
    assert isinstance(after_midnight, Prepared)
    assert first.answers["day"] != after_midnight.answers["day"]
    assert first.content_hash == after_midnight.content_hash


def test_photos_named_by_answers_are_listed() -> None:
    prepared = visited()
    assert isinstance(prepared, Prepared)
    assert ("OUT-01-photo", 180001) in {(ref.question, ref.size) for ref in prepared.attachments}
