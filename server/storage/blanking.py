"""Stretches of a video that nobody but us shall read: told by the walk, blanked in a copy.

The copy has every byte where it was, so that indexes of pictures and sound still fit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

CHUNK: Final = 1 << 20
# A stretch lies in a few others at most.
MOST_TIMES: Final = 4


@dataclass(frozen=True, slots=True)
class Blank:
    """`length` bytes from `at` on: `head` first, and then nothing but zeros."""

    at: int
    length: int
    head: bytes = b""


def blank(file: BinaryIO, blanks: Iterable[Blank], size: int) -> None:
    """Write over these stretches of a file of `size` bytes, which stays as long as it is.

    Raises:
        ValueError: for a stretch outside of the file, or for more than a walk through it could have met.
    """
    told = tuple(blanks)
    within = all(
        each.at >= 0 and len(each.head) <= each.length and each.at + each.length <= size for each in told
    )
    if not within or sum(each.length for each in told) > MOST_TIMES * size:
        raise ValueError("no stretches of this file")
    for each in told:
        file.seek(each.at)
        file.write(each.head)
        left = each.length - len(each.head)
        while left:
            left -= file.write(bytes(min(left, CHUNK)))
