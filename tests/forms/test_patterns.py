"""Regular expressions of strangers: JavaScript's meaning for a bounded subset, refusal for the rest."""

import pytest

from server.forms.compiling.patterns import MAX_TEXT, PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"^1[3-9]\d{9}$", "13812345678", True),
        (r"^1[3-9]\d{9}$", "13812345678\n", False),
        (r"^1[3-9]\d{9}$", "1381234567८", False),
        (r"\d{3}", "abc123", True),
        (r"^(yes|no)$", "no", True),
        (r"^[\w.]+@[\w.]+$", "a.b@c.d", True),
        (r"^\d{3,4}-?\d{7,8}(-\d{1,6})?$", "0871-1234567", True),
        (r"^[一-龥]{2,10}$", "张三", True),
        (r"^a$b$", "a", False),
        (r"^[$]\d$", "$5", True),
        (r"^x+$", "x" * (MAX_TEXT + 1), False),
    ],
)
def test_matches_like_javascript(pattern: str, text: str, expected: bool) -> None:
    assert compile_pattern(pattern)(text) is expected


def test_case_can_be_ignored() -> None:
    assert compile_pattern("^abc$", ignore_case=True)("ABC")


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        (r"(a+)+$", "pattern_too_costly"),
        (r"(a|a)*b", "pattern_too_costly"),
        (r"(a|aa)+$", "pattern_too_costly"),
        (r".*.*.*x", "pattern_too_costly"),
        (r"(.*a){20}", "pattern_too_costly"),
        (r"^" + r"a?" * 30 + r"a" * 30 + r"$", "pattern_too_costly"),
        (r"^" + r"(a|a)" * 10 + r"(b|b)?" + r"c*" * 3, "pattern_too_costly"),
        ("a" * 201, "pattern_too_costly"),
        (r"(?=a)b", "pattern_unsupported"),
        (r"(?P<n>a)", "pattern_unsupported"),
        (r"(a)\1", "pattern_unsupported"),
        (r"a++", "pattern_unsupported"),
        (r"*a", "pattern_unsupported"),
        (r"a)", "pattern_unsupported"),
        (r"(a", "pattern_invalid"),
        (r"[z-a]", "pattern_invalid"),
        (r"a{3,1}", "pattern_invalid"),
    ],
)
def test_refuses(pattern: str, code: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert caught.value.code == code
