"""What a photo is, found out from its bytes; the only module that imports Pillow.

A photo counts when it decodes as JPEG, PNG or WebP within the pixel limits. What others see is drawn anew
from the pixels of the first frame: no location, serial number, comment, thumbnail or hidden file survives,
nor does a colour profile. Hostile bytes may still exhaust memory or time: run this in a child, through
`server.storage.inspection`.
"""

import hashlib
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

REFUSALS: Final = frozenset(
    {"not_an_image", "type_not_allowed", "too_many_pixels", "too_large", "broken", "too_slow"}
)
MAX_BYTES: Final = 25 * 1024 * 1024
LARGE_PIXELS: Final = 1600
SMALL_PIXELS: Final = 320
# Pillow's name -> media type and most pixels. JPEG is decoded at a fraction of its size, the others whole:
# 50 megapixels of WebP took 801 MB (trust.md T19).
ALLOWED: Final[dict[str, tuple[str, int]]] = {
    "JPEG": ("image/jpeg", 120_000_000),
    "MPO": ("image/jpeg", 120_000_000),
    "PNG": ("image/png", 25_000_000),
    "WEBP": ("image/webp", 25_000_000),
}
# A JPEG of several pictures (MPO) is opened as a JPEG and then called by its own name.
OPENED: Final = (JpegImageFile.format, PngImageFile.format, WebPImageFile.format)
# How the files of those kinds begin: (offset, bytes) -> media type.
BEGINNINGS: Final = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
)
# What people send by mistake; it gets a more helpful answer than bytes that are no picture at all.
OTHER_PICTURES: Final = (
    (0, b"GIF8"),
    (0, b"BM"),
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
    (0, b"%PDF"),
    (4, b"ftyp"),
)
# The limits above decide. Pillow's own would warn between 89 and 179 megapixels and raise beyond.
Image.MAX_IMAGE_PIXELS = None
ImageFile.LOAD_TRUNCATED_IMAGES = False


class PhotoRefused(Exception):
    """Bytes that don't count as a photo; `code` is one of `REFUSALS` or a caller's own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """A decoded photo.

    Attributes:
        media_type: found out, not claimed.
        width, height: pixels, as people see it (orientation applied).
        sha256: of the bytes as they came, hexadecimal.
        small, large: JPEGs of at most 320 and 1600 pixels a side, without metadata.
    """

    media_type: str
    width: int
    height: int
    sha256: str
    small: bytes
    large: bytes


def inspect(data: bytes) -> PhotoFacts:
    """Decode a photo and redraw it small.

    Raises:
        PhotoRefused: `too_large` (bytes), `not_an_image`, `type_not_allowed`, `too_many_pixels`, `broken`.
    """
    if len(data) > MAX_BYTES:
        raise PhotoRefused("too_large")
    media_type_of(data)
    with _translated(), Image.open(BytesIO(data), formats=OPENED) as image:
        media_type, most_pixels = ALLOWED[image.format or ""]
        if image.width * image.height > most_pixels:
            raise PhotoRefused("too_many_pixels")
        turned = _orientation(image) in {5, 6, 7, 8}
        width, height = (image.height, image.width) if turned else image.size
        large = _redrawn(image)
    small = large.resize(_fitted(large.size, SMALL_PIXELS), Image.Resampling.BICUBIC)
    digest = hashlib.sha256(data).hexdigest()
    return PhotoFacts(media_type, width, height, digest, _jpeg(small, 80), _jpeg(large, 85))


def media_type_of(data: bytes) -> str:
    """What a file's first bytes say it is, whatever its name or its sender say. Nothing is decoded.

    Raises:
        PhotoRefused: `type_not_allowed` for another kind of picture, `not_an_image` for anything else.
    """
    for at, mark, media_type in BEGINNINGS:
        # Sound and video begin with RIFF too, so WebP's own word behind it is what counts.
        if data[at : at + len(mark)] == mark and (at == 0 or data[:4] == b"RIFF"):
            return media_type
    other = any(data[at : at + len(mark)] == mark for at, mark in OTHER_PICTURES)
    raise PhotoRefused("type_not_allowed" if other else "not_an_image")


@contextmanager
def _translated() -> Iterator[None]:
    """Everything Pillow was seen to raise on 8,842 hostile and odd files (trust.md E8).

    Its warnings about damaged metadata around good pixels are nobody's business.
    """
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            yield
    except UnidentifiedImageError:
        raise PhotoRefused("broken") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoRefused("too_many_pixels") from None
    except (
        OSError,
        ValueError,
        SyntaxError,
        NotImplementedError,
        EOFError,
        IndexError,
        KeyError,
        TypeError,
        OverflowError,
        MemoryError,
        struct.error,
    ):
        raise PhotoRefused("broken") from None


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8. Damaged metadata around good pixels is no reason to lose a photo."""
    try:
        found = image.getexif().get(0x0112, 1)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error):
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _redrawn(image: Image.Image) -> Image.Image:
    """The first frame as new RGB pixels of at most 1600 a side, upright, with nothing else attached."""
    turn = TURNS.get(_orientation(image))
    target = _fitted(image.size, LARGE_PIXELS)
    # JPEG decodes at a half, quarter or eighth when told the exact target; (1600, 1600) would do nothing.
    image.draft("RGB", target)
    image.load()
    plain = _plain(image)
    scaled = (
        plain.resize(target, Image.Resampling.BICUBIC, reducing_gap=2.0) if plain.size != target else plain
    )
    upright = scaled if turn is None else scaled.transpose(turn)
    return _on_white(upright)


def _fitted(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """The size with the same shape and at most `pixels` a side; nothing is enlarged, nothing gets empty."""
    factor = min(1.0, pixels / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _plain(image: Image.Image) -> Image.Image:
    """The image in a mode that can be resized: RGB, L, or RGBA where something is transparent."""
    if image.mode.startswith("I"):
        # 16-bit grey is cut off at 255 by a plain conversion, which leaves a white sheet.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in {"RGB", "L"} else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", image.size, "white")
    sheet.paste(image, mask=image if image.mode == "RGBA" else None)
    return sheet


def _jpeg(image: Image.Image, quality: int) -> bytes:
    target = BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()
