"""How many SMS a text costs: GSM 7-bit or UCS-2, one message or several with a header (3GPP TS 23.038).

One character outside the GSM alphabet, any Chinese one for instance, makes the whole text UCS-2. A pair of
units is never torn apart between two messages: neither an escape and its character nor two surrogates.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These take two units: an escape and the character.
GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Length:
    """A text's cost.

    Attributes:
        encoding: the alphabet that all of its characters fit.
        units: septets or UTF-16 code units.
        segments: messages that are sent and paid for.
    """

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    segments: int


def measure(text: str) -> Length:
    """The length of a text; an empty one still is one message."""
    if GSM_BASIC.issuperset(set(text) - GSM_EXTENSION):
        widths = [2 if character in GSM_EXTENSION else 1 for character in text]
        return Length("GSM-7", sum(widths), _segments(widths, alone=160, joined=153))
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Length("UCS-2", sum(widths), _segments(widths, alone=70, joined=67))


def _segments(widths: Iterable[int], *, alone: int, joined: int) -> int:
    units = list(widths)
    if sum(units) <= alone:
        return 1
    segments, used = 1, 0
    for width in units:
        if used + width > joined:
            segments, used = segments + 1, 0
        used += width
    return segments
