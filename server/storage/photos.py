"""What a photo is, found out from its bytes; the only module that imports Pillow and its reader of HEIC.

A photo counts when it decodes as JPEG, PNG, WebP or HEIC within the pixel limits. What others see is drawn
anew from the pixels of the first frame: no location, serial number, comment, thumbnail or hidden file
survives, nor does a colour profile. Hostile bytes may still exhaust memory or time: run this in a child,
through `server.storage.inspection`.
"""

import hashlib
import math
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import pillow_heif
from PIL import Image, ImageDraw, ImageFile, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from server.storage import resemblance
from server.storage.resemblance import Likeness
from server.storage.taking import Taking, taking

REFUSALS: Final = frozenset(
    {
        "not_an_image",
        "not_a_video",
        "type_not_allowed",
        "too_many_pixels",
        "too_large",
        "broken",
        "too_slow",
        "something_hidden",
    }
)
MAX_BYTES: Final = 25 * 1024 * 1024
LARGE_PIXELS: Final = 1600
SMALL_PIXELS: Final = 320
LARGE_QUALITY: Final = 85
SMALL_QUALITY: Final = 80
# Pillow's name -> media type and most pixels. JPEG is decoded at a fraction of its size, the others whole:
# 50 megapixels of WebP took 801 MB (trust.md T19).
ALLOWED: Final[dict[str, tuple[str, int]]] = {
    "JPEG": ("image/jpeg", 120_000_000),
    "MPO": ("image/jpeg", 120_000_000),
    "PNG": ("image/png", 25_000_000),
    "WEBP": ("image/webp", 25_000_000),
    "HEIF": ("image/heic", 25_000_000),
}
# A JPEG of several pictures (MPO) is opened as a JPEG and then called by its own name.
OPENED: Final = (JpegImageFile.format, PngImageFile.format, WebPImageFile.format, "HEIF")
# How the files of those kinds begin: (offset, bytes) -> media type.
BEGINNINGS: Final = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
)
# HEIC is one of many kinds of file that begin with `ftyp`; the four bytes behind it say which.
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
# What people send by mistake; it gets a more helpful answer than bytes that are no picture at all.
OTHER_PICTURES: Final = (
    (0, b"GIF8"),
    (0, b"BM"),
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
    (0, b"%PDF"),
    (4, b"ftyp"),
)
EXIF_IFD: Final = 0x8769
DATE_TIME_ORIGINAL: Final = 0x9003
OFFSET_TIME_ORIGINAL: Final = 0x9011
# A second likeness of the middle finds pictures again whose edges were cut off.
MIDDLE: Final = 0.9
COVER: Final = (0, 0, 0)
# The limits above decide. Pillow's own would warn between 89 and 179 megapixels and raise beyond.
Image.MAX_IMAGE_PIXELS = None
ImageFile.LOAD_TRUNCATED_IMAGES = False
# A photo is one core's work: the limit on processor time counts all threads.
pillow_heif.register_heif_opener(thumbnails=False, aux_images=False, depth_images=False, decode_threads=1)


class PhotoRefused(Exception):
    """Bytes that don't count as a photo; `code` is one of `REFUSALS` or a caller's own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Redrawn:
    """JPEGs of at most 320 and 1600 pixels a side, without metadata."""

    small: bytes
    large: bytes


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture to be covered, in fractions of its width and height; (0, 0) is top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """A decoded photo.

    Attributes:
        media_type: found out, not claimed.
        width, height: pixels, as people see it (orientation applied).
        sha256: of the bytes as they came, hexadecimal.
        taking: when it was taken, by its own account; None when it says nothing.
        likeness: what it is found again by.
        small, large: what others may see of it; JPEGs of at most 320 and 1600 pixels a side, without
            metadata.
    """

    media_type: str
    width: int
    height: int
    sha256: str
    taking: Taking | None
    likeness: Likeness
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
        taken = _taking(image)
        large = _redrawn(image)
    small = _small(large)
    return PhotoFacts(
        media_type=media_type,
        width=width,
        height=height,
        sha256=hashlib.sha256(data).hexdigest(),
        taking=taken,
        likeness=_likeness(small),
        small=_jpeg(small, SMALL_QUALITY),
        large=_jpeg(large, LARGE_QUALITY),
    )


def redact(data: bytes, boxes: Sequence[Box]) -> Redrawn:
    """Cover parts of a picture that was redrawn before; nothing of what lay below is left.

    Raises:
        PhotoRefused: as `inspect` does.
    """
    media_type_of(data)
    with _translated(), Image.open(BytesIO(data), formats=OPENED) as image:
        sheet = _redrawn(image)
    pen = ImageDraw.Draw(sheet)
    for box in boxes:
        pen.rectangle(_pixels(box, sheet.size), fill=COVER)
    return Redrawn(_jpeg(_small(sheet), SMALL_QUALITY), _jpeg(sheet, LARGE_QUALITY))


def media_type_of(data: bytes) -> str:
    """What a file's first bytes say it is, whatever its name or its sender say. Nothing is decoded.

    Raises:
        PhotoRefused: `type_not_allowed` for another kind of picture, `not_an_image` for anything else.
    """
    for at, mark, media_type in BEGINNINGS:
        # Sound and video begin with RIFF too, so WebP's own word behind it is what counts.
        if data[at : at + len(mark)] == mark and (at == 0 or data[:4] == b"RIFF"):
            return media_type
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return "image/heic"
    other = any(data[at : at + len(mark)] == mark for at, mark in OTHER_PICTURES)
    raise PhotoRefused("type_not_allowed" if other else "not_an_image")


@contextmanager
def _translated() -> Iterator[None]:
    """Everything Pillow was seen to raise on hostile and odd files by the thousand.

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
        AssertionError,
        MemoryError,
        RuntimeError,
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


def _taking(image: Image.Image) -> Taking | None:
    """When the camera says that the shutter went; the day a program saved the file says nothing."""
    try:
        details = image.getexif().get_ifd(EXIF_IFD)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error):
        return None
    return taking(details.get(DATE_TIME_ORIGINAL), details.get(OFFSET_TIME_ORIGINAL))


def _likeness(small: Image.Image) -> Likeness:
    grey = small.convert("L")
    edge = (1 - MIDDLE) / 2
    middle = (grey.width * edge, grey.height * edge, grey.width * (1 - edge), grey.height * (1 - edge))
    return Likeness(*_hashed(grey, (0, 0, *grey.size)), _hashed(grey, middle)[0])


def _hashed(grey: Image.Image, part: tuple[float, float, float, float]) -> tuple[str, int]:
    """Hash and detail of a part of the picture."""
    across, down = (
        grey.resize(size, Image.Resampling.BICUBIC, box=part, reducing_gap=3.0).tobytes()
        for size in (resemblance.ACROSS, resemblance.DOWN)
    )
    return resemblance.hashed(across, down)


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Every pixel that the box touches, the last ones included."""
    width, height = size
    return (
        math.floor(box.left * width),
        math.floor(box.top * height),
        math.ceil(box.right * width) - 1,
        math.ceil(box.bottom * height) - 1,
    )


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
    """On a sheet of its own in any case: a picture remembers comments that would be written again."""
    clear = image.mode == "RGBA"
    sheet = Image.new("RGB", image.size, "white" if clear else None)
    sheet.paste(image, mask=image if clear else None)
    return sheet


def _small(large: Image.Image) -> Image.Image:
    return large.resize(_fitted(large.size, SMALL_PIXELS), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    target = BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()
