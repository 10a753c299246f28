"""Every type against answers of every shape: refused with a declared code, or kept in a form that stays."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms import CompiledForm, check, compile_form
from server.forms.codes import ANSWER_CODES
from server.forms.types import QUESTION_TYPES

TODAY = date(2026, 5, 1)
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQAAAAA3bvkkAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5E"
    "rkJggg=="
)
PLACE = {"latitude": 31.2304, "longitude": 121.4737, "accuracy": 12, "datum": "GCJ-02"}
PHOTO = {
    "id": "00000000-0000-4000-8000-00000000000A",
    "sha256": "0" * 64,
    "size": 10,
    "type": "image/jpeg",
}
CHOICES = ["a", 1, 2.5, {"value": "乙", "text": "第二"}]
# What a question of each kind needs beside its name; a kind of its own for each input type.
KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "text"},
    "text number": {"type": "text", "inputType": "number", "min": -5, "step": 0.1},
    "text range": {"type": "text", "inputType": "range"},
    "text date": {"type": "text", "inputType": "date"},
    "text time": {"type": "text", "inputType": "time"},
    "text datetime-local": {"type": "text", "inputType": "datetime-local"},
    "text month": {"type": "text", "inputType": "month"},
    "text tel": {"type": "text", "inputType": "tel"},
    "text email": {"type": "text", "inputType": "email"},
    "comment": {"type": "comment"},
    "radiogroup": {"type": "radiogroup", "choices": CHOICES},
    "dropdown": {"type": "dropdown", "choices": CHOICES, "showOtherItem": True},
    "checkbox": {"type": "checkbox", "choices": CHOICES, "showNoneItem": True, "minSelectedChoices": 2},
    "boolean": {"type": "boolean", "valueTrue": 1, "valueFalse": 0},
    "rating": {"type": "rating", "rateMin": 0, "rateStep": 0.5, "rateCount": 5},
    "matrix": {"type": "matrix", "rows": ["r", 1], "columns": CHOICES},
    "file": {"type": "file", "allowMultiple": True},
    "ranking": {"type": "ranking", "choices": CHOICES},
    "ranking partly": {"type": "ranking", "choices": CHOICES, "selectToRankEnabled": True},
    "signaturepad": {"type": "signaturepad"},
    "geolocation": {"type": "geolocation"},
    "moment": {"type": "moment"},
    "consent": {"type": "consent"},
}
# One accepted answer of each kind, so that the property below does not only meet refusals.
GOOD: dict[str, Any] = {
    "text": " e\u0301 ",
    "text number": -0.0,
    "text range": 100.0,
    "text date": "2026-02-28",
    "text time": "09:05",
    "text datetime-local": "2026-02-28T09:05",
    "text month": "2026-02",
    "text tel": "+86 138 0013 8000",
    "text email": "a@b.cn",
    "comment": "a\r\nb",
    "radiogroup": 1.0,
    "dropdown": "other",
    "checkbox": [1.0, "a"],
    "boolean": 1,
    "rating": 0.5,
    "matrix": {"r": "a", "1": 2.5},
    "file": [PHOTO],
    "ranking": ["乙", 2.5, 1.0, "a"],
    "ranking partly": ["乙"],
    "signaturepad": PIXEL,
    "geolocation": PLACE,
    "moment": "2026-05-01T09:30:00.5Z",
    "consent": True,
}
HOSTILE: dict[str, object] = {
    "true": True,
    "false": False,
    "minus zero": -0.0,
    "a large number": 1e308,
    "a small number": 5e-324,
    "a whole number of 401 digits": 10**400,
    "a whole number of 5,001 digits": -(10**5_000),
    "infinity": float("inf"),
    "spaces": " \u3000\t",
    "a megabyte of text": "x" * 1_000_000,
    "text that grows in NFC": "\ufb2c" * 1_500,
    "a lone surrogate": "\ud800",
    "nul": "a\x00b",
    "digits of another script": "٣",
    "a line break": "a\u2028b\nc",
    "a typed signature without end": "typed:" + "x" * 1_000_000,
    "an image of nothing": "data:image/png;base64,",
    "an image of another kind": "data:image/svg+xml;base64,PHN2Zy8+",
    "100,000 items": ["a"] * 100_000,
    "items of all types": ["a", 1, 1.0, True, None, [], {}, "乙"],
    "lists in lists": [[[[[]]]]],
    "an object": {"a": "a"},
    "prototype names": {"__proto__": {"a": 1}, "constructor": "a"},
    "rows of anything": {"r": ["a"], "1": {"a": 1}},
    "a place of anything": {"latitude": True, "longitude": float("inf"), "at": 5, "datum": []},
    "a place beyond": {"latitude": 10**400, "longitude": -1e308},
    "a photo of anything": [{"id": 5, "sha256": None, "size": True, "type": []}],
    "a photo beyond": [{**PHOTO, "size": 10**400}],
}
FORMS: dict[str, CompiledForm] = {
    kind: compile_form({"pages": [{"name": "page", "elements": [{"name": "q", "title": "Q", **properties}]}]})
    for kind, properties in KINDS.items()
}


def settled(kind: str, answer: object) -> dict[str, object]:
    """The values of an answer, after seeing that all that is said about it is declared and that they stay."""
    once = check(FORMS[kind], {"q": answer}, variables={}, today=TODAY)
    for error in once.errors:
        assert set(error.params) == set(ANSWER_CODES[error.code])
        json.dumps(dict(error.params))
    twice = check(FORMS[kind], once.values, variables={}, today=TODAY)
    # As JSON: in Python 3.0 equals 3 and -0.0 equals 0, in a stored answer and its fingerprint they differ.
    assert json.dumps(twice.values) == json.dumps(once.values)
    return once.values


def test_every_type_that_takes_an_answer_of_its_own_is_here() -> None:
    leaves = {name for name, kind in QUESTION_TYPES.items() if not kind.parts}
    assert {str(properties["type"]) for properties in KINDS.values()} == leaves - {
        "html",
        "image",
        "expression",
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_hostile_answers_are_refused_or_settled(kind: str, answer: object) -> None:
    settled(kind, answer)


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_answer_is_kept(kind: str) -> None:
    assert "q" in settled(kind, GOOD[kind])


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["a", 1, 2.5, "乙", "none", "other", "1", "2026-05-01", "typed:王小明", *GOOD["file"]])
)
_ANSWERS = st.recursive(
    _SCALARS | st.sampled_from(list(GOOD.values())),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "r", "1", *PLACE, *PHOTO]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(KINDS)), _ANSWERS)
def test_canonical_values_are_a_fixpoint(kind: str, answer: object) -> None:
    settled(kind, answer)


@given(st.permutations(["a", 1, 2.5, "乙"]))
def test_any_order_of_all_choices_is_a_ranking(order: list[object]) -> None:
    assert settled("ranking", order) == {"q": order}


@given(
    st.floats(min_value=-90, max_value=90),
    st.floats(min_value=-180, max_value=180),
    st.floats(min_value=0, max_value=1e6),
)
def test_a_place_is_kept_to_a_centimetre(latitude: float, longitude: float, accuracy: float) -> None:
    place: Any = settled("geolocation", {"latitude": latitude, "longitude": longitude, "accuracy": accuracy})[
        "q"
    ]
    assert place["latitude"] == pytest.approx(latitude, abs=1e-7)
    assert place["longitude"] == pytest.approx(longitude, abs=1e-7)
    assert place["datum"] == "WGS-84"
