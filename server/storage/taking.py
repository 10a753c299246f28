"""When a photo was taken, by its own account: what the camera wrote beside the pixels.

It is a claim: many browsers strip it, clocks are wrong, and anybody can write it. So its absence says
nothing, and the text is kept exactly as it was read beside what we make of it.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

SHAPE: Final = re.compile(r"([0-9]{4}):([0-9]{2}):([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII)
OFFSET: Final = re.compile(r"[+-][0-9]{2}:[0-9]{2}", re.ASCII)
# Years that no phone with a camera has seen come from clocks that were never set.
YEARS: Final = range(2000, 2100)
LONGEST: Final = 32


@dataclass(frozen=True, slots=True)
class Taking:
    """The moment in the photo's own words.

    Attributes:
        text: as it was read, with the offset from UTC behind it where there is one.
        local: the clock's time where the photo was taken, without a zone; None when the text is no time.
    """

    text: str
    local: datetime | None


def taking(moment: object, offset: object) -> Taking | None:
    """From EXIF's `DateTimeOriginal` and `OffsetTimeOriginal`, whatever stands there."""
    written = _plain(moment)
    if not written:
        return None
    zone = _plain(offset)
    return Taking(written + (zone if OFFSET.fullmatch(zone) else ""), _local(written))


def _plain(value: object) -> str:
    """ASCII text as EXIF means it; anything else, and what is longer than any time, counts as nothing."""
    text = value.rstrip("\0 ") if isinstance(value, str) else ""
    return text if len(text) <= LONGEST and text.isascii() and text.isprintable() else ""


def _local(written: str) -> datetime | None:
    found = SHAPE.fullmatch(written)
    if found is None:
        return None
    try:
        # Without a zone: a camera knows none.
        local = datetime.fromisoformat(f"{'-'.join(found.groups()[:3])} {':'.join(found.groups()[3:])}")
    except ValueError:
        return None
    return local if local.year in YEARS else None
