"""Own words go apart from the other answers and come back to their places."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms import check, compile_form
from server.intake.own_words import holds_own_words, joined, split
from tests.builders import NOW

FORM = compile_form(
    {
        "pages": [
            {
                "name": "one",
                "elements": [
                    {"type": "comment", "name": "note", "title": "Note"},
                    {"type": "text", "name": "day", "title": "Day", "inputType": "date"},
                    {
                        "type": "paneldynamic",
                        "name": "people",
                        "title": "People",
                        "templateElements": [
                            {"type": "text", "name": "who", "title": "Who"},
                            {"type": "rating", "name": "tone", "title": "Tone"},
                            {
                                "type": "radiogroup",
                                "name": "job",
                                "title": "Job",
                                "choices": ["guard"],
                                "showOtherItem": True,
                            },
                        ],
                    },
                    {
                        "type": "matrixdropdown",
                        "name": "halls",
                        "title": "Halls",
                        "rows": ["a/b", "who"],
                        "columns": [
                            {"name": "why", "cellType": "text"},
                            {"name": "ok", "cellType": "boolean"},
                        ],
                    },
                    {"type": "multipletext", "name": "you", "title": "You", "items": [{"name": "name"}]},
                    {"type": "signaturepad", "name": "signed", "title": "Signed"},
                ],
            }
        ]
    }
)
OWN = {name: question for name, question in FORM.questions.items() if holds_own_words(question)}


def test_what_is_apart_and_under_which_way() -> None:
    answers, texts = split(
        {
            "note": "slow",
            "day": "2026-05-01",
            "people": [{"who": "Wang", "tone": 2}, {"tone": 3, "job": "other", "job-Comment": "cook"}],
            "halls": {"a/b": {"why": "dust", "ok": False}},
            "you": {"name": "Li"},
            "signed": "typed:Li Na",
        },
        OWN,
    )
    assert answers == {
        "day": "2026-05-01",
        "people": [{"tone": 2}, {"tone": 3, "job": "other"}],
        "halls": {"a/b": {"ok": False}},
        "you": {},
    }
    assert texts == {
        "note": "slow",
        "people/0/who": "Wang",
        "people/1/job-Comment": "cook",
        "halls/a~1b/why": "dust",
        "you/name": "Li",
        "signed": "typed:Li Na",
    }


_WORD = st.text(min_size=1, max_size=5)
_PERSON = st.fixed_dictionaries({}, optional={"who": _WORD, "tone": st.integers(1, 5)})
_ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "note": _WORD,
        "people": st.lists(_PERSON, max_size=3),
        "halls": st.dictionaries(
            st.sampled_from(["a/b", "who"]),
            st.fixed_dictionaries({}, optional={"why": _WORD, "ok": st.booleans()}),
        ),
        "you": st.fixed_dictionaries({}, optional={"name": _WORD}),
    },
)


@given(_ANSWERS)
def test_apart_and_together_again_is_the_same(raw: dict[str, Any]) -> None:
    values = check(FORM, raw, variables={}, today=NOW.date()).values
    answers, texts = split(values, OWN)
    assert joined(answers, texts) == values


@pytest.mark.parametrize("name", ["note", "people", "halls", "you", "signed"])
def test_they_are_found(name: str) -> None:
    assert name in OWN


def test_a_date_is_nobodys_words() -> None:
    assert "day" not in OWN
