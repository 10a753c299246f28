"""How alike two photos look: a difference hash, and how much of the picture it rests on.

A picture is shrunk to a few grey squares, and each bit says whether a square is brighter than its neighbour:
half of the bits compare from left to right, half from top to bottom. Compressing and scaling leave that
alone, cutting edges off does not: so the middle has a hash of its own, and a picture that was cut is compared
with the middle of its original. Where nothing differs (a white wall, a floor) the bits say nothing: `detail`
tells how many of them do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Columns and rows of the squares that are compared from left to right, and from top to bottom.
ACROSS: Final = (9, 4)
DOWN: Final = (4, 9)
BITS: Final = 64
# Neighbours that differ by no more than this (of 255) count as equal: what is one colour stays one colour
# when it is compressed.
SLACK: Final = 1
# From here on a difference is one that people would see too.
NOTICED: Final = 4


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a photo is found again by.

    Attributes:
        whole, middle: 64 signs `0` or `1` each, as PostgreSQL's `bit(64)` is written.
        detail: how many of the 64 neighbours of `whole` differ noticeably, 0 to 64.
    """

    whole: str
    detail: int
    middle: str


def hashed(across: bytes, down: bytes) -> tuple[str, int]:
    """Hash and detail from grey squares, row by row: `ACROSS` and `DOWN` say how many."""
    pairs = [*_neighbours(across, ACROSS, 1), *_neighbours(down, DOWN, DOWN[0])]
    bits = "".join("1" if one > other + SLACK else "0" for one, other in pairs)
    return bits, sum(abs(one - other) >= NOTICED for one, other in pairs)


def distance(one: str, other: str) -> int:
    """In how many of the 64 bits two hashes differ."""
    return (int(one, 2) ^ int(other, 2)).bit_count()


def _neighbours(grid: bytes, size: tuple[int, int], step: int) -> Iterator[tuple[int, int]]:
    columns, rows = size
    for at in range(columns * rows - step):
        if step > 1 or at % columns < columns - 1:
            yield grid[at], grid[at + step]
