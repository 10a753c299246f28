"""Photos of 12 megapixels: inspected as the worker does it, beside bare Pillow on the same photo.

Both draw the two pictures that others see and encode them. Bare Pillow tells the decoder the exact target,
which is the quickest way there is; ours adds the child and its pipes, the checksum, when the photo was taken
and what it looks like.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

from PIL import Image

from bench.checkers import in_turn
from bench.measurements import Measurement, Share
from server.demo.pictures import scene
from server.storage.inspection import Inspector

SIDES = (4000, 3000)
LARGE, SMALL = (1600, 1200), (320, 240)
GRAIN = 0.06
BARE, INSPECTED = "bare-pillow", "inspected"


@contextmanager
def photos() -> Iterator[Sequence[Measurement]]:
    """The rows, with one child that serves them: all of it takes one core."""
    photo = _photo()
    with Inspector() as inspector:
        yield (
            Measurement(
                INSPECTED,
                "photo of 12 megapixels inspected",
                lambda seconds: in_turn([lambda: inspector.inspect(photo)], seconds),
                Share(1.0, BARE),
            ),
            Measurement(
                BARE,
                "the same decoded and resized by bare Pillow",
                lambda seconds: in_turn([lambda: _bare(photo)], seconds),
            ),
        )


def _photo() -> bytes:
    """A drawn lobby with the grain of a sensor: some 3 MB, as phones write."""
    with Image.open(BytesIO(scene("lobby", 1))) as drawn:
        large = drawn.convert("RGB").resize(SIDES, Image.Resampling.BICUBIC)
    grainy = Image.blend(large, Image.effect_noise(SIDES, 60).convert("RGB"), GRAIN)
    return _encoded(grainy, 88)


def _bare(photo: bytes) -> tuple[bytes, bytes]:
    with Image.open(BytesIO(photo)) as image:
        image.draft("RGB", LARGE)
        large = image.resize(LARGE, Image.Resampling.BICUBIC, reducing_gap=2.0)
    small = large.resize(SMALL, Image.Resampling.BICUBIC)
    return _encoded(large, 85), _encoded(small, 80)


def _encoded(image: Image.Image, quality: int) -> bytes:
    target = BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()
