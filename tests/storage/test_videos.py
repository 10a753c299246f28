"""Videos are known by their containers, walked from end to end; what hides something is refused."""

import random
import struct
import zipfile
from io import BytesIO
from tempfile import TemporaryFile

import pytest

from server.storage.blanking import Blank, blank
from server.storage.inspection import Limits, inspect_video_in_child
from server.storage.photos import PhotoRefused
from server.storage.videos import inspect_video
from tests.storage.making_videos import box, element, ftyp, moov, mp4, mvhd, track, webm


def refusal(data: bytes) -> str:
    with pytest.raises(PhotoRefused) as caught:
        inspect_video(BytesIO(data))
    return caught.value.code


def archive() -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("evil.class", "x" * 50)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "media_type", "milliseconds"),
    [
        (mp4(), "video/mp4", 2500),
        (mp4(head=ftyp(b"qt  ", b"qt  ")), "video/quicktime", 2500),
        (mp4(head=ftyp(b"3gp5", b"")), "video/mp4", 2500),
        (mp4(middle=box(b"free", b"made by hand") + box(b"wide")), "video/mp4", 2500),
        (
            ftyp() + box(b"mdat", bytes(10)) + moov(mvhd(7_200_000, wide=True), track()),
            "video/mp4",
            7_200_000,
        ),
        (ftyp() + moov(mvhd(0), track()) + box(b"moof") + box(b"mdat", b"x"), "video/mp4", None),
        (ftyp() + moov() + struct.pack(">I4sQ", 1, b"mdat", 20) + b"wide", "video/mp4", 2500),
        (ftyp() + moov() + struct.pack(">I4s", 0, b"mdat") + b"to the end", "video/mp4", 2500),
        (webm(), "video/webm", 2500),
        (webm(live=True), "video/webm", 2000),
        (webm(extra=element(0xEC, bytes(20))), "video/webm", 2500),
    ],
)
def test_videos_of_phones_and_browsers_are_known(
    data: bytes, media_type: str, milliseconds: int | None
) -> None:
    found = inspect_video(BytesIO(data))
    assert (found.media_type, found.milliseconds) == (media_type, milliseconds)


def dated(name: bytes, *, wide: bool = False) -> bytes:
    """A box that begins with when something was made and changed."""
    return box(name, bytes([wide, 0, 0, 0]) + b"WHEN" * (4 if wide else 2) + bytes(92))


def named_track(handler: bytes, *inside: bytes) -> bytes:
    media = dated(b"mdhd", wide=True) + box(b"hdlr", bytes(8) + handler + bytes(13))
    return box(b"trak", dated(b"tkhd") + box(b"mdia", media) + b"".join(inside))


SECRET = box(b"\xa9xyz", b"WHERE") + box(b"keys", b"DEVICE")
TOLD = box(b"udta", SECRET)


@pytest.mark.parametrize(
    "data",
    [
        ftyp() + moov(mvhd(), track(), TOLD) + box(b"mdat", bytes(99)),
        ftyp() + moov(mvhd(), track(), box(b"meta", SECRET)) + box(b"mdat", bytes(99)) + box(b"uuid", SECRET),
        ftyp()
        + box(b"free", SECRET)
        + moov(mvhd(), named_track(b"vide", box(b"udta", SECRET)))
        + box(b"mdat"),
        ftyp() + moov(mvhd(), track(), named_track(b"meta", box(b"gpsd", SECRET))) + box(b"mdat", bytes(99)),
        ftyp()
        + moov(mvhd(), track())
        + struct.pack(">I4sQ", 1, b"udta", 16 + len(SECRET))
        + SECRET
        + box(b"mdat"),
        webm(extra=element(0x1254C367, b"WHERE")),
        webm(extra=element(0x1254C367, b"WHERE" * 100)),
        webm(extra=element(0xEC, b"DEVICE")),
        webm(told=element(0x4461, b"WHENWHEN") + element(0x7BA9, b"DEVICE")),
    ],
)
def test_where_when_and_by_what_it_was_taken_is_blanked(data: bytes) -> None:
    file = BytesIO(data)
    before = inspect_video(file)
    blank(file, before.blanks, len(data))
    after = file.getvalue()
    assert not any(word in after for word in (b"WHERE", b"WHEN", b"DEVICE"))
    found = inspect_video(BytesIO(after))
    assert (len(after), found.media_type, found.milliseconds) == (
        len(data), before.media_type, before.milliseconds,
    )  # fmt: skip
    # What is blank stays as it is, and so does everything beside it.
    again = BytesIO(after)
    blank(again, found.blanks, len(data))
    assert again.getvalue() == after
    told = {at for each in before.blanks for at in range(each.at, each.at + each.length)}
    assert all(
        one == other for at, (one, other) in enumerate(zip(data, after, strict=True)) if at not in told
    )


