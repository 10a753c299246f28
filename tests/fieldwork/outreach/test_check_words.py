"""Check words are short, neutral, different from each other, and follow from a wave's key alone."""

from collections import Counter

import pytest

from server.fieldwork.outreach.check_words import WORDS, check_word, check_words
from server.notify.replies import HELP, LEVELS, RING_WORDS, START, STOP
from server.notify.texts import LIMITS


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_words_are_easily_told_apart_and_mean_nothing_else(locale: str) -> None:
    words = WORDS[locale]
    assert len(set(words)) == len(words) >= 120
    assert all(len(word) == 2 if locale == "zh" else word.isascii() and word.islower() for word in words)
    assert max(map(len, words)) <= LIMITS["check"]
    # Whoever replies with the word by mistake asks for nothing.
    assert not set(words) & {*STOP, *START, *HELP, *RING_WORDS, *LEVELS}


def test_a_word_follows_from_the_key_and_is_spread_evenly() -> None:
    keys = [number.to_bytes(32) for number in range(2_000)]
    assert [check_words(key) for key in keys[:50]] == [check_words(key) for key in keys[:50]]
    found = Counter(check_word(key, "zh") for key in keys)
    assert set(found) == set(WORDS["zh"])
    assert max(found.values()) < 40
