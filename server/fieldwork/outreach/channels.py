"""By which channel somebody is asked: what they prefer, where the wave allows it and we know where to.

A wave's settings name its channels, the first one first (`"channels": ["email", "sms"]`; SMS alone unless
said). Somebody whom none of them can reach is invited and gets no message: nobody is written to by a way that
the wave was not planned with.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

# What messages can go by.
WRITTEN_TO: Final = ("sms", "email", "letter")
DEFAULT: Final = ("sms",)


def channels_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The channels by which a wave's messages may go, in its order."""
    named: Sequence[str] = settings.get("channels", DEFAULT)
    return tuple(channel for channel in named if channel in WRITTEN_TO)


def lead_somewhere(named: Sequence[str], way: str) -> bool:
    """Whether a wave's channels can be planned with; an answer to an e-mail is read by nobody."""
    known = set(named) <= set(WRITTEN_TO)
    return known and bool(named) and len(set(named)) == len(named) and (way != "reply" or "sms" in named)


def choose_channel(
    allowed: Sequence[str], preferred: str | None, known: Mapping[str, str | None]
) -> str | None:
    """The channel for one person, None when none of them reaches the person.

    Args:
        known: channel -> number, address, or the lines of an envelope.
    """
    ordered = sorted(allowed, key=lambda channel: channel != preferred)
    return next((channel for channel in ordered if known.get(channel)), None)
