"""Pointers to lines and columns, and slips of the JSON itself with their places."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms.authoring.locating import MAX_SIZE, Located
from server.forms.problems import pointer_to

TEXT = """{
  "title": "店面",
  "pages": [
    {"name": "p", "x/y": {"~": [1, [true, null]]}, "visibleIf": "{a}\\u0020\\n= {entred}"}
  ]
}"""


@pytest.mark.parametrize(
    ("pointer", "value", "key"),
    [
        ("", "1:1", "1:1"),
        ("/title", "2:12", "2:3"),
        ("/pages", "3:12", "3:3"),
        ("/pages/0", "4:5", "4:5"),
        ("/pages/0/name", "4:14", "4:6"),
        ("/pages/0/x~1y/~0/1/0", "4:37", "4:37"),
        ("/pages/0/x~1y/~0/1", "4:36", "4:36"),
        ("/pages/0/missing", "4:5", "4:5"),
        ("/pages/7/name", "3:12", "3:3"),
        ("/pages/x", "3:12", "3:3"),
        ("/title/deeper", "2:12", "2:3"),
    ],
)
def test_pointers_have_places(pointer: str, value: str, key: str) -> None:
    located = Located(TEXT)
    assert located.mistakes == ()
    assert (str(located.value(pointer)), str(located.key(pointer))) == (value, key)


def test_escapes_count_as_they_are_written() -> None:
    located = Located(TEXT)
    line = located.line(4)
    place = located.within("/pages/0/visibleIf", len("{a} \n= {") + 1)
    assert line[place.column - 1 :].startswith("entred")
    assert str(located.within("/pages/0", 3)) == str(located.value("/pages/0"))


def test_a_mark_at_the_start_of_the_file_is_no_character() -> None:
    assert str(Located('\ufeff{"a": 1}').value("/a")) == "1:7"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_editors_end_them(ending: str) -> None:
    located = Located(f'{{{ending}"a": 1{ending}}}')
    assert str(located.value("/a")) == "2:6"
    assert located.line(2) == '"a": 1'


@pytest.mark.parametrize(
    ("text", "code", "place", "params"),
    [
        ("", "syntax_cut_off", "1:1", {}),
        ('{"a": [1', "syntax_cut_off", "1:9", {}),
        ('{"a" 1}', "syntax_sign", "1:6", {"expected": ":", "found": "1"}),
        ('{"a": 1 "b": 2}', "syntax_comma_missing", "1:8", {}),
        ("[1 2]", "syntax_comma_missing", "1:3", {}),
        ('{\n"a": "x"\n\n  "b": 2}', "syntax_comma_missing", "2:9", {}),
        ('[\n{"a": 1}\r\n{"a": 2}]', "syntax_comma_missing", "2:9", {}),
        ('{"a": 1 : 2}', "syntax_sign", "1:9", {"expected": ", }", "found": ":"}),
        ('{"a": "x"y"}', "syntax_sign", "1:10", {"expected": ", }", "found": "y"}),
        ("[1 ]]", "syntax_end", "1:5", {"found": "]"}),
        ("{'a': 1}", "syntax_name", "1:2", {"found": "'"}),
        ("{a: 1}", "syntax_name", "1:2", {"found": "a"}),
        ('{"a": tru}', "syntax_value", "1:7", {"found": "tru"}),
        ("[NaN]", "syntax_value", "1:2", {"found": "NaN"}),
        ("[01]", "syntax_value", "1:2", {"found": "01"}),
        ("[1,]", "syntax_trailing_comma", "1:3", {"closing": "]"}),
        ('{"a": 1,\n}', "syntax_trailing_comma", "1:8", {"closing": "}"}),
        ('["a\nb"]', "syntax_text", "1:4", {"found": "\n"}),
        ('["\\x"]', "syntax_text", "1:3", {"found": "\\"}),
        ("[1] x", "syntax_end", "1:5", {"found": "x"}),
        ("{\n// why\n}", "syntax_comment", "2:1", {}),
        ("[1e999]", "json_number", "1:2", {"text": "1e999"}),
        ('{"a": 1,\n "a": 2}', "key_duplicate", "2:2", {"key": "a", "first": "1:2"}),
        ("[" * 40, "json_depth", "1:33", {"limit": 32}),
        (" " * (MAX_SIZE + 1), "text_too_long", "1:1", {"limit": MAX_SIZE}),
    ],
)
def test_each_slip_of_the_json_has_its_place(
    text: str, code: str, place: str, params: dict[str, object]
) -> None:
    (mistake,) = Located(text).mistakes
    assert (mistake.code, str(mistake.position), dict(mistake.params)) == (code, place, params)


def test_all_repeated_keys_are_found() -> None:
    codes = [mistake.code for mistake in Located('{"a": 1, "a": {"b": 1, "b": 2}, "\\u0061": 3}').mistakes]
    assert codes == ["key_duplicate"] * 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def ways(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(way, value), *(found for key, item in items for found in ways(item, (*way, key)))]


@given(JSON, st.sampled_from([None, 1, 3]))
def test_what_stands_at_the_place_is_the_value(value: Any, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    located = Located(text)
    if located.mistakes:  # two keys may differ as bytes and be one as text
        assert {mistake.code for mistake in located.mistakes} == {"key_duplicate"}
        return
    for way, expected in ways(value):
        if any(isinstance(part, str) and not part.isascii() for part in way):
            continue  # keys are found in NFC, as definitions are read
        place = located.value(pointer_to(*way))
        # A text may hold other line breaks than those that count, so lines are joined again as they were cut.
        rest = located.line(place.line)[place.column - 1 :]
        assert rest.startswith(json.dumps(expected, ensure_ascii=False, indent=indent).split("\n")[0])


@given(st.text(alphabet='{}[]",:\\ 01ea.-\n', max_size=40))
def test_it_agrees_with_the_parser_about_what_is_json(text: str) -> None:
    try:
        json.loads(text)
        readable = True
    except ValueError:
        readable = False
    broken = {mistake.code for mistake in Located(text).mistakes} - {"key_duplicate", "json_number"}
    assert bool(broken) != readable
