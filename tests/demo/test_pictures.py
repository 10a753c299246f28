"""The drawn photos: valid PNG, small, each its own."""

import hashlib
import io
from itertools import combinations
from typing import get_args

import pytest
from PIL import Image

from server.demo import views
from server.demo.canvas import Canvas, mixed
from server.demo.chance import stream
from server.demo.pictures import HEIGHT, WIDTH, SceneKind, kind_for, painted, scene
from server.evidence.pictures import ALIKE, distance
from server.storage.photos import inspect

KINDS = get_args(SceneKind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_scene_is_a_small_sound_png(kind: SceneKind, seed: int) -> None:
    data = scene(kind, seed)
    assert len(data) < 60_000
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.size == (WIDTH, HEIGHT)
        colours = picture.convert("RGB").getcolors(maxcolors=WIDTH * HEIGHT)
    assert colours is not None
    assert len(colours) > 100


def test_same_seed_same_bytes_and_no_two_alike() -> None:
    assert scene("lobby", 5) == scene("lobby", 5)
    digests = {hashlib.sha256(scene(kind, seed)).hexdigest() for kind in KINDS for seed in range(3)}
    assert len(digests) == 9


@pytest.mark.parametrize("kind", KINDS)
def test_views_of_one_scene_are_not_taken_for_the_same_photo(kind: SceneKind) -> None:
    canvas = painted(kind, 1)
    found = [inspect(views.seen(canvas, stream(number, "view"))) for number in range(8)]
    hashes = [int(each.likeness.whole, 2) for each in found]
    assert min(distance(*pair) for pair in combinations(hashes, 2)) >= ALIKE
    assert {(each.width, each.height) for each in found} == {(views.WIDTH, views.HEIGHT)}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("OUT-01", "street"),
        ("out_06", "street"),
        ("TEL-10", "counter"),
        ("LOW-03", "counter"),
        ("FAC-02", "lobby"),
    ],
)
def test_items_get_a_fitting_scene(code: str, kind: SceneKind) -> None:
    assert kind_for(code) == kind


def pixels(canvas: Canvas) -> Image.Image:
    return Image.open(io.BytesIO(canvas.png())).convert("RGB")


def test_shapes_are_drawn_where_they_are_said_to_be() -> None:
    canvas = Canvas(40, 30, (255, 255, 255))
    canvas.rectangle(5, 5, 15, 10, (200, 0, 0))
    canvas.ellipse((30, 20), 6, 4, (0, 0, 200))
    canvas.polygon(((0, 15), (10, 15), (10, 25), (0, 25)), (0, 200, 0))
    canvas.shade(5, 5, 10, 10, 0.5)
    picture = pixels(canvas)
    assert picture.getpixel((12, 7)) == (200, 0, 0)
    assert picture.getpixel((6, 7)) == (100, 0, 0)
    assert picture.getpixel((15, 7)) == (255, 255, 255)
    assert picture.getpixel((30, 20)) == (0, 0, 200)
    assert picture.getpixel((22, 20)) == (255, 255, 255)
    assert picture.getpixel((5, 20)) == (0, 200, 0)


def test_what_lies_outside_is_cut_off() -> None:
    canvas = Canvas(20, 20, (9, 9, 9))
    canvas.rectangle(-50, -50, 100, 5, (1, 2, 3))
    canvas.polygon(((-30, 10), (60, 10), (60, 90), (-30, 90)), (4, 5, 6))
    canvas.ellipse((100, 100), 20, 20, (7, 8, 9))
    picture = pixels(canvas)
    assert picture.size == (20, 20)
    assert picture.getpixel((0, 0)) == (1, 2, 3)
    assert picture.getpixel((19, 19)) == (4, 5, 6)


def test_slanted_edges_are_smooth() -> None:
    canvas = Canvas(40, 40, (255, 255, 255))
    canvas.polygon(((5, 0), (20, 0), (30, 40), (15, 40)), (0, 0, 0))
    shades = {picture for _, picture in pixels(canvas).getcolors() or ()}
    assert len(shades) > 4


def test_mixing_ends_at_both_colours() -> None:
    assert mixed((0, 10, 20), (100, 110, 120), 0) == (0, 10, 20)
    assert mixed((0, 10, 20), (100, 110, 120), 1) == (100, 110, 120)
    assert mixed((0, 0, 0), (255, 255, 255), 0.5) == (128, 128, 128)
