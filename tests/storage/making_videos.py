"""Small videos made by hand, whole or with something wrong in them."""

import struct


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def ftyp(brand: bytes = b"isom", others: bytes = b"isommp42") -> bytes:
    return box(b"ftyp", brand + struct.pack(">I", 512) + others)


def mvhd(milliseconds: int = 2500, *, wide: bool = False) -> bytes:
    times = struct.pack(">QQIQ" if wide else ">IIII", 0, 0, 1000, milliseconds)
    return box(b"mvhd", bytes([wide, 0, 0, 0]) + times + bytes(80))


def track(handler: bytes = b"vide") -> bytes:
    return box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(13))))


def moov(*boxes: bytes) -> bytes:
    return box(b"moov", b"".join(boxes) or mvhd() + track(b"soun") + track())


def mp4(*, head: bytes = b"", middle: bytes = b"", tail: bytes = b"", media: bytes = bytes(4000)) -> bytes:
    """A video that a phone might have taken, with room for what should not be there."""
    return (head or ftyp()) + moov() + middle + box(b"mdat", media) + tail


def element(name: int, body: bytes, *, open_ended: bool = False) -> bytes:
    marked = name.to_bytes((name.bit_length() + 7) // 8)
    size = b"\x01" + b"\xff" * 7 if open_ended else (len(body) | 1 << 56).to_bytes(8)
    return marked + size + body


def header(doc_type: bytes = b"webm") -> bytes:
    return element(0x1A45DFA3, element(0x4286, b"\x01") + element(0x4282, doc_type))


def webm(
    *,
    doc_type: bytes = b"webm",
    live: bool = False,
    kind: int = 1,
    told: bytes = b"",
    extra: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """A video as browsers record it; `live` leaves sizes and duration open; `told` is about itself."""
    length = b"" if live else element(0x4489, struct.pack(">d", 2500.0))
    info = element(0x1549A966, element(0x2AD7B1, (1_000_000).to_bytes(3)) + told + length)
    tracks = element(0x1654AE6B, element(0xAE, element(0xD7, b"\x01") + element(0x83, bytes([kind]))))
    block = element(0xA3, b"\x81\x00\x00\x80" + bytes(900))
    clusters = b"".join(
        element(0x1F43B675, element(0xE7, at.to_bytes(2)) + block, open_ended=live) for at in (0, 1000, 2000)
    )
    body = info + tracks + extra + clusters
    return header(doc_type) + element(0x18538067, body, open_ended=live) + tail
