"""Shortening a script changes its names and nothing else."""

import pytest

from server.web.shortening import shortened


@pytest.mark.parametrize(
    ("source", "short"),
    [
        ("function one(first, other) {\n  return first + other;\n}", "function A(a,b){\nreturn a+b;\n}"),
        ("two({ one: one, two: flag ? one : two });", "B({one:A,two:flag?A:B});"),
        ("one.two = list.one['two'];", "A.two=list.one['two'];"),
        ("var text = 'one  +  two';", "var a='one  +  two';"),
        ("var sign = /one [/'] two/.test(one);", "var a=/one [/'] two/.test(A);"),
        ("one = two / 2 / one;", "A=B/2/A;"),
        ("return /^one/i.test(two) && /two$/.test(one);", "return/^one/i.test(B)&&/two$/.test(A);"),
        ("one = two + +one - -two;", "A=B+ +A- -B;"),
        ("try { one(); } catch (problem) { two(problem); }", "try{A();}catch(a){B(a);}"),
        ("var in_ = typeof one === 'undefined';", "var a=typeof A==='undefined';"),
    ],
)
def test_only_names_that_are_ours_become_short(source: str, short: str) -> None:
    assert shortened([source], ["one", "two"]) == short


def test_names_of_two_letters_are_no_words_of_the_language() -> None:
    source = "".join(f"var name{number};\n" for number in range(900))
    names = set(shortened([source], []).replace("var ", "").replace("\n", "").split(";"))
    assert len(names) == 901
    assert not {"do", "if", "in"} & names
