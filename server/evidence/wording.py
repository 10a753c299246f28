"""What was said in own words: copied from another visit, or too little.

Only the letters count: spaces, punctuation and the width of signs are what copying changes. Short phrases are
everybody's ("态度热情，业务熟练") and are compared with nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from server.evidence.visit import Found, Rules, Visit

GRAM: Final = 4
# Signs without spaces and punctuation from which on a text is somebody's own.
OWN: Final = 20
# Of all runs of four signs in either text, so many in a hundred are in both.
COPIED: Final = 80
NO_LETTER = re.compile(r"[\W_]+")


def narrative_copied(visit: Visit, rules: Rules) -> Iterator[Found]:
    """A text is all but one of another visit."""
    earlier = [(other.visit, grams(said)) for other in visit.earlier_narratives if own(said := other.text)]
    for narrative in visit.narratives:
        if not own(narrative.text):
            continue
        mine = grams(narrative.text)
        alike = [(similarity(mine, theirs), other) for other, theirs in earlier]
        most, other = max(alike, default=(0, ""))
        if most >= COPIED:
            params: dict[str, int | str] = {"percent": most, "visit": other}
            yield Found("narrative_copied", params, {"question": narrative.question})


def narrative_short(visit: Visit, rules: Rules) -> Iterator[Found]:
    """Notes have fewer signs than the programme asks for; the form's own rules were met already."""
    lengths = [len("".join(each.text.split())) for each in visit.narratives]
    short = [length for length in lengths if length < rules.narrative]
    if short:
        params = {"count": len(short), "shortest": min(short), "least": rules.narrative}
        yield Found("narrative_short", params)


def own(text: str) -> bool:
    """Whether a text is long enough to be compared."""
    return len(normal(text)) >= OWN


def normal(text: str) -> str:
    """Only letters and digits, in one case and one width."""
    return NO_LETTER.sub("", unicodedata.normalize("NFKC", text).casefold())


def grams(text: str) -> frozenset[str]:
    """All runs of four signs of the normal text."""
    letters = normal(text)
    return frozenset(letters[at : at + GRAM] for at in range(len(letters) - GRAM + 1))


def similarity(one: frozenset[str], other: frozenset[str]) -> int:
    """What both have, of all that either has, in whole percent, rounded down (Jaccard)."""
    if not one or not other or min(len(one), len(other)) * 100 < COPIED * max(len(one), len(other)):
        return 0
    both = len(one & other)
    return 100 * both // (len(one) + len(other) - both)
