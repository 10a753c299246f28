"""The nearest known name for a misspelt one."""

import difflib
from collections.abc import Iterable

_LONGEST = 64


def nearest(word: str, options: Iterable[str]) -> str:
    """The most similar option without regard to case, or "". Very long words are not worth the search."""
    if len(word) > _LONGEST:
        return ""
    spelling = {option.lower(): option for option in options}
    near = difflib.get_close_matches(word.lower(), spelling, n=1, cutoff=0.6)
    return spelling[near[0]] if near else ""
