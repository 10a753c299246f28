"""What each kind of message may do: a table, so that a new kind has to say it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """The manners of one kind.

    Attributes:
        waits: it is held until a decent hour. What answers somebody, or what somebody asked for a moment ago,
            goes at once.
        asks: it asks for a favour: the rules against asking too often count it, and hold it back.
    """

    waits: bool = True
    asks: bool = False


KINDS: Final[dict[str, Kind]] = {
    "invitation": Kind(asks=True),
    "reminder": Kind(asks=True),
    "visit": Kind(),
    "closing": Kind(),
    "bulletin": Kind(),
    "signature": Kind(waits=False),
    "set_up": Kind(waits=False),
    "sign_in": Kind(waits=False),
    "alert": Kind(waits=False),
    "thanks": Kind(waits=False),
    "reprompt": Kind(waits=False),
}
WAITING_KINDS: Final = tuple(name for name, kind in KINDS.items() if kind.waits)
ASKING_KINDS: Final = tuple(name for name, kind in KINDS.items() if kind.asks)
