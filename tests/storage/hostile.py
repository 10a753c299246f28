"""Malicious and odd files, made by the thousand from a seed: what people and attackers send for photos.

    .venv/bin/python -m tests.storage.hostile 10000 [SEED]

inspects so many in a child like the worker's and prints what became of them, and each child that ended over
one. It ends with 1 when anything but pixels was served, or no photo can be inspected afterwards.
"""

import hashlib
import random
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from io import BytesIO

import pillow_heif
from PIL import Image

from server.storage.inspection import Inspector
from server.storage.photos import PhotoRefused, Redrawn

pillow_heif.register_heif_opener()

KINDS = ("JPEG", "PNG", "WEBP", "HEIF", "MPO", "GIF", "BMP", "TIFF", "ICO", "TGA", "PPM", "AVIF", "PDF")
TAKEN = ("JPEG", "PNG", "WEBP", "HEIF", "MPO")
# A word that no picture's pixels spell, put wherever a file has room for words.
SECRET = b"<script>alert('SN-4711-SECRET')</script>"
MARKUP = (SECRET, b"<svg onload=x>", b"<?php system($_GET[0]);", b"<html><body onload=y>", b"SN-4711-SECRET")
WORDS = (
    *(b"<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>", b"<?xml version='1.0'?><svg/>"),
    *(
        b"<!doctype html><script>x</script>",
        b"%PDF-1.7\n1 0 obj",
        b"PK\x03\x04" + bytes(40),
        b"MZ" + bytes(60),
    ),
    *(
        b"\x7fELF" + bytes(60),
        b"#!/bin/sh\nrm -rf /",
        b"GIF89a",
        b"{}",
        b"",
        b"\0",
        b"%!PS-Adobe-3.0 EPSF-3.0",
    ),
    *(b"push graphic-context\nviewbox 0 0 1 1\nimage over 0,0 0,0 'https://x/'", b"\xff\xd8", b"RIFF"),
)

Maker = Callable[[random.Random], bytes]


