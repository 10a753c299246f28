"""What somebody means who answers a message: to stop, to be rung, an answer, or words of their own.

Wishes to stop are looked for first and only as a whole message, so that "Stop sending so many" in a sentence
is a sentence. What is neither a wish nor an answer is never lost and never argued with: words are words.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Meaning = Literal["stop", "start", "help", "ring", "answer", "misplaced", "words", "empty", "impossible"]
MEANINGS: Final[tuple[Meaning, ...]] = (
    "stop", "start", "help", "ring", "answer", "misplaced", "words", "empty", "impossible",
)  # fmt: skip
Value = str | int | float
RING: Final = "9"
LONGEST: Final = 2_000

# Whole messages and answers, without spaces and marks, in small letters.
_WORDS: Final = json.loads(Path(__file__).with_name("reply_words.json").read_text("utf-8"))
STOP: Final = frozenset(_WORDS["stop"])
START: Final = frozenset(_WORDS["start"])
HELP: Final = frozenset(_WORDS["help"])
RING_WORDS: Final = frozenset(_WORDS["ring"])
# How satisfied, from 1 to 5, in the words of those who were not offered any.
LEVELS: Final[Mapping[str, int]] = {
    word: int(level) for level, words in _WORDS["levels"].items() for word in words
}

NUMBERS: Final[Mapping[str, int]] = {
    **{character: value for value, character in enumerate("零一二三四五六七八九十")},
    **{character: value for value, character in enumerate("〇壹贰叁肆伍陆柒捌玖拾")},
    "两": 2, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
}  # fmt: skip
_UNIT: Final = r"(?:分|星级?|颗星|点|points?|stars?)"
_LEAD: Final = r"(?:回复|我选择?|选择?|我打|打|我给|给)?"
_NAMED: Final = "|".join(sorted(NUMBERS, key=len, reverse=True))
_NUMBER: Final = re.compile(rf"{_LEAD}(?P<number>[0-9]{{1,3}}|{_NAMED}){_UNIT}?")
# A mark ends an answer, and words may follow; a space alone does not: "3 月 5 日" is a day.
_BREAK: Final = re.compile(r"\s*[,.;:!?，．。；：！？、~～\-－\n]+\s*")
_NOISE: Final = re.compile(r"[\W_]+")
_UNSEEN: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufe0e\ufe0f\ufeff]")


@dataclass(frozen=True, slots=True)
class Scale:
    """What can be answered.

    Attributes:
        numbers: what people type -> the value it stands for.
        texts: what is written beside the choices, in every language -> the value.
    """

    numbers: Mapping[int, Value] = field(default_factory=lambda: {number: number for number in range(1, 6)})
    texts: Mapping[str, Value] = field(default_factory=dict)

    def by_level(self) -> dict[int, Value]:
        """The values by how satisfied they are: as their texts say, or on a bare scale from 1 to 5."""
        said = {LEVELS[compact(text)]: value for text, value in self.texts.items() if compact(text) in LEVELS}
        if said:
            # Where "very" was not offered, it means the same as without it.
            return {**_nearest(said, 5, 4), **_nearest(said, 1, 2), **said}
        return dict(self.numbers) if not self.texts and set(self.numbers) == set(range(1, 6)) else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """A message understood.

    Attributes:
        meaning: `misplaced` is an answer to what is answered elsewhere; no text alone says so.
        value: of an answer.
        words: what was said in own words, also beside an answer or the wish to be rung.
    """

    meaning: Meaning
    value: Value | None = None
    words: str = ""


BARE: Final = Scale()


def meaning_of(text: str, scale: Scale = BARE) -> Reply:
    """What a message means, asked with this scale; never raises."""
    plain = _UNSEEN.sub("", text[:LONGEST]).strip()
    whole = compact(plain)
    for meaning, words in _WISHES:
        if whole in words:
            return Reply(meaning)
    values = _values(scale)
    for head, rest in _split(plain):
        value = _value(head, values, scale)
        if value is not None:
            return Reply("answer", value, rest)
        if _number(head) == int(RING):
            return Reply("ring", words=rest)
    return _unanswered(plain, whole)


def compact(text: str) -> str:
    """A text as it is compared: small letters and digits alone."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold())


_WISHES: Final[tuple[tuple[Meaning, frozenset[str]], ...]] = (
    ("stop", STOP),
    ("start", START),
    ("help", HELP),
    ("ring", RING_WORDS),
)


def _values(scale: Scale) -> dict[str, Value]:
    """Every whole answer in words; the choices' own texts before our words for them."""
    levels = scale.by_level()
    ours = {word: levels[level] for word, level in LEVELS.items() if level in levels}
    return {**ours, **{compact(text): value for text, value in scale.texts.items()}}


def _split(plain: str) -> list[tuple[str, str]]:
    """The message whole; and its beginning apart from its words, where a mark stands between them."""
    parts = [(plain, "")]
    found = _BREAK.search(plain)
    if found and found.start() and any(character.isalpha() for character in plain[found.end() :]):
        parts.append((plain[: found.start()], plain[found.end() :]))
    return parts


def _value(head: str, values: Mapping[str, Value], scale: Scale) -> Value | None:
    word = compact(head)
    if word in values:
        return values[word]
    number = _number(head)
    return None if number is None else scale.numbers.get(number)


def _number(head: str) -> int | None:
    typed = unicodedata.normalize("NFKC", head).casefold()
    found = _NUMBER.fullmatch("".join(typed.split()).rstrip(",.;:!?。、~"))
    if found is None:
        return None
    number = found["number"]
    return NUMBERS[number] if number in NUMBERS else int(number)


def _unanswered(plain: str, whole: str) -> Reply:
    if not whole:
        shown = any(unicodedata.category(character) == "So" for character in plain)
        return Reply("words", words=plain) if shown else Reply("empty")
    letters = [character for character in whole if character.isalpha()]
    said = len(letters) > 1 or (len(letters) == 1 and unicodedata.category(letters[0]) == "Lo")
    return Reply("words", words=plain) if said and _number(plain) is None else Reply("impossible")


def _nearest(said: Mapping[int, Value], level: int, other: int) -> dict[int, Value]:
    return {level: said[other]} if other in said else {}