@pytest.mark.parametrize(
    "told", [Blank(-1, 2), Blank(9, 2), Blank(0, 2, b"abc"), (Blank(0, 10),) * 5], ids=str
)
def test_stretches_of_no_file_are_not_blanked(told: Blank | tuple[Blank, ...]) -> None:
    file = BytesIO(b"0123456789")
    with pytest.raises(ValueError, match="stretches"):
        blank(file, told if isinstance(told, tuple) else [told], 10)
    assert file.getvalue() == b"0123456789"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_video"),
        (b"hello", "not_a_video"),
        (b"<html><script>alert(1)</script>", "not_a_video"),
        (b"\xff\xd8\xff\xe0", "not_a_video"),
        (b"OggS" + bytes(100), "not_a_video"),
        (mp4(head=ftyp(b"heic", b"mif1")), "type_not_allowed"),
        (mp4(head=ftyp(b"M4A ")), "type_not_allowed"),
        (webm(doc_type=b"matroska"), "type_not_allowed"),
        (ftyp() + moov(mvhd(), track(b"soun")) + box(b"mdat"), "not_a_video"),
        (webm(kind=2), "not_a_video"),
        (mp4()[:-1], "broken"),
        (mp4() + b"tail", "broken"),
        (ftyp(), "broken"),
        (ftyp() + moov(), "broken"),
        (ftyp() + box(b"mdat", bytes(9)), "broken"),
        (mp4(tail=moov()), "broken"),
        (mp4(tail=struct.pack(">I4s", 7, b"free")), "broken"),
        (ftyp() + moov(track()) + box(b"mdat"), "broken"),
        (ftyp() + moov(box(b"mvhd", b"\x00"), track()) + box(b"mdat"), "broken"),
        (box(b"free") * 60_000, "not_a_video"),
        (ftyp() + box(b"free") * 60_000, "broken"),
        (webm()[:-1], "broken"),
        (webm(live=True)[:-1], "broken"),
        (b"\x1a\x45\xdf\xa3", "broken"),
        (b"\x1a\x45\xdf\xa3" + b"\xff" * 40, "broken"),
        (webm(tail=b"<b>"), "something_hidden"),
        (webm(extra=element(0x4DBB, b"what is this")), "something_hidden"),
        (mp4(tail=box(b"evil", b"x" * 30)), "something_hidden"),
        (mp4(head=ftyp(others=b"a=1\n//**")), "something_hidden"),
        (mp4(middle=box(b"free", b"<SCRIPT src=x>")), "something_hidden"),
        (mp4(middle=box(b"free", b"%PDF-1.7")), "something_hidden"),
        (mp4(media=bytes(1 << 20) + b"<!DocType html>"), "something_hidden"),
        (mp4(media=bytes((1 << 20) - 212) + b"<?php eval()"), "something_hidden"),
        (mp4(tail=box(b"free", archive())), "something_hidden"),
        (webm(extra=element(0xEC, b"<svg onload=alert(1)>")), "something_hidden"),
    ],
)
def test_what_is_no_plain_video_is_refused_with_a_reason(data: bytes, code: str) -> None:
    assert refusal(data) == code


@pytest.mark.parametrize("shift", range(12))
def test_markup_is_found_across_the_edge_of_what_is_read_at_once(shift: int) -> None:
    plain = mp4(media=bytes(1 << 21))
    at = (1 << 20) - shift
    assert refusal(plain[:at] + b"<script" + plain[at + 7 :]) == "something_hidden"


@pytest.mark.parametrize("good", [mp4(), webm(), webm(live=True)], ids=["mp4", "webm", "live"])
def test_damaged_videos_are_refused_or_read_and_nothing_else(good: bytes) -> None:
    chance = random.Random("videos")
    for _ in range(400):
        bad = bytearray(good[: chance.choice((len(good), chance.randrange(len(good))))])
        for _ in range(chance.randint(0, 6)):
            if bad:
                bad[chance.randrange(min(len(bad), 300))] = chance.randrange(256)
        try:
            facts = inspect_video(BytesIO(bytes(bad)))
        except PhotoRefused:
            continue
        assert facts.milliseconds is None or facts.milliseconds >= 0


def test_a_child_reads_the_file_itself() -> None:
    with TemporaryFile() as file:
        file.write(mp4())
        assert inspect_video_in_child(file) == inspect_video(BytesIO(mp4()))
        file.seek(0)
        file.truncate(100)
        with pytest.raises(PhotoRefused, match="broken"):
            inspect_video_in_child(file)
        with pytest.raises(PhotoRefused, match="too_slow"):
            inspect_video_in_child(file, Limits(wall_seconds=0.0))