@cache
def picture(kind: str, number: int) -> bytes:
    """One of a few good pictures of a kind."""
    chance = random.Random(f"{kind} {number}")
    size = chance.randint(8, 160), chance.randint(8, 160)
    image = Image.effect_noise(size, 80).convert("RGB")
    image.paste((chance.randrange(256), 30, 90), (0, 0, size[0] // 2, size[1]))
    target = BytesIO()
    more = {"save_all": True, "append_images": [image.rotate(90)]} if kind in {"MPO", "GIF"} else {}
    image.save(target, kind, **more)
    return target.getvalue()


def good(chance: random.Random, kinds: tuple[str, ...] = TAKEN) -> bytes:
    return picture(chance.choice(kinds), chance.randrange(6))


def odd_kind(chance: random.Random) -> bytes:
    """A picture of any kind, whatever it will be called."""
    return good(chance, KINDS)


def flipped(chance: random.Random) -> bytes:
    data = bytearray(good(chance))
    for _ in range(chance.choice((1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def scrambled_head(chance: random.Random) -> bytes:
    data = bytearray(good(chance))
    for _ in range(chance.randint(1, 12)):
        data[chance.randrange(min(len(data), 64))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(data)


def truncated(chance: random.Random) -> bytes:
    data = good(chance)
    return data[: chance.randrange(len(data))]


def stretched(chance: random.Random) -> bytes:
    """A stretch of the file repeated, taken out or moved, as broken transfers do."""
    data = good(chance)
    start, end = sorted(chance.randrange(len(data)) for _ in range(2))
    piece = data[start:end]
    return chance.choice(
        (data[:end] + piece * 3 + data[end:], data[:start] + data[end:], data[end:] + piece + data[:start])
    )


def polyglot(chance: random.Random) -> bytes:
    """A good picture that is something else as well: before it, in it, or behind it."""
    data, words = good(chance), chance.choice(MARKUP)
    at = chance.choice((0, 2, 20, len(data) // 2, len(data)))
    return data[:at] + words + data[at:]


def described(chance: random.Random) -> bytes:
    """Markup where cameras and programs write: EXIF, XMP, comments, text chunks."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = SECRET.decode()
    exif.get_ifd(0x8769)[0x9003] = chance.choice((SECRET.decode(), "2026:05:04 10:20:30", "9" * 400))
    kind = chance.choice(("JPEG", "PNG", "WEBP", "HEIF"))
    more: dict[str, object] = {"exif": exif, "xmp": SECRET} if kind != "PNG" else {"exif": exif}
    if kind == "JPEG":
        more["comment"] = SECRET
    target = BytesIO()
    Image.effect_noise((40, 30), 90).convert("RGB").save(target, kind, **more)
    return target.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(chance: random.Random) -> bytes:
    """Few bytes that promise or hold many pixels."""
    side = chance.choice((30_000, 65_535, 5_001, 4_000, 2**31 - 1))
    depth, colour = chance.choice(((8, 2), (16, 6), (1, 0), (8, 3)))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, chance.choice((side, 1)), depth, colour, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(chance.choice((0, 1_000, 2_000_000)))))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(chance.choice((10, 5_000_000)))))
    return b"\x89PNG\r\n\x1a\n" + head + chance.choice((b"", text)) + rows + chunk(b"IEND", b"")


def jpeg_bomb(chance: random.Random) -> bytes:
    """A head that lies about the size, or scans that come again and again."""
    target = BytesIO()
    Image.new("L", (64, 64), "white").save(target, "JPEG", progressive=True)
    data = target.getvalue()
    if chance.random() < 0.6:
        head = bytearray(data)
        at = head.index(b"\xff\xc2") + 5
        head[at : at + 4] = struct.pack(">HH", *(chance.choice((0, 1, 9_000, 30_000, 65_535)) for _ in "hw"))
        return bytes(head)
    start, mark, scan = data.removesuffix(b"\xff\xd9").rpartition(b"\xff\xda")
    return start + (mark + scan) * chance.choice((50, 2_000)) + b"\xff\xd9"


def container_bomb(chance: random.Random) -> bytes:
    """Boxes and chunks with sizes that cannot be, as HEIC and WebP have them."""
    if chance.random() < 0.5:
        size = chance.choice((0, 1, 7, 2**31, 2**32 - 1))
        return b"RIFF" + struct.pack("<I", size) + b"WEBPVP8X" + chance.randbytes(chance.randrange(60))
    boxes = b"".join(
        struct.pack(">I4s", chance.choice((0, 1, 8, 9, 40, 2**31)), kind)
        + chance.randbytes(chance.randrange(40))
        for kind in (b"meta", b"iinf", b"iloc", b"iprp", b"ipco", b"ispe", b"mdat")
    )
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + boxes


def resized_heic(chance: random.Random) -> bytes:
    """HEIC whose head promises another size than its tiles have."""
    data = bytearray(picture("HEIF", chance.randrange(6)))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", *(chance.choice((0, 1, 5_001, 30_000, 2**31)) for _ in "wh"))
    return bytes(data)


def words(chance: random.Random) -> bytes:
    """No picture at all, alone or behind the mark of one."""
    mark = chance.choice((b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF0000WEBP"))
    return mark + chance.choice(WORDS) + chance.choice((b"", SECRET, chance.randbytes(200)))


def noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 11, 300, 20_000)))


MAKERS: tuple[Maker, ...] = (
    *(odd_kind, flipped, scrambled_head, truncated, stretched, polyglot, described),
    *(png_bomb, jpeg_bomb, container_bomb, resized_heic, words, noise),
)


def make(number: int, seed: str) -> tuple[str, bytes]:
    """The name of what it is, and the file; the same for the same number and seed."""
    maker = MAKERS[number % len(MAKERS)]
    return maker.__name__, maker(random.Random(f"{seed} {number}"))


def leaks(served: Redrawn) -> bool:
    """Whether what others get holds anything but pixels."""
    for data in (served.small, served.large):
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            extra = set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            if extra or image.getexif() or max(image.size) > 1600:
                return True
        if any(mark.lower() in data.lower() for mark in MARKUP):
            return True
    return False


def judge(inspector: Inspector, data: bytes) -> str:
    """`taken`, or why it was not; LEAKED when more than pixels would be served."""
    try:
        facts = inspector.inspect(data)
    except PhotoRefused as refused:
        return refused.code
    honest = facts.sha256 == hashlib.sha256(data).hexdigest()
    return "taken" if honest and not leaks(Redrawn(facts.small, facts.large)) else "LEAKED"


def main() -> int:
    count, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "nightly"
    found: dict[str, Counter[str]] = {}
    slowest, started, lost = 0.0, time.monotonic(), 0
    with Inspector() as inspector:
        for number in range(count):
            name, data = make(number, seed)
            begun = time.monotonic()
            found.setdefault(name, Counter())[judge(inspector, data)] += 1
            if len(inspector.lost) > lost:
                lost = len(inspector.lost)
                sys.stdout.write(f"a child ended with {inspector.lost[-1]}: {name} {number} of {seed}\n")
            slowest = max(slowest, time.monotonic() - begun)
        alive = judge(inspector, picture("JPEG", 0)) == "taken"
    for name, codes in found.items():
        sys.stdout.write(f"{name:16} {', '.join(f'{code} {n}' for code, n in codes.most_common())}\n")
    seconds = time.monotonic() - started
    sys.stdout.write(f"{count} files in {seconds:.0f} s, slowest {slowest:.1f} s, children lost {lost}\n")
    leaked = sum(codes["LEAKED"] for codes in found.values())
    sys.stdout.write(f"served with more than pixels: {leaked}; a good photo afterwards: {alive}\n")
    return 0 if alive and not leaked else 1


if __name__ == "__main__":
    sys.exit(main())
