"""WebM as elements in elements: an id, a size and what is in it (RFC 8794, RFC 9559).

Browsers record with sizes left open: such an element ends where one begins that cannot lie inside it. So the
segment and its clusters are walked as one flat row of elements that are known by their ids. What says where,
when and by what it was recorded is told as stretches to be blanked: each becomes one element of nothing.
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from server.storage.blanking import Blank
from server.storage.photos import PhotoRefused

HEADER: Final = 0x1A45DFA3
DOC_TYPE: Final = 0x4282
SEGMENT: Final = 0x18538067
INFO: Final = 0x1549A966
TIMECODE_SCALE: Final = 0x2AD7B1
DURATION: Final = 0x4489
TRACKS: Final = 0x1654AE6B
TRACK_ENTRY: Final = 0xAE
TRACK_TYPE: Final = 0x83
PICTURES: Final = 1
CLUSTER: Final = 0x1F43B675
TIMECODE: Final = 0xE7
VOID: Final = b"\xec"
# Tags, and the element of nothing, which may hold anything.
FREE: Final = frozenset({0x1254C367, 0xEC})
# Of the description of the film: when it was made, its title.
TELLING: Final = frozenset({0x4461, 0x7BA9})
# SeekHead, Cues, Chapters, CRC-32; Position, PrevSize, SimpleBlock, BlockGroup of clusters.
PASSED_OVER: Final = frozenset({0x114D9B74, 0x1C53BB6B, 0x1043A770, 0xBF, 0xA7, 0xAB, 0xA3, 0xA0, 0x5854})
MOST_ELEMENTS: Final = 500_000
MOST_DESCRIBED: Final = 4 * 1024 * 1024
OPEN: Final = -1
NANOSECONDS: Final = 1_000_000


@dataclass(slots=True)
class _Seen:
    """What the walk has met so far. Times are in units of `scale` nanoseconds."""

    scale: int = NANOSECONDS
    duration: float | None = None
    latest: int = 0
    clusters: int = 0
    pictures: bool = False
    blanks: list[Blank] = field(default_factory=list)


def walk_elements(file: BinaryIO, size: int) -> tuple[str, int | None, tuple[Blank, ...]]:
    """Media type, milliseconds and what to blank of a file that begins with an EBML header.

    Raises:
        PhotoRefused: `type_not_allowed` for Matroska that is no WebM, `not_a_video`, `broken`,
            `something_hidden`.
    """
    at = _header(file)
    element, length, at = _element(file, at)
    if element != SEGMENT:
        raise PhotoRefused("broken")
    if length != OPEN and at + length != size:
        raise PhotoRefused("broken" if at + length > size else "something_hidden")
    seen = _walked(file, at, size)
    if seen.clusters == 0:
        raise PhotoRefused("broken")
    if not seen.pictures:
        raise PhotoRefused("not_a_video")
    units = seen.duration if seen.duration is not None else seen.latest
    milliseconds = int(units * seen.scale / NANOSECONDS)
    lasting = milliseconds if 0 < milliseconds < 1 << 40 else None
    return "video/webm", lasting, tuple(seen.blanks)


def _header(file: BinaryIO) -> int:
    """Where the header ends, when it is WebM's."""
    _, length, at = _element(file, 0)
    if not 0 <= length <= MOST_DESCRIBED:
        raise PhotoRefused("broken")
    found = dict(_children(_read(file, at, length)))
    if found.get(DOC_TYPE, b"").rstrip(b"\0") != b"webm":
        raise PhotoRefused("type_not_allowed")
    return at + length


def _walked(file: BinaryIO, at: int, size: int) -> _Seen:
    seen = _Seen()
    for _ in range(MOST_ELEMENTS):
        if at == size:
            return seen
        begin = at
        element, length, at = _element(file, at)
        if element == CLUSTER:
            seen.clusters += 1
            continue
        if length == OPEN or at + length > size:
            raise PhotoRefused("broken")
        if element in {INFO, TRACKS, TIMECODE}:
            _describe(seen, element, _described(file, at, length))
            if element == INFO:
                seen.blanks += _told_by(file, at, at + length)
        elif element in FREE:
            seen.blanks.append(_voided(begin, at + length))
        elif element not in PASSED_OVER:
            raise PhotoRefused("something_hidden")
        at += length
    raise PhotoRefused("broken")


def _told_by(file: BinaryIO, at: int, end: int) -> list[Blank]:
    found: list[Blank] = []
    while at < end:
        begin = at
        element, length, at = _element(file, at)
        at += length
        if element in TELLING:
            found.append(_voided(begin, at))
    return found


def _voided(begin: int, end: int) -> Blank:
    """One element of nothing in the place of another one, exactly as long."""
    length = end - begin
    short = length - 2 < 0x7F
    size = bytes([0x80 | length - 2]) if short else (length - 9 | 1 << 56).to_bytes(8)
    return Blank(begin, length, VOID + size)


def _described(file: BinaryIO, at: int, length: int) -> bytes:
    if length > MOST_DESCRIBED:
        raise PhotoRefused("broken")
    return _read(file, at, length)


def _describe(seen: _Seen, element: int, data: bytes) -> None:
    if element == TIMECODE:
        seen.latest = max(seen.latest, int.from_bytes(data[:8]))
    elif element == TRACKS:
        for kind, entry in _children(data):
            if kind == TRACK_ENTRY:
                found = dict(_children(entry)).get(TRACK_TYPE, b"")
                seen.pictures |= int.from_bytes(found[:8]) == PICTURES
    else:
        found_in = dict(_children(data))
        seen.scale = int.from_bytes(found_in.get(TIMECODE_SCALE, b"")[:8]) or NANOSECONDS
        seen.duration = _number(found_in.get(DURATION, b""))


def _number(data: bytes) -> float | None:
    """A float of four or eight bytes; what is no finite number above nothing was left open."""
    shape = {4: ">f", 8: ">d"}.get(len(data))
    found = struct.unpack(shape, data)[0] if shape else 0.0
    return found if 0 < found < 1e15 else None


def _children(data: bytes) -> list[tuple[int, bytes]]:
    """Id and content of the elements that fill a short stretch of bytes."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        element, at = _number_at(data, at, keep_mark=True)
        length, at = _number_at(data, at, keep_mark=False)
        if length == OPEN or at + length > len(data):
            raise PhotoRefused("broken")
        found.append((element, data[at : at + length]))
        at += length
    return found


def _element(file: BinaryIO, at: int) -> tuple[int, int, int]:
    """Id, size (or OPEN) and where the content begins."""
    file.seek(at)
    head = file.read(12)
    element, used = _number_at(head, 0, keep_mark=True)
    length, used = _number_at(head, used, keep_mark=False)
    return element, length, at + used


def _number_at(data: bytes, at: int, *, keep_mark: bool) -> tuple[int, int]:
    """A number whose leading zero bits say how many bytes it has, and where the next thing begins."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if first == 0 or at + length > len(data) or (keep_mark and length > 4):
        raise PhotoRefused("broken")
    found = int.from_bytes(data[at : at + length])
    if keep_mark:
        return found, at + length
    value_bits = 7 * length
    value = found & ((1 << value_bits) - 1)
    return (OPEN if value == (1 << value_bits) - 1 else value), at + length


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    data = file.read(count)
    if len(data) < count:
        raise PhotoRefused("broken")
    return data
