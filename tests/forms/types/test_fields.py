"""The fields of a page without a script: to answers, and back so that what was typed is shown again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from server.forms.elements import Element
from server.forms.problems import Refused, Report
from server.forms.properties import Property, read_properties, table
from server.forms.types import COMMON, QUESTION_TYPES
from server.forms.types.behaviour import Behaviour
from server.forms.types.places import encode_place
from server.forms.types.rankings import ranks
from server.forms.types.signatures import drawn_field, drawn_image, typed_name

CHOICES = ["a", 1, {"value": "乙", "text": {"default": "B", "zh": "第二"}}]


def behaviour(kind: str, **properties: Any) -> Behaviour:
    report = Report()
    rows: dict[str, Property] = {row.name: row for row in (*COMMON, *QUESTION_TYPES[kind].properties)}
    source = {"type": kind, "name": "q", "title": "Q", **properties}
    element = Element(kind, "q", "", read_properties(report, "", source, table(*rows.values())))
    built = QUESTION_TYPES[kind].build(element, report)
    assert report.problems == ()
    return built


def decoded(built: Behaviour, *fields: tuple[str, str]) -> object:
    return built.decode(MultiDict(fields), "q")


def codes(built: Behaviour, answer: object) -> list[str]:
    assert built.check is not None
    try:
        built.check(answer)
    except Refused as refused:
        return [fault.code for fault in refused.faults]
    return []


@pytest.mark.parametrize(
    ("numbers", "answer", "refused"),
    [
        (("3", "1", "2"), [1, "乙", "a"], []),
        ((" 3 ", "1", "2"), [1, "乙", "a"], []),
        (("", "", ""), None, []),
        (("2", "1", ""), [1, "a"], ["ranking_incomplete"]),
        (("3", "1", ""), {"a": "3", "1": "1"}, ["ranking_incomplete"]),
        (("1", "1", "2"), {"a": "1", "1": "1", "乙": "2"}, ["choice_repeated"]),
        (("1", "2", "last"), {"a": "1", "1": "2", "乙": "last"}, ["ranking_incomplete"]),
    ],
)
def test_numbers_beside_choices_make_an_order(
    numbers: tuple[str, ...], answer: object, refused: list[str]
) -> None:
    ranking = behaviour("ranking", choices=CHOICES)
    typed = decoded(ranking, *zip(("q[a]", "q[1]", "q[乙]"), numbers, strict=True))
    assert typed == answer
    assert codes(ranking, answer) == refused if answer else refused == []


@given(st.lists(st.sampled_from(["", "1", "2", "3", "4", "x"]), min_size=3, max_size=3))
def test_every_number_typed_is_shown_again(numbers: list[str]) -> None:
    typed = decoded(
        behaviour("ranking", choices=CHOICES), *zip(("q[a]", "q[1]", "q[乙]"), numbers, strict=True)
    )
    shown = ranks(typed)
    assert [shown.get(text, "") for text in ("a", "1", "乙")] == numbers


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ((("q", "王小明"),), "typed:王小明"),
        ((("q", ""), ("q-drawn", "data:image/png;base64,AAAA")), "data:image/png;base64,AAAA"),
        ((("q", "王小明"), ("q-drawn", "data:image/png;base64,AAAA")), "data:image/png;base64,AAAA"),
        ((("q", "  "), ("q-drawn", "")), None),
        ((), None),
    ],
)
def test_a_signature_is_drawn_or_typed(fields: tuple[tuple[str, str], ...], answer: object) -> None:
    assert decoded(behaviour("signaturepad"), *fields) == answer


def test_a_signature_goes_back_into_the_field_it_came_from() -> None:
    assert (typed_name("typed:王小明"), drawn_image("typed:王小明")) == ("王小明", "")
    uri = "data:image/png;base64,AAAA"
    assert (typed_name(uri), drawn_image(uri)) == ("", uri)
    assert (typed_name(None), drawn_image(None)) == ("", "")
    assert drawn_field("q") == "q-drawn"


PLACE = {"latitude": 31.2304, "longitude": 121.4737}


@pytest.mark.parametrize(
    ("text", "answer", "refused"),
    [
        ("31.23040,121.47370,12,WGS-84", {**PLACE, "accuracy": 12, "datum": "WGS-84"}, []),
        ("31.2304, 121.4737", PLACE, []),
        ("31.2304，121.4737", PLACE, []),
        ("31.2304,121.4737,,GCJ-02", {**PLACE, "datum": "GCJ-02"}, []),
        (
            "31.2304,121.4737,,,2026-05-01T09:30:00+08:00",
            {**PLACE, "at": "2026-05-01T09:30:00+08:00"},
            [],
        ),
        ("31.2304", {"latitude": 31.2304}, ["location_invalid"]),
        ("121.4737,31.2304", {"latitude": 121.4737, "longitude": 31.2304}, ["location_invalid"]),
        ("31.2304,121.4737,12,火星", {**PLACE, "accuracy": 12, "datum": "火星"}, ["location_invalid"]),
        ("人民广场", "人民广场", ["location_invalid"]),
        ("31°13'N,121°28'E", "31°13'N,121°28'E", ["location_invalid"]),
        ("1e5,1e5", "1e5,1e5", ["location_invalid"]),
        ("1,2,3,WGS-84,x,y", "1,2,3,WGS-84,x,y", ["location_invalid"]),
        ("  ", None, []),
    ],
)
def test_a_place_is_one_text(text: str, answer: object, refused: list[str]) -> None:
    place = behaviour("geolocation")
    assert decoded(place, ("q", text)) == answer
    assert codes(place, answer) == refused if answer else refused == []


@given(
    st.floats(min_value=-90, max_value=90),
    st.floats(min_value=-180, max_value=180),
    st.fixed_dictionaries(
        {},
        optional={
            "accuracy": st.floats(min_value=0, max_value=1e6),
            "datum": st.sampled_from(["WGS-84", "GCJ-02", "BD-09"]),
            "at": st.sampled_from(["2026-05-01T09:30:00+08:00", "2026-05-01T01:30:00Z"]),
        },
    ),
)
def test_a_place_goes_through_its_field(latitude: float, longitude: float, more: dict[str, Any]) -> None:
    place = behaviour("geolocation")
    assert place.check is not None
    stored = place.check({"latitude": latitude, "longitude": longitude, **more})
    assert place.check(decoded(place, ("q", encode_place(stored)))) == stored


@pytest.mark.parametrize(
    "typed", ["人民广场", "31.2304", ",121.4737", "121.4737,31.2304", "31.2,121.4,5,火星"]
)
def test_a_place_that_does_not_read_is_shown_again(typed: str) -> None:
    assert encode_place(decoded(behaviour("geolocation"), ("q", typed))) == typed


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ((("q-all", "1"),), ["a", 1, "乙"]),
        ((("q", "1"), ("q-all", "1")), ["a", 1, "乙"]),
        ((("q", "other"), ("q-all", "1")), ["a", 1, "乙", "other"]),
        ((("q", "none"), ("q-all", "1")), ["a", 1, "乙", "none"]),
        ((("q", "1"),), [1]),
    ],
)
def test_the_box_for_all_stands_for_every_choice(fields: tuple[tuple[str, str], ...], answer: object) -> None:
    shown = {"showSelectAllItem": True, "showNoneItem": True, "showOtherItem": True}
    assert decoded(behaviour("checkbox", choices=CHOICES, **shown), *fields) == answer


def test_without_a_box_for_all_its_field_means_nothing() -> None:
    assert decoded(behaviour("checkbox", choices=CHOICES), ("q-all", "1")) is None


@pytest.mark.parametrize(("fields", "answer"), [((("q", "true"),), True), ((("q", "on"),), "on"), ((), None)])
def test_a_box_is_ticked_or_there_is_no_answer(fields: tuple[tuple[str, str], ...], answer: object) -> None:
    assert decoded(behaviour("consent"), *fields) is answer


@pytest.mark.parametrize(
    ("kind", "properties", "answer", "locale", "text"),
    [
        ("ranking", {"choices": CHOICES}, ["乙", 1, "a"], "zh-CN", "第二 > 1 > a"),
        ("ranking", {"choices": CHOICES}, ["乙", 1, "a"], "en", "B > 1 > a"),
        ("signaturepad", {}, "typed:王小明", "zh", "王小明"),
        ("signaturepad", {}, "data:image/png;base64,AAAA", "zh", "已签名"),
        ("signaturepad", {}, "data:image/png;base64,AAAA", "en", "signed"),
        ("geolocation", {}, {**PLACE, "datum": "WGS-84"}, "zh", "31.2304, 121.4737"),
        ("moment", {}, "2026-05-01T09:30:05+08:00", "zh", "2026-05-01 09:30"),
        ("consent", {}, True, "zh", "我同意"),
        ("consent", {"label": {"default": "Yes", "zh": "同意条款"}}, True, "zh-CN", "同意条款"),
    ],
)
def test_an_answer_reads_as_a_person_would_say_it(
    kind: str, properties: dict[str, Any], answer: object, locale: str, text: str
) -> None:
    assert behaviour(kind, **properties).display(answer, locale) == text


def test_what_a_page_is_told_to_draw() -> None:
    slider = behaviour("text", inputType="range", max=10).control.attributes
    assert slider == {"type": "range", "min": "0", "max": "10", "step": "1"}
    assert behaviour("rating", rateType="stars").control.variant == "stars"
    assert behaviour("rating").control.variant == "labels"
    assert behaviour("dropdown", choices=CHOICES, choicesOrder="desc").control.order == "desc"
    assert behaviour("ranking", choices=CHOICES, choicesOrder="none").control.order == ""
    every = behaviour(
        "checkbox", choices=CHOICES, showSelectAllItem=True, selectAllText="都选"
    ).control.all_text
    assert every is not None
    assert every.in_locale("zh") == "都选"
    assert behaviour("checkbox", choices=CHOICES).control.all_text is None


@pytest.mark.parametrize(
    ("properties", "attributes"),
    [
        ({}, {"accept": "image/*", "capture": "environment"}),
        ({"sourceType": "camera"}, {"accept": "image/*", "capture": "environment"}),
        ({"sourceType": "file-camera"}, {"accept": "image/*"}),
        ({"acceptedTypes": "video/*, image/*"}, {"accept": "image/*,video/*"}),
        ({"acceptedTypes": "video/*"}, {"accept": "video/*", "capture": "environment"}),
        (
            {"acceptedTypes": ".mov", "maxSize": 9},
            {"accept": "video/quicktime", "capture": "environment", "data-most": "9"},
        ),
        ({"acceptedTypes": ".png,image/jpeg"}, {"accept": "image/jpeg,image/png", "capture": "environment"}),
    ],
)
def test_photos_come_from_where_the_form_says(properties: dict[str, Any], attributes: dict[str, str]) -> None:
    assert behaviour("file", **properties).control.attributes == attributes
