"""MP4 and MOV as boxes in boxes: four bytes of size, four of type, and what is in it (ISO 14496-12).

What a phone writes beside pictures and sound (where, when, by which device) lies in boxes of its own. They
are told as stretches to be blanked: a box that is called `free` is passed over by every player, and nothing
moves, so that the index still fits.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from server.storage.blanking import Blank
from server.storage.photos import PhotoRefused

BOX: Final = struct.Struct(">I4s")
WIDE: Final = struct.Struct(">Q")
# The outermost boxes that phones, cameras and recorders write; nothing else may lie there.
OUTERMOST: Final = frozenset(
    {
        *(b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"ssix", b"prft", b"emsg"),
        *(b"free", b"skip", b"wide", b"pdin", b"meta", b"udta", b"uuid", b"pnot"),
    }
)
# Brand -> media type. Pictures (heic, avif) and sound alone (M4A) begin with the same box.
BRANDS: Final = {
    b"qt  ": "video/quicktime",
    **dict.fromkeys(
        (
            *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9"),
            *(b"mp41", b"mp42", b"avc1", b"hvc1", b"M4V ", b"M4VH", b"MSNV", b"dash", b"msdh", b"f4v "),
            *(b"3gp4", b"3gp5", b"3gp6", b"3gp7"),
        ),
        "video/mp4",
    ),
}
MOST_BOXES: Final = 50_000
MOST_FTYP: Final = 512
# The index of an hour at 60 pictures a second takes 3 MB.
MOST_MOOV: Final = 32 * 1024 * 1024
PICTURES: Final = b"vide"
SOUND: Final = b"soun"
# Descriptions in the words of phones and programs: location, device, title. What is free may hold anything.
DESCRIBING: Final = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip"})
FREE: Final = b"free"
# Boxes that begin with when the film, a track, its media were made and changed.
DATED: Final = ((b"mvhd",), (b"trak", b"tkhd"), (b"trak", b"mdia", b"mdhd"))


@dataclass(frozen=True, slots=True)
class _Box:
    """Its type, where that stands, and where its content begins and ends."""

    kind: bytes
    named: int
    start: int
    end: int


def walk_boxes(file: BinaryIO, size: int) -> tuple[str, int | None, tuple[Blank, ...]]:
    """Media type, milliseconds and what to blank of a file that begins with `ftyp`.

    Raises:
        PhotoRefused: `type_not_allowed`, `broken`, `something_hidden`.
    """
    outermost = list(_boxes(file, _Box(b"", 0, 0, size)))
    media_type = _brand(file, outermost[0])
    if any(box.kind not in OUTERMOST for box in outermost):
        raise PhotoRefused("something_hidden")
    kinds = [box.kind for box in outermost]
    if kinds.count(b"moov") != 1 or kinds.count(b"ftyp") != 1 or b"mdat" not in kinds:
        raise PhotoRefused("broken")
    moov = outermost[kinds.index(b"moov")]
    if moov.end - moov.start > MOST_MOOV:
        raise PhotoRefused("broken")
    if not _has_pictures(file, moov):
        raise PhotoRefused("not_a_video")
    blanks = (*_described(outermost), *_told_by(file, moov))
    return media_type, _milliseconds(file, moov), blanks


def _told_by(file: BinaryIO, moov: _Box) -> Iterator[Blank]:
    """What the film's index says about where, when and by what it was made."""
    inside = list(_boxes(file, moov))
    yield from _described(inside)
    for path in DATED:
        for box in _inside(file, moov, path):
            wide = _read(file, box.start, 1) == b"\x01"
            yield Blank(box.start + 4, min(16 if wide else 8, box.end - box.start - 4))
    for track in inside:
        if track.kind == b"trak":
            yield from _described([*_boxes(file, track)])
            # A track of positions beside the pictures: without its index nothing finds them.
            if _handler(file, track) not in {PICTURES, SOUND}:
                yield from _freed(track)


def _described(boxes: Sequence[_Box]) -> Iterator[Blank]:
    for box in boxes:
        if box.kind in DESCRIBING:
            yield from _freed(box)


def _freed(box: _Box) -> Iterator[Blank]:
    yield Blank(box.named, len(FREE), FREE)
    yield Blank(box.start, box.end - box.start)


def _boxes(file: BinaryIO, parent: _Box) -> Iterator[_Box]:
    """The boxes inside another, which they fill exactly."""
    at, count = parent.start, 0
    while at < parent.end:
        count += 1
        box = _box(file, at, parent.end)
        if count > MOST_BOXES or box.end > parent.end:
            raise PhotoRefused("broken")
        yield box
        at = box.end


def _box(file: BinaryIO, at: int, end: int) -> _Box:
    length, kind = BOX.unpack(_read(file, at, BOX.size))
    start = at + BOX.size
    if length == 1:
        (length,) = WIDE.unpack(_read(file, start, WIDE.size))
        start += WIDE.size
    # 0 means up to the end; a box cannot be shorter than what says how long it is.
    until = end if length == 0 else at + length
    if until < start:
        raise PhotoRefused("broken")
    return _Box(kind, at + 4, start, until)


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    data = file.read(count)
    if len(data) < count:
        raise PhotoRefused("broken")
    return data


def _brand(file: BinaryIO, ftyp: _Box) -> str:
    length = ftyp.end - ftyp.start
    if ftyp.kind != b"ftyp" or not 8 <= length <= MOST_FTYP or length % 4:
        raise PhotoRefused("broken")
    data = _read(file, ftyp.start, length)
    media_type = BRANDS.get(data[:4])
    if media_type is None:
        raise PhotoRefused("type_not_allowed")
    # Behind the brand and its version come the names of others; room for anything else there is none.
    if any(0 < byte < 0x20 or byte > 0x7E for byte in data[8:]):
        raise PhotoRefused("something_hidden")
    return media_type


def _inside(file: BinaryIO, parent: _Box, path: tuple[bytes, ...]) -> Iterator[_Box]:
    """The boxes at the end of a path of types."""
    if not path:
        yield parent
        return
    for box in _boxes(file, parent):
        if box.kind == path[0]:
            yield from _inside(file, box, path[1:])


def _has_pictures(file: BinaryIO, moov: _Box) -> bool:
    return any(_handler(file, track) == PICTURES for track in _inside(file, moov, (b"trak",)))


def _handler(file: BinaryIO, track: _Box) -> bytes:
    """What a track is a track of, in four letters."""
    for handler in _inside(file, track, (b"mdia", b"hdlr")):
        if handler.end - handler.start >= 12:
            return _read(file, handler.start + 8, 4)
    return b""


def _milliseconds(file: BinaryIO, moov: _Box) -> int | None:
    header = next(_inside(file, moov, (b"mvhd",)), None)
    if header is None:
        raise PhotoRefused("broken")
    wide = _read(file, header.start, 1) == b"\x01"
    at, shape = (header.start + 20, ">IQ") if wide else (header.start + 12, ">II")
    if at + struct.calcsize(shape) > header.end:
        raise PhotoRefused("broken")
    scale, length = struct.unpack(shape, _read(file, at, struct.calcsize(shape)))
    # A recorder that writes as it goes leaves the length open: nothing, or all ones.
    if scale == 0 or length in {0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}:
        return None
    return int(length * 1000 // scale)
