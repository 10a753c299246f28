"""How the inspecting child and its parent talk: frames of a four-byte length and that many bytes.

The parent sends one frame, the photo. The child answers with three: facts as JSON, the small picture, the
large one. No pickle: whoever takes over the child with a hostile photo must gain no code in the parent.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from server.storage.photos import REFUSALS, PhotoFacts, PhotoRefused

LENGTH: Final = struct.Struct(">I")
ANSWER_FRAMES: Final = 3


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


def pack_facts(facts: PhotoFacts) -> bytes:
    header = {
        "media_type": facts.media_type,
        "width": facts.width,
        "height": facts.height,
        "sha256": facts.sha256,
    }
    return pack(json.dumps(header).encode(), facts.small, facts.large)


def pack_refusal(code: str) -> bytes:
    return pack(json.dumps({"refused": code}).encode(), b"", b"")


def unpack_answer(frames: Sequence[bytes]) -> PhotoFacts:
    """The child's answer.

    Raises:
        PhotoRefused: when that is the answer.
        Unreadable: when it is none.
    """
    try:
        header = json.loads(frames[0])
        if "refused" in header:
            raise _refusal(header["refused"])
        return PhotoFacts(
            media_type=str(header["media_type"]),
            width=int(header["width"]),
            height=int(header["height"]),
            sha256=str(header["sha256"]),
            small=frames[1],
            large=frames[2],
        )
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        raise Unreadable(str(problem)) from None


def _refusal(code: object) -> PhotoRefused:
    if not isinstance(code, str) or code not in REFUSALS:
        raise Unreadable("an unknown refusal")
    return PhotoRefused(code)
