"""Photo inspection: what is accepted, what is refused, and that nothing but pixels survives."""

import hashlib
import random
import struct
import zlib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from io import BytesIO

import pillow_heif
import pytest
from PIL import Image, ImageEnhance

from server.demo.pictures import scene
from server.storage.photos import MAX_BYTES, Box, PhotoRefused, inspect, media_type_of, redact
from server.storage.resemblance import Likeness, distance

GPS_IFD = 0x8825
EXIF_IFD = 0x8769
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


def turned_heic(exif: Image.Exif) -> bytes:
    """As phones write it: turned by boxes of the file's own, and EXIF says the same once more."""
    heic = pillow_heif.from_pillow(picture())
    heic.info["exif"] = exif.tobytes()
    target = BytesIO()
    heic.save(target)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def refusal(data: bytes) -> str:
    with pytest.raises(PhotoRefused) as caught:
        inspect(data)
    return caught.value.code


def png_header(width: int, height: int, *, palette: bool = False) -> bytes:
    """A PNG that promises many pixels and holds hardly any bytes, or one of colours that it does not list."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 3 if palette else 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 + width) * height if palette else b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("HEIF", "image/heic")],
)
def test_the_kinds_that_phones_take_are_accepted(kind: str, media_type: str) -> None:
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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
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
    facts = inspect(turned_heic(exif) if kind == "HEIF" else encoded(picture(), kind, exif=exif))
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
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "broken"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", "type_not_allowed"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "type_not_allowed"),
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
        (png_header(9, 9, palette=True), "broken"),
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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
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
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("HEIF", "image/heic")],
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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize(
    ("moment", "offset", "text", "local"),
    [
        ("2026:05:04 10:20:30", None, "2026:05:04 10:20:30", datetime.fromisoformat("2026-05-04 10:20:30")),
        (
            "2026:05:04 10:20:30",
            "+08:00",
            "2026:05:04 10:20:30+08:00",
            datetime.fromisoformat("2026-05-04 10:20:30"),
        ),
        ("2026:05:04 10:20:30", "east", "2026:05:04 10:20:30", datetime.fromisoformat("2026-05-04 10:20:30")),
        ("0000:00:00 00:00:00", None, "0000:00:00 00:00:00", None),
        ("1970:01:01 00:00:00", None, "1970:01:01 00:00:00", None),
        ("yesterday", None, "yesterday", None),
    ],
)
def test_when_a_photo_was_taken_is_read_as_it_stands_there(
    kind: str, moment: str, offset: str | None, text: str, local: datetime | None
) -> None:
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    details = exif.get_ifd(EXIF_IFD)
    details[0x9003] = moment
    if offset is not None:
        details[0x9011] = offset
    taking = inspect(encoded(picture(), kind, exif=exif)).taking
    assert taking is not None
    assert (taking.text, taking.local) == (text, local)


def test_a_photo_that_tells_no_time_has_none() -> None:
    exif = Image.Exif()
    exif[0x0132] = "2026:05:04 10:20:30"
    exif.get_ifd(EXIF_IFD)[0x9003] = "x" * 500
    assert inspect(encoded(picture(), exif=exif)).taking is None
    assert inspect(encoded(picture())).taking is None


def test_what_is_covered_is_gone_and_the_rest_stays() -> None:
    seen = inspect(encoded(Image.new("RGB", (1700, 900), "red"))).large
    covered = redact(seen, [Box(0.25, 0.25, 0.5, 0.75), Box(0.9, 0.9, 1.0, 1.0)])
    for data, width in ((covered.large, 1600), (covered.small, 320)):
        image = opened(data)
        assert image.width == width
        inside = image.crop(
            (width // 4 + 1, image.height // 4 + 1, width // 2 - 1, image.height * 3 // 4 - 1)
        )
        assert max(high for _, high in inside.getextrema()) < 40
        assert max(image.getpixel((image.width - 1, image.height - 1))) < 40
        assert image.getpixel((width // 8, image.height // 2))[0] > 240


def test_a_box_without_width_covers_nothing_and_one_pixel_is_covered_whole() -> None:
    sheet = encoded(Image.new("RGB", (64, 64), "white"), "PNG")
    assert opened(redact(sheet, [Box(0.5, 0.5, 0.5001, 0.5001)]).large).convert("L").getpixel((32, 32)) < 90


Change = Callable[[Image.Image], bytes]


def cropped(share: float) -> Change:
    """Cut off all around, so that `share` of each side is gone."""

    def change(image: Image.Image) -> bytes:
        across, down = image.width * share / 2, image.height * share / 2
        box = (round(across), round(down), round(image.width - across), round(image.height - down))
        return encoded(image.crop(box), quality=80)

    return change


def seen_from_somewhere(image: Image.Image, chance: random.Random) -> Image.Image:
    """A scene as another visitor sees it: other viewpoint, other light, a sensor's noise."""
    scale = chance.uniform(0.55, 0.95)
    wide, high = image.width * scale, image.height * scale
    x, y = chance.uniform(0, image.width - wide), chance.uniform(0, image.height - high)
    shifts = [chance.uniform(-0.08, 0.08) * wide for _ in range(8)]
    corners = (x, y, x, y + high, x + wide, y + high, x + wide, y)
    quad = tuple(corner + shift for corner, shift in zip(corners, shifts, strict=True))
    turned = image.transform((640, 480), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    lit = ImageEnhance.Brightness(turned).enhance(chance.uniform(0.6, 1.3))
    shade = Image.linear_gradient("L").rotate(chance.uniform(0, 360)).resize(lit.size)
    lit = Image.composite(lit, ImageEnhance.Brightness(lit).enhance(chance.uniform(0.6, 0.9)), shade)
    return Image.blend(lit, Image.effect_noise(lit.size, 30).convert("RGB"), 0.06)


@cache
def album() -> list[Image.Image]:
    chance = random.Random("album")
    return [
        seen_from_somewhere(opened(scene(kind, number)).convert("RGB"), chance)
        for kind in ("street", "lobby", "counter")
        for number in range(8)
    ]


@cache
def likenesses() -> list[Likeness]:
    return [inspect(encoded(image, quality=92)).likeness for image in album()]


@pytest.mark.parametrize(
    ("change", "below", "share"),
    [
        (lambda image: encoded(image, quality=60), 6, 0.95),
        (lambda image: encoded(image, quality=30), 6, 0.95),
        (lambda image: encoded(image, "WEBP", quality=50), 6, 0.95),
        (lambda image: encoded(image.resize((320, 240))), 6, 0.95),
        (lambda image: encoded(image.resize((1333, 1000)), quality=70), 6, 0.95),
        (lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.2)), 6, 0.9),
        (cropped(0.05), 13, 0.95),
        (cropped(0.10), 6, 0.7),
        (cropped(0.10), 13, 0.95),
    ],
    ids=["q60", "q30", "webp", "halved", "enlarged", "brighter", "crop 5 %", "crop 10 % near", "crop 10 %"],
)
def test_a_changed_copy_is_found_again(change: Change, below: int, share: float) -> None:
    found = 0
    for before, image in zip(likenesses(), album(), strict=True):
        after = inspect(change(image)).likeness
        found += min(distance(before.whole, after.whole), distance(before.middle, after.whole)) < below
    assert found >= share * len(album())


def test_photos_that_have_nothing_to_do_with_each_other_are_far_apart() -> None:
    pairs = [(one, other) for at, one in enumerate(likenesses()) for other in likenesses()[:at]]
    for apart in (
        [distance(one.whole, other.whole) for one, other in pairs],
        [distance(one.middle, other.whole) for one, other in pairs],
    ):
        assert min(apart) >= 6
        assert sum(each >= 13 for each in apart) >= 0.99 * len(apart)


def test_walls_and_floors_have_no_detail_and_scenes_have() -> None:
    wall = Image.linear_gradient("L").resize((640, 480)).point(lambda shade: 200 + shade // 32)
    plain = [Image.new("RGB", (640, 480), "white"), wall, Image.effect_noise((640, 480), 20)]
    assert max(inspect(encoded(each)).likeness.detail for each in plain) <= 4
    assert min(each.detail for each in likenesses()) >= 16
