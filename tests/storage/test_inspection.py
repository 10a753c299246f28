"""Inspection in a child: the same answers, and a worker that survives whatever happens to the child."""

from io import BytesIO

import pytest
from PIL import Image

from server.storage.frames import FrameReader, Unreadable, pack, pack_refusal, unpack_facts
from server.storage.inspection import Inspector, Limits, inspect_in_child
from server.storage.photos import MAX_BYTES, PhotoRefused, inspect

MEGABYTE = 1024 * 1024


def photo(width: int, height: int, kind: str = "JPEG") -> bytes:
    target = BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(target, kind)
    return target.getvalue()


def plain_sheet(side: int) -> bytes:
    """Few bytes that take much memory and time to decode."""
    target = BytesIO()
    Image.new("RGB", (side, side), "white").save(target, "PNG", compress_level=1)
    return target.getvalue()


def scan_bomb() -> bytes:
    """A progressive JPEG whose last scan comes a hundred times over: small, valid, and slow to decode."""
    target = BytesIO()
    Image.new("L", (4900, 4900), "white").save(target, "JPEG", progressive=True)
    head, mark, scan = target.getvalue().removesuffix(b"\xff\xd9").rpartition(b"\xff\xda")
    return head + (mark + scan) * 100 + b"\xff\xd9"


def code_of(inspector: Inspector, data: bytes) -> str:
    with pytest.raises(PhotoRefused) as caught:
        inspector.inspect(data)
    return caught.value.code


def test_a_child_finds_what_the_function_finds() -> None:
    data = photo(1700, 900)
    assert inspect_in_child(data) == inspect(data)


def test_one_child_serves_photos_and_refusals_in_turn() -> None:
    good = photo(40, 30)
    with Inspector() as inspector:
        first = inspector.inspect(good)
        assert code_of(inspector, b"no photo") == "not_an_image"
        assert code_of(inspector, good[:100]) == "broken"
        assert inspector.inspect(good) == first
        assert code_of(inspector, bytes(MAX_BYTES + 1)) == "too_large"


def test_a_photo_beyond_the_memory_limit_is_refused_and_the_next_is_served() -> None:
    with Inspector(Limits(memory_bytes=120 * MEGABYTE)) as inspector:
        assert code_of(inspector, plain_sheet(4900)) == "broken"
        assert inspector.inspect(photo(40, 30)).width == 40


def test_a_photo_beyond_the_time_limit_is_refused_and_the_next_is_served() -> None:
    with Inspector(Limits(wall_seconds=0.0)) as hasty:
        assert code_of(hasty, photo(40, 30)) == "too_slow"
        assert code_of(hasty, photo(40, 30)) == "too_slow"
    with Inspector(Limits(cpu_seconds=0)) as inspector:
        assert code_of(inspector, scan_bomb()) == "too_slow"
        assert inspector.inspect(photo(40, 30)).width == 40


def test_a_child_without_memory_refuses_the_photo() -> None:
    """How far an interpreter gets with so little differs; twelve megapixels it never reaches."""
    with Inspector(Limits(memory_bytes=MEGABYTE)) as inspector:
        assert code_of(inspector, photo(4000, 3000)) == "broken"


def test_frames_come_in_any_pieces() -> None:
    message = pack(b"one", b"", b"three" * 100)
    reader = FrameReader(bytearray())
    for at in range(0, len(message), 7):
        reader.received += message[at : at + 7]
    assert reader.frames() == [b"one", b"", b"three" * 100]
    assert FrameReader(bytearray(message[:-1])).frames() == [b"one", b""]


@pytest.mark.parametrize(
    "header", [b"", b"{", b"[]", b"{}", b'{"refused": "import os"}', b'{"media_type": "a", "width": "x"}']
)
def test_a_child_gone_astray_is_unreadable(header: bytes) -> None:
    with pytest.raises(Unreadable):
        unpack_facts([header, b"", b""])


def test_a_refusal_travels_as_its_code() -> None:
    with pytest.raises(PhotoRefused, match="too_many_pixels"):
        unpack_facts(FrameReader(bytearray(pack_refusal("too_many_pixels"))).frames())
