"""How long things took, from the moments of a visit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

# A span, the moments that may begin it, the best one first, and the one that ends it.
SPANS: Final = (
    ("waiting", ("ticket", "entered"), "called"),
    ("service", ("called",), "served"),
    ("stay", ("entered",), "left"),
)
MINUTE: Final = timedelta(minutes=1)


def spans_of(moments: Mapping[str, datetime]) -> dict[str, int]:
    """Whole minutes by the names in `SPANS`; what was not noted, or runs backwards, is left out.

    Who forgot to note the ticket waited from the door on.
    """
    found = {}
    for name, starts, end in SPANS:
        begun = next((moments[start] for start in starts if start in moments), None)
        ended = moments.get(end)
        if begun is not None and ended is not None and begun <= ended:
            found[name] = (ended - begun) // MINUTE
    return found
