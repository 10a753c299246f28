"""Every code has a sentence in both languages, and every code that is raised is in the catalogue."""

import re

import pytest

from server.embedded.messages import CODES, EmbeddedError, sentence, wants_chinese
from tests.embedded.watching import ROOT

USED = re.compile(r'(?:EmbeddedError|sentence|_say)\(\s*"(\w+)"')


class _Anything(dict[str, object]):
    """Parameters of every name, so that only the braces of a sentence can be wrong."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


@pytest.mark.parametrize("code", sorted(CODES))
def test_both_languages_name_the_same_facts(code: str) -> None:
    english, native = (sentence(code, _Anything(), chinese=chinese) for chinese in (False, True))
    assert set(re.findall(r"<\w+>", english)) == set(re.findall(r"<\w+>", native))
    assert re.search(r"[\u4e00-\u9fff]", native)
    assert "\n" not in english + native


def test_the_catalogue_holds_exactly_the_codes_in_use() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "server" / "embedded").glob("*.py"))
    assert set(USED.findall(sources)) == CODES


def test_an_error_reads_as_its_english_sentence() -> None:
    assert (
        str(EmbeddedError("port_invalid", port="x"))
        == "PORT must be a whole number from 1 to 65535, not “x”."
    )


@pytest.mark.parametrize(
    ("environ", "chinese"),
    [
        ({}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, True),
    ],
)
def test_the_locale_chooses_the_language(environ: dict[str, str], chinese: bool) -> None:
    assert wants_chinese(environ) is chinese
