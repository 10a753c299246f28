"""Own words go apart from the other answers and come back to their places."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.forms import check, compile_form
from server.intake.own_words import joined, own_words_of, split
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
OWN = own_words_of(FORM)


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


def test_they_are_found() -> None:
    assert OWN.names == {"note", "signed"}
    assert OWN.inside == {
        "people": {"who", "job-Comment"},
        "halls": {"why"},
        "you": {"name"},
    }


def test_what_is_calculated_from_them_goes_apart_too() -> None:
    echoing = compile_form(
        {
            "calculatedValues": [
                {"name": "greeting", "expression": "'Dear ' + {name}", "includeIntoResult": True},
                {"name": "twice", "expression": "{greeting} + {greeting}", "includeIntoResult": True},
                {"name": "score", "expression": "{tone} + 1", "includeIntoResult": True},
            ],
            "pages": [
                {
                    "name": "one",
                    "elements": [
                        {"type": "text", "name": "name", "title": "Name"},
                        {"type": "rating", "name": "tone", "title": "Tone"},
                        {"type": "expression", "name": "said", "title": "Said", "expression": "{name}"},
                        {
                            "type": "paneldynamic",
                            "name": "people",
                            "title": "People",
                            "templateElements": [
                                {"type": "text", "name": "who", "title": "Who"},
                                {
                                    "type": "expression",
                                    "name": "again",
                                    "title": "Again",
                                    "expression": "{panel.who}",
                                },
                            ],
                        },
                    ],
                }
            ],
        }
    )
    sent = {"name": "Wang", "tone": 3, "people": [{"who": "Li"}]}
    answers, texts = split(check(echoing, sent, variables={}, today=NOW.date()).values, own_words_of(echoing))
    assert answers == {"tone": 3, "score": 4, "people": [{}]}
    assert texts.keys() == {"name", "greeting", "twice", "said", "people/0/who", "people/0/again"}
