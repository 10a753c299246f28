"""How the inspecting child and its parent talk: frames of a four-byte length and that many bytes.

The parent sends two frames, what to do as JSON and the photo. The child answers with three: facts as JSON,
the small picture, the large one. No pickle: whoever takes over the child with a hostile photo must gain no
code in the parent.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

from server.storage.blanking import Blank
from server.storage.photos import REFUSALS, Box, PhotoFacts, PhotoRefused, Redrawn
from server.storage.resemblance import BITS, Likeness
from server.storage.taking import LONGEST, Taking
from server.storage.videos import VideoFacts

LENGTH: Final = struct.Struct(">I")
ANSWER_FRAMES: Final = 3
# Behind the time itself there is room for an offset such as +08:00.
LONGEST_TAKING: Final = LONGEST + 6


class Unreadable(Exception):
    """Bytes that are no answer of ours."""


def pack(*payloads: bytes) -> bytes:
    return b"".join(LENGTH.pack(len(payload)) + payload for payload in payloads)


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame of a blocking stream, or None at its end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return stream.read(LENGTH.unpack(head)[0])


@dataclass(slots=True)
class FrameReader:
    """Collects bytes as they come until an answer's frames are whole."""

    received: bytearray

    def frames(self) -> list[bytes]:
        """The frames that are whole so far."""
        found: list[bytes] = []
        at = 0
        while at + LENGTH.size <= len(self.received):
            (length,) = LENGTH.unpack_from(self.received, at)
            at += LENGTH.size + length
            if at > len(self.received):
                break
            found.append(bytes(self.received[at - length : at]))
        return found


def pack_question(data: bytes, boxes: Sequence[Box] | None = None) -> bytes:
    """A picture to inspect or, with boxes, to be drawn again with these parts covered."""
    covered = None if boxes is None else [asdict(box) for box in boxes]
    return pack(json.dumps({"boxes": covered}).encode(), data)


def unpack_boxes(header: bytes) -> list[Box] | None:
    found = json.loads(header)["boxes"]
    return None if found is None else [Box(**box) for box in found]


def pack_facts(facts: PhotoFacts) -> bytes:
    taking = facts.taking
    header = {
        "media_type": facts.media_type,
        "width": facts.width,
        "height": facts.height,
        "sha256": facts.sha256,
        "taken": taking and taking.text,
        "taken_at": taking and taking.local and taking.local.isoformat(),
        **asdict(facts.likeness),
    }
    return pack(json.dumps(header).encode(), facts.small, facts.large)


def pack_redrawn(redrawn: Redrawn) -> bytes:
    return pack(b"{}", redrawn.small, redrawn.large)


def pack_video(facts: VideoFacts) -> bytes:
    header = {
        "media_type": facts.media_type,
        "milliseconds": facts.milliseconds,
        "blanks": [(each.at, each.length, each.head.hex()) for each in facts.blanks],
    }
    return pack(json.dumps(header).encode(), b"", b"")


def pack_refusal(code: str) -> bytes:
    return pack(json.dumps({"refused": code}).encode(), b"", b"")


def unpack_facts(frames: Sequence[bytes]) -> PhotoFacts:
    """What a child found out about a photo.

    Raises:
        PhotoRefused: when that is the answer.
        Unreadable: when it is none.
    """
    header = _header(frames)
    try:
        return PhotoFacts(
            media_type=str(header["media_type"]),
            width=int(header["width"]),
            height=int(header["height"]),
            sha256=str(header["sha256"]),
            taking=_taking(header["taken"], header["taken_at"]),
            likeness=Likeness(_bits(header["whole"]), int(header["detail"]), _bits(header["middle"])),
            small=frames[1],
            large=frames[2],
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise Unreadable(str(problem)) from None


def unpack_redrawn(frames: Sequence[bytes]) -> Redrawn:
    """The two pictures of an answer. Raises like `unpack_facts`."""
    _header(frames)
    return Redrawn(frames[1], frames[2])


def unpack_video(frames: Sequence[bytes]) -> VideoFacts:
    """What a child found out about a video. Raises like `unpack_facts`."""
    header = _header(frames)
    try:
        found = header["milliseconds"]
        blanks = tuple(
            Blank(int(at), int(length), bytes.fromhex(head)) for at, length, head in header["blanks"]
        )
        return VideoFacts(str(header["media_type"]), None if found is None else int(found), blanks)
    except (ValueError, KeyError, TypeError) as problem:
        raise Unreadable(str(problem)) from None


def _header(frames: Sequence[bytes]) -> dict[str, Any]:
    try:
        header = json.loads(frames[0])
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    if not isinstance(header, dict) or len(frames) < ANSWER_FRAMES:
        raise Unreadable("no answer")
    if "refused" in header:
        raise _refusal(header["refused"])
    return header


def _taking(text: object, local: object) -> Taking | None:
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > LONGEST_TAKING or not text.isprintable():
        raise ValueError("no text of a camera")
    return Taking(text, None if local is None else datetime.fromisoformat(str(local)).replace(tzinfo=None))


def _bits(found: object) -> str:
    if not isinstance(found, str) or len(found) != BITS or set(found) - {"0", "1"}:
        raise ValueError("no hash")
    return found


def _refusal(code: object) -> PhotoRefused:
    if not isinstance(code, str) or code not in REFUSALS:
        raise Unreadable("an unknown refusal")
    return PhotoRefused(code)
