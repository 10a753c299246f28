"""What a video is, found out by walking through its container; nothing is decoded.

MP4 and MOV are boxes in boxes (ISO 14496-12), WebM is elements in elements (Matroska, RFC 9559). A file
counts when the walk knows every part of its outermost level, ends exactly where the file does, and has met a
track of pictures. What people get is the file without what it says about itself (`server.storage.blanking`),
as something to be saved, which a page may play; a file that is a page or an archive at the same time is
refused all the same. Run this in a child, through `server.storage.inspection`.
"""

import os
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, Final

from server.storage.blanking import Blank
from server.storage.boxes import walk_boxes
from server.storage.elements import walk_elements
from server.storage.photos import PhotoRefused, media_type_of

BOXES_MARK: Final = b"ftyp"
ELEMENTS_MARK: Final = b"\x1a\x45\xdf\xa3"
QUICKTIME: Final = b"qt  "
EXTENSIONS: Final = MappingProxyType({"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm"})
VIDEO_TYPES: Final = frozenset(EXTENSIONS)
CHUNK: Final = 1 << 20
# Markup that a browser or a server might run, long enough not to turn up in 200 MB of pictures by chance.
MARKUP: Final = (
    *(b"<script", b"<!doctype", b"<html", b"<iframe", b"<object", b"<svg ", b"<?php ", b"<?php\n"),
)
LONGEST_MARKUP: Final = max(len(words) for words in MARKUP)
# A reader of PDF looks for its mark in the first kilobyte, a reader of ZIP for its own from the end back.
PDF: Final = b"%PDF-"
PDF_WITHIN: Final = 1024
ZIP_END: Final = b"PK\x05\x06"
ZIP_END_BYTES: Final = 22
ZIP_COMMENT_MOST: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """A video whose container makes sense.

    Attributes:
        media_type: found out, not claimed; one of `VIDEO_TYPES`.
        milliseconds: how long it says it is; None where a recorder left that open.
        blanks: where it tells of places, times and devices, to be blanked before anybody gets it.
    """

    media_type: str
    milliseconds: int | None
    blanks: tuple[Blank, ...] = ()


def media_type_of_file(data: bytes) -> str:
    """What the first bytes of a photo or a video say it is. Nothing is decoded.

    Raises:
        PhotoRefused: `type_not_allowed` or `not_an_image`, as for photos.
    """
    try:
        return media_type_of(data)
    except PhotoRefused:
        if data[4:8] == BOXES_MARK:
            return "video/quicktime" if data[8:12] == QUICKTIME else "video/mp4"
        if data[:4] == ELEMENTS_MARK:
            return "video/webm"
        raise


def inspect_video(file: BinaryIO) -> VideoFacts:
    """Walk through a video from its first byte to its last.

    Raises:
        PhotoRefused: `not_a_video`, `type_not_allowed` for another kind of it, `broken`, `something_hidden`.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[4:8] == BOXES_MARK:
        found = VideoFacts(*walk_boxes(file, size))
    elif head[:4] == ELEMENTS_MARK:
        found = VideoFacts(*walk_elements(file, size))
    else:
        raise PhotoRefused("not_a_video")
    if _is_archive(file, size) or _has_markup(file):
        raise PhotoRefused("something_hidden")
    return found


def _is_archive(file: BinaryIO, size: int) -> bool:
    """Whether the file's end reads as that of a ZIP archive: its mark, and a comment up to the last byte."""
    length = min(size, ZIP_END_BYTES + ZIP_COMMENT_MOST)
    file.seek(size - length)
    tail = file.read(length)
    at = tail.rfind(ZIP_END)
    while at >= 0:
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + ZIP_END_BYTES + comment == len(tail):
            return True
        at = tail.rfind(ZIP_END, 0, at)
    return False


def _has_markup(file: BinaryIO) -> bool:
    file.seek(0)
    chunk = file.read(CHUNK)
    if PDF in chunk[:PDF_WITHIN]:
        return True
    kept = b""
    while chunk:
        text = kept + chunk.lower()
        if any(words in text for words in MARKUP):
            return True
        kept = text[1 - LONGEST_MARKUP :]
        chunk = file.read(CHUNK)
    return False
