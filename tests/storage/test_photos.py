"""Photo inspection: what is accepted, what is refused, and that nothing but pixels survives."""

import hashlib
import random
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from server.storage.photos import MAX_BYTES, PhotoRefused, inspect, media_type_of

GPS_IFD = 0x8825
ORIENTATION = 0x0112
SERIAL = "SN-4711-SECRET"


def picture(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Left half dark, right half light, so that a turn shows."""
    image = Image.new(mode, (width, height), 255 if len(mode) == 1 else "white")
    image.paste(0 if len(mode) == 1 else "black", (0, 0, width // 2, height))
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    target = BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def refusal(data: bytes) -> str:
    with pytest.raises(PhotoRefused) as caught:
        inspect(data)
    return caught.value.code


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and holds hardly any bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_the_three_kinds_are_accepted(kind: str, media_type: str) -> None:
    data = encoded(picture(2000, 1000), kind)
    facts = inspect(data)
    assert (facts.media_type, facts.width, facts.height) == (media_type, 2000, 1000)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert (opened(facts.large).format, opened(facts.large).size) == ("JPEG", (1600, 800))
    assert (opened(facts.small).format, opened(facts.small).size) == ("JPEG", (320, 160))


def test_a_phone_photo_of_several_pictures_comes_as_jpeg() -> None:
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture(50, 50)])
    assert opened(data).format == "MPO"
    facts = inspect(data)
    assert (facts.media_type, facts.width, facts.height) == ("image/jpeg", 400, 300)


@pytest.mark.parametrize("size", [(1, 1), (3, 9000), (1600, 1600), (319, 200)])
def test_small_and_odd_sizes_are_never_enlarged(size: tuple[int, int]) -> None:
    facts = inspect(encoded(picture(*size)))
    assert (facts.width, facts.height) == size
    large, small = opened(facts.large).size, opened(facts.small).size
    assert max(large) == min(1600, max(size))
    assert max(small) == min(320, max(size))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "size", "dark_at"),
    [
        (1, (400, 300), "left"),
        (2, (400, 300), "right"),
        (3, (400, 300), "right"),
        (4, (400, 300), "left"),
        (5, (300, 400), "top"),
        (6, (300, 400), "top"),
        (7, (300, 400), "bottom"),
        (8, (300, 400), "bottom"),
    ],
)
def test_orientation_is_applied(kind: str, orientation: int, size: tuple[int, int], dark_at: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    facts = inspect(encoded(picture(), kind, exif=exif))
    assert (facts.width, facts.height) == size
    for redrawn in (opened(facts.large).convert("L"), opened(facts.small).convert("L")):
        width, height = redrawn.size
        at = {
            "left": (width // 4, height // 2),
            "right": (3 * width // 4, height // 2),
            "top": (width // 2, height // 4),
            "bottom": (width // 2, 3 * height // 4),
        }
        shades = {side: redrawn.getpixel(point) for side, point in at.items()}
        opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[dark_at]
        assert shades[dark_at] < 60
        assert shades[opposite] > 200


def test_nothing_but_pixels_survives() -> None:
    exif = Image.Exif()
    exif[0x010E] = SERIAL
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS_IFD)[1] = "N"
    data = encoded(
        picture(),
        "JPEG",
        exif=exif,
        comment=SERIAL.encode(),
        icc_profile=SERIAL.encode(),
        xmp=f"<x:xmpmeta>{SERIAL}</x:xmpmeta>".encode(),
    )
    polyglot = data + b"<script>" + SERIAL.encode() + b"</script>PK\x03\x04"
    assert polyglot.count(SERIAL.encode()) == 5
    facts = inspect(polyglot)
    for derived in (facts.small, facts.large):
        assert SERIAL.encode() not in derived
        image = opened(derived)
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_only_the_first_frame_of_an_animation_counts() -> None:
    data = encoded(picture(), "WEBP", save_all=True, append_images=[Image.new("RGB", (400, 300), "red")])
    assert opened(inspect(data).large).convert("L").getpixel((10, 10)) == 0


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1", "I;16"])
def test_every_png_mode_is_redrawn(mode: str) -> None:
    image = picture().convert("L").point(lambda value: value * 257, "I").convert("I;16")
    data = encoded(image if mode == "I;16" else picture().convert(mode), "PNG")
    large = opened(inspect(data).large).convert("L")
    assert large.getpixel((10, 10)) == 0
    assert large.getpixel((390, 10)) == 255


def test_a_cmyk_jpeg_is_redrawn() -> None:
    large = opened(inspect(encoded(picture().convert("CMYK"))).large).convert("L")
    left, right = large.getpixel((10, 10)), large.getpixel((390, 10))
    assert left < 30
    assert right > 225


def test_what_is_transparent_turns_white() -> None:
    data = encoded(Image.new("RGBA", (40, 30), (255, 0, 0, 0)), "PNG")
    assert opened(inspect(data).large).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_an_image"),
        (b"hello", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"<html><script>alert(1)</script>", "not_an_image"),
        (b"%PDF-1.7\n", "type_not_allowed"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "type_not_allowed"),
        (encoded(Image.new("RGB", (9, 9)), "GIF"), "type_not_allowed"),
        (encoded(Image.new("RGB", (9, 9)), "BMP"), "type_not_allowed"),
        (encoded(Image.new("RGB", (9, 9)), "TIFF"), "type_not_allowed"),
        (b"\xff\xd8\xff", "broken"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (b"RIFF\x04\x00\x00\x00WEBP", "broken"),
        (encoded(picture())[:-2000], "broken"),
        (encoded(picture(), "PNG")[:-60], "broken"),
        (encoded(picture(), "WEBP")[:-40], "broken"),
        (png_header(10, 10), "broken"),
        (png_header(5001, 5000), "too_many_pixels"),
        (png_header(30_000, 30_000), "too_many_pixels"),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES), "too_large"),
    ],
)
def test_other_bytes_are_refused_with_a_reason(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_a_jpeg_may_have_more_pixels_than_a_png() -> None:
    head = bytearray(encoded(Image.new("L", (64, 64))))
    at = head.index(b"\xff\xc0") + 5
    head[at : at + 4] = struct.pack(">HH", 12_000, 10_001)
    assert refusal(bytes(head)) == "too_many_pixels"
    head[at : at + 4] = struct.pack(">HH", 12_000, 10_000)
    assert inspect(bytes(head)).width == 10_000


def test_damaged_metadata_does_not_lose_the_photo() -> None:
    data = encoded(picture(), exif=b"Exif\x00\x00MM\x00*" + b"\xff" * 200)
    assert inspect(data).width == 400


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_photos_are_refused_or_redrawn_and_nothing_else(kind: str) -> None:
    chance = random.Random(f"damage {kind}")
    good = encoded(picture(120, 90), kind)
    for _ in range(150):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 12)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        try:
            facts = inspect(bytes(bad))
        except PhotoRefused:
            continue
        assert opened(facts.large).format == "JPEG"


@pytest.mark.parametrize(
    ("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_the_first_bytes_tell_the_type(kind: str, media_type: str) -> None:
    data = encoded(picture(), kind)
    assert media_type_of(data) == media_type == inspect(data).media_type


@pytest.mark.parametrize(
    "data", [b"", b"WEBP", b"RIFF\x00\x00\x00\x00WAVE", b"\x00" * 8 + b"WEBP", b"\xff\xd8"]
)
def test_what_only_resembles_a_photo_has_none(data: bytes) -> None:
    with pytest.raises(PhotoRefused, match="not_an_image"):
        media_type_of(data)
